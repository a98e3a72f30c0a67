"""`/ws/containers/`: one socket for what moves of many containers."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from monitoring.live.codes import Close
from monitoring.live.outbox import WINDOW, Outbox
from monitoring.live.rights import Rights
from monitoring.live.snapshots import Snapshot
from monitoring.live.socket import BadMessage, LiveSocket, whole
from tenants.words import gettext as _

VERSION = 1
MOST = 200  # containers of one socket


class ContainersSocket(LiveSocket):
    """What is asked for is `pending` until its rights were asked, as everybody's are; then it is subscribed or not."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outbox = Outbox(self.write)
        self._pending: set[str] = set()
        self._rights: dict[str, Rights] = {}
        self._fresh: set[str] = set()
        self._last: dict[str, dict[str, str]] = {}  # by container and kind

    async def opened(self) -> None:
        if self.hub:
            await self.tell("hello", version=VERSION, user=self.visitor.user.email, window=WINDOW)
            await self.tell("measuring", measuring=self.hub.measuring)

    # --- From the browser -------------------------------------------------------------------------------------
    async def heard(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "subscribe":
                await self._subscribe(self._named(message))
            case "unsubscribe":
                for key in self._named(message) & self.held:
                    self._forget(key)
                    await self.tell("unsubscribed", container=key, reason="asked")
                self._settle()
            case "ack":
                if not await self._outbox.acked(whole(message.get("received"), 0, 2**53)):
                    raise BadMessage
            case _:
                raise BadMessage

    def _named(self, message: dict[str, Any]) -> set[str]:
        """Many ids in a message count as several messages."""
        keys = _keys(message)
        self.charge(len(keys) / 10)
        return keys

    async def _subscribe(self, keys: set[str]) -> None:
        if len(self.held | keys) > MOST:
            await self.end(Close.TOO_MANY, _("A socket watches up to %(most)s containers.") % {"most": MOST})
            return
        if self.hub is None:
            return
        self._pending |= keys - self._rights.keys()
        self._fresh |= keys & self._rights.keys()  # asked for again: told again
        for key in keys:
            self._last.pop(key, None)
        self._settle()
        for key in keys:
            self.hub.watch(key, self)
        self.hub.ask(self)

    # --- From the hub -----------------------------------------------------------------------------------------
    async def judged(self, rights: Mapping[str, Rights]) -> None:
        lost = []
        for key, now in rights.items():
            if key not in self.held:
                continue  # unsubscribed while it was asked
            had = self._rights.get(key)
            if "view" in now.permissions:
                self._pending.discard(key)
                self._rights[key] = now
                if had is None or had.permissions != now.permissions:
                    self._fresh.add(key)
                    self._last.pop(key, None)
                    self._outbox.forget(key)  # what waits may be more than they may know now
                    await self.tell("subscribed", container=key, permissions=sorted(now.permissions))
                continue
            reason = "deleted" if now.gone else "revoked" if had else "not_found"
            self._forget(key)
            await self.tell("unsubscribed", container=key, reason=reason)
            lost += [reason] if had else []
        self._settle()
        if lost and not self.held:
            await self.end(Close.REVOKED if "revoked" in lost else Close.GONE)

    @property
    def tenants(self) -> set[Any]:
        return {rights.tenant for rights in self._rights.values()}

    def take_fresh(self) -> set[str]:
        found, self._fresh = self._fresh, set()
        return found

    def owe(self, container: str) -> None:
        if container in self._rights:
            self._fresh.add(container)

    async def shown(self, container: str, snapshot: Snapshot) -> None:
        rights = self._rights.get(container)
        if rights is None:
            return
        texts = snapshot.inside if "change" in rights.permissions else snapshot.outside
        for kind, text in texts.items():
            if kind == "grants" and "manage" not in rights.permissions:
                continue
            last = self._last.setdefault(container, {})
            if last.get(kind) != text:
                last[kind] = text
                await self.told(kind, container, text)

    async def told(self, kind: str, container: str, text: str) -> None:
        if container in self._rights and not self.over:
            await self._outbox.put(kind, container, text)

    async def numbers(self, at: str, parts: Mapping[str, str], text: str) -> None:
        if not self.over:
            await self._outbox.put_numbers(at, parts, text)

    async def measured(self, *, measuring: bool) -> None:
        await self.tell("measuring", measuring=measuring)

    async def tick(self) -> None:
        await super().tick()
        if self._outbox.stuck:
            await self.end(Close.TOO_SLOW)
        ends = [rights.until for rights in self._rights.values() if rights.until]
        if self.hub and ends and min(ends) <= timezone.now():
            self.hub.doubt([self])

    # --- Within -----------------------------------------------------------------------------------------------
    async def tell(self, kind: str, **facts: Any) -> None:
        if not self.over:
            await self._outbox.put(kind, str(facts.get("container", "")), self.text(kind, **facts))

    def _forget(self, key: str) -> None:
        self._rights.pop(key, None)
        self._pending.discard(key)
        self._fresh.discard(key)
        self._outbox.forget(key)
        self._last.pop(key, None)
        if self.hub:
            self.hub.unwatch(key, self)

    def _settle(self) -> None:
        """Once after all changes, which may be many."""
        self.held = frozenset(self._pending | self._rights.keys())
        before, self.watched = self.watched, frozenset(self._rights)
        if self.hub and self.watched != before:
            self.hub.show()


def _keys(message: dict[str, Any]) -> set[str]:
    """The containers that a message names, as they are written here. Raises `BadMessage`."""
    named: Iterable[Any] = message.get("containers", ())
    if not isinstance(named, list) or not 0 < len(named) <= MOST:
        raise BadMessage
    try:
        return {str(uuid.UUID(each)) for each in named}
    except (ValueError, TypeError, AttributeError) as exc:
        raise BadMessage from exc
