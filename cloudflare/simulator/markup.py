"""HTML as the simulator's pages have it: documents and tables."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    ":root{color-scheme:light dark;background:Canvas}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}div{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%}"
    "td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8884;"
    "vertical-align:top;overflow-wrap:anywhere}th{font-size:.85rem;opacity:.75}.bad{color:#c22;font-weight:600}"
)


def document(title: str, content: str, style: str = STYLE) -> str:
    """`content` is markup."""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style><h1>{escape(title)}</h1>{content}"
    )


def table(title: str, names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """`title` is ours and may hold markup; cells are not and may not, but for those that say so (`__html__`)."""
    lines = ["<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return f"<h2>{title}</h2><p>None.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    return f"<h2>{title}</h2><div><table><tr>{head}</tr>{''.join(lines)}</table></div>"


def _cell(cell: object) -> str:
    return str(cell.__html__()) if hasattr(cell, "__html__") else escape(str(cell))
