"""Open websockets, through the simulated edge and the real engine, when somebody loses access."""

import contextlib
import os
import socket
import time
from typing import Self

import docker
import pytest
from django.conf import settings

from cloudflare.models import Connector, Publication
from containers import admission, changes, engine
from containers.engine import sockets
from containers.engine.base import EngineAway, NotReset
from containers.engine.docker import DockerEngine
from containers.models import Container, Template
from tenants.models import Membership, Tenant, User
from tests.conftest import converge
from tests.installation import prepare
from tests.parts import Cloud, docker_containers, wait_until

pytestmark = pytest.mark.django_db


class WebSocket:
    """A visitor's, at the echo container: what is sent comes back."""

    def __init__(self, cloud: Cloud, person: User, container: Container) -> None:
        cookie, host = cloud.sign_in(person.email, container.hostname), container.hostname
        self._socket = socket.create_connection(("127.0.0.1", int(cloud.edge_port)), timeout=10)
        head = f"GET /ws HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nSec-WebSocket-Key: {'x' * 22}==\r\n"
        self._socket.sendall(f"{head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            part = self._socket.recv(1)
            assert part, f"no websocket for {person} at {container}: {answer!r}"
            answer += part
        assert answer.startswith(b"HTTP/1.1 101")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()

    def echoes(self) -> bool:
        mask = os.urandom(4)
        hidden = bytes(byte ^ mask[index % 4] for index, byte in enumerate(b"here"))
        self._socket.sendall(b"\x81\x84" + mask + hidden)
        return self._socket.recv(100) == b"\x81\x04here"

    def ended(self, seconds: float) -> bool:
        """Whether it ends within this time, with nobody sending anything."""
        self._socket.settimeout(max(0.01, seconds))
        with contextlib.suppress(ConnectionResetError):
            try:
                return self._socket.recv(100) == b""
            except TimeoutError:
                return False
        return True  # by a reset


@pytest.fixture
def box(owner: User, tenant: Tenant, cloud: Cloud, docker_mark: str, settings) -> Container:
    prepare(cloud, settings)
    return create(owner, tenant, "box")


def create(owner: User, tenant: Tenant, name: str) -> Container:
    return admission.create(actor=owner, tenant=tenant, template=Template.objects.get(slug="echo"), name=name)


def reset(box: Container) -> int:
    connector = Connector.objects.get().engine_name
    return engine.current().reset_connections(connector, box.engine_name, f"{settings.INSTALLATION}-acme-tenant")


def docker_create(name: str, image: str, labels: dict[str, str]) -> None:
    with contextlib.closing(docker.from_env()) as client:
        client.api.create_container(image, name=name, labels=labels)


def helpers(mark: str) -> list[str]:
    return [name for name in docker_containers(mark) if name.endswith("-reset")]


def test_who_loses_access_loses_an_open_websocket(
    box: Container,
    owner: User,
    stranger: User,
    tenant: Tenant,
    cloud: Cloud,
    docker_mark: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    for person in (bob, stranger):
        Membership.objects.create(tenant=tenant, user=person)
    vase = changes.change(create(owner, tenant, "vase"), actor=owner, resets_connections=False)
    converge()
    session = cloud.sign_in(owner.email, box.hostname)
    wait_until(lambda: cloud.visit(box.hostname, "/", session).status_code == 200)
    program = engine.current().inspect(box.engine_name)
    with contextlib.ExitStack() as stack:

        def connect(person: User, container: Container) -> WebSocket:
            return stack.enter_context(WebSocket(cloud, person, container))

        here, mine = connect(bob, box), connect(owner, box)
        kept = connect(bob, vase), connect(owner, vase)
        assert all(each.echoes() for each in (here, mine, *kept))

        # A worker that was killed has left a helper that it never started.
        monkeypatch.setattr(sockets, "TAKEN", (0.1,))
        left = {"warren.installation": docker_mark}
        docker_create(f"{box.engine_name}-reset", "warren/echo:latest", left)
        began = time.monotonic()
        bob.memberships.get().delete()
        converge()
        assert here.ended(began + 5 - time.monotonic())
        assert mine.ended(began + 5 - time.monotonic())
        again = connect(owner, box)
        assert again.echoes(), "he reconnects"
        assert cloud.sign_in(bob.email, box.hostname) is None
        assert all(each.echoes() for each in kept), "nothing of another container's, where its owner wants it so"
        assert engine.current().inspect(box.engine_name) == program, "the program went on"
        row = Publication.objects.get(container=box)
        assert (row.reset_until, row.reset_message) == (None, "")

        with monkeypatch.context() as patch:
            patch.setattr(sockets, "SECONDS", 0.0)
            with pytest.raises(NotReset, match="within 0 s"):
                reset(box)
        wait_until(lambda: not helpers(docker_mark))

        # Without the helper's image, and nothing to build it from: the whole tunnel's, and the connector comes back.
        monkeypatch.setattr(sockets, "IMAGE", "warren/absent:latest")
        stranger.memberships.get().delete()
        converge()
        assert all(each.ended(5) for each in (again, *kept))
        assert "warren/absent" in Publication.objects.get(container=box).reset_message
        session = cloud.sign_in(owner.email, box.hostname)
        wait_until(lambda: cloud.visit(box.hostname, "/", session).status_code == 200)
    wait_until(lambda: not helpers(docker_mark))
    assert cloud.state()["violations"] == []


def test_an_engine_that_hangs_keeps_nobody_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ANSWER", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = DockerEngine(f"tcp://127.0.0.1:{silent.getsockname()[1]}", timeout=60)
        began = time.monotonic()
        with pytest.raises(EngineAway):
            hanging.reset_connections("connector", "box", "bridge")
        assert time.monotonic() - began < 10


def test_what_is_not_there_has_no_connections(docker_mark: str) -> None:
    assert engine.current().reset_connections(f"{docker_mark}-none", f"{docker_mark}-nobody", "bridge") == 0
