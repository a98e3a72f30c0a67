"""Where no view answers: a page for people, a problem document for programs, and nothing of the inside for anybody."""

import uuid
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from tenants.models import User


@pytest.fixture
def client(settings) -> Client:
    settings.ROOT_URLCONF = "tests.config.failing_urls"
    return Client(raise_request_exception=False)


@pytest.fixture
def database_away(client: Client, transactional_db: None, owner: User) -> Iterator[None]:
    """Everything that asks the database finds nobody there, a person who is signed in included."""
    client.force_login(owner)
    connection.close()
    kept = connection.settings_dict["HOST"]
    connection.settings_dict["HOST"] = "/nowhere"
    yield
    connection.close()
    connection.settings_dict["HOST"] = kept


def test_a_program_reads_a_problem(client: Client, db: None) -> None:
    for path, status, code in [("/api/v1/nowhere/", 404, "not_found"), ("/api/v1/fail/", 500, "internal")]:
        answer = client.get(path)
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.json()["status"], answer.json()["code"]) == (status, code)
        assert "a detail" not in answer.text


def test_a_person_reads_a_page(client: Client, db: None) -> None:
    for path, status, words in [("/nowhere/", 404, "no such thing"), ("/fail/", 500, "the log has the details")]:
        answer = client.get(path, headers={"X-Request-ID": "find-me-0123456789"})
        assert ("find-me-0123456789" in answer.text) == (status == 500), "what the operator greps for"
        assert answer.status_code == status
        assert words in answer.text
        assert "To the start page" in answer.text
        assert "ZeroDivisionError" not in answer.text


def test_a_refusal_says_why(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    answer = client.get("/containers/new/")
    assert answer.status_code == 403
    assert "not a member" in answer.text
    assert f"signed in as <strong>{stranger.email}" in answer.text
    there = "/sign-in/?next=%2Fcontainers%2Fnew%2F"
    assert f'name="next" value="{there}"' in answer.text
    assert client.post("/sign-out/", {"next": there}).headers["Location"] == there, "and on to the same page as another"


def test_what_is_too_long_says_so(client: Client, owner: User, settings) -> None:
    """Once more as it is, it would be refused once more."""
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 3 * 2**19
    client.force_login(owner)
    answer = client.post("/language/", {"language": "x" * 2**21}, headers={"Referer": "http://testserver/account/"})
    assert answer.status_code == 413
    assert "1.5 MiB" in answer.text
    assert "leave some of it out" in answer.text
    assert '<a class="button primary" href="/account/">' in answer.text
    assert owner.email in answer.text


@pytest.mark.parametrize("signed_in", [True, False])
def test_every_kind_of_page(client: Client, owner: User, signed_in: bool) -> None:
    """With who is signed in in its head, or without; each leads back and on."""
    if signed_in:
        client.force_login(owner)
    back = {"Referer": "http://testserver/account/"}
    for path, status, words in [
        (f"/containers/{uuid.uuid4()}/", 404, "not shared with you any more"),
        ("/tenants/nowhere/", 404, "ask one of its owners"),
        ("/switch/", 405, "use its button"),
        ("/nowhere/", 404, "mistyped"),
        ("/fail/", 500, "tell whoever runs Warren"),
    ]:
        answer = client.get(path, headers=back)
        if not signed_in and answer.status_code == 302:
            continue
        assert answer.status_code == status, path
        assert words in answer.text, path
        assert '<a class="button primary" href="/account/">' in answer.text, path
        assert (owner.email in answer.text) == (signed_in and status != 500), path
        assert "To the start page" in answer.text, path
    elsewhere = client.get("/nowhere/", headers={"Referer": "https://elsewhere.example/"})
    assert "Back to the page" not in elsewhere.text


def test_a_fragment_gets_the_words_alone(client: Client, owner: User) -> None:
    client.force_login(owner)
    for path, status in [("/nowhere/", 404), ("/fail/", 500), ("/switch/", 405)]:
        answer = client.get(path, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8"), path
        assert "<" not in answer.text


def test_whose_session_has_ended_comes_back_to_their_page(client: Client, owner: User) -> None:
    where = "/containers/?page=2"
    page = client.get("/account/")
    assert page.headers["Location"] == "/sign-in/?next=/account/", "a page leads back to itself"
    pressed = client.post("/tenants/acme/leave/", headers={"Referer": f"http://testserver{where}"})
    there = "/sign-in/?next=%2Fcontainers%2F%3Fpage%3D2&signed-out"
    assert (pressed.status_code, pressed.headers["Location"]) == (302, there)
    asked = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{where}"}
    fragment = client.get("/account/", headers=asked)
    assert (fragment.content, fragment.headers["HX-Redirect"]) == (b"", there)
    assert "may not have arrived" in client.get(there).text
    assert (
        client.post(there, {"username": owner.email, "password": "secret", "next": where}).headers["Location"] == where
    )
    client.logout()
    led = client.post("/account/", headers={"Referer": "https://elsewhere.example/"})
    assert led.headers["Location"] == "/sign-in/?signed-out"


def test_an_outdated_form_says_what_to_do(db: None) -> None:
    strict = Client(enforce_csrf_checks=True)
    for headers, words in [({}, "reload the page"), ({"origin": "https://elsewhere.example"}, "another site")]:
        answer = strict.post("/sign-in/", headers=headers)
        assert answer.status_code == 403
        assert words in answer.text


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_absent_database_is_no_fault_of_whoever_asks(client: Client, database_away: None) -> None:
    answer = client.get("/api/v1/containers/")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["Retry-After"] == "5"
    page = client.get("/")
    assert page.status_code == 503
    assert "try again in a moment" in page.text
    assert page.headers["Refresh"] == "5", "the page mends itself"
    fragment = client.get("/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["Content-Type"]) == (503, "text/plain; charset=utf-8")
