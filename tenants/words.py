"""What people read, in their language, with the English beside it: that is what stands on record.

In place of Django's own functions where a text may be kept as well as shown, as that of a `Refused` is.
"""

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.functional import Promise


class Words(str):
    """A text in the language at hand; `english` is the same in English."""

    _source: str
    _values: Mapping[str, Any] | None

    def __new__(cls, text: str, source: str = "", values: Mapping[str, Any] | None = None) -> "Words":
        """Without a source where a copy is made, which gets it afterwards."""
        made = super().__new__(cls, text)
        made._source, made._values = source, values
        return made

    def __mod__(self, values: Mapping[str, Any]) -> "Words":
        """With the values of its placeholders, which have names; words among them have an English of their own."""
        return Words(super().__mod__(values), self._source, values)

    @property
    def english(self) -> str:
        if self._values is None:
            return self._source
        with translation.override("en"):
            values = {name: english(value) for name, value in self._values.items()}
            return self._source % values


def english(text: Any) -> Any:
    """What a text says in English; anything else, as it is."""
    if isinstance(text, Promise):
        with translation.override("en"):
            return str(text)
    return text.english if isinstance(text, Words) else text


def gettext(message: str) -> Words:
    return Words(translation.gettext(message), message)


def ngettext(singular: str, plural: str, number: int) -> Words:
    return Words(translation.ngettext(singular, plural, number), singular if number == 1 else plural)
