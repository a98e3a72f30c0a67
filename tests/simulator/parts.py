"""A hostname that is published by hand, with a connector on this machine and an origin that answers."""

import base64
import contextlib
import http.server
import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.parts import Cloud, wait_until

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"
SCRIPTS = Path(__file__).resolve().parents[2] / "cloudflare" / "simulator" / "connector"


class Origin(http.server.BaseHTTPRequestHandler):
    """Answers with what it got; `/events` is a stream, `/large?n` a body of n bytes."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/events":
            return self._events()
        if self.path.startswith("/large"):
            content = b"x" * int(self.path.partition("?")[2])
        else:
            shown = {"path": self.path, "method": self.command, "length": len(body)}
            content = json.dumps({**shown, "headers": {k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _events(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(3):
            self.wfile.write(f"data: {number}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.3)
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextlib.contextmanager
def origin() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def connector(cloud: Cloud, folder: Path, token: str) -> Iterator[subprocess.Popen[bytes]]:
    """The connector image's own scripts, on this machine's busybox."""
    folder.mkdir(exist_ok=True)
    (folder / "token").write_text(token)
    busybox = shutil.which("busybox")
    assert busybox
    environment = {
        "PATH": os.environ["PATH"],
        "BUSYBOX": busybox,
        "CONNECTOR_HOME": str(SCRIPTS),
        "CONNECTOR_STATE": str(folder),
        "TUNNEL_EDGE": f"127.0.0.1:{cloud.tunnel_port}",
        "TUNNEL_TOKEN_FILE": str(folder / "token"),
    }
    command = [busybox, "ash", str(SCRIPTS / "cloudflared"), "tunnel", "--no-autoupdate", "run"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


@dataclass
class Site:
    """A published hostname, by plain API calls."""

    cloud: Cloud
    host: str
    tunnel: str
    token: str
    app: str
    record: str

    def visit(self, path: str = "/", email: str = "", **more: Any) -> Any:
        cookie = self.cloud.sign_in(email, self.host) if email else None
        return self.cloud.visit(self.host, path, cookie, **more)

    def wait(self) -> None:
        wait_until(lambda: self.cloud.state()["tunnels"][self.tunnel]["connectors"])


def allow(*emails: str) -> dict[str, Any]:
    return {"name": "p", "decision": "allow", "include": [{"email": {"email": email}} for email in emails]}


def publish(cloud: Cloud, label: str, service: str, policies: list[dict[str, Any]]) -> Site:
    host = f"{label}.{cloud.facts['domain']}"
    body: dict[str, Any] = {"type": "self_hosted", "name": host, "domain": host, "policies": policies}
    app = _made(cloud, "/accounts/{account}/access/apps", body)["id"]
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    tunnel = _made(cloud, "/accounts/{account}/cfd_tunnel", {"name": label, "tunnel_secret": secret})
    ingress = {"config": {"ingress": [{"hostname": host, "service": service}, {"service": "http_status:404"}]}}
    path = f"/accounts/{{account}}/cfd_tunnel/{tunnel['id']}/configurations"
    assert cloud.api("PUT", path, json=ingress).ok
    body = {"type": "CNAME", "name": host, "content": f"{tunnel['id']}.cfargotunnel.com", "proxied": True}
    record = _made(cloud, "/zones/{zone}/dns_records", body)["id"]
    return Site(cloud, host, tunnel["id"], tunnel["token"], app, record)


def _made(cloud: Cloud, path: str, body: dict[str, Any]) -> Any:
    answer = cloud.api("POST", path, json=body)
    assert answer.ok, answer.text
    return answer.json()["result"]
