"""What every page's template needs: icons, times, sizes, bars. Those of one area stand in a library of its own."""

import datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenants.activity import vocabulary
from tenants.figures import GAP, day, size, zone

register = template.Library()
register.filter("size", size)
register.filter("deed", vocabulary.words)
register.filter("told", vocabulary.told)

_TENANTS = {"tenant", "member", "hand", "invitation", "activity"}
NOTHING = SafeString("")
NEAR = 0.8  # of a limit: from here on it is worth a look


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of `static/img/icons.svg`. It says nothing to who cannot see it: the words beside it do."""
    drawing = "{}#{}".format(static("img/icons.svg"), name)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', drawing)


@register.simple_tag(takes_context=True)
def section(context: Any) -> str:
    """Which entry of the main navigation the page belongs to: `containers`, `shared`, `tenant`, or none."""
    match = getattr(context.get("request"), "resolver_match", None)
    kind = (getattr(match, "url_name", None) or "").partition("-")[0]
    return {"container": "containers", "shared": "shared"}.get(kind, "tenant" if kind in _TENANTS else "")


@register.simple_tag
def moment(at: datetime.datetime | None) -> SafeString | str:
    """A point in time in the reader's zone, the day left out where it is today; exact when pointed at."""
    if at is None:
        return ""
    return written(at, _short(timezone.localtime(at)))


@register.simple_tag
def clock(at: datetime.datetime) -> SafeString:
    """Its hour alone, where the day stands above it. Exact when pointed at."""
    local = timezone.localtime(at)
    return written(at, formats.time_format(local, "H:i:s") + zone(local))


@register.simple_tag
def marks_optional(form: Any) -> bool:
    """Whether to say of a field that it may stay empty: not where that is so of every one, as in a search."""
    return any(field.required for field in form.fields.values())


@register.simple_tag
def ago(at: datetime.datetime | None) -> SafeString | str:
    """How long since, in one unit; page.js keeps it up to date. Exact when pointed at."""
    if at is None:
        return ""
    return written(at, since(at), SafeString(" data-ago"))


def since(at: datetime.datetime) -> str:
    """`just now`, `5 minutes ago`, or the day once it is more than a month."""
    passed = timezone.now() - at
    if passed < datetime.timedelta(minutes=1):
        return _("just now")
    if passed > datetime.timedelta(days=30):
        return _short(timezone.localtime(at))
    # Whole sentences: some languages inflect the unit after their word for "ago".
    if days := passed.days:
        text, count = ngettext("%(count)s day ago", "%(count)s days ago", days), days
    elif hours := passed.seconds // 3600:
        text, count = ngettext("%(count)s hour ago", "%(count)s hours ago", hours), hours
    else:
        count = passed.seconds // 60
        text = ngettext("%(count)s minute ago", "%(count)s minutes ago", count)
    return (text % {"count": count}).replace(f"{count} ", f"{count}{GAP}")


def _short(local: datetime.datetime) -> str:
    hour = formats.time_format(local, "H:i")
    now = timezone.localtime()
    if local.date() == now.date():
        return hour + zone(local)
    return f"{day(local, year=local.year != now.year)}, {hour}{zone(local)}"


def written(at: datetime.datetime, words: str, more: SafeString = NOTHING) -> SafeString:
    """The words as that point in time; exact, in the reader's zone, when pointed at. `more`: further attributes."""
    local = timezone.localtime(at)
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
    return format_html('<time datetime="{}" title="{}"{}>{}</time>', at.isoformat(), exact, more, words)


@register.inclusion_tag("_bar.html")
def bar(used: float | None, limit: float | None, label: str, live: str = "") -> dict[str, Any]:
    """How much of a limit is used; nothing where there is none. `live` is the number that live.js keeps in it."""
    share = (used or 0) / limit if limit else None
    kind = "" if share is None else nearness(100 * share)
    percent = None if share is None else min(100, round(100 * share))
    return {"share": share, "percent": percent, "kind": kind, "label": label, "live": live}


@register.filter
def nearness(percent: float) -> str:
    """What a bar is drawn as, by percent of the limit: the class that colours it."""
    return "" if percent < 100 * NEAR else "over" if percent >= 100 else "near"
