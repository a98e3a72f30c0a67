"""Times in the reader's zone, sizes, bars, icons: what every page's template says."""

import datetime
import zoneinfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from tenants import figures
from tenants.templatetags import warren

NOW = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def now(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


def drawn(tag: str, **facts: object) -> str:
    return Template("{% load warren %}" + tag).render(Context(facts)).strip()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, ""),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (1536, "1.5 KiB"),
        (512 * 2**20, "512 MiB"),
        (2**31, "2 GiB"),
        (429 * 2**20 + 7, "429 MiB"),
        (2**60, "1024 PiB"),
    ],
)
def test_sizes(count: int | None, words: str) -> None:
    assert warren.size(count).replace("\u00a0", " ") == words


def test_sizes_in_another_language() -> None:
    with translation.override("de"):
        assert warren.size(1536) == "1,5\u00a0KiB"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (datetime.timedelta(minutes=7), "16:23"),
        (datetime.timedelta(hours=17), "23 Nov, 23:30"),
        (datetime.timedelta(days=400), "20 Oct 2025, 17:30"),
    ],
)
def test_moments_are_in_the_readers_zone(before: datetime.timedelta, words: str) -> None:
    with timezone.override(BERLIN):
        found = drawn("{% moment at %}", at=NOW - before)
    assert f">{words}</time>" in found
    assert f'datetime="{(NOW - before).isoformat()}"' in found
    assert 'title="2026-11-24 16:30:00 CET"' in drawn_in_berlin("{% moment at %}", at=NOW)


def drawn_in_berlin(tag: str, **facts: object) -> str:
    with timezone.override(BERLIN):
        return drawn(tag, **facts)


def test_moments_say_that_they_are_utc_where_the_zone_is_not_known() -> None:
    assert ">15:30\u00a0UTC</time>" in drawn("{% moment at %}", at=NOW)
    assert drawn("{% moment at %}", at=None) == ""


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (datetime.timedelta(seconds=20), "just now"),
        (datetime.timedelta(minutes=5), "5\u00a0minutes ago"),
        (datetime.timedelta(days=3, hours=5), "3\u00a0days ago"),
        (datetime.timedelta(days=31), "24 Oct, 15:30\u00a0UTC"),
    ],
)
def test_since(before: datetime.timedelta, words: str) -> None:
    found = drawn("{% ago at %}", at=NOW - before)
    assert f"data-ago>{words}</time>" in found


@pytest.mark.parametrize(
    ("used", "kind", "value"),
    [(0, "bar", 0), (79, "bar", 79), (80, "bar near", 80), (100, "bar over", 100), (140, "bar over", 100)],
)
def test_bars(used: int, kind: str, value: int) -> None:
    found = drawn("{% bar used 100 'Containers' %}", used=used)
    assert f'class="{kind}"' in found
    assert f'value="{value}"' in found
    assert 'aria-label="Containers"' in found


def test_no_bar_where_there_is_no_limit() -> None:
    assert drawn("{% bar 5 None 'Containers' %}") == ""


def test_icons_say_nothing() -> None:
    found = drawn("{% icon 'copy' %}")
    assert 'aria-hidden="true"' in found
    assert 'href="/static/img/icons.svg#copy"' in found


def test_how_long_since_is_inflected_as_its_language_wants() -> None:
    with translation.override("de"):
        assert ">vor 3\u00a0Tagen<" in drawn("{% ago at %}", at=NOW - datetime.timedelta(days=3))


def test_a_moment_in_a_sentence_is_written_for_its_reader_and_recorded_in_utc() -> None:
    assert figures.moment(NOW).replace("\u00a0", " ") == "24 Nov 2026, 15:30 UTC"
    with translation.override("de"), timezone.override(BERLIN):
        assert figures.moment(NOW) == "24. Nov. 2026, 16:30"
        assert drawn("{% moment at %}", at=NOW - datetime.timedelta(days=2)).endswith(">22. Nov., 16:30</time>")
        assert figures.moment(NOW).english == "2026-11-24 15:30 UTC"


def test_cores_are_written_as_the_language_writes_numbers() -> None:
    assert [figures.cores(count) for count in (10, 250, 1000, 64000)] == ["0.01", "0.25", "1", "64"]
    with translation.override("de"):
        assert [figures.cores(count) for count in (250, 1000)] == ["0,25", "1"]
        assert figures.cores(250).english == "0.25", "as it stands on record"
