"""What somebody changes at Cloudflare by hand is found and mended, at a cost that does not grow with what is right."""

from typing import Any

import pytest
from django.core.management import call_command

from cloudflare import drift
from cloudflare.client.resources import Apps
from cloudflare.models import Connector, Publication, Tunnel
from cloudflare.reconcile import names
from containers import loop
from tenants.models import AuditEvent, Membership, Tenant, User
from tests.cloudflare.connecting import connector
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def hosts(create: Any) -> list[str]:
    found = [create(f"box{number}").hostname for number in range(3)]
    converge()
    assert drift.survey() == []
    return found


def app_of(cloud: Cloud, host: str) -> str:
    return f"/accounts/{{account}}/access/apps/{Publication.objects.get(hostname=host).app_id}"


def record_of(host: str) -> str:
    return f"/zones/{{zone}}/dns_records/{Publication.objects.get(hostname=host).record_id}"


def mended(cloud: Cloud) -> None:
    for task, pk in drift.survey():
        loop.run(task, pk)
    converge()
    assert drift.survey() == []
    assert cloud.state()["routable"] == sorted(Publication.objects.values_list("hostname", flat=True))


def test_nothing_wrong_costs_two_calls_and_few_queries(
    hosts: list[str], cloud: Cloud, django_assert_max_num_queries: Any
) -> None:
    cloud.control("DELETE", "calls")
    with django_assert_max_num_queries(5):
        assert drift.survey() == []
    assert len(cloud.calls()) == 2


def test_a_policy_that_somebody_opened_is_closed(hosts: list[str], cloud: Cloud) -> None:
    path = app_of(cloud, hosts[0])
    app = cloud.api("GET", path).json()["result"]
    everyone = {"name": "open", "decision": "allow", "include": [{"everyone": {}}], "precedence": 1}
    body = {"type": "self_hosted", "name": app["name"], "domain": hosts[0], "policies": [everyone]}
    assert cloud.api("PUT", path, json=body).ok
    intruder = cloud.sign_in("charlie@example.com", hosts[0])
    assert intruder
    assert len(drift.survey()) == 1
    mended(cloud)
    assert cloud.visit(hosts[0], "/", intruder).status_code == 302, "who came through it is out as well"
    assert cloud.sign_in("charlie@example.com", hosts[0]) is None
    assert cloud.sign_in("alice@example.com", hosts[0])


def test_an_application_that_somebody_removed_is_back(hosts: list[str], cloud: Cloud) -> None:
    assert cloud.api("DELETE", app_of(cloud, hosts[1])).ok
    mended(cloud)
    assert cloud.sign_in("alice@example.com", hosts[1])


def test_a_record_that_somebody_turned_elsewhere_or_removed_is_back(hosts: list[str], cloud: Cloud) -> None:
    assert cloud.api("PATCH", record_of(hosts[0]), json={"content": "elsewhere.example.com"}).ok
    assert cloud.api("DELETE", record_of(hosts[2])).ok
    assert cloud.state()["routable"] == [hosts[1]]
    mended(cloud)


def test_an_account_that_is_away_is_left_for_next_time(hosts: list[str], cloud: Cloud) -> None:
    cloud.api("DELETE", record_of(hosts[0]))
    cloud.fault(kind="status", status=500)
    assert drift.survey() == []
    cloud.heal()
    mended(cloud)


def test_what_is_made_while_cloudflare_lists_is_not_missed(
    create: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    create("first")
    converge()
    listing = Apps.all

    def list_slowly(self: Apps, **more: Any) -> Any:
        rows = list(listing(self, **more))
        create("second")
        converge()
        return rows

    monkeypatch.setattr(Apps, "all", list_slowly)
    assert drift.survey() == []


def test_a_rule_that_was_left_out_while_its_application_was_written_anew_comes_back(
    hosts: list[str], cloud: Cloud
) -> None:
    """The tunnel is passed over between the survey and the mending, for another publication's sake."""
    row = Publication.objects.get(hostname=hosts[0])
    cloud.api("DELETE", app_of(cloud, hosts[0]))
    assert len(drift.survey()) == 1
    Tunnel.objects.all().ring()
    loop.run(names.TUNNEL, row.tunnel_id)
    assert cloud.state()["routable"] == sorted(hosts[1:]), "what is not protected is not routed"
    mended(cloud)
    assert cloud.state()["violations"] == [] or {v["hostname"] for v in cloud.state()["violations"]} == {hosts[0]}


def on_record(action: str) -> list[tuple[str, str, list[str]]]:
    rows = AuditEvent.objects.filter(action=action).order_by("pk")
    return [(row.tenant, row.target, row.detail["differences"]) for row in rows]


def edit(cloud: Cloud, host: str, **policy: Any) -> None:
    """As somebody would at Cloudflare, with the policy of ours as it was but for this."""
    path = app_of(cloud, host)
    app = cloud.api("GET", path).json()["result"]
    (ours,) = app["policies"]
    body = {"type": "self_hosted", "name": app["name"], "domain": host, "policies": [{**ours, **policy}]}
    for made in ("id", "created_at", "updated_at"):
        body["policies"][0].pop(made)
    assert cloud.api("PUT", path, json=body).ok


def email(address: str) -> dict[str, Any]:
    return {"email": {"email": address}}


def test_what_differed_is_on_record_once(hosts: list[str], cloud: Cloud) -> None:
    edit(cloud, hosts[0], include=[email("mallory@example.com"), email("mike@example.com")])
    edit(cloud, hosts[1], decision="bypass", include=[{"everyone": {}}])
    cloud.api("DELETE", app_of(cloud, hosts[2]))
    cloud.api("PATCH", record_of(hosts[1]), json={"content": "elsewhere.example.com"})
    target = Publication.objects.get(hostname=hosts[1]).record_target
    assert len(drift.survey()) == 4 == AuditEvent.objects.filter(action__contains="drift").count()
    assert drift.survey() == []
    found = {target.partition("-")[0]: told for _, target, told in on_record("access:drift")}
    assert found == {
        "box0": [
            "added: mallory@example.com, mike@example.com",
            "removed: alice@example.com",
            "policy 1: include differs",
        ],
        "box1": [
            "removed: alice@example.com",
            "a policy decides bypass",
            "another rule: everyone",
            "policy 1: the decision differs",
            "policy 1: include differs",
        ],
        "box2": ["the application is missing"],
    }
    (dns,) = on_record("dns:drift")
    assert dns == ("acme", hosts[1], [f"the target is elsewhere.example.com, not {target}.cfargotunnel.com"])
    mended(cloud)
    assert AuditEvent.objects.filter(action__contains="drift").count() == 4
    assert cloud.sign_in("mallory@example.com", hosts[0]) is None


def test_a_rule_that_warren_does_not_know_is_drift(hosts: list[str], cloud: Cloud) -> None:
    edit(cloud, hosts[0], include=[email("alice@example.com"), {"geo": {"country_code": "PT"}}])
    assert len(drift.survey()) == 1
    ((_, _, told),) = on_record("access:drift")
    assert "another rule: {'geo': {'country_code': 'PT'}}" in told
    mended(cloud)


def test_what_is_written_while_cloudflare_lists_is_no_drift(
    hosts: list[str], cloud: Cloud, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that is under way, or came and went, since the rows were read."""
    listing = Apps.all

    def list_late(self: Apps, **more: Any) -> Any:
        guest = User.objects.create_user("gina@example.com", "secret")
        joined = Membership.objects.create(tenant=tenant, user=guest)
        converge()
        rows = list(listing(self, **more))
        joined.delete()
        converge()
        return rows

    monkeypatch.setattr(Apps, "all", list_late)
    assert drift.survey() == []
    assert on_record("access:drift") == []


def change(cloud: Cloud, host: str, **fields: Any) -> None:
    """As somebody would at Cloudflare, with all else of the application as it was."""
    path = app_of(cloud, host)
    app = cloud.api("GET", path).json()["result"]
    for made in ("id", "uid", "aud", "created_at", "updated_at"):
        app.pop(made)
    for policy in app["policies"]:
        for made in ("id", "created_at", "updated_at"):
            policy.pop(made)
    assert cloud.api("PUT", path, json={**app, **fields}).ok


def test_an_application_that_somebody_moved_off_its_name_is_back_over_it(hosts: list[str], cloud: Cloud) -> None:
    """Its domain is as it was; at Cloudflare it protects its destinations."""
    change(cloud, hosts[0], destinations=[{"type": "public", "uri": f"moved-{hosts[0]}"}])
    mended(cloud)
    assert cloud.sign_in("alice@example.com", hosts[0])
    assert any("stands over" in text for _, _, said in on_record("access:drift") for text in said)


def test_a_method_that_somebody_let_pass_is_held_up_again(hosts: list[str], cloud: Cloud) -> None:
    change(cloud, hosts[0], options_preflight_bypass=True)
    assert cloud.visit(hosts[0], "/", method="OPTIONS").status_code == 530, "past Access; no connector answers"
    mended(cloud)
    assert cloud.visit(hosts[0], "/", method="OPTIONS").status_code == 302


def test_what_cloudflare_lists_in_short_pages_is_not_missed(hosts: list[str], cloud: Cloud) -> None:
    cloud.control("PATCH", "limits", {"max_page": 1})
    assert drift.survey() == []


def test_an_ingress_that_somebody_wrote_is_written_anew(hosts: list[str], cloud: Cloud) -> None:
    """Also one from after the backup that the rows are from."""
    tunnel = Tunnel.objects.get()
    with connector(cloud, tunnel.token) as take:
        take()
        before = len(cloud.writes())
        Connector.objects.all().ring()
        converge()
        assert Tunnel.objects.get().connected_at
        assert len(cloud.writes()) == before, "as it is, it is left alone"
        path = f"/accounts/{{account}}/cfd_tunnel/{tunnel.tunnel_id}/configurations"
        assert cloud.api("PUT", path, json={"config": {"ingress": [{"service": "http_status:404"}]}}).ok
        assert cloud.state()["routable"] == []
        take()
        Connector.objects.all().ring()
        converge()
    assert cloud.state()["routable"] == sorted(hosts)
    assert len(cloud.writes()) == before + 2


def test_a_restored_database_is_not_believed(hosts: list[str], cloud: Cloud) -> None:
    """After the backup one container was deleted outside: nothing of it is there, and its row knows nothing of that."""
    tunnel = Tunnel.objects.get()
    configuration = f"/accounts/{{account}}/cfd_tunnel/{tunnel.tunnel_id}/configurations"
    rules = cloud.api("GET", configuration).json()["result"]["config"]["ingress"]
    assert cloud.api("DELETE", record_of(hosts[0])).ok
    left = [rule for rule in rules if rule.get("hostname") != hosts[0]]
    assert cloud.api("PUT", configuration, json={"config": {"ingress": left}}).ok
    assert cloud.api("DELETE", app_of(cloud, hosts[0])).ok
    call_command("resync")
    converge()
    assert cloud.api("GET", configuration).json()["result"]["config"]["ingress"] == rules
    assert cloud.state()["routable"] == sorted(hosts)
    assert drift.survey() == []
