"""What the client makes of answers about people, complete ones and poor ones; here `responses` plays Cloudflare."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import responses

from cloudflare.client import (
    AccessEvent,
    ActiveSession,
    AppSpec,
    Cloudflare,
    Email,
    LoginMethod,
    PolicySpec,
    User,
    errors,
)
from cloudflare.client.types import App

ROOT = "https://cf.test/client/v4"
ACCESS = f"{ROOT}/accounts/acc/access"
LOG = f"{ACCESS}/logs/access_requests"


@pytest.fixture
def cf() -> Cloudflare:
    return Cloudflare(ROOT, "secret-token-of-ours", "acc")


def answer(result: Any, **info: int) -> dict[str, Any]:
    return {"success": True, "errors": [], "messages": [], "result": result, "result_info": info}


@responses.activate
def test_the_log_is_asked_in_utc(cf: Cloudflare) -> None:
    responses.get(LOG, json=answer([]))
    since = datetime(2026, 5, 1, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert cf.logs.access_requests(since, limit=10) == []
    assert responses.calls[0].request.params == {
        "limit": "10",
        "direction": "asc",
        "since": "2026-05-01T12:00:00.000005Z",
    }


@pytest.mark.parametrize(
    "at", ["2026-05-01T12:00:00.12345Z", "2026-05-01T14:00:00.123450+02:00", "2026-05-01T12:00:00.12345"]
)
@responses.activate
def test_a_row_of_the_log(cf: Cloudflare, at: str) -> None:
    responses.get(LOG, json=answer([{"created_at": at, "user_email": "Alice@Example.com", "allowed": True}]))
    (row,) = cf.logs.access_requests()
    when = datetime(2026, 5, 1, 12, 0, 0, 123450, tzinfo=UTC)
    assert row == AccessEvent("", True, "", "", "alice@example.com", "", "", when, "")


@pytest.mark.parametrize("row", [{}, {"created_at": None}, {"created_at": "soon"}, None])
@responses.activate
def test_a_row_without_its_time_is_no_gap(cf: Cloudflare, row: Any) -> None:
    responses.get(LOG, json=answer([row]))
    with pytest.raises(errors.Broken):
        cf.logs.access_requests()


@responses.activate
def test_users_of_all_pages(cf: Cloudflare) -> None:
    for page, count in ((1, 100), (2, 1)):
        rows = [{"id": f"{page}-{number}", "email": "A@Example.com"} for number in range(count)]
        responses.get(
            f"{ACCESS}/users",
            json=answer(rows, total_count=101),
            match=[responses.matchers.query_param_matcher({"page": page, "per_page": 100, "search": "a"})],
        )
    found = list(cf.users.all("a"))
    assert len(found) == 101
    assert found[-1] == User("2-0", "a@example.com", "", "", False, False, None)


def test_what_is_missing_is_none() -> None:
    assert User.from_json({"id": "1", "email": None, "last_successful_login": "never"}).last_login is None
    assert ActiveSession.from_json({}) == ActiveSession("", None, ())
    raw = {"expiration": "1767225600", "metadata": {"nonce": "n", "apps": {"aud": {"hostname": "h"}}}}
    assert ActiveSession.from_json(raw) == ActiveSession("n", datetime(2026, 1, 1, tzinfo=UTC), ("aud",))


@responses.activate
def test_seats_are_released_together(cf: Cloudflare) -> None:
    responses.patch(f"{ACCESS}/seats", json=answer([]))
    cf.seats.release([])
    assert len(responses.calls) == 0
    cf.seats.release(["a", "b"])
    (call,) = responses.calls
    assert json.loads(call.request.body) == [
        {"seat_uid": uid, "access_seat": False, "gateway_seat": False} for uid in ("a", "b")
    ]


@responses.activate
def test_an_audience_is_found_exactly(cf: Cloudflare) -> None:
    responses.get(f"{ACCESS}/apps", json=answer([{"id": "1", "aud": "abcd"}]))
    assert cf.apps.find_by_aud("abc") is None
    assert (found := cf.apps.find_by_aud("abcd")) is not None
    assert found.id == "1"


def _seen(spec: AppSpec, **changed: Any) -> App:
    """As Cloudflare would give back what was written, but for what somebody changed."""
    return App.from_json({"id": "1", **spec.to_json(), **changed})


def test_what_one_signs_in_by_is_written_and_compared() -> None:
    policy = PolicySpec("p", "allow", (Email("a@example.com"),), require=(LoginMethod("idp"),))
    spec = AppSpec("n", "h.example.com", policies=(policy,), allowed_idps=("idp",))
    assert spec.to_json()["allowed_idps"] == ["idp"]
    assert spec.to_json()["policies"][0]["require"] == [{"login_method": {"id": "idp"}}]
    assert spec.differences(_seen(spec)) == []
    assert AppSpec.of(_seen(spec)) == spec
    assert "login methods" in spec.differences(_seen(spec, allowed_idps=[]))[0]
    assert "login methods" in spec.differences(_seen(spec, allowed_idps=None))[0]
    for require in ([], [{"login_method": {"id": "other"}}], [{"everyone": {}}]):
        changed = {**policy.to_json(), "require": require}
        assert spec.differences(_seen(spec, policies=[changed])) == ["policy 1: require differs"]
    open_to_all = AppSpec("n", "h.example.com")
    assert "allowed_idps" not in open_to_all.to_json()
    assert open_to_all.differences(_seen(open_to_all)) == []
