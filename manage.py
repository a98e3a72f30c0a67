#!/usr/bin/env python
"""Django's command line for Warren."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:  # it makes the settings that Django is about to read
        from config.embedded import environment

        environment.ensure()
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        # A command needs one connection, and a pool tries for 20 seconds before it says, without the reason, that it
        # has none. The agent is a program: its threads ask again and again.
        if sys.argv[1:2] != ["agent"]:
            settings.DATABASES["default"]["OPTIONS"].pop("pool", None)
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:  # a setting that is missing or wrong: where it was read helps nobody
        sys.exit(f"warren: {exc}")
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", "of SQLite") is not None:  # what the database answered is no outage
            raise
        sys.exit(f"warren: the database does not answer: {' '.join(str(exc).split())}")


if __name__ == "__main__":
    main()
