"""What the simulator holds outlives it: a restart, a kill, and a file that was spoiled."""

import base64
import json
import os
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path

from tests.parts import Cloud, wait_until

TUNNELS = "/accounts/{account}/cfd_tunnel"
SECRET = base64.b64encode(bytes(32)).decode()


def test_everything_is_found_again_after_a_kill(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    with Cloud.launch("--state", str(file)) as first:
        for number in range(20):
            assert first.api("POST", TUNNELS, json={"name": f"t{number}", "tunnel_secret": SECRET}).ok
        keys = first.visit("warren.cloudflareaccess.localhost", "/cdn-cgi/access/certs").json()
        wait_until(lambda: file.exists() and "t19" in file.read_text())
        before = first.state()["tunnels"]
        first.process.kill()
        facts = first.facts
    with Cloud.launch("--state", str(file)) as second:
        assert second.state()["tunnels"] == before
        assert {key: second.facts[key] for key in ("token", "account_id", "zone_id")} == {
            key: facts[key] for key in ("token", "account_id", "zone_id")
        }
        assert second.visit("warren.cloudflareaccess.localhost", "/cdn-cgi/access/certs").json() == keys
    assert file.stat().st_mode & 0o777 == 0o600


def test_people_and_mail_are_found_again_and_an_older_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    policy = {"name": "p", "decision": "allow", "include": [{"email": {"email": "alice@example.com"}}]}
    host = "box.containers.localhost"
    with Cloud.launch("--state", str(file)) as first:
        body = {"type": "self_hosted", "name": "box", "domain": host, "policies": [policy]}
        assert first.api("POST", "/accounts/{account}/access/apps", json=body).ok
        group = {"name": "g", "include": [{"everyone": {}}]}
        assert first.api("POST", "/accounts/{account}/access/groups", json=group).ok
        first.control("PATCH", "limits", {"max_seats": 1, "log_retention": 100})
        assert first.sign_in("alice@example.com", host)
        where, _, port = first.facts["smtp"].rpartition(":")
        with smtplib.SMTP(where, int(port), timeout=5) as client:
            client.sendmail("a@example.com", ["b@example.com"], "Subject: Kept\r\n\r\nhello\r\n")
        before = first.state()
    with Cloud.launch("--state", str(file)) as second:
        parts = ("users", "groups", "providers", "sessions", "access_log", "max_seats", "log_retention", "organization")
        after = second.state()
        assert {part: after[part] for part in parts} == {part: before[part] for part in parts}
        assert [mail["subject"] for mail in second.mails()] == ["Kept"]
        assert second.sign_in("alice@example.com", host)
    older = json.loads(file.read_text())
    for part in ("users", "groups", "providers", "max_seats", "log_retention", "organization", "mails"):
        del older[part]
    older["sessions"] = {
        key: {name: row[name] for name in ("id", "email", "user_id", "created", "expires", "aud", "revoked")}
        for key, row in older["sessions"].items()
    }
    file.write_text(json.dumps(older))
    with Cloud.launch("--state", str(file)) as third:
        assert third.sign_in("alice@example.com", host)
        assert third.state()["max_seats"] == 50


def test_killed_at_any_moment_the_file_stays_whole(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    for round_ in range(4):
        with Cloud.launch("--state", str(file)) as cloud:
            for number in range(10):
                cloud.api("POST", TUNNELS, json={"name": f"t{round_}-{number}", "tunnel_secret": SECRET})
            time.sleep(0.03 * round_)
            os.kill(cloud.process.pid, signal.SIGKILL)
        if file.exists():
            json.loads(file.read_text())


def test_a_spoiled_file_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    file.write_text('{"half": ')
    done = subprocess.run(
        [sys.executable, "-m", "cloudflare.simulator", "--port", "0", "--state", str(file)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "move it away" in done.stderr
    assert file.read_text() == '{"half": '
