"""Guessing passwords: ten wrong ones from one place, and that place waits."""

from importlib import import_module
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tenants.models import AuditEvent, User

pytestmark = pytest.mark.django_db
TOKENS = "/api/v1/tokens/"


def by_api(email: str, password: str, **more: Any) -> Any:
    return APIClient().post(TOKENS, {"email": email, "password": password}, format="json", **more)


def by_page(email: str, password: str, **more: Any) -> Any:
    return Client().post("/sign-in/", {"username": email, "password": password}, **more)


def by_admin(email: str, password: str, **more: Any) -> Any:
    return Client().post("/admin/login/", {"username": email, "password": password}, **more)


def lock(email: str = "alice@example.com", **more: Any) -> list[int]:
    ways = (by_api, by_page, by_admin)
    spelled = (email, email.upper())
    return [ways[number % 3](spelled[number % 2], "wrong", **more).status_code for number in range(10)]


def test_ten_wrong_ones_whichever_the_door(owner: User) -> None:
    codes = lock()
    assert set(codes[:9]) == {401, 200}
    assert codes[9] == 429
    for way in (by_api, by_page, by_admin):
        answer = way("ALICE@example.com", "secret")
        assert answer.status_code == 429, "the right one does not help now"
        assert 850 < int(answer["Retry-After"]) <= 900
        assert "X-Request-ID" in answer
    problem = by_api("alice@example.com", "secret")
    assert (problem["Content-Type"], problem.json()["code"]) == ("application/problem+json", "sign_in_locked")
    assert "Try again in 15 minutes" in problem.json()["detail"]
    assert "Try again in 15 minutes" in by_page("alice@example.com", "secret").content.decode()
    reasons = AuditEvent.objects.filter(action="user:sign_in", outcome="refused").values_list("reason", flat=True)
    assert sorted(reasons) == ["credentials"] * 10 + ["sign_in_locked"] * 5


def test_it_ends_by_itself_and_asking_does_not_lengthen_it(owner: User) -> None:
    lock()
    start = timezone.now()
    with time_machine.travel(start + timezone.timedelta(minutes=14)):
        assert by_api("alice@example.com", "secret").status_code == 429
    with time_machine.travel(start + timezone.timedelta(minutes=15, seconds=2)):
        assert by_api("alice@example.com", "secret").status_code == 201


def test_who_else_is_not_locked(owner: User, stranger: User) -> None:
    lock()
    assert by_api("charlie@example.com", "secret").status_code == 201, "another person from the same place"
    assert by_api("alice@example.com", "secret", REMOTE_ADDR="192.0.2.7").status_code == 201, "from another place"
    assert by_api("alice@example.com", "secret").status_code == 429, "which lets nobody in who guesses"


def test_nobodys_address_is_locked_alike(owner: User) -> None:
    assert lock("nobody@example.com") == lock()


def test_success_and_a_reset_begin_anew(owner: User) -> None:
    for _ in range(9):
        by_api("alice@example.com", "wrong")
    assert by_page("alice@example.com", "secret").status_code == 302
    assert by_api("alice@example.com", "wrong").status_code == 401
    lock()
    from tenants import passwords
    from tenants.mail import links

    passwords.reset(links.password(User.objects.get(pk=owner.pk)), "correct horse battery")
    assert by_api("alice@example.com", "correct horse battery").status_code == 201


def test_a_stolen_session_does_not_guess_the_password(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    url, body = "/api/v1/me/password/", {"current_password": "x", "password": "correct horse battery"}
    codes = [client.post(url, body, "application/json").status_code for _ in range(11)]
    assert codes == [422] * 9 + [429] * 2


def test_the_whole_network_of_an_ipv6_client_is_one_place(owner: User) -> None:
    for number in range(10):
        by_api("alice@example.com", "wrong", REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert by_api("alice@example.com", "secret", REMOTE_ADDR="2001:db8:1:2:ffff::1").status_code == 429
    assert by_api("alice@example.com", "secret", REMOTE_ADDR="2001:db8:1:3::1").status_code == 201


@pytest.mark.parametrize(
    ("trusted", "remote", "forwarded", "seen"),
    [
        ([], "10.0.0.1", "192.0.2.1", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "192.0.2.1", "192.0.2.1"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 192.0.2.1", "192.0.2.1"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 192.0.2.1, 10.2.3.4", "192.0.2.1"),
        (["10.0.0.0/8"], "192.0.2.9", "6.6.6.6", "192.0.2.9"),
        (["10.0.0.0/8"], "10.0.0.1", "rubbish", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, rubbish", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8", "::1/128"], "::1", "2001:db8::5", "2001:db8::5"),
        (["10.0.0.0/8"], "::ffff:10.0.0.1", "192.0.2.1", "192.0.2.1"),
        (["10.0.0.0/8"], "", "192.0.2.1", None),
        (["10.0.0.0/8"], "10.0.0.1", "fe80::1%eth0", "fe80::1"),
    ],
)
def test_where_somebody_comes_from(
    owner: User, settings: Any, trusted: list[str], remote: str, forwarded: str, seen: str | None
) -> None:
    settings.TRUSTED_PROXIES = trusted
    by_page("alice@example.com", "wrong", REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=forwarded)
    assert AuditEvent.objects.get().ip == seen


@pytest.mark.parametrize("where", ["/account/password/", "/account/close/"])
def test_a_tried_password_is_kept_nowhere(owner: User, where: str) -> None:
    client = Client()
    client.force_login(owner)
    client.post(where, {"current_password": "almost-the-right-one", "password": "correct horse battery"})
    kept = AccessAttempt.objects.get()
    assert "current_password=***" in kept.post_data
    assert "almost-the-right-one" not in kept.post_data
    assert "horse" not in kept.post_data


def test_the_link_of_an_invitation_is_kept_nowhere(owner: User) -> None:
    Client().post("/sign-in/?next=/invitations/secret/", {"username": owner.email, "password": "x"})
    assert "secret" not in AccessAttempt.objects.get().get_data


def test_what_was_kept_before_is_forgotten() -> None:
    AccessAttempt.objects.create(
        username="a", post_data="current_password=x", get_data="next=x", failures_since_start=1
    )
    module = import_module("tenants.migrations.0007_forget_passwords")
    module.forget(apps, connection.schema_editor())
    kept = AccessAttempt.objects.get()
    assert (kept.post_data, kept.get_data, kept.username) == ("", "", "a")
