"""`python -m cloudflare.simulator`: prints one line of JSON once it listens, then runs until SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path

from cloudflare.simulator.persistence import StateError, read
from cloudflare.simulator.server import Simulator
from cloudflare.simulator.state import World, new_id


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cloudflare.simulator", description="Simulate Cloudflare.")
    parser.add_argument("--port", type=int, default=8787, help="of API and edge; 0 picks a free one (8787)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--tunnel-host", default="127.0.0.1", help="address that connectors dial (127.0.0.1)")
    parser.add_argument("--tunnel-port", type=int, default=0, help="port that connectors dial; 0 picks a free one")
    parser.add_argument("--smtp-port", type=int, default=0, help="of the mailbox, on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--state", type=Path, help="file that keeps everything over a restart")
    parser.add_argument("--domain", default="containers.localhost", help="the zone (containers.localhost)")
    parser.add_argument(
        "--token",
        default=os.environ.get("CLOUDFLARE_API_TOKEN", ""),
        help="API token; better in CLOUDFLARE_API_TOKEN, out of the list of processes; made up where it is not given",
    )
    parser.add_argument("--account-id", default="", help="made up where it is not given")
    parser.add_argument("--zone-id", default="", help="made up where it is not given")
    parser.add_argument("--quiet", action="store_true", help="do not print the line: it holds the token")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster the rate limit's clock runs (1)")
    return parser.parse_args()


def _world(options: argparse.Namespace) -> World:
    known = read(options.state) if options.state else None
    if known is not None:
        known.token = options.token or known.token
        return known
    return World(
        account_id=options.account_id or new_id(),
        zone_id=options.zone_id or new_id(),
        domain=options.domain,
        token=options.token or secrets.token_urlsafe(30),
    )


async def _run(options: argparse.Namespace, world: World) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    simulator = Simulator(world, state=options.state, speed=options.speed)
    facts = await simulator.start(
        options.host, options.port, options.tunnel_host, options.tunnel_port, options.smtp_port
    )
    if not options.quiet:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
    await stopping.wait()
    await simulator.stop()


def main() -> int:
    options = _options()
    try:
        asyncio.run(_run(options, _world(options)))
    except StateError as exc:
        sys.stderr.write(f"simulator: {exc}\n")
        return 1
    except OSError as exc:
        sys.stderr.write(f"simulator: cannot listen: {exc.strerror or exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
