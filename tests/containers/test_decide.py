"""The pure half of reconciliation: a truth table, and that it always arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.decide import Act, Seen, Want, decide

RUNNING, STOPPED, GONE = Want(True, True), Want(True, False), Want(False)


@pytest.mark.parametrize(
    ("want", "seen", "acts"),
    [
        (RUNNING, None, [Act.CREATE, Act.START]),
        (RUNNING, Seen(False), [Act.START]),
        (RUNNING, Seen(True, "t1"), []),
        (Want(True, True, "t1"), Seen(True, "t1"), [Act.RESTART]),
        (Want(True, True, "t1"), Seen(True, "t2"), []),
        (Want(True, True, "t1"), Seen(False, "t1"), [Act.START]),
        (STOPPED, None, [Act.CREATE]),
        (STOPPED, Seen(True), [Act.STOP]),
        (STOPPED, Seen(False), []),
        (GONE, Seen(True), [Act.REMOVE]),
        (GONE, Seen(False), [Act.REMOVE]),
        (GONE, None, []),
    ],
)
def test_the_acts_for_what_is_wanted_and_seen(want: Want, seen: Seen | None, acts: list[Act]) -> None:
    assert decide(want, seen) == acts


def carried_out(act: Act, seen: Seen | None) -> Seen | None:
    match act:
        case Act.CREATE:
            return Seen(False)
        case Act.START | Act.RESTART:
            return Seen(True, "later")
        case Act.STOP:
            return Seen(False, seen.started_at if seen else "")
        case Act.REMOVE:
            return None


wants = st.builds(Want, st.booleans(), st.booleans(), st.sampled_from(["", "t1", "t2"]))
sights = st.none() | st.builds(Seen, st.booleans(), st.sampled_from(["", "t1", "t2"]))


@given(wants, sights)
def test_carrying_out_all_acts_converges(want: Want, seen: Seen | None) -> None:
    for act in decide(want, seen):
        seen = carried_out(act, seen)
    assert decide(want, seen) == []


@given(wants, sights, st.integers(0, 3))
def test_being_killed_after_any_act_still_converges(want: Want, seen: Seen | None, survived: int) -> None:
    for act in decide(want, seen)[:survived]:
        seen = carried_out(act, seen)
    for act in decide(want, seen):
        seen = carried_out(act, seen)
    assert decide(want, seen) == []
