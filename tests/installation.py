"""What an installation has beside its rows: images, networks, and programs that run in processes of their own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.db import connection

from cloudflare import setup as cloudflare_setup
from containers import networks
from containers import setup as containers_setup
from containers.engine.images import build_small
from tests.parts import Cloud


def prepare(cloud: Cloud, settings: Any) -> None:
    """What `manage.py prepare` does, for the test's own process."""
    for name, value in cloud.settings().items():
        setattr(settings, name, value)
    settings.LINGER_SECONDS = 0.0
    build_small("connector", cloudflare_setup.CONNECTOR)
    containers_setup.build_images()
    containers_setup.ensure_templates()
    networks.ensure_connectors_network()
    cloudflare_setup.ensure_account()


def environment(cloud: Cloud, mark: str) -> dict[str, str]:
    """For another process of the same installation: same database, same simulator, same mark."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        **cloud.settings(),
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database.geturl(),
        "TEST_CLOUDFLARE_API_TOKEN": cloud.facts["token"],
        "INSTALLATION": mark,
        "LINGER_SECONDS": "0",
        "SWEEP_SECONDS": "1",
        "LOG_LEVEL": "ERROR",
    }


@contextlib.contextmanager
def program(*command: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the installation, with all that it starts; killed at the end if it does not end by itself."""
    process = subprocess.Popen([sys.executable, "-m", *command], env=env, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


@contextlib.contextmanager
def celery(cloud: Cloud, mark: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker and a beat, as production runs them."""
    env = {**environment(cloud, mark), **more}
    schedule = str(django_settings.WARREN_HOME / f"beat-{mark}")
    quiet = ("--without-mingle", "--without-gossip", "--without-heartbeat")
    worker = ("celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "8", *quiet)
    beat = ("celery", "-A", "config", "beat", "--schedule", schedule, "--pidfile", "")
    with program(*worker, env=env) as running, program(*beat, env=env):
        yield running
