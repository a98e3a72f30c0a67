"""API tokens: made with a password or by a token, listed without their secret, revoked at once."""

import pytest
from rest_framework.test import APIClient

from tenants.models import ApiToken, AuditEvent, User

pytestmark = pytest.mark.django_db
URL = "/api/v1/tokens/"


def made(email: str = "alice@example.com", password: str = "secret") -> tuple[int, dict[str, str]]:
    answer = APIClient().post(URL, {"email": email, "password": password}, format="json")
    return answer.status_code, answer.json()


def client(token: str) -> APIClient:
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return found


def test_a_token_opens_the_api_until_it_is_revoked(owner: User) -> None:
    status, body = made("Alice@Example.COM")
    assert status == 201
    api = client(body["token"])
    listed = api.get(URL).json()["results"]
    assert [row["id"] for row in listed] == [body["id"]]
    assert body["token"] not in str(listed)
    assert body["token"] not in ApiToken.objects.get().digest
    assert api.delete(f"{URL}{body['id']}/").status_code == 204
    assert api.get(URL).status_code == 401
    assert AuditEvent.objects.filter(action="token:create").exists()
    assert AuditEvent.objects.filter(action="token:revoke").exists()


def test_a_script_revokes_its_own(owner: User) -> None:
    api = client(made()[1]["token"])
    assert api.delete(f"{URL}current/").status_code == 204
    assert api.get(URL).status_code == 401


@pytest.mark.parametrize(
    ("email", "password"), [("alice@example.com", "wrong"), ("nobody@example.com", "secret"), ("", ""), ("x", "secret")]
)
def test_who_does_not_know_the_password_gets_none(owner: User, email: str, password: str) -> None:
    status, body = made(email, password)
    assert status in {400, 401}
    assert "token" not in body
    assert ApiToken.objects.count() == 0


def test_a_person_who_is_switched_off_is_out_at_once(owner: User) -> None:
    api = client(made()[1]["token"])
    owner.is_active = False
    owner.save()
    assert api.get(URL).status_code == 401
    assert made()[0] == 401


def test_nobody_revokes_anothers(owner: User, stranger: User) -> None:
    theirs = made("charlie@example.com")[1]
    assert client(made()[1]["token"]).delete(f"{URL}{theirs['id']}/").status_code == 404
    assert client(theirs["token"]).get(URL).status_code == 200


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer x y", "Token abc", "Bearer " + "a" * 5000])
def test_rubbish_is_no_token(owner: User, header: str) -> None:
    answer = APIClient().get(URL, HTTP_AUTHORIZATION=header)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
