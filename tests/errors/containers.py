"""Refusals about a container: creating, changing, renaming, deleting it, its variables and its data."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.test import override_settings

from access import sharing
from cloudflare.models import Account, Publication, Zone
from containers import admission, conditions, layers, loop, notices
from containers.lifecycle import Lifecycle
from containers.models import Container, ContainerStatus, Template
from monitoring import terminals
from monitoring.models import Terminal
from tenants.models.plan import MIB
from tests.conftest import converge
from tests.errors.world import NOBODY, Cause, World


def _settings(w: World, **form: Any) -> Any:
    w.box.refresh_from_db()
    whole = {"generation": w.box.generation, "label": "", "port": 8080, "memory": 64, "cpu": "0.25"}
    return w.page(w.alice, f"/containers/{w.box.pk}/settings/", {**whole, "environment": "", "secrets": "", **form})


def _new(w: World, **form: Any) -> Any:
    return w.page(w.alice, "/containers/new/", {"name": "site", "template": "hello", **form})


def _delete(w: World, name: str) -> Any:
    return w.page(w.alice, f"/containers/{w.box.pk}/delete/", {"name": name})


def _limited(w: World, body: dict[str, Any], **limits: Any) -> Any:
    w.plan(**limits)
    return w.create(**body)


def _withdrawn(w: World) -> Any:
    Template.objects.filter(pk=w.hello.pk).update(enabled=False)
    return admission.create(actor=w.alice, tenant=w.acme, template=Template.objects.get(pk=w.hello.pk), name="site")


def _not_offered(w: World) -> Any:
    w.hello.plans.add(_other_plan(w))
    return admission.create(actor=w.alice, tenant=w.acme, template=w.hello, name="site")


def _other_plan(w: World) -> Any:
    return type(w.acme.plan).objects.exclude(pk=w.acme.plan_id).first()


def _no_domain(w: World) -> Any:
    Zone.objects.update(enabled=False)
    return w.create()


def _full(w: World) -> Any:
    Account.objects.update(max_applications=0)
    return w.create()


def _full_for_a_rename(w: World) -> Any:
    Account.objects.update(max_applications=0)
    return w.of(w.box, "rename/", {"name": "vase"})


def _rename(w: World, name: str) -> Any:
    return admission.rename(Container.objects.get(pk=w.box.pk), actor=w.alice, name=name)


def _given_up(w: World) -> Any:
    with override_settings(LINGER_SECONDS=600.0):
        _rename(w, "vase")
        converge()
        return w.of(w.box, "rename/", {"name": "box"})


def _three_addresses(w: World) -> Any:
    _rename(w, "vase")
    loop.run("cloudflare.reconcile_publication", Publication.objects.get(hostname__startswith="vase").pk)
    _rename(w, "urn")
    return w.of(w.box, "rename/", {"name": "pot"})


def _often(w: World) -> Any:
    with override_settings(RENAMES_PER_HOUR=2):
        _rename(w, "vase")
        _rename(w, "box")
        return w.of(w.box, "rename/", {"name": "urn"})


def _restart(w: World) -> Any:
    admission.stop(w.box, actor=w.alice)
    return w.of(w.box, "restart/")


def _going(w: World) -> Any:
    w.going()
    return w.of(w.box, "start/")


def _stale(w: World) -> Any:
    return w.of(w.box, "", {"label": "x"}, method="patch", HTTP_IF_MATCH='"999"')


def _stale_page(w: World) -> Any:
    return _settings(w, generation=999)


def _terminal(w: World) -> Any:
    with override_settings(TERMINALS_PER_PERSON=2):
        for _ in range(2):
            Terminal.objects.create(container=w.box, user=w.alice, who=w.alice.email)
        return terminals.begin(w.box, actor=w.alice, ip=None)


def _crowded(w: World) -> Any:
    for _ in range(terminals.PER_CONTAINER):
        Terminal.objects.create(container=w.box, user=w.bob, who=w.bob.email)
    return terminals.begin(w.box, actor=w.alice, ip=None)


def _reading_terminal(w: World) -> Any:
    return terminals.begin(w.box, actor=w.alice, ip=None, writes=False)


def _vary(w: World, environment: dict[str, str], hidden: dict[str, str] | None = None) -> Any:
    return w.of(w.box, "", {"environment": environment, "secrets": hidden or {}}, method="patch")


def _image(w: World) -> Any:
    """What its page says beside the step that failed."""
    w.memory.images, w.memory.registry = {w.hello.image, w.notes.image, settings.CONNECTOR_IMAGE}, set()
    Template.objects.create(slug="gone", name="Gone", image="registry.invalid/gone:1")
    made = admission.create(actor=w.alice, tenant=w.acme, template=Template.objects.get(slug="gone"), name="gone")
    converge()
    return ContainerStatus.objects.get(container=made).message


def _ends(w: World, **seen: Any) -> Any:
    """What stands beside the container: its program ends again and again."""
    name = w.box.engine_name
    kept = w.memory.containers[name]
    w.memory.containers[name] = replace(kept, state="restarting", **seen)
    try:
        ContainerStatus.objects.filter(container=w.box).ring()
        converge()
        return conditions.of(w.box, conditions.RUNNING).message
    finally:
        w.memory.containers[name] = kept


def _notice(w: World, **seen: Any) -> Any:
    ContainerStatus.objects.filter(container=w.box).update(**seen)
    (notice,) = notices.of(Container.objects.select_related("status").get(pk=w.box.pk))
    return notice.detail


def _away(w: World) -> Any:
    w.memory.away = True
    try:
        ContainerStatus.objects.filter(container=w.box).ring()
        loop.run("containers.reconcile_container", w.box.pk)
        return f"{_layer(w, 0).words}. {_layer(w, 0).hint}"
    finally:
        w.memory.away = False


def _layer(w: World, at: int) -> layers.Layer:
    shown = Container.objects.select_related("status").prefetch_related("conditions").get(pk=w.box.pk)
    return layers.of(shown, Lifecycle.RUNNING)[at]


def _bulk(w: World) -> Any:
    return w.page(w.alice, "/containers/bulk/", {"verb": "stop", "container": [str(NOBODY)]})


CAUSES: dict[str, Cause] = {
    "Gives a name with other characters": lambda w: w.create("Box!"),
    "Gives a reserved name": lambda w: w.create("www"),
    "Gives a name that is too long": lambda w: w.create("x" * 60),
    "Gives a name that another container has": lambda w: w.create("box"),
    "Gives a name whose address is just given up": _given_up,
    "Chooses a template that is not offered any more": _withdrawn,
    "Chooses a template that the plan has not": _not_offered,
    "Creates one more than the plan allows": lambda w: _limited(w, {}, max_containers=2),
    "Asks for more memory than the plan allows": lambda w: _limited(w, {"memory": 1024 * MIB}, memory=512 * MIB),
    "Asks for more CPU than the plan allows": lambda w: _limited(w, {"cpu": 2000}, cpu=1000),
    "Asks for too little": lambda w: admission.check_limits(w.acme.plan, MIB, None),
    "Creates one where no domain is set up": _no_domain,
    "Creates one where Cloudflare is full": _full,
    "Chooses no template": lambda w: _new(w, template=""),
    "Writes a variable without an equals sign": lambda w: _settings(w, environment="ONE=1\nTWO"),
    "Writes a variable twice": lambda w: _settings(w, environment="ONE=1\nONE=2"),
    "Gives a variable an impossible name": lambda w: _vary(w, {"9 LIVES": "x"}),
    "Gives a variable a name of Warren's": lambda w: _vary(w, {"WARREN_URL": "x"}),
    "Gives a variable a zero byte": lambda w: admission.create(
        actor=w.alice, tenant=w.acme, template=w.hello, name="site", environment={"ONE": "\0"}
    ),
    "Gives a plain variable the name of a secret": lambda w: _vary(w, {"ONE": "1"}, {"ONE": "2"}),
    "Gives too many variables": lambda w: _vary(w, {f"V{n}": "" for n in range(300)}),
    "Gives variables that are too long": lambda w: _vary(w, {f"V{n}": "x" * 8000 for n in range(20)}),
    "Restarts what does not run": _restart,
    "Changes a container that is being deleted": _going,
    "Changes what somebody else changed meanwhile, by the API": _stale,
    "Changes what somebody else changed meanwhile, on the page": _stale_page,
    "Does what their permission does not allow": lambda w: w.of(w.box, "start/", by=_viewer(w)),
    "Acts with a permission that was just taken": lambda w: admission.stop(
        w.box, actor=_viewer(w), permission="operate"
    ),
    "Renames too often": _often,
    "Renames again before the address has moved": _three_addresses,
    "Renames where Cloudflare is full": _full_for_a_rename,
    "Types another name to delete it": lambda w: _delete(w, "vase"),
    "Presses a button for containers that are gone": _bulk,
    "Opens too many terminals": _terminal,
    "Opens a terminal where too many are open": _crowded,
    "Opens a terminal with a token that reads": _reading_terminal,
    "Creates from an image that is not there": _image,
    "Runs a program that ends again and again": lambda w: _ends(w, exit_code=3),
    "Runs a program that needs more memory than it has": lambda w: _ends(w, exit_code=137, oom_killed=True),
    "Gives it less memory than it uses": lambda w: _notice(w, memory_pending=True),
    "Keeps more than the plan allows": lambda w: _notice(w, storage_used=2 * w.box.storage),
    "Looks while Docker is away": _away,
}


def _viewer(w: World) -> Any:
    sharing.change(w.grant, actor=w.alice, permission="view")
    return w.gina
