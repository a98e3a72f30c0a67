"""Users, their sessions and their seats: `/accounts/{account}/access/users` and `…/seats`."""

from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.policies import given, refused
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import Session, User
from cloudflare.simulator.state import World, moment

ROOT = "/accounts/{account}/access/users"


def _shown(user: User) -> dict[str, Any]:
    last = {"last_successful_login": user.last_login} if user.last_login else {}
    return {
        "id": user.id,
        "uid": user.id,
        "email": user.email,
        "name": user.name,
        "access_seat": user.seated,
        "gateway_seat": False,
        "seat_uid": user.seat_uid,
        "active_device_count": 0,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        **last,
    }


def _get(world: World, call: Call) -> User:
    user = world.users.get(call.ids["user"])
    if user is None:
        raise Refusal(404, 12404, "access.api.error.not_found: user not found")
    return user


@route("GET", ROOT)
def list_users(world: World, call: Call) -> Reply:
    """`name` and `email` are whole, `search` is part of either."""
    search = call.query.get("search", "").casefold()
    rows = [
        _shown(user)
        for user in world.users.values()
        if call.query.get("name", user.name) == user.name
        and call.query.get("email", user.email).casefold() == user.email
        and (search in user.email or search in user.name.casefold())
    ]
    return call.page(rows, default=50, most=1000)


def _session(world: World, session: Session) -> dict[str, Any]:
    """A global session with the applications that it holds tokens of."""
    now = world.now()
    named = {app.aud: app for app in world.apps.values()}
    held = [row.aud for row in world.sessions.values() if row.parent == session.id and row.living(now)]
    apps = {
        aud: {
            "uid": named[aud].id,
            "name": named[aud].fields["name"],
            "hostname": named[aud].domain,
            "type": "self_hosted",
        }
        for aud in held
        if aud in named
    }
    return {
        "name": f"{session.user_id}-{session.id}",
        "expiration": int(session.expires),
        "metadata": {
            "apps": apps,
            "expires": int(session.expires),
            "iat": int(session.created),
            "nonce": session.id,
            "ttl": max(0, int(session.expires - now)),
        },
    }


@route("GET", ROOT + "/{user}/active_sessions")
def list_active_sessions(world: World, call: Call) -> Reply:
    user, now = _get(world, call), world.now()
    rows = [row for row in world.sessions.values() if row.user_id == user.id and not row.aud and row.living(now)]
    return Reply([_session(world, row) for row in rows])


@route("GET", ROOT + "/{user}/active_sessions/{nonce}")
def get_active_session(world: World, call: Call) -> Reply:
    """Whose session it is. A token's `identity_nonce` will do as well."""
    user, session = _get(world, call), world.sessions.get(call.ids["nonce"])
    if session is None or session.user_id != user.id:
        raise Refusal(404, 12404, "access.api.error.not_found: session not found")
    return Reply({**session.identity(world.account_id), "isActive": session.living(world.now())})


@route("GET", ROOT + "/{user}/failed_logins")
def list_failed_logins(world: World, call: Call) -> Reply:
    user = _get(world, call)
    return Reply(
        [
            {
                "expiration": int(moment(row["created_at"]) + world.log_retention),
                "metadata": {
                    "app_name": row["app_domain"],
                    "datetime": row["created_at"],
                    "ray_id": row["ray_id"],
                    "user_email": row["user_email"],
                    "user_uuid": user.id,
                },
            }
            for row in world.logged()
            if row["user_email"] == user.email and not row["allowed"]
        ]
    )


@route("GET", ROOT + "/{user}/last_seen_identity")
def get_last_seen_identity(world: World, call: Call) -> Reply:
    return Reply(_get(world, call).identity)


@route("PATCH", "/accounts/{account}/access/seats")
def change_seats(world: World, call: Call) -> Reply:
    """A seat is free once both of its halves are off; none is given by this call. All rows, or none."""
    if not isinstance(call.body, list) or not call.body:
        raise refused("the body must be a list of seats")
    known = {"seat_uid": str, "access_seat": bool, "gateway_seat": bool}
    rows = [given(row, known, required=list(known)) for row in call.body]
    seats = {user.seat_uid: user for user in world.users.values()}
    for row in rows:
        if row["seat_uid"] not in seats:
            raise Refusal(404, 12404, "access.api.error.not_found: seat not found")
    for row in rows:
        if not row["access_seat"] and not row["gateway_seat"]:
            user = seats[row["seat_uid"]]
            user.seated, user.updated_at = False, world.stamp()
            world.changed("user", user.id)
    return Reply([_seat(seats[row["seat_uid"]]) for row in rows])


def _seat(user: User) -> dict[str, Any]:
    return {
        "seat_uid": user.seat_uid,
        "access_seat": user.seated,
        "gateway_seat": False,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }
