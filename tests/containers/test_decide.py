"""The pure half of reconciliation: a truth table, and that it always arrives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from containers.decide import Act, Seen, Want, decide

RUNNING, STOPPED, GONE = Want(True, True), Want(True, False), Want(False)
NEW = frozenset({"new"})
SMALL, LARGE = (64, 100), (128, 100)


@pytest.mark.parametrize(
    ("want", "seen", "acts"),
    [
        (RUNNING, None, [Act.CREATE, Act.START]),
        (RUNNING, Seen(False), [Act.START]),
        (RUNNING, Seen(False, fresh=True), [Act.CREATE, Act.START]),
        (STOPPED, Seen(False, fresh=True), []),
        (RUNNING, Seen(True, "t1"), []),
        # Done by somebody else.
        (RUNNING, Seen(True, paused=True), [Act.RESUME]),
        (Want(True, True, limits=SMALL), Seen(True, limits=LARGE, paused=True), [Act.RESUME, Act.UPDATE]),
        (Want(True, True, "t1"), Seen(True, "t1", paused=True), [Act.RESTART]),
        (STOPPED, Seen(True, paused=True), [Act.STOP]),
        (RUNNING, Seen(True, attached=False), [Act.CREATE]),
        (RUNNING, Seen(False, attached=False), [Act.CREATE, Act.START]),
        (RUNNING, Seen(False, half_removed=True), [Act.FETCH, Act.REMOVE, Act.CREATE, Act.START]),
        (STOPPED, Seen(False, half_removed=True), [Act.FETCH, Act.REMOVE, Act.CREATE]),
        (Want(True, True, "t1"), Seen(True, "t1"), [Act.RESTART]),
        (Want(True, True, "t1"), Seen(True, "t2"), []),
        (Want(True, True, "t1"), Seen(False, "t1"), [Act.START]),
        (STOPPED, None, [Act.CREATE]),
        (STOPPED, Seen(True), [Act.STOP]),
        (STOPPED, Seen(False), []),
        (GONE, Seen(True), [Act.REMOVE]),
        (GONE, Seen(False), [Act.REMOVE]),
        (GONE, None, []),
        # Of another spec: the image first, the data never.
        (
            Want(True, True, specs=NEW),
            Seen(True, spec="old"),
            [Act.FETCH, Act.STOP, Act.REMOVE, Act.CREATE, Act.START],
        ),
        (Want(True, True, specs=NEW), Seen(False, spec="old"), [Act.FETCH, Act.REMOVE, Act.CREATE, Act.START]),
        (Want(True, False, specs=NEW), Seen(True, spec="old"), [Act.FETCH, Act.STOP, Act.REMOVE, Act.CREATE]),
        (Want(True, True, specs=NEW), Seen(True, spec="new"), []),
        (Want(True, True, specs=NEW), None, [Act.CREATE, Act.START]),
        (
            Want(True, True, specs=NEW, pull_from=2),
            Seen(True, spec="old", revision=1),
            [Act.PULL, Act.STOP, Act.REMOVE, Act.CREATE, Act.START],
        ),
        (
            Want(True, True, specs=NEW, pull_from=2),
            Seen(True, spec="old", revision=2),
            [Act.FETCH, Act.STOP, Act.REMOVE, Act.CREATE, Act.START],
        ),
        # Made before there were specs.
        (Want(True, True, specs=NEW | {""}), Seen(True), []),
        (Want(False, specs=NEW), Seen(True, spec="old"), [Act.REMOVE]),
        # Other limits: never a restart for their sake.
        (Want(True, True, limits=SMALL), Seen(True, limits=LARGE), [Act.UPDATE]),
        (Want(True, True, limits=SMALL), Seen(False, limits=LARGE), [Act.UPDATE, Act.START]),
        (Want(True, False, limits=SMALL), Seen(True, limits=LARGE), [Act.STOP, Act.UPDATE]),
        (Want(True, False, limits=SMALL), Seen(False, limits=LARGE), [Act.UPDATE]),
        (Want(True, True, "t1", limits=SMALL), Seen(True, "t1", limits=LARGE), [Act.STOP, Act.UPDATE, Act.START]),
        (
            Want(True, True, specs=NEW, limits=SMALL),
            Seen(True, spec="old", limits=LARGE),
            [Act.FETCH, Act.STOP, Act.REMOVE, Act.CREATE, Act.START],
        ),
    ],
)
def test_the_acts_for_what_is_wanted_and_seen(want: Want, seen: Seen | None, acts: list[Act]) -> None:
    assert decide(want, seen) == acts


def carried_out(act: Act, want: Want, seen: Seen | None) -> Seen | None:
    match act:
        case Act.FETCH | Act.PULL:
            return seen
        case Act.CREATE:
            # One that is there is adopted as it is, but for its networks.
            made = Seen(False, "", max(want.specs), want.pull_from, want.limits, fresh=True)
            return replace(seen, attached=True) if seen else made
        case Act.START | Act.RESTART:
            assert seen
            assert not seen.half_removed
            return replace(seen, running=True, started_at="later", fresh=False, paused=False)
        case Act.RESUME:
            assert seen
            return replace(seen, paused=False)
        case Act.STOP:
            assert seen
            return replace(seen, running=False, paused=False)
        case Act.UPDATE:
            assert seen
            return replace(seen, limits=want.limits)
        case Act.REMOVE:
            return None


limits = st.sampled_from([SMALL, LARGE])
specs = st.sampled_from(["", "old", "new"])
starts = st.sampled_from(["", "t1", "t2"])
wants = st.builds(
    Want, st.booleans(), st.booleans(), starts, st.frozensets(specs, min_size=1), st.integers(0, 3), limits
)
sights = st.none() | st.builds(Seen, st.booleans(), starts, specs, st.integers(0, 3), limits, *4 * [st.booleans()]).map(
    lambda seen: replace(
        seen,
        fresh=seen.fresh and not seen.running,
        paused=seen.paused and seen.running,
        half_removed=seen.half_removed and not seen.running,
    )
)


@given(wants, sights)
def test_carrying_out_all_acts_converges(want: Want, seen: Seen | None) -> None:
    for act in decide(want, seen):
        seen = carried_out(act, want, seen)
    assert decide(want, seen) == []


@given(wants, sights, st.integers(0, 5))
def test_being_killed_after_any_act_still_converges(want: Want, seen: Seen | None, survived: int) -> None:
    for act in decide(want, seen)[:survived]:
        seen = carried_out(act, want, seen)
    for act in decide(want, seen):
        seen = carried_out(act, want, seen)
    assert decide(want, seen) == []


@given(wants, sights)
def test_what_runs_is_touched_only_once_its_image_is_there(want: Want, seen: Seen | None) -> None:
    acts = decide(want, seen)
    if want.exists and Act.REMOVE in acts:
        assert acts[0] in {Act.FETCH, Act.PULL}
        assert acts.count(Act.CREATE) == 1


@given(wants, sights)
def test_a_program_is_started_once_at_most(want: Want, seen: Seen | None) -> None:
    acts = decide(want, seen)
    assert acts.count(Act.START) + acts.count(Act.RESTART) <= 1
