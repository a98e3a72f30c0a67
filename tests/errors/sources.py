"""What the sources refuse with: each `Refused`, with its code and the sentences that it may say."""

import ast
import re
from collections.abc import Iterator

from tests.test_shape import APPS, ROOT

WORDS = {"_", "gettext", "gettext_lazy"}
Refusal = tuple[str, str]  # its code, and a sentence with the placeholders of `%`


def refusals() -> Iterator[Refusal]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "Refused(" in (source := path.read_text()):
                yield from _of(ast.parse(source))


def _of(module: ast.Module) -> Iterator[Refusal]:
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    known = _assigned(module.body)
    for function in functions:
        names = known | _assigned(list(ast.walk(function)))
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                code, message = node.args[:2]
                if isinstance(code, ast.Constant):
                    yield from ((str(code.value), text) for text in _said(message, names))


def _assigned(nodes: list[ast.AST] | list[ast.stmt]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _said(message: ast.expr, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The words that are translated; not those among their values."""
    match message:
        case ast.BinOp(left=left, op=ast.Mod()):
            yield from _said(left, names)
        case ast.Name(id=name):
            for value in names.get(name, []):
                yield from _said(value, names)
        case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(text)), *_]) if name in WORDS:
            yield text
        case ast.Call(func=ast.Name(id="ngettext"), args=[_, ast.Constant(value=str(text)), *_]):
            yield text


def says(sentence: str, said: str) -> bool:
    """Whether the document's words are these, with something in place of each placeholder."""
    return re.fullmatch(".+".join(map(re.escape, re.split(r"%\(\w+\)[sd]", sentence))), said) is not None
