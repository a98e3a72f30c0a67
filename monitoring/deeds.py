"""What is done with logs and terminals, for people to read."""

from django.utils.translation import gettext_lazy as _

from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact, one_of
from tenants.events import Action

vocabulary.name(
    20,
    _("Logs and terminals"),
    {
        Action.LOGS_OPEN: _("Read the log"),
        Action.TERMINAL_OPEN: _("Open a terminal"),
        Action.TERMINAL_CLOSE: _("Close a terminal"),
    },
)

_ENDS = {
    "absent": _("there was no container yet"),
    "closed": _("the terminal was closed"),
    "ended": _("the shell ended"),
    "engine_away": _("the engine was away"),
    "idle": _("nothing was typed or shown"),
    "lease": _("nobody was there any more"),
    "left": _("it had been left open"),
    "no_shell": _("the container has no shell"),
    "not_running": _("the container does not run"),
}
vocabulary.know({"how": Fact(_("How it ended"), one_of(_ENDS))}, Action.TERMINAL_CLOSE)
vocabulary.know({"terminal": Fact(_("Terminal")), "who": Fact(_("Person"))})
