"""Settings that stand in a file, one `NAME=value` a line: what is set in the environment itself counts before them."""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured


def read(path: Path) -> None:
    """Into the environment; nothing where there is no file. Raises `ImproperlyConfigured` for one that can't be read:
    to go on without would end in another error, about a setting that stands in it."""
    try:
        with path.open() as file:
            environ.Env.read_env(file)
    except FileNotFoundError:
        return
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path} is no text in UTF-8.") from None
    except OSError as exc:
        # The user that Warren has in its image.
        hint = " For compose: chgrp 1000 secrets.env; chmod 640 secrets.env" if os.getuid() == 1000 else ""
        whoever = f"user {os.getuid()}, group {os.getgid()}"
        raise ImproperlyConfigured(f"{exc.filename} can't be read by {whoever}: {exc.strerror}.{hint}") from None
