"""What is on record has the same words everywhere: each action its own, each detail a label and a value to read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone, translation

from tenants.activity import vocabulary
from tenants.activity.vocabulary import Fact
from tenants.events import Action
from tenants.models import AuditEvent

APPS = ("tenants", "containers", "access", "cloudflare", "monitoring")
COLUMNS = {"action", "actor", "target", "tenant", "outcome", "reason"}


def told(action: Action, **detail: object) -> dict[str, str]:
    row = AuditEvent(action=action, at=timezone.now(), detail=detail)
    return {one.label: one.text for one in vocabulary.told(row)}


def test_every_action_has_words_of_its_own_and_is_offered_once() -> None:
    offered = [action for _group, actions in vocabulary.choices() for action, _words in actions]
    assert sorted(offered) == sorted(Action)
    for language in ("en", "de"):
        with translation.override(language):
            said = [vocabulary.words(action) for action in Action]
            assert len(set(said)) == len(said), "two actions that read the same can't be told apart"
            assert not {action.value for action in Action} & set(said)
    assert vocabulary.words("container:explode") == "container:explode"


def recorded(root: Path) -> Iterator[tuple[str, str]]:
    """Where the sources name what they put on record: the action, where it stands there, and the key."""
    for path in (path for app in APPS for path in (root / app).rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {"audit.record", "audit.refusals", "record"}:
                action = ast.unparse(call.args[0]) if call.args else ""
                named = Action[action.partition(".")[2]] if action.startswith("Action.") else ""
                yield from ((named, one.arg) for one in call.keywords if one.arg and one.arg not in COLUMNS)


def test_every_key_that_the_sources_record_has_a_label(root: Path) -> None:
    keys = set(recorded(root))
    assert {(Action.MEMBER_ROLE, "role"), (Action.TERMINAL_CLOSE, "how"), (Action.AUDIT_PRUNE, "rows")} <= keys
    assert not [(action, key) for action, key in keys if not vocabulary.knows(action, key)]


def test_values_are_written_as_people_read_them() -> None:
    assert told(Action.CONTAINER_FIT, memory=64 * 2**20, storage=2**30, cpu=250, internet=False) == {
        "Memory": "64\xa0MiB",
        "CPU": "0.25",
        "Storage": "1\xa0GiB",
        "Connections to the internet": "no",
    }
    given = told(Action.GRANT_CREATE, email="gina@example.com", permission="operate", until="2026-12-01T12:30:00+00:00")
    assert given == {
        "E-mail address": "gina@example.com",
        "What they may do": "Operate",
        "Until": "1 Dec 2026, 12:30\xa0UTC",
    }
    assert told(Action.GRANT_CHANGE, until=None, changed=["expires_at", "via", "granter"], email="") == {
        "Changed": "Until when, Given by",
        "Until": "without end",
    }
    assert told(Action.CONTAINER_CHANGE, changed=["memory", "environment.COLOUR", "secrets.KEY"]) == {
        "Changed": "Memory, the variable COLOUR, the secret KEY"
    }
    assert told(Action.GRANT_REVOKE, how="container") == {"How it ended": "the container was deleted"}
    assert told(Action.TERMINAL_CLOSE, how="idle") == {"How it ended": "nothing was typed or shown"}
    assert told(Action.TOKEN_CREATE, days=1, scope="read") == {"Valid for": "1 day", "Allows": "read only"}
    assert told(Action.ADMIN_CHANGE, fields=["max_containers", "cpu"]) == {"Fields": "max containers, cpu"}
    assert told(Action.VISITS_PRUNE, rows=12345, before="2026-01-31T00:00:00+00:00") == {
        "Entries": "12,345",
        "Before": "31 Jan 2026, 00:00\xa0UTC",
    }
    with translation.override("de"), timezone.override("Europe/Berlin"):
        until = told(Action.GRANT_CREATE, permission="manage", until="2026-12-01T12:30:00+00:00")
        assert until == {"Was sie dürfen": "Verwalten", "Bis": "1. Dez. 2026, 13:30"}


def test_what_was_searched_for_is_named_as_the_search_names_it() -> None:
    asked = {"action": "container:start", "outcome": "refused", "since": "2026-01-31", "kind": "people"}
    assert told(Action.AUDIT_EXPORT, asked=asked) == {
        "Searched for": "What: Start the container; Outcome: refused; Since: 2026-01-31; About: People"
    }


def test_what_an_earlier_release_kept_in_another_shape_is_shown_as_it_is() -> None:
    assert told(Action.CONTAINER_FIT, memory="much", cpu=[1], hats=["red", "blue"], empty="", none=None) == {
        "Memory": "much",
        "CPU": "1",
        "Hats": "red, blue",
    }


def test_sentences_come_last_whatever_the_database_does_with_the_order() -> None:
    row = AuditEvent(action=Action.INVITATION_CREATE, detail={"why": "Too many.", "role": "member", "invited": "bob"})
    assert [(one.label, one.apart) for one in vocabulary.told(row)] == [
        ("Role", False),
        ("Invited", False),
        ("Why", True),
    ]


def test_nobody_names_anything_a_second_time() -> None:
    with pytest.raises(ValueError, match="Lost and found"):
        vocabulary.name(99, "Lost and found", {Action.SIGN_IN: "Come in"})
    with pytest.raises(ValueError, match="known already"):
        vocabulary.know({"email": Fact("Post")})
