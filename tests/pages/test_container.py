"""The pages of one container as HTML: what goes on, what stands between a visitor and it, and who is shown what."""

import html
import re

import pytest
from django.test import Client
from django.utils import timezone

from access import sharing
from cloudflare.models import Publication, Tunnel
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, ContainerStatus
from tenants import standing
from tenants.models import Membership, Tenant, User
from tests.conftest import converge
from tests.pages.conftest import signed_in
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

TABS = ["Overview", "People", "Metrics", "Logs", "Terminal", "Activity", "Settings"]
AS_IT_SHOULD = {
    "Container": ("ok", "runs"),
    "Connector": ("ok", "connected to Cloudflare"),
    "Access": ("ok", "lets in its people, nobody else"),
    "DNS": ("ok", "the address leads here"),
}


@pytest.fixture
def box(asked: Container) -> Container:
    return asked


@pytest.fixture
def alice(owner: User) -> Client:
    return signed_in(owner)


def page(client: Client, box: Container, tab: str = "") -> str:
    answer = client.get(f"/containers/{box.pk}/{tab}")
    assert answer.status_code == 200
    return answer.content.decode()


def text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def layers(markup: str) -> dict[str, tuple[str, str]]:
    """By title: how it stands, and all that is said of it."""
    (drawn,) = re.findall(r'<ul class="layers">(.*?)</ul>', markup, re.DOTALL)
    found = {}
    for state, title, rest in re.findall(
        r'<li class="(\w+)">\s*<span class="what">(\w+)</span>(.*?)</li>', drawn, re.DOTALL
    ):
        found[title] = (state, text(rest))
    return found


def going_on(markup: str) -> str:
    """What the card says that stands there while something goes on, or has failed."""
    return " ".join(text(card) for card in re.findall(r'<section class="card way".*?</section>', markup, re.DOTALL))


def settle() -> None:
    """All that is due, with a connector that has its connection: here nothing runs that could make one."""
    converge()
    connected = {"status": True, "reason": "Connected", "message": "", "met_at": timezone.now()}
    Condition.objects.filter(type="Connected").exclude(reason="Gone").update(**connected)


def due() -> None:
    """What waits for its next try takes it now."""
    for model in (ContainerStatus, Publication, Tunnel):
        model.objects.ring()
    settle()


def test_a_creation_is_watched_and_then_folded_away(alice: Client, box: Container) -> None:
    begun = page(alice, box)
    assert going_on(begun).startswith("Being created")
    assert re.search(r'role="timer" data-ticking="\d+\.\d\d"', begun)
    assert {state for state, _ in layers(begun).values()} == {"wait"}
    settle()
    done = page(alice, box)
    assert going_on(done) == ""
    assert layers(done) == AS_IT_SHOULD
    assert re.search(r"Created in \d", text(done))
    assert (done.count('<li class="done">'), "data-ticking" in done) == (8, False)


def test_a_step_that_failed_says_why_and_what_next(alice: Client, box: Container, memory: MemoryEngine) -> None:
    memory.images = set()
    settle()
    said = page(alice, box)
    assert "It could not be made ready" in going_on(said)
    (failed,) = re.findall(r'<li class="failed">(.*?)</li>', said, re.DOTALL)
    assert "Image" in text(failed)
    assert re.search(r'<p class="wrong">[^<]+</p>', failed)
    for button in ('id="way-retry"', 'id="way-delete"', 'id="way-log"'):
        assert button in said
    assert layers(said)["Container"][0] in {"bad", "wait"}
    memory.images = None
    assert alice.post(f"/containers/{box.pk}/retry/").status_code == 302
    settle()
    assert going_on(page(alice, box)) == ""


def test_docker_away(alice: Client, box: Container, memory: MemoryEngine) -> None:
    settle()
    memory.away = True
    due()
    state, said = layers(page(alice, box))["Container"]
    assert state == "wait"
    assert "Docker does not answer" in said
    assert "What runs goes on running" in said
    assert layers(page(alice, box))["DNS"] == AS_IT_SHOULD["DNS"]
    memory.away = False
    due()
    assert layers(page(alice, box)) == AS_IT_SHOULD


def test_cloudflare_away_while_it_is_made(alice: Client, box: Container, cloud: Cloud) -> None:
    cloud.fault(kind="status", path="/access/apps", method="POST", status=503)
    settle()
    said = layers(page(alice, box))
    assert said["Container"] == AS_IT_SHOULD["Container"]
    assert (said["Access"][0], said["DNS"]) == ("wait", ("wait", "no address until Access guards it"))
    assert "Nobody reaches it from outside until this is done." in said["Access"][1]
    assert "tried again by itself" in said["Access"][1]
    assert "Access application: Cloudflare" in going_on(page(alice, box))


def test_cloudflare_away_while_people_change(alice: Client, box: Container, owner: User, cloud: Cloud) -> None:
    settle()
    cloud.fault(kind="status", path="/access/", method="POST|PUT", status=503)
    sharing.share(box, actor=owner, emails=["gina@example.com"], permission="view")
    settle()
    said = layers(page(alice, box))
    assert (said["Access"][0], said["DNS"]) == ("wait", AS_IT_SHOULD["DNS"])
    assert "guards it as before the latest change" in said["Access"][1]
    assert going_on(page(alice, box)) == "", "it is ready, all the same"


def test_a_connector_that_lost_its_way(alice: Client, box: Container) -> None:
    settle()
    lost = {"status": False, "reason": "Disconnected", "message": "The connector has lost its connection."}
    Condition.objects.filter(type="Connected").update(**lost)
    state, said = layers(page(alice, box))["Connector"]
    assert state == "bad"
    assert "The container runs on" in said
    assert "lost its connection" in said


def test_an_intentional_stop_is_nothing_bad(alice: Client, box: Container, owner: User) -> None:
    settle()
    admission.stop(box, actor=owner)
    assert "Being stopped" in going_on(page(alice, box))
    settle()
    said = page(alice, box)
    assert layers(said) == {**AS_IT_SHOULD, "Container": ("off", "stopped, as was wanted")}
    assert (going_on(said), 'id="tiles"' in said) == ("", False)


def test_a_program_that_ended(alice: Client, box: Container) -> None:
    settle()
    ContainerStatus.objects.update(state="exited", exit_code=3)
    gone = {"status": False, "reason": "Stopped", "message": "The container is not running (exit code 3)."}
    Condition.objects.filter(type="Running").update(**gone)
    state, said = layers(page(alice, box))["Container"]
    assert state == "bad"
    assert "exit code 3" in said
    assert "stands in its log" in said


def test_a_deletion_takes_the_name_and_is_watched(alice: Client, box: Container) -> None:
    settle()
    where = f"/containers/{box.pk}/"
    for typed, said in (("", "This field is required"), ("Box", "That is not its name, and nothing was deleted")):
        refused = alice.post(f"{where}delete/", {"name": typed})
        assert refused.status_code == 200
        assert said in refused.content.decode()
    assert alice.post(f"{where}delete/").status_code == 200
    assert Container.objects.get().desired == "running"
    assert alice.post(f"{where}delete/", {"name": "box"}).headers["Location"] == where
    said = page(alice, box)
    steps = re.findall(r'<span class="what">(\w+) ', said)
    assert going_on(said).startswith("Being deleted")
    assert steps == ["DNS", "Access", "Connector", "Container"]
    assert 'id="more"' not in said


def test_questions_open_in_a_dialog(alice: Client, box: Container) -> None:
    settle()
    settings = page(alice, box, "settings/")
    for name in ("rename", "duplicate", "recreate", "delete"):
        assert re.search(rf'href="/containers/{box.pk}/{name}/" data-dialog', settings)
        assert 'id="ask"' in page(alice, box, f"{name}/")
    for part in ("general", "limits", "environment", "address-of-it", "again", "danger"):
        assert f'/settings/#{part}"' in settings
        assert f'id="{part}"' in settings


@pytest.mark.parametrize(
    ("permission", "tabs"),
    [
        ("view", ["Overview", "Metrics"]),
        ("operate", ["Overview", "Metrics", "Logs"]),
        ("shell", ["Overview", "Metrics", "Logs", "Terminal"]),
        ("manage", ["Overview", "People", "Metrics", "Logs", "Terminal"]),
    ],
)
def test_tabs_are_those_that_somebody_may_use(
    alice: Client, box: Container, owner: User, gina: User, permission: str, tabs: list[str]
) -> None:
    settle()
    sharing.share(box, actor=owner, emails=[gina.email], permission=permission)

    def shown(client: Client, tab: str = "") -> list[str]:
        (bar,) = re.findall(r'<nav class="tabs".*?</nav>', page(client, box, tab), re.DOTALL)
        return re.findall(r">([A-Z]\w+)</a>", bar)

    assert shown(alice) == TABS
    guest = signed_in(gina)
    assert shown(guest) == tabs
    said = page(guest, box)
    for panel in ("logs", "terminal"):
        assert (f'data-panel="{panel}"' in said) == (panel.capitalize() in tabs)
        allowed = panel.capitalize() in tabs
        assert guest.get(f"/containers/{box.pk}/{panel}/").status_code == (200 if allowed else 403)
    assert "shares it with you until" in text(said)
    assert 'id="do-leave"' in said
    assert 'id="more"' not in said


def test_each_address_shows_its_own_part(alice: Client, box: Container) -> None:
    settle()
    for tab in ("", "metrics/", "logs/", "terminal/"):
        said = page(alice, box, tab)
        hidden = dict(re.findall(r'data-panel="(\w+)"[^>]*?( hidden)?>', said))
        shown = [name for name, value in hidden.items() if not value]
        assert shown == [tab.strip("/") or "overview"]
        assert len(hidden) == 4
        title = f"{tab.strip('/').capitalize()} · box · Warren" if tab else "box · Warren"
        assert f"<title>{title}</title>" in said
        assert said.count('aria-current="page"') == 2, "of the main navigation, and of the tabs"


def test_what_people_did_is_for_owners(alice: Client, box: Container, tenant: Tenant, gina: User, owner: User) -> None:
    settle()
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob, role="member")
    sharing.share(box, actor=owner, emails=[gina.email], permission="manage")
    done = "Create the container alice@example.com"
    assert done in text(page(alice, box))
    for other in (bob, gina):
        assert done not in text(page(signed_in(other), box))


def test_guests_read_no_words_of_what_goes_on_within(box: Container, owner: User, gina: User) -> None:
    settle()
    sharing.share(box, actor=owner, emails=[gina.email], permission="operate")
    inside = "registry.internal/acme"
    Condition.objects.update(
        status=None, message=inside, reason="x", steps={"image": {"state": "failed", "message": inside}}
    )
    ContainerStatus.objects.update(code="image_unavailable", message=inside, observed_generation=0, retrying=False)
    said = page(signed_in(gina), box)
    assert inside not in said
    assert "It has a problem that its owner can see." in going_on(said)
    assert inside in going_on(page(signed_in(owner), box))


def test_suspended(alice: Client, box: Container, tenant: Tenant) -> None:
    settle()
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    settle()
    said = page(alice, box)
    assert "Acme is suspended. The invoice is overdue. Nothing of it is deleted" in text(said)
    assert layers(said)["Container"] == ("off", "suspended with its tenant")
    for verb in ("start", "stop", "restart"):
        assert f'id="do-{verb}"' not in said
    assert 'id="do-delete"' in said
