"""Sizes and moments within a sentence, written as the pages write their own."""

import datetime

from django.utils import formats, timezone
from django.utils.translation import pgettext

from tenants.words import Words

UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
GAP = "\u00a0"  # a number and its unit stay on one line


def size(count: float | None) -> str:
    """Bytes in binary units, as Docker counts them: `512 MiB`, `1.5 GiB`; empty for None. As `size` in words.js."""
    if count is None:
        return ""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    shown = round(value, 1) if unit and value < 100 else round(value)
    return f"{formats.number_format(int(shown) if shown == int(shown) else shown)}{GAP}{UNITS[unit]}"


def cores(thousandths: int) -> str:
    """What a container may use of the CPU: `2`, `0.5`."""
    return formats.number_format(f"{thousandths / 1000:g}")


def lasted(seconds: float) -> str:
    """`38 ms`, `3.1 s`, `12 s`. As `lasted` in words.js."""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f}{GAP}ms"
    return f"{formats.number_format(f'{seconds:.1f}' if seconds < 10 else f'{seconds:.0f}')}{GAP}s"


def moment(at: datetime.datetime) -> Words:
    """To the minute, in the reader's language and zone; its English is in UTC, as all that stands on record."""
    local = timezone.localtime(at)
    text = f"{day(local, year=True)}, {formats.time_format(local, 'H:i')}{zone(local)}"
    return Words(text, f"{at.astimezone(datetime.UTC):%Y-%m-%d %H:%M} UTC")


def day(local: datetime.datetime, *, year: bool) -> str:
    # Translators: letters of Django's date filter.
    order = pgettext("date", "j M Y") if year else pgettext("date", "j M")
    return formats.date_format(local, order)


def zone(local: datetime.datetime) -> str:
    """Said where the reader's own is not known: then all is UTC."""
    return f"{GAP}UTC" if timezone.get_current_timezone_name() == "UTC" else ""
