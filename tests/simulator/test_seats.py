"""Users with their seats and sessions: taken, kept, given back, ended."""

from tests.parts import Cloud
from tests.simulator.parts import ALICE, BOB, CHARLIE
from tests.simulator.people import ACCESS, HOST, get, publish, rule


def test_seats_are_taken_kept_and_given_back(cloud: Cloud) -> None:
    publish(cloud, rule(ALICE), rule(BOB))
    cloud.control("PATCH", "limits", {"max_seats": 1})
    assert cloud.sign_in(CHARLIE, HOST) is None  # and takes none
    assert cloud.sign_in(ALICE, HOST)
    refused = cloud.control("POST", "sessions", {"email": BOB, "host": HOST})
    assert (refused["allowed"], refused["reason"]) == (False, "seats")
    assert [(row["user_email"], row["allowed"]) for row in cloud.state()["access_log"]] == [
        (CHARLIE, False),
        (ALICE, True),
        (BOB, False),
    ]
    assert cloud.sign_in(ALICE, HOST)  # who has one comes and goes
    assert cloud.api("POST", f"{ACCESS}/organizations/revoke_user", json={"email": ALICE}).ok
    (alice,) = get(cloud, "users", email=ALICE.upper())
    assert alice["access_seat"] is True
    assert get(cloud, f"users/{alice['id']}/active_sessions") == []
    seat = {"seat_uid": alice["seat_uid"], "access_seat": False, "gateway_seat": False}
    half = cloud.api("PATCH", f"{ACCESS}/seats", json=[{**seat, "gateway_seat": True}])
    assert half.json()["result"][0]["access_seat"] is True
    assert cloud.api("PATCH", f"{ACCESS}/seats", json=[seat, {**seat, "seat_uid": "x"}]).status_code == 404
    assert get(cloud, "users", email=ALICE)[0]["access_seat"] is True
    freed = cloud.api("PATCH", f"{ACCESS}/seats", json=[seat])
    assert freed.json()["result"][0]["access_seat"] is False
    assert cloud.sign_in(BOB, HOST)
    assert cloud.sign_in(ALICE, HOST) is None
    cloud.control("PATCH", "limits", {"max_seats": 2})
    assert cloud.sign_in(ALICE, HOST)
    assert get(cloud, "users", email=ALICE)[0]["seat_uid"] == alice["seat_uid"]
    (bob,) = get(cloud, "users", search="BOB")
    (failed,) = get(cloud, f"users/{bob['id']}/failed_logins")
    assert failed["metadata"]["user_email"] == BOB


def test_users_are_paged_and_filtered(cloud: Cloud) -> None:
    publish(cloud, {"everyone": {}})
    for number in range(5):
        assert cloud.sign_in(f"p{number}@example.com", HOST)
    answer = cloud.api("GET", f"{ACCESS}/users", params={"per_page": "2", "page": "3"}).json()
    assert [row["email"] for row in answer["result"]] == ["p4@example.com"]
    assert answer["result_info"]["total_count"] == 5
    assert [row["email"] for row in get(cloud, "users", name="p1")] == ["p1@example.com"]
    assert len(get(cloud, "users", search="example.com")) == 5
    assert get(cloud, "users", email="p1") == []


def test_sessions_of_a_person(cloud: Cloud) -> None:
    app = publish(cloud, rule(ALICE), rule(BOB))
    cloud.sign_in(ALICE, HOST)
    cloud.sign_in(BOB, HOST)
    (alice,) = get(cloud, "users", email=ALICE)
    aud = cloud.state()["apps"][app]["aud"]
    (session,) = get(cloud, f"users/{alice['id']}/active_sessions")
    assert session["metadata"]["apps"] == {aud: {"uid": app, "name": "box", "hostname": HOST, "type": "self_hosted"}}
    assert cloud.api("POST", f"{ACCESS}/apps/{app}/revoke_tokens").ok
    (session,) = get(cloud, f"users/{alice['id']}/active_sessions")
    assert session["metadata"]["apps"] == {}
    nonce = session["metadata"]["nonce"]
    assert get(cloud, f"users/{alice['id']}/active_sessions/{nonce}")["email"] == ALICE
    (bob,) = get(cloud, "users", email=BOB)
    assert cloud.api("GET", f"{ACCESS}/users/{bob['id']}/active_sessions/{nonce}").status_code == 404
    cloud.control("POST", "clock", {"seconds": 24 * 3600 + 1})
    assert get(cloud, f"users/{alice['id']}/active_sessions") == []
    assert get(cloud, f"users/{alice['id']}/active_sessions/{nonce}")["isActive"] is False
