"""What is done to tenants, people and the record itself, for people to read."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact, moment, one_of, plain
from tenants.events import Action, Outcome
from tenants.models import Role
from tenants.models.token import Scope

vocabulary.name(
    40,
    _("Tenant and members"),
    {
        Action.TENANT_CREATE: _("Create the tenant"),
        Action.TENANT_RENAME: _("Rename the tenant"),
        Action.TENANT_PLAN: _("Change the plan"),
        Action.TENANT_SUSPEND: _("Suspend the tenant"),
        Action.TENANT_RESUME: _("Resume the tenant"),
        Action.TENANT_CLOSE: _("Delete the tenant"),
        Action.TENANT_VIEW: _("View as the tenant"),
        Action.TENANT_VIEW_END: _("Stop viewing as the tenant"),
        Action.MEMBER_JOIN: _("Join the tenant"),
        Action.MEMBER_ROLE: _("Change a member's role"),
        Action.MEMBER_REMOVE: _("Remove a member"),
        Action.MEMBER_LEAVE: _("Leave the tenant"),
        Action.OWNERSHIP_HAND_OVER: _("Hand over ownership"),
        Action.INVITATION_CREATE: _("Invite somebody"),
        Action.INVITATION_WITHDRAW: _("Withdraw an invitation"),
        Action.INVITATION_ACCEPT: _("Accept an invitation"),
        Action.AUDIT_EXPORT: _("Download the activity"),
        Action.AUDIT_PRUNE: _("Old activity was removed"),
    },
)
vocabulary.name(
    50,
    _("Accounts and tokens"),
    {
        Action.SIGN_IN: _("Sign in"),
        Action.SIGN_OUT: _("Sign out"),
        Action.SIGN_UP_ASK: _("Ask to sign up"),
        Action.SIGN_UP: _("Sign up"),
        Action.PASSWORD_ASK: _("Ask for a new password"),
        Action.PASSWORD_RESET: _("Set a new password"),
        Action.PASSWORD_CHANGE: _("Change the password"),
        Action.PROFILE_CHANGE: _("Change the profile"),
        Action.ACCOUNT_CLOSE: _("Close the account"),
        Action.TOKEN_CREATE: _("Create an API token"),
        Action.TOKEN_REVOKE: _("Revoke an API token"),
        Action.TOKEN_USE: _("Use an API token"),
    },
)
vocabulary.name(
    70,
    _("The console"),
    {
        Action.ADMIN_ADD: _("Add in the console"),
        Action.ADMIN_CHANGE: _("Change in the console"),
        Action.ADMIN_DELETE: _("Delete in the console"),
        Action.ADMIN_RECONCILE: _("Look again at what there is"),
    },
)


def _lifetime(days: int | None) -> str:
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days} if days else str(_("without end"))


def _fields(names: list[str]) -> str:
    """As the console's forms call them."""
    return ", ".join(name.replace("_", " ") for name in names)


_ENDS = {
    "stopped": _("by whoever viewed"),
    "sign-out": _("signed out"),
    "time": _("the time was over"),
    "no right": _("the permission was taken away"),
}
_OUTCOMES: dict[str, Any] = {Outcome.DONE: _("done"), Outcome.REFUSED: _("refused")}

vocabulary.know({"before": Fact(_("Earlier name"))}, Action.TENANT_RENAME)
vocabulary.know({"before": Fact(_("Earlier plan"))}, Action.TENANT_PLAN)
vocabulary.know({"tried": Fact(_("Short name"))}, Action.TENANT_CREATE)
vocabulary.know({"how": Fact(_("How it ended"), one_of(_ENDS))}, Action.TENANT_VIEW_END)
vocabulary.know(
    {
        # What was changed, and to what.
        "name": Fact(_("Name")),
        "role": Fact(_("Role"), one_of(dict(Role.choices))),
        "plan": Fact(_("Plan")),
        "invited": Fact(_("Invited")),
        "token": Fact(_("Token")),
        "of": Fact(_("Person")),
        "scope": Fact(_("Allows"), one_of(dict(Scope.choices))),
        "days": Fact(_("Valid for"), _lifetime),
        "made_with": Fact(_("Made with the token")),
        "method": Fact(_("Method")),
        "path": Fact(_("Path")),
        "tried": Fact(_("Tried address")),
        "mail": Fact(_("Mail"), str),
        "rows": Fact(_("Entries")),
        "fields": Fact(_("Fields"), _fields),
        "viewing_as": Fact(_("While viewing as")),
        # What a record was searched by.
        "search": Fact(_("Search")),
        "action": Fact(_("What"), vocabulary.words),
        "outcome": Fact(_("Outcome"), one_of(_OUTCOMES)),
        "actor": Fact(_("Who")),
        "target": Fact(_("On what")),
        "target_id": Fact(_("Its ID")),
        "tenant": Fact(_("Tenant")),
        "request_id": Fact(_("Request ID")),
        "since": Fact(_("Since"), moment),
        "before": Fact(_("Before"), moment),
        "until": Fact(_("Until"), moment),
        "asked": Fact(_("Searched for"), vocabulary.each),
        "why": Fact(_("Why"), plain, apart=True),
    }
)
