"""`docs/websockets.md` as a page: what OpenAPI has no words for. Pure but for reading the file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict


@dataclass(frozen=True, slots=True)
class Guide:
    """`parts`: the names and addresses of its second-level headings."""

    title: str
    parts: list[tuple[str, str]]
    text: SafeString


class _Renderer(RendererHTML):
    """What is wider than a screen scrolls by itself, by keyboard, too. Methods are named as the tokens they write."""

    def table_open(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        about = escapeHtml(tokens[at].meta["about"])
        return f'<div class="scroll" role="group" aria-label="Table: {about}" tabindex="0"><table>\n'

    def table_close(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return "</table></div>\n"

    def fence(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: Any) -> str:
        return super().fence(tokens, at, options, env).replace("<pre>", '<pre tabindex="0">', 1)


@cache
def websockets() -> Guide:
    """Made once, at the first request."""
    return guide((settings.BASE_DIR / "docs" / "websockets.md").read_text("utf-8"))


def guide(source: str) -> Guide:
    """`source` begins with its title; HTML in it is shown as text."""
    title, _, rest = source.partition("\n")
    markdown = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
    tokens = markdown.parse(rest)
    parts: list[tuple[str, str]] = []
    name = ""
    for token, words in pairwise(tokens):
        if token.type == "heading_open":
            name = words.content.replace("`", "")
            address = slugify(name.replace("/", " "))
            if token.tag == "h2":
                parts.append((name, address))
            elif parts:
                address = f"{parts[-1][1]}-{address}"  # several sockets have a message of the same name
            token.attrSet("id", address)
        elif token.type == "table_open":
            token.meta["about"] = name
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Guide(title.lstrip("# "), parts, mark_safe(html))  # noqa: S308  (made of our own document, HTML escaped)
