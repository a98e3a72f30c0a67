"""Reads settings as an operator writes them.

What makes no sense is refused by the name of its setting, and never guessed at; what may hold a secret is not repeated.
"""

import re
import warnings
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

OFF = ("false", "off", "no", "n", "0")
SENT = ("smtp", "smtps", "smtp+tls", "smtp+ssl")
ESCAPED = "In a password, @ : / # ? and % are written as in any URL (%40, ...)."


class _Variables(FileAwareMapping):  # type: ignore[misc]  # django-environ's types have gaps
    def __getitem__(self, key: str) -> str:
        try:
            value: str = super().__getitem__(key)
        except (OSError, UnicodeDecodeError) as exc:
            raise ImproperlyConfigured(f"{key}_FILE: {self.env[f'{key}_FILE']} can't be read: {exc}") from None
        return value.rstrip("\r\n")  # most that writes a file ends its last line, and no secret goes on with that


class Env(environ.FileAwareEnv):  # type: ignore[misc]  # the same
    ENVIRON = _Variables()

    def get_value(self, var: str, cast: Any = None, *args: Any, **more: Any) -> Any:
        try:
            return super().get_value(var, cast, *args, **more)
        except ValueError:
            raise ImproperlyConfigured(f"{var} is {self.ENVIRON[var]!r}, and no number.") from None

    def bool(self, var: str, default: Any = environ.Env.NOTSET) -> bool:
        """Empty is as if it was not set. A word that is not known would else be off, `HTTPS=enabled` included."""
        word = str(self.get_value(var, str, default)).strip().lower()
        if word in (*self.BOOLEAN_TRUE_STRINGS, *OFF):
            return word in self.BOOLEAN_TRUE_STRINGS
        if not word and isinstance(default, bool):
            return default
        raise ImproperlyConfigured(f"{var} is {word!r}, and neither on nor off.")

    def list(self, var: str, cast: Any = None, default: Any = environ.Env.NOTSET) -> Any:
        """Separated by commas, with or without spaces."""
        return [word.strip() for word in super().list(var, cast, default) if word.strip()]

    def rate(self, var: str, default: str) -> str:
        """Things per seconds, `600/60`."""
        value: str = self.str(var, default=default).strip()
        if re.fullmatch(r"\d+/[1-9]\d*", value):
            return value
        raise ImproperlyConfigured(f"{var} is {value!r}, and not such as {default}: so many per so many seconds.")

    def limit(self, var: str, default: str) -> str:
        """A rate, or empty: no limit."""
        return self.rate(var, default) if self.str(var, default=default).strip() else ""

    def one_of(self, var: str, default: str, *others: str) -> str:
        value, known = self.str(var, default=default).strip(), (default, *others)
        for word in known:
            if word.lower() == value.lower():
                return word
        raise ImproperlyConfigured(f"{var} is {value!r}, and not one of {', '.join(known)}.")

    def database(self, var: str, default: str) -> dict[str, Any]:
        try:
            with warnings.catch_warnings(action="ignore"):  # one shows all that the address holds
                found: dict[str, Any] = self.db_url(var, default=default)
        except (ValueError, KeyError):
            found = {}
        engine = found.get("ENGINE", "").rpartition(".")[2]
        if engine == "sqlite3" or (engine == "postgresql" and found["NAME"]):
            return found
        raise ImproperlyConfigured(f"{var} is not such as postgres://user:password@host/name. {ESCAPED}")

    def mail_server(self, var: str) -> dict[str, Any]:
        """What Django calls it; nothing where no server is named."""
        url = self.str(var, default="")
        if not url:
            return {}
        try:
            found: dict[str, Any] = self.email_url_config(url)
        except (ValueError, ImproperlyConfigured):
            found = {}
        if found and (found["EMAIL_HOST"] or url.partition("://")[0] not in SENT):
            return {name: value for name, value in found.items() if name != "OPTIONS"}
        raise ImproperlyConfigured(f"{var} is not such as smtp+tls://user:password@host:587. {ESCAPED}")
