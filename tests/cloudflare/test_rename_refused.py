"""Which renames are refused, and what is on record of each."""

from typing import Any

import pytest

from cloudflare.models import Account, Publication, Zone
from containers import admission
from tenants.models import AuditEvent, User
from tenants.refusal import Refused
from tests.cloudflare.conftest import fresh
from tests.cloudflare.renaming import BOX, VASE, let_leave, published, rename
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overlap")]


def test_renames_are_limited_by_the_hour(create: Any, cloud: Cloud, owner: User, settings) -> None:
    settings.RENAMES_PER_HOUR = 2
    container = create()
    converge()
    for name in ("vase", "urn"):
        rename(container, name, owner)
        rename(container, name, owner)  # its own name: none
        with pytest.raises(Refused):
            rename(container, "No Name", owner)  # refused: none either
        converge()
        let_leave()
    with pytest.raises(Refused, match="2 times an hour") as caught:
        rename(container, "vase", owner)
    assert (caught.value.code, caught.value.status) == ("rename_limit", 429)
    assert 3500 < caught.value.members["retry_after"] <= 3600
    rename(create("other"), "jar", owner)  # each container has its own
    settings.RENAMES_PER_HOUR = 3
    rename(container, "vase", owner)


@pytest.mark.parametrize("limits", [{"max_applications": 2}, {"max_records": 1}])
def test_no_room_is_a_refusal_and_nothing_has_changed(
    limits: dict[str, int], create: Any, cloud: Cloud, owner: User
) -> None:
    container = create()
    converge()
    (Zone if "max_records" in limits else Account).objects.update(**limits)
    with pytest.raises(Refused) as refused:
        rename(container, "vase", owner)
    assert (refused.value.code, refused.value.status) == ("cloudflare_full", 503)
    converge()
    assert cloud.state()["routable"] == [BOX]
    assert Publication.objects.count() == 1
    assert published(container)


def test_while_both_are_up_both_count(create: Any, owner: User) -> None:
    container = create()
    converge()
    Account.objects.update(max_applications=3)  # the guard and two more
    rename(container, "vase", owner)
    with pytest.raises(Refused) as refused:
        create("other")
    assert refused.value.code == "cloudflare_full"
    converge()
    let_leave()
    create("other")


@pytest.mark.parametrize(
    ("name", "code"),
    [("Vase", "name_invalid"), ("admin", "name_reserved"), ("x" * 40, "name_too_long"), ("urn", "name_taken")],
)
def test_a_name_is_refused_as_in_a_creation(name: str, code: str, create: Any, owner: User) -> None:
    container = create()
    create("urn")
    with pytest.raises(Refused) as refused:
        rename(container, name, owner)
    assert refused.value.code == code
    assert (fresh(container).hostname, fresh(container).generation) == (BOX, 1)
    event = AuditEvent.objects.get(action="container:rename")
    assert (event.outcome, event.reason, event.actor) == ("refused", code, owner.email)


def test_it_is_on_record_with_both_names(create: Any, owner: User) -> None:
    container = create()
    rename(container, "box", owner)  # which it has already
    assert not AuditEvent.objects.filter(action="container:rename").exists()
    rename(container, "vase", owner)
    event = AuditEvent.objects.get(action="container:rename")
    assert (event.outcome, event.target, event.detail) == ("done", BOX, {"former": BOX, "hostname": VASE})


def test_what_is_being_deleted_keeps_its_name(create: Any, owner: User) -> None:
    container = create()
    admission.remove(container, actor=owner)
    with pytest.raises(Refused) as refused:
        rename(container, "vase", owner)
    assert refused.value.code == "being_deleted"
