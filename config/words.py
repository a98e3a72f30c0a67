"""The words of the pages' scripts: Django's catalogue of them, per language, which a browser may keep for good."""

import hashlib
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from tenants import languages

YEAR = 365 * 24 * 3600
# Of the project alone: the admin's own have a catalogue of theirs.
_written = JavaScriptCatalog.as_view(packages=["config"])


def address() -> str:
    """Where the catalogue of the language at hand is; another one, once a word of it has changed."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    return f"{reverse('javascript-catalog')}?language={language}&v={_version(language)}"


@require_safe
def catalogue(request: HttpRequest) -> HttpResponseBase:
    """In the language that the address names; without one, in that of whoever asks."""
    named = languages.known(request.GET.get("language"))
    with translation.override(named or translation.get_language()):
        answer = _written(request)
    answer["Content-Language"] = named or translation.get_language()
    kept = named and request.GET.get("v") == _version(named)
    answer["Cache-Control"] = f"public, max-age={YEAR}, immutable" if kept else "no-cache"
    return answer


# The address says in which language: nobody needs to be looked up for it, and caches need not tell people apart.
catalogue.speaks_for_itself = True  # type: ignore[attr-defined]  # ours


@cache
def _version(language: str) -> str:
    """Of what is installed: it changes with a new release alone."""
    found = hashlib.sha256()
    for path in settings.LOCALE_PATHS:
        file = path / language / "LC_MESSAGES" / "djangojs.mo"
        found.update(file.read_bytes() if file.exists() else b"")
    return found.hexdigest()[:12]
