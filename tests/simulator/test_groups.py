"""Groups: whoever refers to one admits whom it admits, also after it was changed."""

from typing import Any

import pytest

from tests.parts import Cloud
from tests.simulator.parts import ALICE, BOB, CHARLIE
from tests.simulator.people import ACCESS, HOST, get, group, publish, rule


def test_a_group_is_followed_by_what_refers_to_it(cloud: Cloud) -> None:
    friends = group(cloud, rule(ALICE), rule(BOB))
    everyone_but_bob = group(cloud, {"group": {"id": friends}}, exclude=[rule(BOB)])
    publish(cloud, {"group": {"id": everyone_but_bob}})
    assert [bool(cloud.sign_in(who, HOST)) for who in (ALICE, BOB, CHARLIE)] == [True, False, False]
    body = {"name": "friends", "include": [rule(CHARLIE)]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=body).ok
    assert [bool(cloud.sign_in(who, HOST)) for who in (ALICE, BOB, CHARLIE)] == [False, False, True]
    circle = {"name": "friends", "include": [{"group": {"id": everyone_but_bob}}]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=circle).status_code == 400
    assert cloud.api("DELETE", f"{ACCESS}/groups/{friends}").status_code == 409
    assert cloud.api("DELETE", f"{ACCESS}/groups/{everyone_but_bob}").status_code == 409
    (app,) = cloud.state()["apps"]
    assert cloud.api("DELETE", f"{ACCESS}/apps/{app}").ok
    for key in (everyone_but_bob, friends):
        assert cloud.api("DELETE", f"{ACCESS}/groups/{key}").status_code == 202
    assert get(cloud, "groups") == []


@pytest.mark.parametrize(
    ("more", "opens"),
    [
        ({"require": [rule(ALICE)]}, {ALICE}),
        ({"exclude": [rule(ALICE)]}, {BOB}),
        ({"exclude": [{"geo": {"country_code": "DE"}}]}, set()),
        ({"require": [{"geo": {"country_code": "DE"}}]}, set()),
    ],
)
def test_a_group_has_all_three_parts(cloud: Cloud, more: Any, opens: set[str]) -> None:
    publish(cloud, {"group": {"id": group(cloud, rule(ALICE), rule(BOB), **more)}})
    assert {who for who in (ALICE, BOB) if cloud.sign_in(who, HOST)} == opens


def test_a_group_of_everyone_counts_as_unprotected(cloud: Cloud) -> None:
    """Also one that becomes it behind the policy's back."""
    friends = group(cloud, rule(ALICE))
    publish(cloud, {"group": {"id": friends}})
    secret = "A" * 43 + "="
    tunnel = cloud.api("POST", "/accounts/{account}/cfd_tunnel", json={"name": "t", "tunnel_secret": secret}).json()
    key = tunnel["result"]["id"]
    rules = [{"hostname": HOST, "service": "http://box:80"}, {"service": "http_status:404"}]
    path = f"/accounts/{{account}}/cfd_tunnel/{key}/configurations"
    assert cloud.api("PUT", path, json={"config": {"ingress": rules}}).ok
    record = {"type": "CNAME", "name": HOST, "content": f"{key}.cfargotunnel.com", "proxied": True}
    assert cloud.api("POST", "/zones/{zone}/dns_records", json=record).ok
    assert cloud.state()["violations"] == []
    body = {"name": "friends", "include": [{"everyone": {}}]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=body).ok
    assert [row["hostname"] for row in cloud.state()["violations"]] == [HOST]
