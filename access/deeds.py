"""What is done to accesses and with visits, for people to read."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from access import levels
from access.models import Ended
from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact, moment, one_of
from tenants.events import Action

vocabulary.name(
    30,
    _("Guests and visits"),
    {
        Action.GRANT_CREATE: _("Share the container"),
        Action.GRANT_CHANGE: _("Change an access"),
        Action.GRANT_REVOKE: _("Revoke an access"),
        Action.GRANT_LEAVE: _("Give an access back"),
        Action.GRANT_EXPIRE: _("An access ended by itself"),
        Action.GRANT_ACTIVE: _("Let in at the edge"),
        Action.GRANT_OUT: _("Out at the edge"),
        Action.VISITS_VIEW: _("Look at visits"),
        Action.VISITS_EXPORT: _("Download visits"),
        Action.VISITS_PRUNE: _("Old visits were removed"),
    },
)

# What somebody decides about an access, as the form that gives it calls it. Who gave it, three fields keep.
_DECIDED = {
    "permission": _("What they may do"),
    "expires_at": _("Until when"),
    "note": _("Message"),
    "granter": _("Given by"),
}
_HOW = {
    Ended.EXPIRED: _("the time was over"),
    Ended.REVOKED: _("revoked"),
    Ended.LEFT: _("left by the guest"),
    Ended.CONTAINER: _("the container was deleted"),
    Ended.JOINED: _("joined the tenant"),
}
KINDS = {"people": _("People"), "running": _("Running"), "settings": _("Settings and data")}


def _decided(names: list[str]) -> str:
    return ", ".join(str(said) for name, said in _DECIDED.items() if name in names)


def _end(until: Any) -> str:
    return moment(until) if until else str(_("without end"))


_ends: dict[str, Any] = {how.value: said for how, said in _HOW.items()}
vocabulary.know({"changed": Fact(_("Changed"), _decided)}, Action.GRANT_CHANGE)
vocabulary.know({"until": Fact(_("Until"), _end)}, Action.GRANT_CREATE, Action.GRANT_CHANGE)
vocabulary.know(
    {"how": Fact(_("How it ended"), one_of(_ends))}, Action.GRANT_REVOKE, Action.GRANT_LEAVE, Action.GRANT_EXPIRE
)
vocabulary.know(
    {
        "email": Fact(_("E-mail address")),
        "addresses": Fact(_("Addresses")),
        "permission": Fact(_("What they may do"), one_of(levels.NAMES)),
        "allowed": Fact(_("Decision"), one_of({"true": _("let in"), "false": _("refused")})),
        "grant": Fact(_("ID of the access")),
        "kind": Fact(_("About"), one_of(KINDS)),
    }
)
