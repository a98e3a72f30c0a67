"""Where no view answers: a page for people, a problem document for programs, and nothing of the inside for anybody."""

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
        answer = client.get(path)
        assert answer.status_code == status
        assert words in answer.text
        assert "To the start page" in answer.text
        assert "ZeroDivisionError" not in answer.text


def test_a_refusal_says_why(client: Client, stranger: User) -> None:
    client.force_login(stranger)
    answer = client.get("/containers/new/")
    assert answer.status_code == 403
    assert "not a member" in answer.text


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
