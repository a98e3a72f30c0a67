"""A policy that changed under people, or was lost on the way: who may not come in is out of their sessions."""

import pytest

from cloudflare.models import Account, Publication
from containers.models import Container
from tenants.models import User
from tests.cloudflare.conftest import admits
from tests.cloudflare.signing_out import GINA, revoke, share, signed_out
from tests.conftest import converge
from tests.parts import Cloud
from tests.simulator.people import pin, provider

pytestmark = pytest.mark.django_db


def test_whom_a_drift_hid_is_signed_out_all_the_same(box: Container, cloud: Cloud) -> None:
    """Nobody knows any more whom the policy admitted; who may have been in is known still."""
    grant = share(box)
    converge()
    Publication.objects.update(admitted=None, policy_digest="")
    revoke(grant)
    converge()
    assert signed_out(cloud) == 1


@pytest.mark.parametrize("kind", ["lost", "dropped"])
def test_a_policy_whose_answer_was_lost_is_written_again_without_who_left_meanwhile(
    box: Container, cloud: Cloud, kind: str
) -> None:
    converge()
    cloud.fault(kind=kind, method="PUT", path="/access/apps/")
    grant = share(box)
    converge()
    entered = cloud.sign_in(GINA, box.hostname)
    assert bool(entered) == (kind == "lost")
    revoke(grant)
    cloud.heal()
    converge()
    grant.refresh_from_db()
    assert grant.state == "revoked"
    assert cloud.sign_in(GINA, box.hostname) is None
    assert not admits(cloud, box.hostname, entered)
    assert signed_out(cloud) == 1


def test_another_login_method_ends_the_sessions_of_the_earlier_one(box: Container, cloud: Cloud, owner: User) -> None:
    converge()
    session = cloud.sign_in(owner.email, box.hostname)
    account = Account.objects.get()
    elsewhere = provider(cloud)
    account.identity_provider_id = elsewhere
    account.save()
    assert admits(cloud, box.hostname, session)
    converge()
    (app,) = [row for row in cloud.state()["apps"].values() if row["fields"]["domain"] == box.hostname]
    assert app["fields"]["allowed_idps"] == [elsewhere]
    assert app["policies"][0]["fields"]["require"] == [{"login_method": {"id": elsewhere}}]
    assert not admits(cloud, box.hostname, session)
    assert cloud.sign_in(owner.email, box.hostname, pin(cloud)) is None
    assert Publication.objects.get().required == elsewhere
    before = len(cloud.writes())
    account.save()
    assert not Publication.objects.due().exists()
    account.identity_provider_id = ""
    account.save()
    converge()
    assert len(cloud.writes()) == before + 1, "nobody is shut out by that"
    assert cloud.sign_in(owner.email, box.hostname)


def test_a_login_method_that_cloudflare_does_not_know_keeps_nobody_in(
    box: Container, cloud: Cloud, owner: User
) -> None:
    grant = share(box)
    converge()
    session, mine = (cloud.sign_in(email, box.hostname) for email in (GINA, owner.email))
    account = Account.objects.get()
    account.identity_provider_id = "mistyped"
    account.save()
    converge()
    row = Publication.objects.get()
    assert (row.code, row.retrying, row.required, row.revoking) == ("cloudflare_rejected", False, "", False)
    assert admits(cloud, box.hostname, mine), "nobody is signed out for what does not come about"
    revoke(grant)
    converge()
    assert not admits(cloud, box.hostname, session)
    assert cloud.sign_in(GINA, box.hostname) is None
    grant.refresh_from_db()
    assert grant.state == "revoked"
    assert Publication.objects.get().code == "cloudflare_rejected", "it is still to be mended"
    account.identity_provider_id = provider(cloud)
    account.save()
    converge()
    row = Publication.objects.get()
    assert (row.code, row.required) == ("", account.identity_provider_id)
