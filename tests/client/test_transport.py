"""What the client makes of answers that Cloudflare gives only on bad days; here `responses` plays Cloudflare."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from cloudflare.client import AppSpec, Cloudflare, errors

ROOT = "https://cf.test/client/v4"
TUNNELS = f"{ROOT}/accounts/acc/cfd_tunnel"
TUNNEL = f"{TUNNELS}/tun"


def envelope(code: int, message: str) -> dict[str, Any]:
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


@pytest.fixture
def cf(monkeypatch: pytest.MonkeyPatch) -> Cloudflare:
    monkeypatch.setattr("cloudflare.client.transport.time.sleep", lambda seconds: None)
    return Cloudflare(ROOT, "secret-token-of-ours", "acc")


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "retryable"),
    [
        (404, 1000, "Tunnel not found", errors.NotFound, False),
        (404, 81044, "Record does not exist.", errors.NotFound, False),
        (409, 1013, "You already have a tunnel with this name", errors.Conflict, False),
        (400, 81053, "An A, AAAA, or CNAME record with that host already exists.", errors.Conflict, False),
        (409, 11010, "access.api.error.application_already_exists", errors.Conflict, False),
        (400, 1045, "You have reached the maximum number of tunnels", errors.LimitReached, False),
        (429, 1045, "You have reached the maximum number of tunnels", errors.LimitReached, False),
        (400, 81045, "Record quota exceeded.", errors.LimitReached, False),
        (400, 1022, "Cannot delete tunnel because it has active connections", errors.ActiveConnections, True),
        (403, 10000, "Authentication error", errors.Unauthorized, False),
        (400, 12130, "access.api.error.invalid_request", errors.Rejected, False),
        (429, 10429, "Rate limited", errors.Throttled, True),
        (500, 1001, "Internal server error", errors.Broken, True),
        (502, 0, "", errors.Broken, True),
    ],
)
@responses.activate
def test_each_refusal_has_its_kind(
    cf: Cloudflare, status: int, code: int, message: str, kind: type[errors.ApiError], retryable: bool
) -> None:
    responses.get(TUNNEL, json=envelope(code, message), status=status, headers={"cf-ray": "8a-FRA"})
    with pytest.raises(kind) as caught:
        cf.tunnels.get("tun")
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert caught.value.ray == "8a-FRA"
    assert "8a-FRA" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"[]",
        b"null",
        b'{"success": "yes"}',
        b'{"success": false}',
        '{"errors": [{"code": "²"}]}'.encode(),
        b"\xff\xfe",
        b"{",
    ],
)
@responses.activate
def test_what_is_no_envelope_is_broken(cf: Cloudflare, body: bytes) -> None:
    responses.get(TUNNEL, body=body, status=200)
    with pytest.raises(errors.Broken) as caught:
        cf.tunnels.get("tun")
    assert "html" not in str(caught.value)


@pytest.mark.parametrize("result", [None, [], "text", 7, {}])
@responses.activate
def test_an_answer_of_another_shape_is_broken(cf: Cloudflare, result: Any) -> None:
    """Of a creation, it says nothing about whether the work was done."""
    responses.post(f"{ROOT}/accounts/acc/access/apps", json={"success": True, "result": result})
    responses.get(f"{TUNNEL}/connections", json={"success": True, "result": [result]})
    responses.get(TUNNELS, json={"success": True, "result": [result]})
    with pytest.raises(errors.Broken):
        cf.tunnels.connectors("tun")
    with pytest.raises(errors.Broken) as caught:
        cf.apps.create(AppSpec("name", "box.example.com"))
    assert caught.value.ambiguous
    with pytest.raises(errors.Broken):
        list(cf.tunnels.all())


@responses.activate
def test_an_answer_that_is_nested_without_end_is_broken(cf: Cloudflare) -> None:
    responses.get(TUNNEL, body=b"[" * 100_000)
    with pytest.raises(errors.Broken):
        cf.tunnels.get("tun")


@pytest.fixture
def halting() -> Iterator[str]:
    """The address of a server that breaks each connection in the middle of its answer."""

    class Half(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"success": true, ')

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Half) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_half_an_answer_is_none(halting: str) -> None:
    cf = Cloudflare(halting, "secret-token-of-ours", "acc", retries=0)
    with pytest.raises(errors.Unreachable) as caught:
        cf.tunnels.get("tun")
    assert not caught.value.ambiguous
    with pytest.raises(errors.Unreachable) as caught:
        cf.tunnels.create("n", "c2VjcmV0")
    assert caught.value.ambiguous


@responses.activate
def test_reading_and_replacing_is_tried_again_creating_is_not(cf: Cloudflare) -> None:
    responses.get(TUNNEL, status=502)
    responses.get(TUNNEL, json={"success": True, "result": {"id": "tun", "name": "n", "status": "healthy"}})
    assert cf.tunnels.get("tun").name == "n"
    responses.post(TUNNELS, status=502)
    with pytest.raises(errors.Broken) as caught:
        cf.tunnels.create("n", "c2VjcmV0")
    assert caught.value.ambiguous
    assert len([call for call in responses.calls if call.request.method == "POST"]) == 1


@responses.activate
def test_what_took_long_is_not_sent_again(cf: Cloudflare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller may have lost the lease by then, and somebody else have written what holds now."""
    monkeypatch.setattr("cloudflare.client.transport.LATE", 0.0)
    responses.get(TUNNEL, status=502)
    with pytest.raises(errors.Broken):
        cf.tunnels.get("tun")
    assert len(responses.calls) == 1


@responses.activate
def test_no_answer_is_unreachable_and_names_no_secret(cf: Cloudflare) -> None:
    responses.post(TUNNELS, body=requests.ConnectionError("token secret-token-of-ours"))
    with pytest.raises(errors.Unreachable) as caught:
        cf.tunnels.create("n", "c2VjcmV0")
    assert caught.value.ambiguous
    assert caught.value.retryable
    assert "secret-token" not in str(caught.value)
    assert "secret-token" not in repr(vars(cf))


@responses.activate
def test_a_long_retry_after_is_left_to_the_schedule(cf: Cloudflare) -> None:
    responses.get(TUNNEL, json=envelope(10429, "Rate limited"), status=429, headers={"Retry-After": "120"})
    with pytest.raises(errors.Throttled) as caught:
        cf.tunnels.get("tun")
    assert caught.value.retry_after == 120
    assert len(responses.calls) == 1


@responses.activate
def test_lists_end_at_the_last_page(cf: Cloudflare) -> None:
    def page(number: int, count: int) -> dict[str, Any]:
        rows = [{"id": f"{number}-{row}", "name": "n", "status": "down"} for row in range(count)]
        return {"success": True, "result": rows, "result_info": {"page": number, "per_page": 2, "total_count": 5}}

    for number, count in ((1, 2), (2, 2), (3, 1)):
        responses.get(
            TUNNELS,
            json=page(number, count),
            match=[responses.matchers.query_param_matcher({"page": number}, strict_match=False)],
        )
    assert len(list(cf.tunnels.all(per_page=2))) == 5
    assert len(responses.calls) == 3


@pytest.mark.parametrize("header", ["inf", "1e300", "99999999999"])
@responses.activate
def test_nobody_is_kept_waiting_for_ever(cf: Cloudflare, header: str) -> None:
    responses.get(TUNNEL, json=envelope(10429, "Rate limited"), status=429, headers={"Retry-After": header})
    with pytest.raises(errors.Throttled) as caught:
        cf.tunnels.get("tun")
    assert caught.value.retry_after == 3600


@responses.activate
def test_the_token_is_in_the_header_and_nowhere_else(cf: Cloudflare) -> None:
    responses.post(TUNNELS, json={"success": True, "result": {"id": "tun", "name": "n"}})
    cf.tunnels.create("n", "c2VjcmV0")
    request = responses.calls[0].request
    assert request.headers["Authorization"] == "Bearer secret-token-of-ours"
    assert "secret-token-of-ours" not in request.url
    assert "secret-token-of-ours" not in json.dumps(json.loads(request.body))


@responses.activate
def test_the_environment_gives_a_proxy_and_no_other_token(
    cf: Cloudflare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine cf.test login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.test:3128")
    responses.get(TUNNELS, json={"success": True, "errors": [], "messages": [], "result": []})
    cf.tunnels.find("any")
    (call,) = responses.calls
    assert call.request.headers["Authorization"] == "Bearer secret-token-of-ours"
    assert call.request.req_kwargs["proxies"]["https"] == "http://proxy.test:3128"


@responses.activate
def test_a_page_that_is_shorter_than_was_asked_for_is_not_the_last(cf: Cloudflare) -> None:
    def page(number: int, ids: list[str], **info: int) -> None:
        rows = [{"id": id_, "name": "n", "status": "down"} for id_ in ids]
        found = {"success": True, "result": rows, "result_info": {"page": number, **info}}
        match = [responses.matchers.query_param_matcher({"page": number}, strict_match=False)]
        responses.get(TUNNELS, json=found, match=match)

    page(1, ["a", "b"], per_page=2, total_count=3)
    page(2, ["c"], per_page=2, total_count=3)
    assert len(list(cf.tunnels.all(per_page=1000))) == 3


@responses.activate
@pytest.mark.parametrize("last", [[], ["a", "b"]], ids=["empty", "as before"])
def test_a_list_that_does_not_say_how_long_it_is_is_read_to_its_end(cf: Cloudflare, last: list[str]) -> None:
    for number, ids in ((1, ["a", "b"]), (2, last)):
        rows = [{"id": id_, "name": "n", "status": "down"} for id_ in ids]
        match = [responses.matchers.query_param_matcher({"page": number}, strict_match=False)]
        responses.get(TUNNELS, json={"success": True, "result": rows}, match=match)
    assert len(list(cf.tunnels.all(per_page=1000))) == 2
