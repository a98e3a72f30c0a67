"""What stands in a mail: made when it is sent, so that it says what is true then.

One template a kind has the words, in paragraphs with an empty line between. The text body is that; the HTML body is
the same paragraphs in a frame, with the link as a button. So the two never differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from tenants import guests, languages
from tenants.mail import links
from tenants.models import Invitation, Mail, MailKind, User


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    template: str
    link: str
    label: str
    facts: dict[str, Any]


Compose = Callable[[Mail], Letter | None]
Sender = Callable[[Mail], str]
_kinds: dict[str, tuple[Compose, Sender]] = {}


def register(kind: str, compose: Compose, sender: Sender = lambda mail: "") -> None:
    """Name who writes the mails of this kind, and what tells the address of the person who has them sent."""
    _kinds[kind] = compose, sender


def language(mail: Mail) -> str:
    """What the recipient chose; else what whoever asked for the mail spoke, or chose; else the installation's."""
    return (
        _chosen(mail.to)
        or languages.known(mail.language)
        or _chosen(_kinds[mail.kind][1](mail))
        or settings.LANGUAGE_CODE
    )


def _chosen(email: str) -> str:
    return languages.chosen(User.objects.filter(email=email).first()) if email else ""


def compose(mail: Mail) -> Letter | None:
    """None: there is no reason left to send it."""
    return _kinds[mail.kind][0](mail)


def _sign_up(mail: Mail) -> Letter | None:
    """Where registration is closed, nobody gets it who could not go on with it."""
    email = mail.to
    person = User.objects.filter(email=email).first()
    if person is None:
        if not settings.REGISTRATION_OPEN and not guests.known(email):
            return None
        link = links.absolute("sign-up-confirm", links.sign_up(email))
        return Letter(_("Confirm your e-mail address"), "sign_up", link, _("Confirm and go on"), {})
    known = {"person": person, "reset": links.absolute("password-reset")}
    return Letter(_("You have an account already"), "sign_up_known", links.absolute("sign-in"), _("Sign in"), known)


def _password_reset(mail: Mail) -> Letter | None:
    person = User.objects.filter(email=mail.to, is_active=True).first()
    if person is None:
        return None
    link = links.absolute("password-reset-confirm", links.password(person))
    return Letter(_("Set a new password"), "password_reset", link, _("Set a new password"), {"person": person})


def _invitation(mail: Mail) -> Letter | None:
    row = Invitation.objects.select_related("tenant", "invited_by").filter(pk=mail.about).first()
    if row is None or row.state != "open" or row.tenant.suspended:
        return None
    if row.invited_by and not row.invited_by.is_active:
        return None
    link = links.absolute("invitation", links.invitation(row))
    subject = _("Join %(tenant)s") % {"tenant": row.tenant.name}
    return Letter(subject, "invitation", link, _("Look at the invitation"), {"invitation": row})


def _inviter(mail: Mail) -> str:
    return Invitation.objects.filter(pk=mail.about).values_list("invited_by__email", flat=True).first() or ""


register(MailKind.SIGN_UP, _sign_up)
register(MailKind.PASSWORD_RESET, _password_reset)
register(MailKind.INVITATION, _invitation, _inviter)


def message(mail: Mail, letter: Letter) -> EmailMultiAlternatives:
    facts = {**letter.facts, "link": letter.link, "public_url": settings.PUBLIC_URL}
    text = render_to_string(f"mail/{letter.template}.txt", facts).strip() + "\n"
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    subject = " ".join(f"Warren: {letter.subject}".split())  # one line, whatever a name holds
    html = render_to_string("mail/frame.html", {"letter": letter, "subject": subject, "paragraphs": paragraphs})
    made = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, [mail.to])
    made.attach_alternative(html, "text/html")
    made.extra_headers["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
    return made
