"""The programs of an embedded installation: the ones that production runs, and what it has elsewhere."""

import os
import sys
from pathlib import Path

from django.conf import settings

from config.embedded import environment
from config.embedded.supervisor import Program


def _program(name: str, *command: str) -> Program:
    return Program(name, command, {**os.environ, "PYTHONUNBUFFERED": "1"})


def redis(home: Path) -> Program:
    """On a socket that only this user reaches; nothing is saved, because everything in it can be lost."""
    socket = home / "redis.sock"
    options = {"port": "0", "unixsocket": str(socket), "unixsocketperm": "700", "save": "", "dir": str(home)}
    return _program(
        "redis", "redis-server", *(word for name, value in options.items() for word in (f"--{name}", value))
    )


def simulator(home: Path, tunnel_host: str) -> Program:
    tunnel_port = settings.CONNECTOR_EDGE.rpartition(":")[2]
    return _program(
        "simulator",
        *(sys.executable, "-m", "cloudflare.simulator"),
        *("--port", str(environment.edge_port()), "--state", str(home / "cloudflare.json")),
        *("--smtp-port", str(environment.mail_port())),
        *("--tunnel-host", tunnel_host, "--tunnel-port", tunnel_port),
        *("--account-id", settings.CLOUDFLARE_ACCOUNT_ID, "--zone-id", settings.CLOUDFLARE_ZONE_ID),
        *("--domain", settings.CONTAINERS_DOMAIN, "--quiet"),
    )


def workers(home: Path) -> list[Program]:
    """The processes that a production installation runs, too."""
    celery = (sys.executable, "-m", "celery", "-q", "-A", "config")
    quiet = ("--without-mingle", "--without-gossip", "--without-heartbeat")
    daphne = (sys.executable, "-m", "daphne", "-v", "0")  # no line for each request: it would hold the links of mails
    port = str(environment.web_port())
    return [
        _program("web", *daphne, "-b", "127.0.0.1", "-p", port, "config.asgi:application"),
        _program("worker", *celery, "worker", "-Q", "celery", "--pool", "threads", "--concurrency", "16", *quiet),
        _program("edge", *celery, "worker", "-Q", "edge", "--pool", "threads", "--concurrency", "8", *quiet),
        _program("beat", *celery, "beat", "--schedule", str(home / "beat"), "--pidfile", ""),
        _program("agent", sys.executable, str(settings.BASE_DIR / "manage.py"), "agent"),
    ]
