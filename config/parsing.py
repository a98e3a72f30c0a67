"""How much is read of what somebody sends."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.utils import formats
from rest_framework.parsers import JSONParser

from tenants.models.plan import MIB
from tenants.refusal import Refused
from tenants.words import gettext as _


def too_large() -> Refused:
    most = formats.localize(settings.DATA_UPLOAD_MAX_MEMORY_SIZE / MIB)
    return Refused(
        "too_large",
        _("More was sent than the %(most)s MiB that Warren takes at a time. Nothing was changed.") % {"most": most},
        status=413,
    )


class BoundedJSONParser(JSONParser):
    """As much JSON as Django takes of a form; REST framework itself reads on past that."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise too_large()
        return super().parse(BytesIO(body), media_type, parser_context)
