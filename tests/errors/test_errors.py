"""Every no that somebody can hear: caused for real, and read as `docs/errors.md` has it."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.utils import translation

from config.openapi.codes import CODES
from containers.engine.memory import MemoryEngine
from monitoring.live.codes import WORDS, Close
from tests.errors import asking, containers, data, document, people, sharing, sources, tenants
from tests.errors.world import Answer, Cause, World, answer
from tests.test_shape import ROOT


@pytest.fixture
def world(zone: Any, memory: MemoryEngine) -> World:
    return World.build(memory)


def caused(world: World, cause: Cause) -> Answer:
    """Nothing of it stays."""
    cache.clear()
    with transaction.atomic(), translation.override("en"):
        found = answer(lambda: cause(world.fresh()))
        transaction.set_rollback(True)
    return found


AREAS = {area.__name__.rpartition(".")[2]: area.CAUSES for area in (people, tenants, containers, data, sharing, asking)}
ROWS = {row.does: row for row in document.rows()}
# What only a browser, an engine or a clock shows, with the test that causes it there.
ELSEWHERE = {
    "Asks while the database is away": "test_an_absent_database_is_no_fault_of_whoever_asks",
    "Meets a fault of Warren's": "test_a_person_reads_a_page",
    "Looks while Cloudflare is away": "test_what_goes_wrong_is_said_and_mended",
    "Looks while the own network is away": "test_what_goes_wrong_is_said_and_mended",
    "Restores an archive that is none": "test_what_is_unfit_changes_nothing",
    "Downloads data that keeps changing": "test_data_that_does_not_hold_still",
    "Downloads data that could not be restored": "test_data_that_could_not_be_restored_is_no_download",
    "Presses a button while viewing as a tenant": "test_every_route_while_viewing",
}


@pytest.mark.django_db
@pytest.mark.parametrize("area", AREAS)
def test_each_no_reads_as_it_is_written(world: World, area: str) -> None:
    wrong = {}
    for does, cause in AREAS[area].items():
        row, found = ROWS[does], caused(world, cause)
        fits = (row.status, row.code) == (found.status, found.code) and any(map(row.says, found.said))
        if not fits:
            wrong[does] = found
    assert wrong == {}


def test_every_row_is_caused_somewhere() -> None:
    sockets = {row.does for row in ROWS.values() if row.code in {close.word for close in Close} and row.status != 404}
    here = {does for causes in AREAS.values() for does in causes}
    assert set(ROWS) == here | set(ELSEWHERE) | sockets
    assert len(ROWS) == len(document.rows()), "each is said once"
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name in ELSEWHERE.values() if f"def {name}(" not in tests] == []
    assert [row.does for row in ROWS.values() if not row.next] == []


def test_every_code_has_its_status_and_a_row() -> None:
    written = {(row.status, row.code) for row in ROWS.values()}
    assert {(status, code) for status, codes in CODES.items() for code in codes} - written == set()


def test_every_sentence_of_the_sources_is_written() -> None:
    found = set(sources.refusals())
    assert len(found) > 80
    assert {code for code, _text in found} - {row.code for row in ROWS.values()} == set()
    assert {text for _code, text in found if not any(sources.says(text, row.said) for row in ROWS.values())} == set()


def test_why_a_socket_is_closed_is_written() -> None:
    written = {(row.status, row.code, row.said) for row in ROWS.values()}
    assert {(int(close), close.word, str(words)) for close, words in WORDS.items()} - written == set()
