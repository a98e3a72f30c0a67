"""Make, adopt or take away one thing at Cloudflare, whatever an earlier, killed pass may have left of it.

Creation looks nothing up on a first attempt: nothing of ours can be there. Every later attempt looks first, and a
"there is one already" is answered by looking. Removal always ends by looking that nothing is left.
"""

from contextlib import suppress

from cloudflare.client import App, AppSpec, Cloudflare, Record, RecordSpec, errors
from cloudflare.models import Publication
from cloudflare.reconcile import documents
from containers.errors import Retryable, Terminal
from containers.lease import Lease

_LEFT = 5  # more than this of one name is no leftover of ours


def application(client: Cloudflare, publication: Publication, wanted: AppSpec) -> App:
    """The application as Cloudflare answered; the caller compares it with what was wanted."""
    if publication.app_id:
        try:
            return client.apps.replace(publication.app_id, wanted)
        except errors.NotFound:
            publication.policy_digest = ""  # the guard alone protects it, until there is an answer
            return _adopted_application(client, wanted) or client.apps.create(wanted)
    found = None if publication.first_attempt else _adopted_application(client, wanted)
    if found is None:
        try:
            return client.apps.create(wanted)
        except errors.Conflict:
            found = _adopted_application(client, wanted)
            if found is None:
                raise
    return found


def _adopted_application(client: Cloudflare, wanted: AppSpec) -> App | None:
    found = client.apps.find(wanted.hostname)
    if found is None:
        return None
    if found.name != wanted.name:
        raise Terminal(
            "application_taken",
            f"At Cloudflare another Access application stands over {wanted.hostname}; remove it there, then retry.",
        )
    return client.apps.replace(found.id, wanted)


def record(client: Cloudflare, publication: Publication, wanted: RecordSpec) -> Record:
    records = client.zone(publication.zone.zone_id).records
    if publication.record_id:
        try:
            return records.update(publication.record_id, wanted)
        except errors.NotFound:
            return _adopted_record(client, publication, wanted) or records.create(wanted)
    found = None if publication.first_attempt else _adopted_record(client, publication, wanted)
    if found is None:
        try:
            return records.create(wanted)
        except errors.Conflict:
            found = _adopted_record(client, publication, wanted)
            if found is None:
                raise
    return found


def _adopted_record(client: Cloudflare, publication: Publication, wanted: RecordSpec) -> Record | None:
    records = client.zone(publication.zone.zone_id).records
    found = records.find(wanted.name)
    if found is None:
        return None
    if found.comment != documents.mark():
        raise Terminal(
            "record_taken",
            f"The zone holds another DNS record {wanted.name}; remove it at Cloudflare, then retry.",
        )
    return records.update(found.id, wanted)


def without_record(client: Cloudflare, publication: Publication, lease: Lease) -> None:
    """Returns once the zone was seen without a record of ours for the hostname."""
    records = client.zone(publication.zone.zone_id).records
    if publication.record_id:
        lease.hold()
        with suppress(errors.NotFound):
            records.delete(publication.record_id)
    for _ in range(_LEFT):
        lease.hold()
        left = records.find(publication.hostname)
        if left is None or left.comment != documents.mark():
            return
        with suppress(errors.NotFound):
            records.delete(left.id)
    raise Retryable("record_remains", f"The DNS record of {publication.hostname} keeps coming back.")


def without_application(client: Cloudflare, publication: Publication, lease: Lease) -> None:
    """Returns once the account was seen without an application of ours for the hostname."""
    ours = f"{documents.mark()} {publication.hostname}"
    if publication.app_id:
        lease.hold()
        with suppress(errors.NotFound):
            client.apps.delete(publication.app_id)
    for _ in range(_LEFT):
        lease.hold()
        left = client.apps.find(publication.hostname)
        if left is None or left.name != ours:
            return
        with suppress(errors.NotFound):
            client.apps.delete(left.id)
    raise Retryable("application_remains", f"The application of {publication.hostname} keeps coming back.")
