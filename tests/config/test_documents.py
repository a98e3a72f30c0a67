"""The documents that people and programs work by, held to what they describe."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from config.openapi.guide import guide
from monitoring.models import Kind
from tests.live import described

ROOT = Path(__file__).resolve().parents[2]
WEBSOCKETS = (ROOT / "docs" / "websockets.md").read_text()


def test_every_setting_is_described() -> None:
    rows = re.findall(r"^\| (`[^|]+) \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", " ".join(rows)))
    read = set(re.findall(r'\benv(?:\.\w+)?\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))
    for path in (ROOT / "config" / "embedded").glob("*.py"):
        read |= set(re.findall(r'\benviron(?:\.get\(|\[)"(\w+)"', path.read_text()))
    assert {"SECRET_KEY", "SOCKETS_PER_PERSON", "EDGE_PORT"} <= read
    assert read == described


def test_every_event_is_described() -> None:
    row = next(line for line in WEBSOCKETS.splitlines() if line.startswith("| event |"))
    assert set(re.findall(r"`(\w+)`", row)) == set(Kind.values)


def test_the_example_sends_what_is_described() -> None:
    """That it runs against an installation is for whoever changes it to try."""
    (code,) = re.findall(r"^```python\n(.+?)^```", WEBSOCKETS, re.MULTILINE | re.DOTALL)
    sent = {}
    for node in ast.walk(compile(code, "websockets.md", "exec", ast.PyCF_ONLY_AST)):
        if isinstance(node, ast.Dict):
            facts = {ast.literal_eval(key): value for key, value in zip(node.keys, node.values, strict=True) if key}
            if isinstance(kind := facts.pop("type", None), ast.Constant):
                sent[str(kind.value)] = set(facts)
    tables = described.tables()
    assert sent == {kind: set(tables["/ws/containers/", "client", kind]) for kind in ("subscribe", "ack")}
    codes = {int(code) for code in re.findall(r"\b4\d\d\d\b", code)}
    final = re.findall(r"^\| (4\d\d\d) \|.*\| (?:no|mend it first) \|$", WEBSOCKETS, re.MULTILINE)
    assert codes == {int(code) for code in final} - {4404, 4405}, "those are not said of many containers"


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        self.tags.append(tag)
        self.ids += [facts["id"] or ""] if "id" in facts else []
        self.links |= {facts["href"] or ""} if "href" in facts else set()
        assert not {"style", "onclick"} & set(facts)


@pytest.mark.django_db
def test_the_sockets_are_described_on_a_page_of_their_own() -> None:
    answer = Client().get(reverse("api-docs-websockets"))
    page = _Page(answer.text)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {"ws-containers", "ws-containers-client-ack", "ws-containers-id-terminal-client-ack"} <= set(page.ids)
    assert page.tags.count("table") == len(re.findall(r"^\|(?:---\|)+$", WEBSOCKETS, re.MULTILINE))
    assert page.tags.count("script") == 3, "those of every page"
    assert "style" not in page.tags
    assert reverse("api-docs") in page.links
    assert reverse("api-docs-websockets") in _Page(Client().get(reverse("api-docs")).text).links
    assert "&quot;type&quot;: &quot;subscribe&quot;" in answer.text


def test_html_in_a_document_is_shown_as_text() -> None:
    shown = guide("# Title\n\n## One\n\n<script>alert(1)</script> and `<b>`\n")
    assert (shown.title, shown.parts) == ("Title", [("One", "one")])
    assert _Page(shown.text).tags == ["h2", "p", "code"]


def test_the_image_has_all_that_runs() -> None:
    """The programs, the words of other languages, and of the documents the one that is a page."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY (\w+) \1$", dockerfile, re.MULTILINE))
    ours = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - {"tests", "bench"}
    assert copied == ours | {"locale", "static", "templates"}
    assert "COPY docs/websockets.md docs/\n" in dockerfile
    kept_out = (ROOT / ".dockerignore").read_text().split()
    assert kept_out.index("docs/*") < kept_out.index("!docs/websockets.md")
