"""How the agent reaches the engine: where the workers do, with as many connections as there are calls in flight."""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiodocker import Docker

SOCKET = "unix:///var/run/docker.sock"  # where the Docker SDK looks, too, when nothing is set


@asynccontextmanager
async def client(host: str) -> AsyncIterator[Docker]:
    """`host` as in `DOCKER_HOST`: unix:// or tcp://, the latter with TLS where `DOCKER_TLS_VERIFY` is 1.

    aiodocker's own connector has a hundred connections at most, and streams keep theirs for good. The client has no
    timeouts but for connecting.
    """
    url, connector = _connector(host or SOCKET)
    docker = Docker(url, connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=5))
    try:
        yield docker
    finally:
        await docker.close()
        await connector.close()


def _connector(host: str) -> tuple[str, aiohttp.BaseConnector]:
    scheme, _, rest = host.partition("://")
    if scheme == "unix":
        return "unix://localhost", aiohttp.UnixConnector(rest, limit=0)
    if scheme == "https" or os.environ.get("DOCKER_TLS_VERIFY") == "1":
        return f"https://{rest}", aiohttp.TCPConnector(limit=0, ssl=_tls())
    return f"http://{rest}", aiohttp.TCPConnector(limit=0)


def _tls() -> ssl.SSLContext:
    """By the certificates in `DOCKER_CERT_PATH`, as for the docker command."""
    folder = Path(os.environ.get("DOCKER_CERT_PATH") or Path.home() / ".docker")
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
