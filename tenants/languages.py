"""In which language somebody reads: what they chose, else what their browser asks for, else the installation's."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

CHOICES = settings.LANGUAGES
_KNOWN = frozenset(code for code, _ in CHOICES)


def known(code: object) -> str:
    """The code, if it is one of ours; else empty."""
    return code if isinstance(code, str) and code in _KNOWN else ""


def chosen(person: Any) -> str:
    """What somebody who has signed in chose; empty for anybody else, and who leaves it to the browser."""
    return known(getattr(person, "language", ""))


def accepted(header: str) -> str:
    """By an `Accept-Language`."""
    for code, _ in parse_accept_lang_header(header):
        if code == "*":
            break
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def of_browser(cookies: Mapping[str, str], header: str) -> str:
    """What was chosen in this browser before anybody signed in, else what it asks for."""
    return known(cookies.get(settings.LANGUAGE_COOKIE_NAME)) or accepted(header)
