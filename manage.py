#!/usr/bin/env python
"""Django's command line for Warren."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:  # it makes the settings that Django is about to read
        from config.embedded import environment

        environment.ensure()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as exc:  # a setting that is missing or wrong: where it was read helps nobody
        sys.exit(f"warren: {exc}")


if __name__ == "__main__":
    main()
