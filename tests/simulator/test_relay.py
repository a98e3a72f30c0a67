"""What the edge carries to a container and back, and what happens when an end of the way is missing."""

import base64
import os
import signal
import socket
from pathlib import Path

import pytest
import requests

from tests.parts import Cloud, wait_until
from tests.simulator.parts import ALICE, Site, allow, connector, publish


def test_streams_stay_streams(site: Site) -> None:
    cookie = site.cloud.sign_in(ALICE, site.host)
    headers = {"Host": site.host, "Cookie": cookie}
    with requests.get(f"{site.cloud.facts['edge']}/events", headers=headers, stream=True, timeout=10) as answer:
        assert answer.raw.read1(1024) == b"data: 0\n\n"
        assert answer.raw.read() == b"data: 1\n\ndata: 2\n\n"


def test_50_megabytes_each_way(site: Site) -> None:
    size = 50_000_000
    assert len(site.visit(f"/large?{size}", email=ALICE).content) == size
    assert site.visit("/", email=ALICE, method="POST", data=b"y" * size).json()["length"] == size


def test_a_websocket_is_a_pipe_and_outlives_a_revoked_session(cloud: Cloud, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = publish(cloud, "ws-acme", f"http://127.0.0.1:{listener.getsockname()[1]}", [allow(ALICE)])
        with connector(cloud, tmp_path / "c", site.token), socket.socket() as visitor:
            site.wait()
            visitor.settimeout(10)
            visitor.connect(("127.0.0.1", int(cloud.edge_port)))
            cookie = cloud.sign_in(ALICE, site.host)
            head = f"GET /s HTTP/1.1\r\nHost: {site.host}\r\nCookie: {cookie}\r\n"
            visitor.sendall(f"{head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
            listener.settimeout(10)
            backend, _ = listener.accept()
            with backend:
                backend.settimeout(10)
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    asked += backend.recv(65536)
                assert b"Upgrade: websocket" in asked
                backend.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
                got = b""
                while not got.endswith(b"hello"):
                    got += visitor.recv(65536)
                assert cloud.api("POST", f"/accounts/{{account}}/access/apps/{site.app}/revoke_tokens").ok
                visitor.sendall(b"still here")
                assert backend.recv(65536) == b"still here"


def test_without_a_connector_it_is_1033(cloud: Cloud) -> None:
    site = publish(cloud, "lonely-acme", "http://127.0.0.1:1", [allow(ALICE)])
    answer = site.visit(email=ALICE)
    assert answer.status_code == 530
    assert "1033" in answer.text


def test_without_a_container_it_is_502(cloud: Cloud, tmp_path: Path) -> None:
    site = publish(cloud, "gone-acme", "http://127.0.0.1:1", [allow(ALICE)])
    with connector(cloud, tmp_path / "c", site.token):
        site.wait()
        assert site.visit(email=ALICE).status_code == 502


def test_a_killed_connector_is_noticed_and_comes_back(cloud: Cloud, service: str, tmp_path: Path) -> None:
    site = publish(cloud, "box-acme", service, [allow(ALICE)])
    with connector(cloud, tmp_path / "one", site.token) as process:
        site.wait()
        os.killpg(process.pid, signal.SIGKILL)
        wait_until(lambda: site.visit(email=ALICE).status_code == 530)
    with connector(cloud, tmp_path / "two", site.token):
        site.wait()
        assert site.visit(email=ALICE).status_code == 200


def test_a_rotated_token_is_refused_and_running_connectors_stay(site: Site, tmp_path: Path) -> None:
    secret = base64.b64encode(b"another secret of thirty-two bytes").decode()
    path = f"/accounts/{{account}}/cfd_tunnel/{site.tunnel}"
    assert site.cloud.api("PATCH", path, json={"name": "box-acme", "tunnel_secret": secret}).ok
    assert site.visit(email=ALICE).status_code == 200
    with connector(site.cloud, tmp_path / "late", site.token):
        wait_until(lambda: (tmp_path / "late" / "log").read_bytes())
        assert len(site.cloud.state()["tunnels"][site.tunnel]["connectors"]) == 1
        assert not (tmp_path / "late" / "ready").exists()


def test_a_new_ingress_is_in_force_at_once(site: Site) -> None:
    ingress = {"config": {"ingress": [{"service": "http_status:418"}]}}
    path = f"/accounts/{{account}}/cfd_tunnel/{site.tunnel}"
    version = site.cloud.api("PUT", f"{path}/configurations", json=ingress).json()["result"]["version"]

    def reported() -> bool:
        (connector,) = site.cloud.api("GET", f"{path}/connections").json()["result"]
        return bool(connector["config_version"] == version)

    wait_until(reported)
    assert site.visit(email=ALICE).status_code == 418


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost box\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_rubbish_is_refused_and_harms_nobody(site: Site, rubbish: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(site.cloud.edge_port)), timeout=5) as visitor:
        visitor.sendall(rubbish.replace(b"{host}", site.host.encode()))
        visitor.shutdown(socket.SHUT_WR)
        answer = b""
        while part := visitor.recv(65536):
            answer += part
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert site.visit(email=ALICE).status_code == 200
