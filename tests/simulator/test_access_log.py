"""The access log: asked by time and person, and forgotten after a day."""

import requests

from tests.parts import Cloud
from tests.simulator.parts import ALICE, BOB
from tests.simulator.people import ACCESS, HOST, get, publish, rule


def _rows(cloud: Cloud, **params: str) -> list[str]:
    return [row["ray_id"] for row in get(cloud, "logs/access_requests", **params)]


def test_the_log_is_asked_by_time_and_person(cloud: Cloud) -> None:
    start = cloud.control("POST", "clock", {"seconds": 0})["now"][:17]
    times = [f"{start}{second:02}.5Z" for second in (0, 10, 10, 20)]
    for ray, at, who in ((3, 3, ALICE), (0, 0, ALICE), (1, 1, BOB), (2, 2, "alice@example.com.evil")):
        cloud.control("POST", "log", {"ray_id": str(ray), "created_at": times[at], "user_email": who})
    cloud.control("POST", "clock", {"seconds": 60})
    assert _rows(cloud) == ["3", "2", "1", "0"]
    assert _rows(cloud, direction="asc") == ["0", "1", "2", "3"]
    assert _rows(cloud, direction="asc", limit="3") == ["0", "1", "2"]
    assert _rows(cloud, direction="asc", per_page="2") == ["0", "1"]
    assert _rows(cloud, direction="asc", since=times[1]) == ["1", "2", "3"]
    assert _rows(cloud, direction="asc", until=times[1]) == ["0", "1", "2"]
    assert _rows(cloud, direction="asc", since=times[1], until=times[1], limit="1") == ["1"]
    assert _rows(cloud, email="ALICE@example.com") == ["3", "2", "0"]
    assert _rows(cloud, email=ALICE, email_exact="true") == ["3", "0"]
    assert _rows(cloud, user_id="nobody") == []
    publish(cloud, rule(BOB))
    cloud.sign_in(BOB, HOST)
    (bob,) = get(cloud, "users")
    assert len(_rows(cloud, user_id=bob["id"])) == 2
    answer = cloud.api("GET", f"{ACCESS}/logs/access_requests").json()
    assert set(answer["result"][0]) == {
        *("action", "allowed", "app_domain", "app_uid", "connection"),
        *("created_at", "ip_address", "ray_id", "user_email"),
    }
    refused = requests.post(
        f"{cloud.facts['edge']}/_simulator/log",
        headers={"Authorization": f"Bearer {cloud.facts['token']}"},
        json={"created_at": "yesterday"},
        timeout=5,
    )
    assert refused.status_code == 400


def test_the_log_forgets(cloud: Cloud) -> None:
    publish(cloud, rule(ALICE))
    cloud.sign_in(ALICE, HOST)
    cloud.control("POST", "clock", {"seconds": 24 * 3600 - 60})
    assert len(_rows(cloud)) == 1
    cloud.control("POST", "clock", {"seconds": 120})
    assert _rows(cloud) == []
    cloud.control("PATCH", "limits", {"log_retention": 48 * 3600})
    assert len(_rows(cloud)) == 1
