"""Data of a container: exports to download, imports to restore from."""

from typing import Any

from django.core.files import File
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from containers import visibility
from containers.api.serializers import ErrorSerializer
from containers.archives import asking, store
from containers.archives.sending import attachment
from containers.models import Archive, ArchiveKind, Container
from containers.permissions import ContainerPermission
from tenants import audit, current
from tenants.events import Action
from tenants.words import gettext as _


class ArchiveSerializer(serializers.ModelSerializer[Archive]):
    """A failed one says why in `error`."""

    state = serializers.CharField(read_only=True, help_text="queued, running, done, failed or expired")
    error = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = Archive
        fields = ("id", "kind", "state", "size", "sha256", "created_at", "finished_at", "expires_at", "error", "note")

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, archive: Archive) -> dict[str, str] | None:
        return {"code": archive.code, "detail": archive.message} if archive.code else None

    @extend_schema_field(serializers.CharField())
    def get_note(self, archive: Archive) -> str:
        return "" if archive.code else archive.message


class RawParser(BaseParser):
    """A body that is the archive itself, left unread: it goes to the disk in pieces."""

    media_type = "application/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return {"file": File(stream, name="archive")}


_FILE = {"type": "string", "format": "binary"}
_UPLOADS = {
    "application/gzip": _FILE,
    "multipart/form-data": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]},
}


class _ArchiveView(APIView):
    """`kind` and what is asked about one; a container that is gone still has its downloads until they expire."""

    permission_classes = (IsAuthenticated,)
    kind: ArchiveKind
    name: str

    def container(self, pk: Any, *, living: bool) -> Container:
        seen = Container.objects.visible_to(self.request.user).select_related("tenant")
        found = get_object_or_404(seen.living() if living else seen, pk=pk)
        if not visibility.may(self.request.user, found, "change"):
            self.permission_denied(self.request, str(ContainerPermission.message))
        return found

    def archive(self, pk: Any, archive: Any) -> Archive:
        return get_object_or_404(
            self.container(pk, living=False).archives.select_related("container__tenant"), pk=archive, kind=self.kind
        )

    def cancelled(self, request: Request, pk: Any, archive: Any) -> Response:
        ended = asking.cancel(self.archive(pk, archive), actor=current.person(request))
        return Response(ArchiveSerializer(ended).data, status=status.HTTP_202_ACCEPTED)

    def accepted(self, made: Archive) -> Response:
        where = reverse(self.name, args=[made.container_id, made.pk], request=self.request)
        return Response(ArchiveSerializer(made).data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})


class ExportsView(_ArchiveView):
    kind, name = ArchiveKind.EXPORT, "api-export"

    costly = frozenset({"post"})

    @extend_schema(request=None, responses={202: ArchiveSerializer})
    def post(self, request: Request, pk: Any) -> Response:
        """Export a container's data.

        202 with the export and its `Location`; once it is done, `download/` below that has the file.
        """
        return self.accepted(asking.export(self.container(pk, living=True), actor=current.person(request)))


class ExportView(_ArchiveView):
    kind = ArchiveKind.EXPORT

    @extend_schema(responses=ArchiveSerializer)
    def get(self, request: Request, pk: Any, archive: Any) -> Response:
        """Show how an export goes."""
        return Response(ArchiveSerializer(self.archive(pk, archive)).data)

    @extend_schema(responses={202: ArchiveSerializer})
    def delete(self, request: Request, pk: Any, archive: Any) -> Response:
        """Cancel an export.

        202; it then fails as `archive_cancelled`. One that has come to its end stays as it is.
        """
        return self.cancelled(request, pk, archive)


class DownloadView(_ArchiveView):
    kind = ArchiveKind.EXPORT

    @extend_schema(responses={(200, "application/gzip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: Any, archive: Any) -> FileResponse:
        """Download an export as a tar.gz file."""
        found = self.archive(pk, archive)
        if not found.available:
            raise Http404
        try:
            file = store.opened(found.file)
        except FileNotFoundError:
            raise Http404 from None
        container = found.container
        audit.record(
            Action.CONTAINER_DOWNLOAD,
            actor=current.person(request),
            target=container,
            tenant=container.tenant,
            archive=str(found.pk),
        )
        return attachment(request._request, found, file)


class ImportsView(_ArchiveView):
    kind, name = ArchiveKind.IMPORT, "api-import"
    parser_classes = (MultiPartParser, RawParser)
    costly = frozenset({"post"})

    @extend_schema(request=_UPLOADS, responses={202: ArchiveSerializer})
    def post(self, request: Request, pk: Any) -> Response:
        """Replace a container's data by what is in an archive.

        Send a tar or tar.gz file as the body, or as `file` of a form. 202 with the import and its `Location`.
        """
        container, actor = self.container(pk, living=True), current.person(request)
        length = request.META.get("CONTENT_LENGTH") or ""
        asking.check_upload(container, int(length) if length.isdigit() else None, actor=actor)
        body: Any = request.data
        file = body.get("file")
        if not isinstance(file, File):
            raise ValidationError({"file": _("Send a tar or tar.gz file, as the body or as this field of a form.")})
        return self.accepted(asking.restore(container, file, actor=actor))


class ImportView(_ArchiveView):
    kind = ArchiveKind.IMPORT

    @extend_schema(responses=ArchiveSerializer)
    def get(self, request: Request, pk: Any, archive: Any) -> Response:
        """Show how an import goes."""
        return Response(ArchiveSerializer(self.archive(pk, archive)).data)

    @extend_schema(responses={202: ArchiveSerializer})
    def delete(self, request: Request, pk: Any, archive: Any) -> Response:
        """Cancel an import.

        202; it then fails as `archive_cancelled`, and the data stays as it was. Not once the data is replaced.
        """
        return self.cancelled(request, pk, archive)
