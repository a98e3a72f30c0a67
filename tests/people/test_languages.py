"""Who reads Warren in which language: on the pages, in the API, in mail; and what stays English."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from tenants import accounts, invitations
from tenants.models import AuditEvent, Role, Tenant, User
from tenants.refusal import Refused
from tenants.words import gettext, ngettext
from tests.people.conftest import api, pages

pytestmark = pytest.mark.django_db


def titled(page: Any, **headers: str) -> str:
    """In which language the form of the account names its field, and the answer itself."""
    answer = page.get("/account/", headers=headers)
    text = answer.content.decode()
    language = str(answer.headers["Content-Language"])
    assert f'<html lang="{language}">' in text
    assert ("Ihr Name" in text) == (language == "de")
    assert ("Your name" in text) == (language == "en")
    return language


def test_what_they_chose_counts_before_the_browsers_cookie_and_that_before_its_header(owner: User) -> None:
    page = pages(owner)
    assert titled(page) == "en"
    assert titled(page, accept_language="fr, de-AT;q=0.8, en;q=0.5") == "de"
    page.cookies["warren_language"] = "en"
    assert titled(page, accept_language="de") == "en"
    page.cookies["warren_language"] = "xx"
    assert titled(page, accept_language="de") == "de"
    accounts.change(owner, language="de")
    page.cookies["warren_language"] = "en"
    assert titled(page, accept_language="en") == "de"


def test_who_asks_for_none_of_ours_reads_the_installations(owner: User, settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"
    page = pages(owner)
    assert titled(page) == "de"
    assert titled(page, accept_language="fr") == "de"
    assert titled(page, accept_language="fr, en;q=0.1") == "en"


def test_the_menu_is_kept_in_the_browser_and_with_the_person(owner: User) -> None:
    stranger = pages()
    answer = stranger.post("/language/", {"language": "de", "next": "/sign-in/"})
    assert answer.headers["Location"] == "/sign-in/"
    assert "E-Mail-Adresse" in stranger.get("/sign-in/").content.decode()
    stranger.post("/language/", {"language": "xx", "next": "/sign-in/"})
    assert "E-Mail-Adresse" in stranger.get("/sign-in/").content.decode()
    pages(owner).post("/language/", {"language": "de"})
    owner.refresh_from_db()
    assert owner.language == "de"
    assert AuditEvent.objects.filter(action="user:profile_change", actor=owner.email).count() == 1


def test_it_is_chosen_in_the_account_and_over_the_api(owner: User) -> None:
    page = pages(owner)
    page.post("/account/", {"name": "Alice", "language": "de"})
    said = page.get("/account/").content.decode()
    assert "Ihr Profil ist gespeichert." in said
    page.post("/account/", {"name": "Alice", "language": ""})
    owner.refresh_from_db()
    assert owner.language == ""
    assert api(owner).patch("/api/v1/me/", {"language": "de"}, format="json").json()["language"] == "de"
    assert api(owner).patch("/api/v1/me/", {"language": "xx"}, format="json").status_code == 400


def test_the_api_goes_by_its_header_alone_and_codes_are_the_same(owner: User) -> None:
    accounts.change(owner, language="de")
    for language in ("en", "de"):
        answer = api(owner).get(
            "/api/v1/containers/00000000-0000-0000-0000-000000000000/", headers={"accept-language": language}
        )
        found = answer.json()
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" in answer.headers["Vary"]
        assert (found["code"], found["status"]) == ("not_found", 404)
        assert found["title"] == {"en": "Not found", "de": "Nicht gefunden"}[language]
    refused = api(owner).patch("/api/v1/me/", {"name": ""}, headers={"accept-language": "de"}, format="json").json()
    assert (refused["code"], list(refused["errors"])) == ("invalid", ["name"])


def test_a_refusal_is_read_in_ones_own_language_and_recorded_in_english(owner: User, bob: User, tenant: Tenant) -> None:
    page = pages(bob)
    page.cookies["warren_language"] = "de"
    answer = page.post(f"/tenants/{tenant.slug}/name/", {"name": "Mine"})
    assert f"Nur die Leitung von {tenant} darf das; fragen Sie dort." in answer.content.decode()
    (row,) = AuditEvent.objects.filter(outcome="refused", actor=bob.email)
    assert row.detail["why"] == f"Only an owner of {tenant} may do this; ask one of them."


def test_words_among_words_have_their_english_too() -> None:
    with translation.override("de"):
        days = ngettext("%(count)s day", "%(count)s days", 2) % {"count": 2}
        text = gettext("The plan %(plan)s wants an end for each access, within %(days)s; choose one.") % {
            "plan": "Pro",
            "days": days,
        }
        exc = Refused("expiry_needed", text)
    assert str(exc) == "Der Tarif Pro verlangt für jeden Zugang ein Ende binnen 2 Tagen; wählen Sie eines."
    assert exc.english == "The plan Pro wants an end for each access, within 2 days; choose one."
    assert json.loads(json.dumps({"detail": text}))["detail"] == str(exc)


def test_mail_is_written_in_the_recipients_language_else_the_senders(
    owner: User, tenant: Tenant, delivered: Callable[[], list[Any]]
) -> None:
    dora = User.objects.create_user("dora@example.com", "secret", language="en")
    accounts.change(owner, language="de")
    owner.refresh_from_db()
    for email in (dora.email, "emil@example.com"):
        invitations.invite(tenant, email, Role.MEMBER, actor=owner)
    subjects = {message.to[0]: message.subject for message in delivered()}
    assert subjects == {dora.email: "Warren: Join Acme", "emil@example.com": "Warren: Acme beitreten"}


def test_whoever_asks_for_a_mail_gets_it_as_they_read_the_page(
    open_registration: None, delivered: Callable[[], list[Any]]
) -> None:
    pages().post("/sign-up/", {"email": "dora@example.com"}, headers={"accept-language": "de"})
    assert delivered()[0].subject == "Warren: Bestätigen Sie Ihre E-Mail-Adresse"


def test_the_words_of_the_scripts_are_kept_by_browsers_until_they_change(owner: User) -> None:
    page = pages(owner)
    page.cookies["warren_language"] = "de"
    found = page.get("/account/").content.decode()
    address = found.partition('<script src="/js-words/')[2].partition('"')[0].replace("&amp;", "&")
    answer = pages().get(f"/js-words/{address}")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Cookie" not in answer.headers["Vary"]
    assert "Noch wurde nichts geschrieben." in answer.content.decode()
    assert pages().get("/js-words/?language=de&v=old").headers["Cache-Control"] == "no-cache"
    assert "Noch wurde" not in pages().get("/js-words/?language=en").content.decode()
