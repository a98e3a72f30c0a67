"""Who came to the edge, and who was refused there: `/accounts/{account}/access/logs/access_requests`."""

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.policies import refused
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.state import World, moment

LIMIT, MOST = 25, 1000


@route("GET", "/accounts/{account}/access/logs/access_requests")
def list_access_requests(world: World, call: Call) -> Reply:
    """Both ends of the time belong to it. No pages: whoever wants more asks again from where this ended."""
    direction = call.query.get("direction", "desc")
    if direction not in {"asc", "desc"}:
        raise refused("direction is asc or desc")
    since, until = _time(call, "since", 0.0), _time(call, "until", float("inf"))
    try:
        most = min(call.number("limit", LIMIT, MOST), call.number("per_page", MOST, MOST))
    except Refusal as exc:
        raise refused(str(exc)) from None
    email, exact = call.query.get("email", "").casefold(), call.flag("email_exact")
    rows = [
        row
        for row in world.logged()
        if since <= moment(row["created_at"]) <= until
        and (not email or (row["user_email"].casefold() == email if exact else email in row["user_email"].casefold()))
    ]
    return Reply((rows if direction == "asc" else rows[::-1])[:most])


def _time(call: Call, name: str, default: float) -> float:
    text = call.query.get(name, "")
    try:
        return moment(text) if text else default
    except ValueError:
        raise refused(f"{name} must be a time as in RFC 3339") from None
