"""Secrets at rest: Fernet, with keys that can be rotated."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import models
from django.db.models.functions import Cast


@cache
def _fernet() -> MultiFernet:
    if not settings.ENCRYPTION_KEYS:
        raise ImproperlyConfigured("ENCRYPTION_KEYS is unset; make one with: python manage.py new_key")
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def _forget_keys(*, setting: str, **kwargs: Any) -> None:
    if setting == "ENCRYPTION_KEYS":
        _fernet.cache_clear()


setting_changed.connect(_forget_keys)


class EncryptedTextField(models.TextField[str, str]):
    """Text that the database holds only encrypted; the first key encrypts, every key decrypts.

    It cannot be searched or compared: equal texts encrypt differently.
    """

    def get_prep_value(self, value: str | None) -> str | None:
        text = super().get_prep_value(value)
        return _fernet().encrypt(text.encode()).decode() if text else text

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if not value:
            return value
        try:
            return _fernet().decrypt(value.encode()).decode()
        except InvalidToken as exc:
            raise ImproperlyConfigured(
                f"{self.model.__name__}.{self.name} was encrypted with a key that ENCRYPTION_KEYS no longer holds"
            ) from exc


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How many secrets there are, and how many of them an older key had encrypted."""

    all: int
    anew: int


def reencrypt() -> Reencrypted:
    """Have the first key encrypt every secret in the database. Raises `ImproperlyConfigured` where no key opens one."""
    all_, anew = 0, 0
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, EncryptedTextField):
                here = _reencrypt(model, field)
                all_, anew = all_ + here.all, anew + here.anew
    return Reencrypted(all_, anew)


def _reencrypt(model: type[models.Model], field: EncryptedTextField) -> Reencrypted:
    """Row by row, and only where the stored text is still the one that was read: whoever saved meanwhile is right."""
    first, anew = Fernet(settings.ENCRYPTION_KEYS[0]), 0
    stored = model._default_manager.annotate(stored=Cast(field.name, models.TextField())).exclude(stored="")
    rows = list(stored.order_by("pk").values_list("pk", "stored"))
    for pk, text in rows:
        if not _opens(first, text):
            plain = field.from_db_value(text, None, None)
            anew += stored.filter(pk=pk, stored=text).update(**{field.name: plain})
    return Reencrypted(len(rows), anew)


def _opens(key: Fernet, text: str) -> bool:
    try:
        key.decrypt(text.encode())
    except InvalidToken:
        return False
    return True
