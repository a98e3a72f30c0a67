"""Makes `$WARREN_HOME/settings.env` before Django reads its settings; imports no Django.

Secrets and ids are made once and kept. What follows from the ports is written anew at each start, so that
`manage.py shell` and its like find the running installation.
"""

import base64
import contextlib
import os
import secrets
import socket
import string
import sys
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DOMAIN = "containers.localhost"


def home() -> Path:
    return Path(os.environ.get("WARREN_HOME") or BASE_DIR / "var").absolute()


def web_port() -> int:
    return _port("PORT", os.environ.get("PORT") or "8000")


def edge_port() -> int:
    return _port("EDGE_PORT", os.environ.get("EDGE_PORT") or "8787")


def mail_port() -> int:
    """Of the simulator's mail server; known once Django has read its settings."""
    return _port("SMTP_PORT", os.environ["SMTP_PORT"])


def _port(name: str, value: str) -> int:
    if value.isdecimal() and 0 < int(value) < 2**16:
        return int(value)
    sys.exit(f"warren: {name} is {value!r}, and no port: give a number from 1 to 65535")


def mail_url(port: int | str) -> str:
    """The `EMAIL_URL` by which mail lands in the simulator's mailbox."""
    return f"smtp://127.0.0.1:{port}"


def ensure() -> None:
    """Bring home and settings about; fit for every start."""
    folder = home()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "static").mkdir(exist_ok=True)  # whitenoise warns where it is missing
    except OSError as exc:
        sys.exit(f"warren: WARREN_HOME is {folder}, and {exc.filename} can't be made: {exc.strerror}")
    path = folder / "settings.env"
    values = {**_kept(), **_read(path)}
    values |= _derived(values["TUNNEL_PORT"]) | _mail(values)
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    fresh.replace(path)


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def _kept() -> dict[str, str]:
    """Made at the first start; a later one finds them in the file."""
    letters = string.ascii_lowercase + string.digits
    tunnel, mail = _unused_ports(2)
    return {
        "EMBEDDED": "true",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "INSTALLATION": "w" + "".join(secrets.choice(letters) for _ in range(4)),
        "CLOUDFLARE_API_TOKEN": secrets.token_urlsafe(30),
        "CLOUDFLARE_ACCOUNT_ID": secrets.token_hex(16),
        "CLOUDFLARE_ZONE_ID": secrets.token_hex(16),
        "CONTAINERS_DOMAIN": DOMAIN,
        "CONNECTOR_IMAGE": "warren/connector:latest",
        "TUNNEL_PORT": str(tunnel),
        "SMTP_PORT": str(mail),
        "SWEEP_SECONDS": "5",
        "REGISTRATION_OPEN": "true",
    }


def _unused_ports(count: int) -> list[int]:
    """Below the range from which the kernel gives ports to connections; nothing listens on them at the moment."""
    found: list[int] = []
    while len(found) < count:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("", port))
            if port not in found:
                found.append(port)
    return found


def _derived(tunnel_port: str) -> dict[str, str]:
    return {
        "PUBLIC_URL": f"http://localhost:{web_port()}",
        "CLOUDFLARE_API_URL": f"http://127.0.0.1:{edge_port()}/client/v4",
        "CONTAINER_URL": f"http://{{hostname}}:{edge_port()}/",
        "CONNECTOR_EDGE": f"gateway:{tunnel_port}",
    }


def _mail(values: dict[str, str]) -> dict[str, str]:
    """Into the simulator's mailbox, unless the operator wrote another server into the file."""
    caught = mail_url(values["SMTP_PORT"])
    port = os.environ.get("SMTP_PORT") or values["SMTP_PORT"]
    return {"SMTP_PORT": port} | ({"EMAIL_URL": mail_url(port)} if values.get("EMAIL_URL", caught) == caught else {})
