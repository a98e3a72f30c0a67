"""A domain rule said no: the one exception that pages and the API show to people as it is."""

from typing import Any

from django_stubs_ext import StrOrPromise

from tenants.words import english


class Refused(Exception):
    """The message says what, why and what next; `code` is stable, `members` are facts for programs."""

    def __init__(self, code: str, message: StrOrPromise, *, status: int = 422, **members: Any) -> None:
        super().__init__(message)
        self.english: str = english(message)  # for the record
        self.code = code
        self.status = status
        self.members = members
