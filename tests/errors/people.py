"""Refusals on the way in: signing in and up, passwords, mailed links, tokens, the account."""

from typing import Any

import time_machine
from django.test import Client, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from tenants import passwords, tokens
from tenants.mail import links
from tenants.models import User
from tests.errors.world import DAY, PASSWORD, Cause, World

NEW = {"name": "Dora", "password": PASSWORD, "tenant_name": "Dora Ltd"}


def _open() -> override_settings:
    return override_settings(REGISTRATION_OPEN=True)


def _sign_up(w: World, token: str = "", **more: str) -> Any:
    with _open():
        body = {"token": token or links.sign_up("dora@example.com"), **NEW, **more}
        return w.api(None, "post", "sign-up/confirm/", body)


def _locked(w: World) -> Any:
    for _ in range(10):
        found = w.page(None, "/sign-in/", {"username": "alice@example.com", "password": "wrong"})
    return found


def _locked_api(w: World) -> Any:
    for _ in range(11):
        found = w.api(None, "post", "tokens/", {"email": "bob@example.com", "password": "wrong"})
    return found


def _bearer(w: World, token: str, method: str = "get") -> Any:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return getattr(client, method)("/api/v1/containers/", {}, format="json")


def _read_only(w: World) -> Any:
    _row, secret = tokens.create(actor=w.alice, name="script", scope="read")
    return _bearer(w, secret, "post")


def _made_too_late(w: World) -> Any:
    maker, _secret = tokens.create(actor=w.alice, name="script")
    tokens.revoke(maker, actor=w.alice)
    return tokens.create(actor=w.alice, name="another", maker=maker)


def _old_link(w: World) -> Any:
    with time_machine.travel(timezone.now() - 2 * DAY, tick=True):
        token = links.sign_up("dora@example.com")
    return _sign_up(w, token)


def _closed(w: World) -> Any:
    User.objects.filter(pk=w.charlie.pk).update(is_active=False)
    return _sign_up(w, links.sign_up(w.charlie.email))


def _mails(w: World) -> Any:
    with _open(), override_settings(MAIL_PER_ADDRESS="1/900"):
        w.api(None, "post", "sign-up/", {"email": f"{w.acme.pk}-{timezone.now().timestamp()}@example.com"})
        address = f"again-{timezone.now().timestamp()}@example.com"
        w.api(None, "post", "sign-up/", {"email": address})
        return w.api(None, "post", "sign-up/", {"email": address})


def _no_mail(w: World) -> Any:
    with override_settings(EMAIL_URL=""):
        return w.api(None, "post", "password-reset/", {"email": "alice@example.com"})


def _no_plan(w: World) -> Any:
    with override_settings(REGISTRATION_PLAN="gratis"):
        return _sign_up(w)


def _change(w: World, current: str, password: str) -> Any:
    return w.api(w.alice, "post", "me/password/", {"current_password": current, "password": password})


def _new_tenant(w: World, **body: str) -> Any:
    with _open():
        return w.api(w.alice, "post", "tenants/", {"name": "Globex", **body})


def _many_tenants(w: World) -> Any:
    with override_settings(TENANTS_PER_PERSON=1):
        return _new_tenant(w)


def _outdated(w: World) -> Any:
    return Client(enforce_csrf_checks=True).post("/sign-in/")


def _elsewhere(w: World) -> Any:
    return Client(enforce_csrf_checks=True).post("/sign-in/", headers={"Origin": "https://elsewhere.example"})


def _forms(w: World) -> Any:
    with override_settings(PAGE_RATE="1/60"):
        form = {"username": "nobody@example.com", "password": "wrong"}
        for _ in range(3):
            found = Client(REMOTE_ADDR="192.0.2.77").post("/sign-in/", form)
        return found


def _token_days(w: World) -> Any:
    with override_settings(TOKEN_MAX_DAYS=365):
        return w.api(w.alice, "post", "tokens/", {"name": "script", "expires_in_days": 1000})


def _session_ended(w: World) -> Any:
    return Client().post("/tenants/acme/leave/", headers={"Referer": "http://testserver/tenants/acme/"}, follow=True)


CAUSES: dict[str, Cause] = {
    "Signs in with a wrong password": lambda w: w.page(
        None, "/sign-in/", {"username": "alice@example.com", "password": "wrong"}
    ),
    "Asks for a token with a wrong password": lambda w: w.api(
        None, "post", "tokens/", {"email": "alice@example.com", "password": "wrong"}
    ),
    "Was wrong ten times": _locked,
    "Was wrong ten times, by the API": _locked_api,
    "Sends a form after the session has ended": _session_ended,
    "Sends a form that is older than the session": _outdated,
    "Sends a form from another site's page": _elsewhere,
    "Sends too many forms without having signed in": _forms,
    "Asks the API without a token": lambda w: w.api(None, "get", "containers/"),
    "Sends a token that is wrong, old or revoked": lambda w: _bearer(w, "x" * 40),
    "Changes something with a token that reads": _read_only,
    "Makes a token with what is revoked at that moment": _made_too_late,
    "Makes a token that lives too long": _token_days,
    "Signs up where nobody may": lambda w: w.api(
        None, "post", "sign-up/confirm/", {"token": links.sign_up("d@e.com"), **NEW}
    ),
    "Follows the link to sign up where nobody may any more": lambda w: w.page(
        None, f"/sign-up/{links.sign_up('d@e.com')}/"
    ),
    "Chooses a password that is too easy": lambda w: _change(w, "secret", "12345"),
    "Chooses a password that is too long": lambda w: passwords.check("x" * 1025, w.alice),
    "Gives a wrong password to change it": lambda w: _change(w, "wrong", PASSWORD),
    "Gives a wrong password to close the account": lambda w: w.api(
        w.alice, "delete", "me/", {"current_password": "wrong"}
    ),
    "Closes the account of a tenant's last owner": lambda w: w.api(
        w.alice, "delete", "me/", {"current_password": "secret"}
    ),
    "Follows a mailed link that is not whole, or was used": lambda w: _sign_up(w, "rubbish"),
    "Follows a mailed link after its time": _old_link,
    "Signs up with an address that has an account": lambda w: _sign_up(w, links.sign_up("bob@example.com")),
    "Signs up with an address whose account is closed": _closed,
    "Gives a name of nothing that can be seen": lambda w: _sign_up(w, name="\u200b"),
    "Gives a name that mail programs would make a link of": lambda w: _sign_up(w, name="evil.example/now"),
    "Asks for too many mails": _mails,
    "Asks for a mail where none are sent": _no_mail,
    "Signs up where no plan is set up": _no_plan,
    "Founds a tenant where nobody may": lambda w: w.api(w.alice, "post", "tenants/", {"name": "Globex"}),
    "Founds a tenant with a taken short name": lambda w: _new_tenant(w, slug="acme"),
    "Founds a tenant with an impossible short name": lambda w: _new_tenant(w, slug="9-lives"),
    "Founds a tenant with a reserved short name": lambda w: _new_tenant(w, slug="admin"),
    "Founds more tenants than one may own": _many_tenants,
}
