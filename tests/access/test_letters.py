"""Guests hear what concerns them: once, when it is true, and not more than anybody can bear."""

import datetime
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core import mail as django_mail
from django.utils import timezone

from access import letters, sharing
from access.models import Grant
from tenants.mail import outbox
from tenants.models import Mail, User
from tenants.refusal import Refused
from tests.conftest import converge

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


@pytest.fixture
def delivered(settings: Any) -> Callable[[], list[Any]]:
    settings.EMAIL_URL = "memorymail://"

    def deliver() -> list[Any]:
        """Send what is due; the mails since the last time."""
        for key in outbox.due():
            outbox.send(key)
        found, django_mail.outbox[:] = list(django_mail.outbox), []
        return found

    return deliver


def test_invited_once_the_edge_lets_them_in(share: Any, delivered: Any) -> None:
    grant = share(permission="operate", note="The draft is in <b>notes</b>.")
    assert delivered() == []
    converge()
    (mail,) = delivered()
    assert mail.to == [grant.email]
    assert mail.subject == "Warren: alice@example.com shares demo with you"
    assert grant.container.hostname in mail.body
    html = mail.alternatives[0].content
    assert "The draft is in &lt;b&gt;notes&lt;/b&gt;." in html
    assert f'href="{grant.container.url}"' in html
    Grant.objects.update(active_at=None)
    grant.refresh_from_db()
    letters.invite([grant])
    letters.catch_up()
    assert delivered() == []


def test_changed_and_ended(share: Any, delivered: Any, owner: User) -> None:
    grant = share()
    sharing.change(grant, actor=owner, permission="shell")
    converge()
    (invitation,) = delivered()
    assert "use a terminal inside" in invitation.body
    assert "share it with others" not in invitation.body
    sharing.change(grant, actor=owner, permission="view")
    sharing.change(grant, actor=owner, permission="view")
    (changed,) = delivered()
    assert "You may: open it and see how it is doing." in changed.body
    sharing.revoke(grant, actor=owner)
    sharing.revoke(grant, actor=owner)
    (ended,) = delivered()
    assert "ask alice@example.com" in ended.body
    assert grant.container.url not in ended.body


def test_both_bodies_say_the_same(share: Any, delivered: Any, owner: User) -> None:
    """The time in UTC and said so, whatever zone is at hand; the button, and below it the address to copy."""
    end = timezone.now() + 5 * DAY
    with timezone.override("Asia/Tokyo"):
        grant = share(permission="shell", note="Have a look.", expires_at=end)
        converge()
        sharing.change(grant, actor=owner, permission="view")
        sharing.revoke(grant, actor=owner)
        mails = delivered()
    assert len(mails) == 1, "what holds no more is not sent"
    with timezone.override("Asia/Tokyo"):
        again = share(permission="shell", note="Have a look.", expires_at=end)
        converge()
        (invitation,) = delivered()
        sharing.change(again, actor=owner, permission="view")
        (changed,) = delivered()
        sharing.revoke(again, actor=owner)
        (ended,) = delivered()
    until = f"{end.day} {end:%B %Y, %H:%M} UTC"
    assert all(until in mail.body for mail in (invitation, changed))
    assert f"{owner.email} ended it" in ended.body
    for mail in (invitation, changed, ended):
        html = mail.alternatives[0].content
        shown = " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)).split())
        for paragraph in mail.body.strip().split("\n\n"):
            assert " ".join(paragraph.split()) in shown
    for mail in (invitation, changed):
        html = mail.alternatives[0].content
        assert html.count(f'href="{again.container.url}"') == 2
        assert f">{again.container.url}</a>" in html
    assert "mistake" in invitation.body
    assert "mistake" in ended.body


def test_what_is_not_true_any_more_is_not_sent(share: Any, delivered: Any, owner: User) -> None:
    grant = share()
    converge()
    sharing.revoke(grant, actor=owner)
    share()
    assert delivered() == [], "neither that they are invited by the one, nor that it has ended: there is another"
    converge()
    assert len(delivered()) == 1


def test_warned_once_a_day_before(share: Any, delivered: Any) -> None:
    long, short = share(expires_at=timezone.now() + 5 * DAY), share("dora@example.com", expires_at=timezone.now() + DAY)
    converge()
    assert len(delivered()) == 2
    letters.warn()
    assert delivered() == []
    Grant.objects.filter(pk=long.pk).update(
        end_set_at=timezone.now() - 4 * DAY, expires_at=timezone.now() + DAY - DAY / 24
    )
    letters.warn()
    letters.warn()
    (warned,) = delivered()
    assert warned.to == [long.email]
    assert "ends on" in warned.body
    assert Grant.objects.get(pk=short.pk).state == "active"


def test_no_warning_to_whom_it_lasts_longer_by_then(share: Any, delivered: Any, owner: User) -> None:
    grant = share(expires_at=timezone.now() + 5 * DAY)
    converge()
    delivered()
    almost = {"end_set_at": timezone.now() - 4 * DAY, "expires_at": timezone.now() + DAY / 2}
    Grant.objects.filter(pk=grant.pk).update(**almost)
    letters.warn()
    sharing.change(grant, actor=owner, expires_at=None)
    (mail,) = delivered()
    assert "has changed" in mail.subject


def test_whom_a_guest_let_in_hears_of_a_sooner_end(share: Any, delivered: Any, owner: User) -> None:
    guest = User.objects.create_user("gina@example.com", "secret")
    own = share(guest.email, permission="manage")
    share("dora@example.com", actor=guest)
    converge()
    delivered()
    sharing.change(own, actor=owner, expires_at=timezone.now() + DAY)
    assert {(mail.to[0], mail.subject) for mail in delivered()} == {
        (email, "Warren: Your access to demo has changed") for email in (guest.email, "dora@example.com")
    }


def test_no_address_is_flooded(share: Any, delivered: Any, owner: User, settings: Any) -> None:
    settings.MAIL_PER_ADDRESS = "3/3600"
    for _ in range(5):
        grant = share()
        converge()
        sharing.revoke(grant, actor=owner)
        converge()
    assert [row.kind for row in Mail.objects.order_by("pk")] == ["grant_invitation", "grant_ended", "grant_invitation"]
    assert len({grant.pk for grant in Grant.objects.filter(invited_at__isnull=False)}) == 2


def test_whom_there_was_no_mail_left_for_is_invited_later(share: Any, delivered: Any, settings: Any) -> None:
    settings.MAIL_PER_TENANT = "1/3600"
    for name in "gina", "hugo":
        share(f"{name}@example.com")
    converge()
    letters.catch_up()
    assert len(delivered()) == Grant.objects.filter(invited_at__isnull=False).count() == 1
    settings.MAIL_PER_TENANT = "2/3600"
    letters.catch_up()
    letters.catch_up()
    assert len(delivered()) == 1
    assert not Grant.objects.filter(invited_at=None).exists()


def test_without_mail_sharing_works(share: Any, settings: Any) -> None:
    settings.EMAIL_URL = ""
    share()
    converge()
    assert (Grant.objects.get().state, Grant.objects.get().invited_at) == ("active", None)
    assert Mail.objects.count() == 0


@pytest.mark.parametrize(
    "note", ["see https://evil.example", "write to me@evil.example", "www.evil.example", "x" * 501]
)
def test_no_links_for_strangers(share: Any, note: str) -> None:
    with pytest.raises(Refused) as refused:
        share(note=note)
    assert refused.value.code == "note_invalid"
