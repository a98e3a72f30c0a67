"""One HTTP call to Cloudflare: paced, timed, retried where that is safe, its answer unwrapped or raised."""

import json
import logging
import os
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from cloudflare.client import errors
from cloudflare.client.pacer import Pacer, Priority

log = logging.getLogger(__name__)

MAX_BODY = 32 * 1024 * 1024
PATIENCE = 2.0  # seconds of Retry-After that are waited for here; longer ones go to the caller's schedule
LONGEST = 3600.0  # seconds of Retry-After that are believed
LATE = 5.0  # seconds after which a call is not sent again: what it says may not be wanted any more
_IDS = re.compile(r"/[0-9a-f-]{32,36}(?=/|$)")


@dataclass(frozen=True, slots=True)
class Answer:
    """`result` and `result_info` of Cloudflare's envelope."""

    result: Any
    info: Mapping[str, Any]


class Transport:
    """Thread-safe: each thread has a session of its own. Errors as in `cloudflare.client.errors`."""

    def __init__(
        self, base_url: str, token: str, *, pacer: Pacer | None, timeout: tuple[float, float], retries: int
    ) -> None:
        self._base, self._token = base_url.rstrip("/"), token
        self._pacer, self._timeout, self._retries = pacer, timeout, retries
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"Transport({self._base!r})"

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        priority: Priority = Priority.NORMAL,
    ) -> Answer:
        """A POST is sent once: whether it was carried out, only a look-up can tell."""
        tries, began = 1 if method == "POST" else 1 + self._retries, time.monotonic()
        for attempt in range(1, tries + 1):
            try:
                return self._once(method, path, body, params, priority)
            except errors.Throttled as exc:
                wait = exc.retry_after
                if attempt == tries or wait is None or wait > PATIENCE or time.monotonic() - began > LATE:
                    raise
            except (errors.Unreachable, errors.Broken):
                wait = 0.2 * 2**attempt * random.uniform(0.5, 1.0)
                if attempt == tries or time.monotonic() - began > LATE:
                    raise
            time.sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, body: Any, params: Mapping[str, Any] | None, priority: Priority) -> Answer:
        if not (self._token.isascii() and self._token.isprintable()):  # copied with more than it is: no header takes it
            raise errors.Unauthorized(0, (), "the token is none")
        if self._pacer:
            self._pacer.admit(priority)
        began, status, ray = time.monotonic(), 0, ""
        try:
            response = self._session().request(
                method,
                self._base + path,
                json=body,
                params=params,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            with response:
                status, ray = response.status_code, response.headers.get("cf-ray", "")
                return self._read(response, creating=method == "POST")
        except (requests.RequestException, HTTPError, OSError) as exc:  # urllib3's own, once the body is read
            # The exception's own text may hold the request, so only its kind is told.
            never_sent = isinstance(exc, requests.ConnectTimeout)
            raise errors.Unreachable(type(exc).__name__, ambiguous=method == "POST" and not never_sent) from None
        finally:
            log.debug(
                "%s %s -> %s in %.0f ms, ray %s",
                method,
                _IDS.sub("/{id}", path),
                status or "no answer",
                1000 * (time.monotonic() - began),
                ray or "-",
            )

    def _read(self, response: requests.Response, *, creating: bool) -> Answer:
        raw = response.raw.read(MAX_BODY + 1, decode_content=True)
        try:
            envelope = json.loads(raw) if len(raw) <= MAX_BODY else None
        except (ValueError, RecursionError):
            envelope = None
        status, ray = response.status_code, response.headers.get("cf-ray", "")
        if isinstance(envelope, dict) and envelope.get("success") is True and 200 <= status < 300:
            info = envelope.get("result_info")
            return Answer(envelope.get("result"), info if isinstance(info, dict) else {})
        codes, message = _reasons(envelope)
        retry_after = _seconds(response.headers.get("retry-after"))
        if status == 429 and self._pacer:
            self._pacer.pause(retry_after if retry_after is not None else 5.0)
        raise errors.from_answer(
            status, codes, message, ray=ray, retry_after=retry_after, ambiguous=creating and status != 429
        )

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = open_session(self._base)
            session.headers["Authorization"] = f"Bearer {self._token}"
            self._local.session = session
        return self._local.session  # type: ignore[no-any-return]  # threading.local is untyped


def open_session(url: str) -> requests.Session:
    """For calls to this host. The operator's proxy and certificates count, read once and not at each call.

    Left to itself, a session would also put what ~/.netrc says about the host in the place of our token.
    """
    session = requests.Session()
    session.headers["User-Agent"] = "warren"
    session.trust_env = False
    session.proxies.update(get_environ_proxies(url))
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=2)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _reasons(envelope: Any) -> tuple[list[int], str]:
    """Codes and messages of an envelope; some clients have seen codes as strings, and errors missing."""
    rows = envelope.get("errors") if isinstance(envelope, dict) else None
    codes, messages = [], []
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            if str(row.get("code", "")).isdecimal():
                codes.append(int(row["code"]))
            messages.append(str(row.get("message", ""))[:200])
    return codes, "; ".join(message for message in messages if message)


def _seconds(header: str | None) -> float | None:
    """Not longer than Cloudflare ever blocks anybody, several times over: it comes from outside."""
    try:
        return min(max(0.0, float(header)), LONGEST) if header else None
    except ValueError:
        return None
