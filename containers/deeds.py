"""What is done to containers and their data, for people to read."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact
from tenants.events import Action
from tenants.figures import cores, size

vocabulary.name(
    10,
    gettext_lazy("Containers"),
    {
        Action.CONTAINER_CREATE: gettext_lazy("Create the container"),
        Action.CONTAINER_START: gettext_lazy("Start the container"),
        Action.CONTAINER_STOP: gettext_lazy("Stop the container"),
        Action.CONTAINER_RESTART: gettext_lazy("Restart the container"),
        Action.CONTAINER_RETRY: gettext_lazy("Try again with the container"),
        Action.CONTAINER_CHANGE: gettext_lazy("Change the container's settings"),
        Action.CONTAINER_RENAME: gettext_lazy("Rename the container"),
        Action.CONTAINER_RECREATE: gettext_lazy("Recreate the container"),
        Action.CONTAINER_DELETE: gettext_lazy("Delete the container"),
        Action.CONTAINER_GONE: gettext_lazy("The container is gone"),
        Action.CONTAINER_FIT: gettext_lazy("Bring the container within the plan"),
        Action.CONTAINER_EXPORT: gettext_lazy("Prepare a download of data"),
        Action.CONTAINER_EXPORT_CANCEL: gettext_lazy("Cancel a download of data"),
        Action.CONTAINER_DOWNLOAD: gettext_lazy("Download data"),
        Action.CONTAINER_IMPORT: gettext_lazy("Restore data"),
        Action.CONTAINER_IMPORT_CANCEL: gettext_lazy("Cancel a restore of data"),
    },
)

# By the names of fields, as the settings' page calls them.
_SETTINGS = {
    "label": gettext_lazy("Label"),
    "port": gettext_lazy("Port"),
    "memory": gettext_lazy("Memory"),
    "cpu": gettext_lazy("CPU"),
    "resets_connections": gettext_lazy("When somebody loses access"),
}


def _settings(names: list[str]) -> str:
    return ", ".join(_setting(name) for name in names)


def _setting(name: str) -> str:
    kind, _dot, variable = name.partition(".")
    if kind == "environment":
        return _("the variable %(name)s") % {"name": variable}
    if kind == "secrets":
        return _("the secret %(name)s") % {"name": variable}
    return str(_SETTINGS.get(name, name))


vocabulary.know({"changed": Fact(gettext_lazy("Changed"), _settings)}, Action.CONTAINER_CHANGE)
vocabulary.know(
    {
        "template": Fact(gettext_lazy("Template")),
        "like": Fact(gettext_lazy("Duplicate of")),
        "hostname": Fact(gettext_lazy("Address")),
        "former": Fact(gettext_lazy("Earlier address")),
        "image": Fact(gettext_lazy("Image")),
        "image_before": Fact(gettext_lazy("Earlier image")),
        "memory": Fact(gettext_lazy("Memory"), size),
        "cpu": Fact(gettext_lazy("CPU"), cores),
        "storage": Fact(gettext_lazy("Storage"), size),
        "internet": Fact(gettext_lazy("Connections to the internet")),
        "archive": Fact(gettext_lazy("Archive")),
    }
)
