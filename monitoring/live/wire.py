"""What web processes and agents say to each other over the channel layer: names, sizes, times.

Messages are dicts of what msgpack knows, and `type` says which. The layer delivers at most once and keeps nothing, so
whatever must arrive is said again: leases at an interval, bytes until they are acknowledged.
"""

from datetime import datetime

WEBS = "live.webs"  # the group of every web process's hub
AGENTS = "live.agents"  # the group of every agent

# Seconds.
HERE = 2.0  # between two signs of life of an agent
AWAY = 6.0  # without one, an agent counts as gone
RENEW = 5.0  # between two renewals of a lease
LEASE = 15.0  # what is not renewed for so long runs out

# Bytes.
CHUNK = 16 * 1024  # in one message
OUTPUT_WINDOW = 128 * 1024  # from an agent, not yet acknowledged by the browser
INPUT_WINDOW = 64 * 1024  # from a browser, not yet written by the agent


def moment(at: datetime) -> str:
    """ISO 8601 in UTC."""
    return at.isoformat().replace("+00:00", "Z")
