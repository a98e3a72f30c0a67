"""Users of the account, their sessions and seats, and the log of who came."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from cloudflare.client.people import AccessEvent, ActiveSession, User
from cloudflare.client.resources.base import Resource, shaped


@dataclass(frozen=True, slots=True)
class Users(Resource):
    """`/accounts/{account}/access/users`"""

    def all(self, search: str = "", email: str = "", *, per_page: int = 100) -> Iterator[User]:
        """`search`: part of name or address; `email`: the whole address."""
        params = {name: value for name, value in (("search", search), ("email", email)) if value}
        return self._pages(User.from_json, params, per_page)

    def active_sessions(self, user_id: str) -> list[ActiveSession]:
        """What the person is signed in to. Cloudflare has no call that ends a single one."""
        return self._value(
            lambda rows: [ActiveSession.from_json(row) for row in rows or ()], path=f"/{user_id}/active_sessions"
        )


@dataclass(frozen=True, slots=True)
class Seats(Resource):
    """`/accounts/{account}/access/seats`"""

    def release(self, seat_uids: Sequence[str]) -> None:
        """Give seats back; who signs in again takes one anew. Ends no session. None given, nothing is asked."""
        if seat_uids:
            body = [{"seat_uid": uid, "access_seat": False, "gateway_seat": False} for uid in seat_uids]
            self._call("PATCH", body=body)


@dataclass(frozen=True, slots=True)
class Logs(Resource):
    """`/accounts/{account}/access/logs`"""

    def access_requests(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
        direction: Literal["asc", "desc"] = "asc",
    ) -> list[AccessEvent]:
        """Logins, let in and refused, both ends of the time included; at most `limit`. Cloudflare keeps them a while.

        There are no pages: whoever gets `limit` rows asks again from the last one's time. Raises `Broken` for a row
        without its time: to leave it out would be a gap that nobody sees.
        """
        times = (("since", since), ("until", until))
        params: dict[str, Any] = {"limit": limit, "direction": direction}
        params |= {name: _stamp(at) for name, at in times if at is not None}
        rows = self._call("GET", "/access_requests", params=params).result or []
        with shaped("a row of the access log without its time"):
            return [AccessEvent.from_json(row) for row in rows]


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
