"""What the pages may load: only what Warren serves, nothing within the page, and what others wrote unchanged."""

import hashlib
import re
from pathlib import Path

import pytest
from csp.constants import SELF
from django.test import Client

from config.content_policy import policy
from tenants.models import User

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
WITHIN = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|\shx-on|javascript:|(?:src|href)=[\"'](?:https?:)?//"
)


def test_what_others_wrote_is_as_they_published_it() -> None:
    listed = dict(
        re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", (VENDOR / "README.md").read_text(), re.MULTILINE)
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["README.md"]
    assert found == listed


def test_no_page_has_script_or_style_of_its_own() -> None:
    """Mails are left out: they have no style sheet to refer to. So are the admin's pages, as in the policy."""
    pages = [path for path in (ROOT / "templates").rglob("*.html") if not {"mail", "admin"} & set(path.parts)]
    assert len(pages) > 30
    found = {str(path): match.group() for path in pages for match in [WITHIN.search(path.read_text())] if match}
    assert found == {}


@pytest.mark.django_db
def test_every_page_says_so_and_the_admin_with_what_unfold_needs(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    for path in ("/", "/account/", "/api/docs/", "/api/v1/containers/", "/nowhere/"):
        policy = f"{client.get(path).headers['Content-Security-Policy']};"  # in no order, and the last has no end
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "nonce" not in policy  # only where a terminal may be opened
    client.force_login(User.objects.create_superuser("staff@example.com", "secret"))
    for path in ("/admin/", "/admin/tenants/tenant/", "/admin/nowhere/"):
        policy = f"{client.get(path).headers['Content-Security-Policy']};"
        assert "default-src 'none'" in policy
        assert "script-src 'self' 'unsafe-eval';" in policy  # no script within a page, there neither
        assert "style-src 'self' 'unsafe-inline';" in policy
        assert "frame-ancestors 'none'" in policy


def test_a_form_may_end_at_access() -> None:
    """Chromium asks about every redirection that follows a form, and signing out leads there."""
    assert "https://team.cloudflareaccess.com" in policy("team.cloudflareaccess.com")["DIRECTIVES"]["form-action"]
    assert policy("")["DIRECTIVES"]["form-action"] == [SELF]
