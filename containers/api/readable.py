"""A serializer that only answers, and whose fields are made once for all answers."""

import copy
from functools import cache, cached_property
from typing import Any

from rest_framework import serializers
from rest_framework.utils.serializer_helpers import BindingDict


class ReadableSerializer(serializers.ModelSerializer[Any]):
    """REST framework makes the fields of each serializer anew, which takes longer than to fill them with one row.

    Here each gets copies of those that its class has made, with itself as their parent. What lies within a field is
    shared: nothing may write to it, and so nothing is read by such a serializer.
    """

    @cached_property
    def fields(self) -> BindingDict:
        own = BindingDict(self)
        for name, field in _made(type(self)).items():
            own.fields[name] = copy.copy(field)
            own.fields[name].parent = self
        return own


@cache
def _made(kind: type[ReadableSerializer]) -> dict[str, Any]:
    return dict(super(ReadableSerializer, kind()).fields.items())
