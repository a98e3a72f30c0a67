"""Secrets at rest: Fernet, with keys that can be rotated."""

from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import models


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
