"""How the database is spoken to, whichever it is."""

from typing import Any


def with_options(database: dict[str, Any], pool: int) -> dict[str, Any]:
    """The database that a URL names, as a web process or a worker uses it: `pool` connections at most.

    What the URL says itself, such as `?server_side_binding=0`, counts.
    """
    if database["ENGINE"].endswith("sqlite3"):
        options = {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",  # a reader that turns writer half-way would fail at once, unqueued
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        return {**database, "OPTIONS": options}
    options = {
        # A pool and not CONN_MAX_AGE: under ASGI each thread would keep a connection of its own for good.
        "pool": {"min_size": 1, "max_size": pool, "timeout": 20},
        # Requests and passes ask the same again and again: from the third time on the server has it parsed and planned.
        "server_side_binding": True,
        "prepare_threshold": 2,
    }
    return {**database, "OPTIONS": {**options, **database.get("OPTIONS", {})}}
