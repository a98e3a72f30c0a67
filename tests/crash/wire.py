"""A wire between a worker and the outside that can be cut: it carries HTTP to Docker and to Cloudflare, call by call.

At the call with the number that the test chose it kills the worker before the call is carried out, or after it and
before the answer, or lets the worker live and loses the answer.
"""

import contextlib
import http.client
import os
import signal
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


def _none(method: str, path: str) -> bool:
    return False


@dataclass
class Wire:
    """`calls`: what passed, in order. `docker` and `cloudflare`: where a worker finds either."""

    docker: str
    cloudflare: str
    calls: list[str] = field(default_factory=list)
    worker: int = 0
    struck: str = ""
    _at: int = 0
    _mode: str = ""
    _counts: Callable[[str, str], bool] = _none
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, number: int, mode: str, worker: int, counts: Callable[[str, str], bool]) -> None:
        """From now on count the calls (method, path) that count from one, and strike at `number`.

        `mode`: killed before, killed after, answer lost.
        """
        with self._lock:
            self.calls, self.struck, self.worker = [], "", worker
            self._at, self._mode, self._counts = number, mode, counts

    def disarm(self) -> None:
        self.arm(0, "", 0, _none)

    def count(self, method: str, path: str) -> str:
        """The mode that strikes at this call, or nothing."""
        call = f"{method} {path}"
        with self._lock:
            if not self._counts(method, path):
                return ""
            self.calls.append(call)
            if len(self.calls) != self._at:
                return ""
            self.struck = call
            return self._mode

    def kill(self) -> None:
        os.kill(self.worker, signal.SIGKILL)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


class _Carrier(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def _carry(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        path = urlsplit(self.path).path
        # Asking for the version is the SDK's way to say hello, once per thread.
        mode = "" if path.endswith("/version") else self.server.wire.count(self.command, path)
        if mode == "killed before":
            return self._cut(kill=True)
        upstream = self.server.upstream()
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, {**dict(self.headers), "Connection": "close"})
            answer = upstream.getresponse()
            content = answer.read()
        if mode:
            return self._cut(kill=mode == "killed after")
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _cut(self, *, kill: bool) -> None:
        if kill:
            self.server.wire.kill()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _carry

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the test keeps its own list."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the worker at the other end was killed
            super().handle()


class _Server:
    wire: Wire
    target: str

    def upstream(self) -> http.client.HTTPConnection:
        if self.target.startswith("/"):
            return _UnixConnection(self.target)
        return http.client.HTTPConnection(self.target, timeout=60)


class _Tcp(_Server, socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


class _Unix(_Server, socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def laid(folder: Path, docker_socket: str, cloudflare_api: str) -> Iterator[Wire]:
    """A wire to both, for as long as the block lasts."""
    parts = urlsplit(cloudflare_api)
    tcp = _Tcp(("127.0.0.1", 0), _Carrier)
    unix = _Unix(str(folder / "docker.sock"), _Carrier)
    wire = Wire(f"unix://{folder}/docker.sock", f"http://127.0.0.1:{tcp.server_address[1]}{parts.path}")
    for server, target in ((tcp, parts.netloc), (unix, docker_socket)):
        server.wire, server.target = wire, target
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield wire
    finally:
        for server in (tcp, unix):
            server.shutdown()
            server.server_close()
