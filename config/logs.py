"""Keeps secrets out of the logs, whoever logs them, and notes which request a line belongs to."""

import logging
import re
from typing import Any

from django.conf import settings
from pythonjsonlogger.core import RESERVED_ATTRS

from tenants.origin import origin

_SHAPES = re.compile(
    r"(?i)(?P<keep>(?:authorization|bearer|token|secret|password|api[_-]?key|cookie)\b[\"']?\s*[:=]?\s*[\"']?"
    r"(?:bearer\s+)?)(?P<secret>[A-Za-z0-9+/_.=-]{16,})"
)
_TUNNEL_TOKEN = re.compile(r"\beyJ[A-Za-z0-9+/_.=-]{24,}")  # a tunnel token and a JWT both start like this
_LINK = re.compile(r"(?P<keep>/(?:invitations|sign-up|password-reset)/)(?!confirm/|accept/)[^/\s?\"']+")
MASK = "***"


def mask(text: str) -> str:
    """Replace this installation's own secrets, and whatever has the shape of one, by `***`."""
    for secret in (settings.CLOUDFLARE_API_TOKEN, settings.SECRET_KEY, *settings.ENCRYPTION_KEYS):
        if secret:
            text = text.replace(secret, MASK)
    text = _LINK.sub(lambda found: found["keep"] + MASK, text)
    text = _TUNNEL_TOKEN.sub(MASK, text)
    return _SHAPES.sub(lambda found: found["keep"] + MASK, text)


class MaskSecrets(logging.Filter):
    """Rewrites a record before any handler formats it, the traceback included."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text, record.exc_info = mask(record.exc_text), None
        for name in vars(record).keys() - RESERVED_ATTRS:  # facts of its own: Django adds the request, path and all
            if not isinstance(value := getattr(record, name), int | float | None):
                setattr(record, name, mask(str(value)))
        return True


class NoteRequest(logging.Filter):
    """Adds `request_id` to what is logged for a request, in a task that it rang as well."""

    def filter(self, record: logging.LogRecord) -> bool:
        if request_id := origin.get().request_id:
            record.request_id = request_id
        return True


def configuration(level: str) -> dict[str, Any]:
    """Django's `LOGGING`: JSON on stderr, one line an event."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"secrets": {"()": MaskSecrets}, "request": {"()": NoteRequest}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "{asctime}{levelname}{name}{message}",
                "style": "{",
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            }
        },
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["secrets", "request"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["stderr"], "propagate": False},
            "axes": {"level": "ERROR"},
            **{name: {"level": "WARNING"} for name in _QUIET},
        },
    }


_QUIET = (
    "urllib3",
    "docker",
    "daphne",
    "celery.app.trace",
    "celery.worker.request",
    "celery.worker.strategy",
    "celery.beat",
)
