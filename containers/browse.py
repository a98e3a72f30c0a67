"""What somebody looks for in the list of a tenant's containers, as the address of the page says it."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from containers import groups, last_used
from containers.groups import Group
from containers.models import Container

NEWEST = "newest"
SORTS = {NEWEST: _("Newest first"), "name": _("Name"), "state": _("State"), "used": _("Last used")}
_LONGEST = 100  # of what is searched for; no name, label or hostname is longer


@dataclass(frozen=True, slots=True)
class Sought:
    """What is none of what it may be counts as not said: an address that somebody kept shows something still."""

    words: str = ""
    state: str = ""
    template: str = ""
    sort: str = NEWEST

    @classmethod
    def read(cls, asked: QueryDict) -> "Sought":
        state, sort = asked.get("state", ""), asked.get("sort", "")
        return cls(
            words=asked.get("q", "").replace("\0", "").strip()[:_LONGEST],
            state=state if state in Group.values else "",
            template=asked.get("template", "").replace("\0", "")[:_LONGEST],
            sort=sort if sort in SORTS else NEWEST,
        )

    @property
    def narrows(self) -> bool:
        return bool(self.words or self.state or self.template)

    def query(self, **instead: Any) -> str:
        """As it stands in an address, without what says nothing; `instead` names what is to be another."""
        said = {"q": self.words, "state": self.state, "template": self.template, "sort": self.sort, **instead}
        if said["sort"] == NEWEST:
            del said["sort"]
        found = urlencode({name: value for name, value in said.items() if value})
        return f"?{found}" if found else ""

    def narrow(self, rows: QuerySet[Container]) -> QuerySet[Container]:
        """The containers that are sought, in the order that is wanted, each with `group` and `last_visit`."""
        found = groups.grouped(rows).annotate(last_visit=last_used.expression()).filter(self._matching())
        if self.template:
            found = found.filter(template__slug=self.template)
        if self.state:
            found = found.filter(Q(group=self.state))
        by_name = ("name", "pk")
        match self.sort:
            case "name":
                return found.order_by(*by_name)
            case "state":
                return found.order_by(groups.urgency(), *by_name)
            case "used":
                return found.order_by(F("last_visit").desc(nulls_last=True), *by_name)
        return found.order_by("-created_at", "pk")

    def count(self, rows: QuerySet[Container]) -> "Found":
        """How many there are, by group and template, in one query."""
        each: Any = groups.grouped(rows).order_by()
        each = each.values_list("group", "template__slug", "template__name")
        found = Found()
        for group, slug, name, there, matching in each.annotate(
            there=Count("pk"), so=Count("pk", filter=self._matching())
        ):
            found.add(group, slug, name, there, matching, self)
        return found

    def _matching(self) -> Q:
        if not self.words:
            return Q()
        words = self.words
        # All have the same domain and port: an address, as it is copied from somewhere, is looked for from its front.
        address = re.split(r"[:/]", re.sub(r"^https?://", "", words), maxsplit=1)[0]
        begins = Q(hostname__istartswith=address) if address else Q(pk__in=())
        return Q(name__icontains=words) | Q(label__icontains=words) | begins


@dataclass
class Found:
    """`there`: whatever is sought; `shown`: all that is sought; `groups`: the same but for the state, by group."""

    there: int = 0
    shown: int = 0
    groups: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Group.values, 0))
    templates: dict[str, str] = field(default_factory=dict)  # names by slug

    def add(self, group: str, slug: str, name: str, there: int, matching: int, sought: Sought) -> None:
        self.there += there
        self.templates[slug] = name
        if sought.template in {"", slug}:
            self.groups[group] += matching
            if sought.state in {"", group}:
                self.shown += matching
