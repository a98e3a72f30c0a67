"""The outbox: a mail is a row that is written with its event, and sent by a worker once that is committed.

It is sent at most once. Whoever is about to say it to the mail server claims the row first, by compare-and-set. Who
dies before that has lost nothing. Who dies after it leaves it claimed, and nobody can know what the mail server got: it
is then shown as failed, never sent again.
"""

import datetime
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation

from tenants import doorbell
from tenants.mail import letters
from tenants.models import Mail, MailState, Tenant
from tenants.refusal import Refused
from tenants.words import gettext as _

log = logging.getLogger(__name__)

SEND = "tenants.send_mail"
PATIENCE = datetime.timedelta(minutes=10)  # longer than any talk with a mail server
KEPT = datetime.timedelta(days=30)  # then a mail that is done with is forgotten
_PAUSES = (60, 300, 1800, 7200, 21600)  # seconds before each further try


def post(kind: str, to: str, about: object = "", tenant: Tenant | None = None, *, language: str = "") -> Mail:
    """Keep a mail, and ring once the transaction at hand has committed. Raises `Refused` where no mail is sent."""
    if not settings.EMAIL_URL:
        raise Refused(
            "mail_off", _("This installation sends no mail; ask whoever runs Warren to set it up."), status=503
        )
    mail = Mail.objects.create(kind=kind, to=to, about=str(about), tenant=tenant, language=language)
    doorbell.ring(SEND, mail.pk)
    return mail


def send(key: int | str) -> None:
    """Send one mail, if it is due and nobody else is at it.

    The claim comes last before anything is said of it to the mail server: who ends sooner has lost nothing.
    """
    mail = Mail.objects.filter(pk=key, state=MailState.QUEUED, next_try_at__lte=timezone.now()).first()
    if mail is None:
        return
    try:
        message = _written(mail)
    except Exception as exc:  # a bug, or a database that was away for a moment; no reason to lose a mail
        log.exception("mail %s (%s) could not be written", mail.pk, mail.kind)
        _again(mail, exc)
        return
    if message is None:
        _end(mail, MailState.DROPPED)
        return
    connection = get_connection()
    try:
        if _reached(mail, connection) and _claim(mail):
            _talk(mail, connection, message)
    finally:
        connection.close()


def _written(mail: Mail) -> EmailMessage | None:
    with translation.override(letters.language(mail)):
        letter = letters.compose(mail)
        return letters.message(mail, letter) if letter else None


def _reached(mail: Mail, connection: BaseEmailBackend) -> bool:
    try:
        connection.open()
        if isinstance(server := getattr(connection, "connection", None), smtplib.SMTP):
            server.ehlo_or_helo_if_needed()
    except (OSError, smtplib.SMTPException) as exc:  # nothing was said yet
        _again(mail, exc)
        return False
    return True


def _claim(mail: Mail) -> bool:
    until = timezone.now() + PATIENCE
    if not _untouched(mail).update(state=MailState.SENDING, next_try_at=until):
        return False
    mail.state, mail.next_try_at = MailState.SENDING, until
    return True


def _talk(mail: Mail, connection: BaseEmailBackend, message: EmailMessage) -> None:
    try:
        connection.send_messages([message])
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as exc:
        if _passing(exc):
            _again(mail, exc)
        else:
            _end(mail, MailState.FAILED, _why(exc))
    except (OSError, smtplib.SMTPException, ValueError) as exc:  # it may have arrived, or can't ever
        _end(mail, MailState.FAILED, _why(exc))
    else:
        _end(mail, MailState.SENT, sent_at=timezone.now())


def due() -> list[int]:
    """Keys of the mails to try now."""
    queued = Mail.objects.filter(state=MailState.QUEUED, next_try_at__lte=timezone.now())
    return list(queued.order_by("next_try_at").values_list("pk", flat=True)[:500])


def tidy() -> None:
    """Give up what nobody can be sending any more, and forget what is long done."""
    now = timezone.now()
    stuck = Mail.objects.filter(state=MailState.SENDING, next_try_at__lt=now)
    stuck.update(state=MailState.FAILED, next_try_at=None, reason="the worker ended while it was sending")
    done = Q(state__in=[MailState.SENT, MailState.DROPPED, MailState.FAILED])
    Mail.objects.filter(done, created_at__lt=now - KEPT).delete()


def _untouched(mail: Mail) -> QuerySet[Mail]:
    """The row, unless somebody else has claimed it, or done with it, since it was read; of one's own claim, the row."""
    rows = Mail.objects.filter(pk=mail.pk)
    return rows if mail.state == MailState.SENDING else rows.filter(state=mail.state, next_try_at=mail.next_try_at)


def _end(mail: Mail, state: MailState, reason: str = "", sent_at: datetime.datetime | None = None) -> None:
    _untouched(mail).update(state=state, reason=reason, next_try_at=None, sent_at=sent_at)
    if state == MailState.FAILED:
        log.error("mail %s (%s) failed: %s", mail.pk, mail.kind, reason)


def _again(mail: Mail, exc: Exception) -> None:
    if mail.failures >= len(_PAUSES):
        _end(mail, MailState.FAILED, _why(exc))
        return
    log.warning("mail %s (%s) waits: %s", mail.pk, mail.kind, _why(exc))
    later = timezone.now() + datetime.timedelta(seconds=_PAUSES[mail.failures])
    waiting = {"state": MailState.QUEUED, "reason": _why(exc), "next_try_at": later}
    _untouched(mail).update(failures=F("failures") + 1, **waiting)


def _passing(exc: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> bool:
    """Whether the server said no for now (4xx), not for good."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code < 500 for code, _ in exc.recipients.values())
    return exc.smtp_code < 500


def _why(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}"[:200]
