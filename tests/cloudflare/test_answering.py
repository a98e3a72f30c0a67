"""A hostname that answers goes on to while a change of who may enter fails; one that may not, is told of as before."""

import datetime
from typing import Any

import pytest

from access import sharing
from access.models import Grant
from cloudflare import attention
from cloudflare.models import Account, Publication, Zone
from containers import admission, changes, conditions
from containers.api.listing import bodies
from containers.models import Condition, Container
from containers.templatetags.containers import phase
from tenants.models import User
from tests.cloudflare.conftest import fresh
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

AS_BEFORE = "answers as before"


@pytest.fixture
def box(create: Any, cloud: Cloud) -> Container:
    made: Container = create()
    converge()
    assert ready(made)
    return made


def ready(container: Container) -> bool:
    """Where it is connected, that is: no connector runs on the engine in memory."""
    Condition.objects.filter(container=container, type="Connected").update(status=True, message="")
    return phase(fresh(container)).ready


def shown(container: Container) -> list[Any]:
    return [(step.name, step.state, step.seconds, step.message) for step in fresh(container).steps]


def give(container: Container, owner: User, *emails: str) -> None:
    sharing.share(container, actor=owner, emails=list(emails), permission="view")


def published(container: Container) -> tuple[bool | None, str, bool]:
    """Status and reason, and whether it is said that the address answers as before."""
    found = conditions.of(container, "Published")
    return found.status, found.reason, AS_BEFORE in found.message


def verbs(container: Container) -> list[str]:
    return [verb for verb, _, _ in phase(fresh(container)).actions]


def age(container: Container, days: int) -> None:
    """As if all that is on record of the container had happened so long ago."""
    earlier = datetime.timedelta(days=days)
    Container.objects.filter(pk=container.pk).update(wanted_since=container.wanted_since - earlier)
    for row in container.conditions.all():
        for noted in row.steps.values():
            for name in {"started_at", "finished_at"} & set(noted):
                noted[name] = (datetime.datetime.fromisoformat(noted[name]) - earlier).isoformat()
        row.met_at = row.met_at - earlier if row.met_at else None
        row.save()


def test_a_guest_who_cannot_be_let_in_yet_takes_it_from_nobody(box: Container, cloud: Cloud, owner: User) -> None:
    before = shown(box)
    cloud.fault(kind="status", method="PUT", path="/access/apps/", status=500)
    give(box, owner, "gina@example.com")
    converge()
    assert published(box) == (True, "cloudflare_broken", True)
    assert ready(box)
    assert bodies([box.pk])[0]["ready"], "the list says the same"
    assert shown(box) == before
    assert "retry" in verbs(box)
    row = Publication.objects.get()
    assert (row.code, row.failures) == ("cloudflare_broken", 1)
    assert row.message
    assert Grant.objects.get().state == "pending"
    assert cloud.sign_in(owner.email, box.hostname)
    assert cloud.sign_in("gina@example.com", box.hostname) is None
    admission.retry(box, actor=owner)
    converge()
    assert published(box) == (True, "cloudflare_broken", True)
    assert ready(box), "at the generation that asked for another try, too"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert published(box) == (True, "Published", False)
    assert "retry" not in verbs(box)
    assert Grant.objects.get().state == "active"
    assert cloud.state()["violations"] == []


@pytest.mark.parametrize("path", ["/access/apps/[^/]*$", "/revoke_tokens"])
def test_a_guest_who_cannot_be_shut_out_yet_takes_it_from_nobody(
    path: str, box: Container, cloud: Cloud, owner: User
) -> None:
    give(box, owner, "gina@example.com")
    converge()
    before = shown(box)
    cloud.fault(kind="status", path=path, status=500)
    sharing.revoke(Grant.objects.get(), actor=owner)
    converge()
    assert published(box) == (True, "cloudflare_broken", True)
    assert ready(box)
    assert shown(box) == before
    assert Grant.objects.get().state == "revoking"
    (item,) = attention.items()
    assert box.hostname in item.title
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert published(box) == (True, "Published", False)
    assert Grant.objects.get().state == "revoked"


def test_the_steps_and_how_long_they_took_are_those_of_the_way_there(box: Container, cloud: Cloud, owner: User) -> None:
    age(box, days=7)
    before = shown(box)
    name, _, seconds, _ = before[-1]
    assert name == "ready"
    assert 0 < seconds < 60
    give(box, owner, "gina@example.com")
    converge()
    assert Grant.objects.get().state == "active"
    assert shown(box) == before
    Publication.objects.ring(record_target="", policy_digest="", admitted=None)  # as a survey does that found both gone
    converge()
    after = shown(box)
    assert after != before, "what was made anew says so"
    assert after[-1] == before[-1]


def test_a_later_change_is_timed_from_when_it_was_asked_for(box: Container, owner: User) -> None:
    age(box, days=7)
    admission.restart(fresh(box), actor=owner)
    converge()
    assert ready(box)
    last = fresh(box).steps[-1]
    assert last.seconds is not None
    assert 0 < last.seconds < 60
    give(box, owner, "gina@example.com")
    converge()
    assert ready(box)
    assert fresh(box).steps[-1] == last


def test_who_fits_is_in_though_not_everybody_does(box: Container, cloud: Cloud, owner: User) -> None:
    give(box, owner, "gina@example.com")
    Account.objects.update(max_rules=1)
    converge()
    assert published(box) == (True, "access_full", True)
    assert ready(box)
    changes.change(fresh(box), actor=owner, port=9000)
    converge()
    assert published(box) == (True, "access_full", True), "at the new port"
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":9000")
    assert ready(box)


@pytest.mark.parametrize("what", ["port", "rename", "record", "policy", "vanished", "differs", "delete"])
def test_what_may_not_answer_as_wanted_is_not_said_to(
    what: str, box: Container, cloud: Cloud, owner: User, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(box, owner, "gina@example.com")
    reason = "cloudflare_broken"
    match what:
        case "port":
            changes.change(fresh(box), actor=owner, port=9000)
        case "rename":
            admission.rename(fresh(box), actor=owner, name="vase")
        case "record":
            Publication.objects.ring(record_target="")
        case "policy":
            Publication.objects.ring(policy_digest="", admitted=None)
        case "vanished":
            assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{Publication.objects.get().app_id}").ok
        case "delete":
            admission.remove(fresh(box), actor=owner)
        case "differs":
            from cloudflare.client import resources

            monkeypatch.setattr(resources.Apps, "replace", lambda self, app_id, spec: self.get(app_id))
            reason = "access_differs"
    if what != "differs":  # one that vanished is looked for, and only then made anew
        method = "POST" if what == "vanished" else "POST|PUT|PATCH|DELETE"
        cloud.fault(kind="status", method=method, path="access/apps|dns_records", status=500)
    converge()
    assert published(box) == (None, reason, False)
    assert not ready(box)
    if what in {"policy", "vanished", "differs"}:
        assert cloud.state()["routable"] == [], "nobody knows what protects it: so nothing leads there"
    if what == "differs":
        monkeypatch.undo()
        (access,) = (step for step in fresh(box).steps if step.name == "access")
        assert access.state == "failed"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    if what == "delete":
        assert fresh(box).deleted_at
    else:
        assert fresh(box).hostname in cloud.state()["routable"]
        assert published(box) == (True, "Published", False)
