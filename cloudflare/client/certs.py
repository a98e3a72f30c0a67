"""The keys that a team's Access signs its assertions with, as `https://<team>/cdn-cgi/access/certs` lists them."""

import json
import logging
from typing import Any

import requests
from jwt import InvalidKeyError
from jwt.algorithms import RSAAlgorithm
from urllib3.exceptions import HTTPError

from cloudflare.client import errors
from cloudflare.client.transport import open_session

log = logging.getLogger(__name__)

Jwk = dict[str, str]

TIMEOUT = (5.0, 10.0)  # seconds to connect, and to wait for bytes
MAX_BODY, MAX_KEYS, MAX_KID = 256 * 1024, 20, 255
SIZES = range(2048, 8193)  # bits: a shorter key can be broken, a longer one is work for each request


def fetch(url: str, team: str) -> dict[str, Jwk]:
    """The keys by their ids. `url` says where to ask, `team` which team's host is asked there.

    Raises `Unreachable` where nobody answers, and `Broken` where the answer holds no keys to go by.
    """
    try:
        with (
            open_session(url) as session,
            session.get(url, headers={"Host": team}, timeout=TIMEOUT, allow_redirects=False, stream=True) as response,
        ):
            status, body = response.status_code, response.raw.read(MAX_BODY + 1, decode_content=True)
    except (requests.RequestException, HTTPError, OSError) as exc:
        raise errors.Unreachable(type(exc).__name__) from None
    try:
        document = json.loads(body) if status == 200 and len(body) <= MAX_BODY else None
    except (ValueError, RecursionError):
        document = None
    try:
        return parse(document)
    except ValueError as exc:
        raise errors.Broken(status, (), f"the list of signing keys is not to be used: {exc}") from None


def parse(document: Any) -> dict[str, Jwk]:
    """What of the document is a key that assertions can be checked by. Raises `ValueError`.

    A key of a kind that we do not take is left out; an id that stands for two keys spoils the whole document.
    """
    rows = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not 0 < len(rows) <= MAX_KEYS:
        raise ValueError(f"it lists no keys, or more than {MAX_KEYS}")
    found: dict[str, Jwk] = {}
    for row in rows:
        try:
            jwk = _key(row)
        except (ValueError, InvalidKeyError) as exc:
            log.warning("a signing key is left out: %s", exc)
            continue
        if found.setdefault(jwk["kid"], jwk) != jwk:
            raise ValueError("two keys have the same id")
    if not found:
        raise ValueError("none of its keys is an RSA key for RS256")
    return found


def _key(row: Any) -> Jwk:
    if not isinstance(row, dict):
        raise ValueError("it is no object")  # noqa: TRY004  (of the document, not of a caller)
    jwk = {name: row[name] for name in ("kty", "kid", "n", "e") if isinstance(row.get(name), str)}
    if len(jwk) < 4 or not 0 < len(jwk["kid"]) <= MAX_KID:
        raise ValueError("it lacks its kind, id or numbers")
    if jwk["kty"] != "RSA" or row.get("alg", "RS256") != "RS256" or row.get("use", "sig") != "sig":
        raise ValueError("it is not for RS256")
    size = RSAAlgorithm.from_jwk(jwk).key_size
    if size not in SIZES:
        raise ValueError(f"it has {size} bits")
    return jwk
