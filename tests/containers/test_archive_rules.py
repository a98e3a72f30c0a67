"""What is taken from an archive that anybody may have made, and what is not."""

import gzip
import io
import tarfile
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.archives.reading import Chunks, Unfit, entries, packed, unzipped, whole, zipped
from containers.archives.rules import Check

MIB = 1024**2
Spec = dict[str, Any]


def tar(*specs: Spec, kind: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for spec in specs:
            entry = tarfile.TarInfo(spec["name"])
            content = spec.get("content", b"")
            for name, value in spec.items():
                if name not in {"name", "content"}:
                    setattr(entry, name, value)
            entry.size = spec.get("size", len(content))
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def taken(data: bytes, size: int = MIB, folder: str = "/data", prefix: str = "") -> list[tarfile.TarInfo]:
    check = Check(folder, size, prefix)
    with whole():
        return [check.admit(entry) for entry, _ in entries(unzipped(io.BytesIO(data)))]


FOLDER = {"type": tarfile.DIRTYPE, "mode": 0o755}
LINK, HARD = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}


def test_what_is_kept_and_what_is_dropped() -> None:
    found = taken(
        tar(
            {"name": "./", **FOLDER, "mode": 0o1777, "uid": 5},
            {"name": "./a//b", "content": b"hello", "mode": 0o640, "uid": 7, "gid": 8, "mtime": 12.5, "uname": "root"},
            {"name": "c", **HARD, "linkname": "a/b"},
            {"name": "a/up", **LINK, "linkname": "../a/b"},
            {"name": "own", **LINK, "linkname": "/data/a/b"},
            {"name": "x", "pax_headers": {"SCHILY.xattr.security.capability": "all"}},
        )
    )
    assert [entry.name for entry in found] == [".", "a/b", "c", "a/up", "own", "x"]
    assert (found[0].mode, found[0].uid) == (0o1777, 5)
    file = found[1]
    assert (file.size, file.mode, file.uid, file.gid, file.mtime, file.uname) == (5, 0o640, 7, 8, 12.5, "")
    assert found[2].linkname == "a/b"
    assert found[5].pax_headers == {}


@pytest.mark.parametrize(
    ("name", "specs"),
    [
        ("an absolute path", [{"name": "/etc/passwd"}]),
        ("a way up", [{"name": "../x"}]),
        ("a way up inside", [{"name": "a/../../x"}]),
        ("a device", [{"name": "null", "type": tarfile.CHRTYPE}]),
        ("a block device", [{"name": "sda", "type": tarfile.BLKTYPE}]),
        ("a pipe", [{"name": "pipe", "type": tarfile.FIFOTYPE}]),
        ("setuid", [{"name": "su", "mode": 0o4755}]),
        ("setgid", [{"name": "su", "mode": 0o2755}]),
        ("a link out", [{"name": "a", **LINK, "linkname": "../x"}]),
        ("a link out from below", [{"name": "a/b", **LINK, "linkname": "../../x"}]),
        ("an absolute link", [{"name": "a", **LINK, "linkname": "/etc"}]),
        ("an absolute link with a way up", [{"name": "a", **LINK, "linkname": "/data/../etc"}]),
        ("an absolute link beside", [{"name": "a", **LINK, "linkname": "/database"}]),
        (
            "a way up through a link",
            [{"name": "d", **LINK, "linkname": "."}, {"name": "a", **LINK, "linkname": "d/.."}],
        ),
        ("a file below a link", [{"name": "d", **LINK, "linkname": "."}, {"name": "d/x"}]),
        ("a link over a folder", [{"name": "d/x"}, {"name": "d", **LINK, "linkname": "."}]),
        ("a file below a file", [{"name": "d"}, {"name": "d/x"}]),
        ("a file twice", [{"name": "d"}, {"name": "d"}]),
        ("a hard link to nothing", [{"name": "a", **HARD, "linkname": "b"}]),
        ("a hard link out", [{"name": "a", **HARD, "linkname": "../b"}]),
        ("a hard link to a link", [{"name": "b", **LINK, "linkname": "c"}, {"name": "a", **HARD, "linkname": "b"}]),
        ("an endless name", [{"name": "a/" * 3000 + "a"}]),
        ("an impossible owner", [{"name": "a", "uid": 2**40}]),
        ("the folder as a file", [{"name": "."}]),
        ("an empty link", [{"name": "a", **LINK, "linkname": ""}]),
    ],
)
def test_evil_entries(name: str, specs: list[Spec]) -> None:
    with pytest.raises(Unfit) as refused:
        taken(tar({"name": "good"}, *specs))
    assert refused.value.code == "archive_invalid"


def test_too_large_unpacked() -> None:
    """Four megabytes of zeros that are some kilobytes on their way."""
    bomb = gzip.compress(tar({"name": "a", "content": bytes(2 * MIB)}, {"name": "b", "content": bytes(2 * MIB)}))
    assert len(bomb) < 10_000
    with pytest.raises(Unfit) as refused:
        taken(bomb, size=3 * MIB)
    assert refused.value.code == "archive_too_large"
    assert taken(bomb, size=4 * MIB)


def test_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from containers.archives import rules

    monkeypatch.setattr(rules, "MAX_ENTRIES", 50)
    with pytest.raises(Unfit) as refused:
        taken(tar(*({"name": f"f{number}"} for number in range(60))))
    assert refused.value.code == "archive_too_large"
    with pytest.raises(Unfit):
        taken(tar({"name": "a/" * 60 + "a"}))


def _headed(kind: bytes, size: int) -> bytes:
    entry = tarfile.TarInfo("head")
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.GNU_FORMAT) + bytes(min(size, 4 * MIB) if size > 0 else 0) + bytes(1024)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nothing", b""),
        ("text", b"not a tar at all"),
        ("half a block", bytes(511)),
        ("zipped text", gzip.compress(b"not a tar at all")),
        ("a cut zip", gzip.compress(tar({"name": "a", "content": b"x" * 5000}))[:-6]),
        ("a cut file", tar({"name": "a", "content": b"x" * 50_000})[:20_000]),
        ("no end", tar({"name": "a", "content": b"x" * 512})[: 512 * 2]),  # whole entries, and no end
        (
            "rubbish for an end",
            tar({"name": "a", "content": b"x" * 512})[: 512 * 2] + b"\x01" * 1024,
        ),  # rubbish where the end should be
        ("something behind", tar({"name": "a"}) + bytes(4 * MIB)),
        ("a huge name", _headed(tarfile.GNUTYPE_LONGNAME, 3 * MIB)),
        ("a huge head", _headed(tarfile.XHDTYPE, 3 * MIB)),
        ("a huge global head", _headed(tarfile.XGLTYPE, 3 * MIB)),
        ("sparse", _headed(tarfile.GNUTYPE_SPARSE, 512)),
        ("a size below zero", _headed(tarfile.REGTYPE, -512)),
        ("a size below zero in a head", tar({"name": "a", "pax_headers": {"size": "-1024"}, "content": b"x"})),
        (
            "sparse by a head",
            tar({"name": "a", "pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}, "content": b"x"}),
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_whole_archive(name: str, data: bytes) -> None:
    with pytest.raises(Unfit):
        taken(data)


def test_a_time_from_nowhere() -> None:
    (entry,) = taken(tar({"name": "a", "pax_headers": {"mtime": "nan"}}))
    assert entry.mtime == 0


names = st.text("ab.", min_size=1, max_size=3).filter(lambda name: name.strip(".")) | st.just("..")
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
kinds = st.sampled_from([tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE])


@given(st.lists(st.tuples(paths, kinds, paths), max_size=6))
def test_nothing_that_is_taken_is_ever_outside(tmp_path_factory: Any, members: list[tuple[str, bytes, str]]) -> None:
    """Whatever is taken is unpacked for real; every file and every link then resolves to within the folder."""
    from pathlib import Path

    root = tmp_path_factory.mktemp("root")
    folder = root / "data"
    check = Check("/data", MIB)
    fit = []
    for name, kind, target in members:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.mode = kind, target, 0o755
        try:
            fit.append(check.admit(entry))
        except Unfit:
            break
    folder.mkdir()
    with tarfile.open(fileobj=io.BytesIO(b"".join(packed((entry, None) for entry in fit)))) as archive:
        if hasattr(tarfile, "fully_trusted_filter"):  # what Debian 12's Python, which has no filters yet, does anyway
            archive.extraction_filter = tarfile.fully_trusted_filter
        archive.extractall(folder)
    for path in Path(root).rglob("*"):
        if not path.is_symlink() or path.exists():
            assert path.resolve().is_relative_to(folder), path


def test_what_is_packed_is_read_the_same(tmp_path_factory: Any) -> None:
    content = bytes(range(256)) * 9000
    data = tar({"name": "data/", **FOLDER}, {"name": "data/x" * 60, "content": content, "mtime": 5.25, "uid": 2**22})
    check = Check("/data", 4 * MIB, prefix="data")

    def fit(check: Callable[..., Any] = check.admit) -> Any:
        for entry, body in entries(Chunks(data[at : at + 700] for at in range(0, len(data), 700))):
            yield check(entry), body

    again = b"".join(zipped(packed(fit())))
    found = list(entries(unzipped(io.BytesIO(again))))
    assert [entry.name for entry, _ in found] == [".", ("data/x" * 60).removeprefix("data/")]
    assert (found[1][0].mtime, found[1][0].uid, found[1][0].size) == (5.25, 2**22, len(content))
    for entry, body in entries(unzipped(io.BytesIO(again))):
        assert body is None or body.read() == content, entry


def _heads(kind: bytes, count: int, content: bytes) -> bytes:
    """So many heads, with an entry behind them, as a tar.gz file."""
    head = tarfile.TarInfo("head")
    head.type, head.size = kind, len(content)
    one = head.tobuf(tarfile.USTAR_FORMAT) + content + bytes(-len(content) % 512)
    return gzip.compress(one * count + tar({"name": "a"}))


def _record(name: str, value: str) -> bytes:
    rest = f" {name}={value}\n"
    length = len(rest) + len(str(len(rest) + 6))
    assert len(f"{length}{rest}") == length
    return f"{length}{rest}".encode()


@pytest.mark.parametrize(
    ("name", "kind", "count", "content"),
    [
        ("global heads", tarfile.XGLTYPE, 100, _record("comment", "x" * 1_000_000)),
        ("heads on heads", tarfile.XHDTYPE, 600, _record("comment", "x" * 990)),
        ("names on names", tarfile.GNUTYPE_LONGNAME, 600, b"name\0"),
        ("fields for all", tarfile.XGLTYPE, 1, _record("path", "x" * 990)),
        ("digits without end", tarfile.XHDTYPE, 1, b"1" * 1_000_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_heads_that_are_meant_to_fill_memory(name: str, kind: bytes, count: int, content: bytes) -> None:
    data = _heads(kind, count, content)
    tracemalloc.start()
    try:
        with pytest.raises(Unfit) as refused:
            taken(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.code == "archive_invalid"
    assert peak < 16 * MIB


def test_heads_between_entries_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from containers.archives import reading

    data = tar(*({"name": f"f{number}", "pax_headers": {"comment": "x" * 1000}} for number in range(50)))
    assert len(taken(data)) == 50
    monkeypatch.setattr(reading, "MAX_HEADS", 40_000)
    with pytest.raises(Unfit, match="precedes"):
        taken(data)


def test_a_remark_for_all_entries_is_taken() -> None:
    """Git writes the commit there."""
    assert [entry.name for entry in taken(_heads(tarfile.XGLTYPE, 1, _record("comment", "x" * 990)))] == ["a"]
