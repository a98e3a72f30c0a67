from django.contrib.admin.apps import AdminConfig


class ConsoleApp(AdminConfig):
    """Django's admin, with Warren's site in place of the default one."""

    default_site = "config.console.site.Console"
