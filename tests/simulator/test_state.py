"""What the simulator holds outlives it: a restart, a kill, and a file that was spoiled."""

import base64
import json
import os
import signal
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
