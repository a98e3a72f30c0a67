"""What the verbs of the audit log are called for people: as what was asked for, which may have been refused."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from tenants.events import Action

_GROUPS: list[tuple[Any, dict[Action, Any]]] = [
    (
        _("Containers"),
        {
            Action.CONTAINER_CREATE: _("Create a container"),
            Action.CONTAINER_START: _("Start a container"),
            Action.CONTAINER_STOP: _("Stop a container"),
            Action.CONTAINER_RESTART: _("Restart a container"),
            Action.CONTAINER_RETRY: _("Try again with a container"),
            Action.CONTAINER_CHANGE: _("Change a container's settings"),
            Action.CONTAINER_RENAME: _("Rename a container"),
            Action.CONTAINER_RECREATE: _("Recreate a container"),
            Action.CONTAINER_DELETE: _("Delete a container"),
            Action.CONTAINER_GONE: _("A container is gone"),
            Action.CONTAINER_FIT: _("Bring a container within the plan"),
            Action.CONTAINER_EXPORT: _("Prepare a download of data"),
            Action.CONTAINER_EXPORT_CANCEL: _("Cancel a download of data"),
            Action.CONTAINER_DOWNLOAD: _("Download data"),
            Action.CONTAINER_IMPORT: _("Restore data"),
            Action.CONTAINER_IMPORT_CANCEL: _("Cancel a restore of data"),
            Action.LOGS_OPEN: _("Read a log"),
            Action.TERMINAL_OPEN: _("Open a terminal"),
            Action.TERMINAL_CLOSE: _("Close a terminal"),
        },
    ),
    (
        _("Guests and visits"),
        {
            Action.GRANT_CREATE: _("Share a container"),
            Action.GRANT_CHANGE: _("Change an access"),
            Action.GRANT_REVOKE: _("Revoke an access"),
            Action.GRANT_LEAVE: _("Give an access back"),
            Action.GRANT_EXPIRE: _("An access ended by itself"),
            Action.GRANT_ACTIVE: _("Let in at the edge"),
            Action.GRANT_OUT: _("Out at the edge"),
            Action.VISITS_VIEW: _("Look at visits"),
            Action.VISITS_EXPORT: _("Download visits"),
            Action.VISITS_GAP: _("Visits are missing"),
            Action.VISITS_PRUNE: _("Old visits were removed"),
        },
    ),
    (
        _("Tenant and members"),
        {
            Action.TENANT_CREATE: _("Create a tenant"),
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
    ),
    (
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
    ),
    (
        _("Warren and its staff"),
        {
            Action.ACCESS_SIGN_OUT: _("Sign everybody out at the edge"),
            Action.ACCESS_DRIFT: _("Put protection at the edge right"),
            Action.DNS_DRIFT: _("Put a DNS record right"),
            Action.TUNNEL_ROTATE: _("Change a tunnel's token"),
            Action.ADMIN_ADD: _("Add in the console"),
            Action.ADMIN_CHANGE: _("Change in the console"),
            Action.ADMIN_DELETE: _("Delete in the console"),
            Action.ADMIN_RECONCILE: _("Look again at what there is"),
        },
    ),
]
_WORDS: dict[str, Any] = {action: said for _group, said_of in _GROUPS for action, said in said_of.items()}

# For a field that chooses one, in groups.
CHOICES = [("", _("All")), *((group, list(said.items())) for group, said in _GROUPS)]


def words(action: str) -> str:
    """The verb itself, where there are no words for it."""
    return str(_WORDS.get(action, action))
