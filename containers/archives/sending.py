"""A file as an answer, in pieces, whichever kind of server asks."""

import asyncio
from collections.abc import AsyncIterator
from typing import IO, Any

from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest

from containers.archives.reading import CHUNK
from containers.models import Archive


def attachment(request: HttpRequest, archive: Archive, file: IO[bytes]) -> FileResponse:
    """Under ASGI Django would read a plain file whole into memory first, so it gets an asynchronous one there."""
    name = f"{archive.container.name}-{archive.created_at:%Y%m%d-%H%M%S}.tar.gz"
    answer = FileResponse(file, as_attachment=True, filename=name, content_type="application/gzip")
    if isinstance(request, ASGIRequest):
        pieces: Any = _pieces(file)
        answer.streaming_content = pieces
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, CHUNK):
        yield piece
