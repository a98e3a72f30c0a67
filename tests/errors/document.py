"""`docs/errors.md` as rows: what somebody does, what they read, its status and code, what they can do next."""

import re
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
_STATUS = re.compile(r"(\d+|\u2013)(?: `(\w+)`)?")


@dataclass(frozen=True)
class Row:
    does: str
    said: str
    status: int  # 0: no request is answered with it
    code: str
    next: str

    def says(self, text: str) -> bool:
        """Whether it is this text; `…` stands for what differs each time, such as a moment."""
        return re.fullmatch(".+".join(map(re.escape, self.said.split("…"))), text) is not None


def rows() -> list[Row]:
    found = []
    for line in PATH.read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| What somebody does"):
            does, said, status, after = (cell.strip() for cell in line.strip("|").split(" | "))
            match = _STATUS.fullmatch(status)
            assert match, line
            found.append(Row(does, said, int(match[1]) if match[1].isdecimal() else 0, match[2] or "", after))
    return found
