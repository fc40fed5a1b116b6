"""The rules of operations: ladder, words on the way, countdown, plans, what is shipped; by examples and by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agencies.model import PersonId
from cases.model import CaseId, CompartmentId
from core.errors import Conflict, InvalidInput
from operations import running
from operations.countdown import Task, first, tasks, wanted
from operations.lateness import AGAIN, LADDERS, Rung, climb, missed_at
from operations.model import Milestone, MilestoneId, MilestoneKind, Operation, OperationId, OperationStatus
from operations.planning import problems
from operations.running import lateness_begins, with_step
from operations.templates import templates
from operations.transitions import RUNNING, Move, after, may
from operations.words import STATUSES, STEPS
from safety_plans.calendar import DAY
from safety_plans.model import Level
from tests.clock import SERBIA

BEGINS = datetime(2026, 5, 14, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ANA, IVAN, SARA, PETAR = (PersonId(UUID(int=each)) for each in range(1, 5))
KINDS = (
    MilestoneKind.READY,
    MilestoneKind.DEPARTED,
    MilestoneKind.INSIDE,
    MilestoneKind.CLEARED,
    MilestoneKind.HOME_SAFE,
)


def operation(status: OperationStatus = OperationStatus.APPROVED, level: Level = Level.HIGH) -> Operation:
    steps = [
        Milestone(
            id=MilestoneId(uuid4()), position=number, kind=kind, planned_at=BEGINS + number * 60 * MINUTE,
            due_at=BEGINS + number * 60 * MINUTE, confirmers=(ANA, IVAN),
        )
        for number, kind in enumerate(KINDS, start=1)
    ]  # fmt: skip
    return Operation(
        id=OperationId(uuid4()), case_id=CaseId(uuid4()), compartment_id=CompartmentId(uuid4()), codename="quiet-heron",
        level=level, status=status, coordinator_id=SARA, buddy_id=PETAR, liaison_id=None, begins_at=BEGINS,
        ends_at=BEGINS + 9 * 60 * MINUTE, planned_at=BEGINS - 30 * DAY, milestones=steps,
    )  # fmt: skip


def swept(found: Operation, now: datetime) -> tuple[Operation, tuple[Rung, ...]]:
    """Do what the sweep does of the step that is late."""
    step = found.watched
    if found.status not in RUNNING or step is None or step.next_step_at is None or step.next_step_at > now:
        return found, ()
    reached = climb(found.level, lateness_begins(step) or now, step.rung, now)
    return with_step(found, step, rung=max(reached.climbed, 1), next_step_at=reached.next_step_at), reached.rungs


# The ladder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "minutes"),
    [
        (Level.LOW, {Rung.PROMPT: 0, Rung.VOICE: 7.5, Rung.BUDDY: 25, Rung.DESK: 35}),
        (Level.MEDIUM, {Rung.PROMPT: 0, Rung.VOICE: 7.5, Rung.BUDDY: 25, Rung.DESK: 35}),
        (Level.HIGH, {Rung.PROMPT: 0, Rung.VOICE: 5, Rung.BUDDY: 15, Rung.DESK: 20, Rung.LIAISON: 30}),
        (
            Level.VERY_HIGH,
            {Rung.PROMPT: 0, Rung.VOICE: 2.5, Rung.BUDDY: 5, Rung.DESK: 5, Rung.LIAISON: 10, Rung.POLICE: 15},
        ),
    ],
)
def test_the_ladder_is_that_of_the_network(level: Level, minutes: dict[Rung, float]) -> None:
    assert {rung: wait / MINUTE for wait, rung in LADDERS[level].steps} == minutes


def test_what_nobody_has_assessed_counts_as_high() -> None:
    assert LADDERS[Level.NOT_YET_ASSESSED] == LADDERS[Level.HIGH]
    assert set(LADDERS) == set(Level)


@given(st.sampled_from(Level), st.lists(st.integers(0, 120), min_size=1, max_size=12))
def test_however_often_it_is_looked_every_rung_is_climbed_once_in_order_and_none_early(
    level: Level, looks: list[int]
) -> None:
    climbed, called = 0, []
    for minute in sorted(looks):
        now = BEGINS + minute * MINUTE
        reached = climb(level, BEGINS, climbed, now)
        called += [(rung, now) for rung in reached.rungs if rung is not Rung.AGAIN]
        climbed = reached.climbed
        assert reached.next_step_at > now
    steps = LADDERS[level].steps
    assert [rung for rung, _ in called] == [rung for _, rung in steps[: len(called)]]
    assert all(now >= BEGINS + wait for (_, now), (wait, _) in zip(called, steps, strict=False))
    # Whatever is due by the last look was called.
    last = BEGINS + max(looks) * MINUTE
    assert len(called) == len([wait for wait, _ in steps if BEGINS + wait <= last])


def test_after_the_last_rung_it_comes_again() -> None:
    whole = climb(Level.HIGH, BEGINS, 0, BEGINS + DAY)
    again = climb(Level.HIGH, BEGINS, whole.climbed, BEGINS + DAY + AGAIN)
    assert (again.rungs, again.next_step_at) == ((Rung.AGAIN,), BEGINS + DAY + 2 * AGAIN)


# On the way -----------------------------------------------------------------------------------------

words = st.lists(
    st.tuples(
        st.integers(0, 45),
        st.one_of(
            st.tuples(st.just("ok"), st.integers(1, 6)),
            st.tuples(st.just("bare"), st.integers(0, 90)),
            st.tuples(st.just("delayed"), st.integers(-1, 250)),
            st.tuples(st.just("dark"), st.integers(-1, 490)),
            st.tuples(st.sampled_from(["divert", "abort", "look"]), st.just(0)),
        ),
    ),
    max_size=25,
)


def spoken(found: Operation, word: str, number: int, now: datetime) -> Operation:
    """Return an operation after a word."""

    def bare() -> Operation:
        written = now - number * MINUTE
        meant = running.meant(found, written)
        return found if meant is None else running.confirmed(found, meant.position, ANA, written, now)

    acts: dict[str, Callable[[], Operation]] = {
        "ok": lambda: running.confirmed(found, number, ANA, now, now),
        "bare": bare,
        "delayed": lambda: running.delayed(found, number, now),
        "dark": lambda: running.dark(found, number, now),
        "divert": lambda: running.diverted(found),
        "abort": lambda: running.aborted(found, now),
        "look": lambda: found,
    }
    return acts[word]()


def require_nothing_taken_back(before: Operation, found: Operation) -> None:
    """Refuse what takes a confirmation back, or has a step come earlier."""
    for old, new in zip(before.milestones, found.milestones, strict=True):
        assert old.confirmed_at is None or new == old
        assert old.due_at is not None
        assert new.due_at is not None
        assert new.due_at >= old.due_at


def require_one_watched(found: Operation) -> None:
    """Refuse whatever is watched but the first step to come, from when its lateness begins."""
    armed = [each for each in found.milestones if each.next_step_at is not None]
    watched = found.watched
    if found.status not in RUNNING or watched is None:
        assert armed == []
        return
    assert armed == [watched]
    assert watched.waits
    assert watched.rung > 0 or watched.next_step_at == lateness_begins(watched)


@given(st.sampled_from(Level), words)
def test_whatever_is_said_no_lateness_is_hidden_and_one_step_is_watched(
    level: Level, said: list[tuple[int, tuple[str, int]]]
) -> None:
    found, now = running.gone(operation(level=level)), BEGINS
    for wait, (word, number) in said:
        now += wait * MINUTE
        found, _ = swept(found, now)
        before, late = found, late_step(found, now)
        try:
            found = spoken(found, word, number, now)
        except (Conflict, InvalidInput):
            continue
        require_nothing_taken_back(before, found)
        require_one_watched(found)
        if word == "dark" and late is not None:
            assert late in found.milestones, "a silence hid what was missed"
    # Nobody says anything more: whatever is still awaited has people called before its ladder is over.
    watched = found.watched
    if found.status in RUNNING and watched is not None:
        over = max(lateness_begins(watched) or now, now) + LADDERS[level].steps[-1][0] + AGAIN
        found, rungs = swept(found, over)
        climbed = watched.rung + len(rungs)
        assert Rung.AGAIN in rungs or climbed >= len(LADDERS[level].steps)


def late_step(found: Operation, now: datetime) -> Milestone | None:
    """Return the watched step where its grace is over."""
    step = found.watched
    begins = None if step is None else lateness_begins(step)
    if found.status not in RUNNING or begins is None or now < missed_at(found.level, begins):
        return None
    return step


def test_a_silence_that_is_announced_in_time_moves_the_question_and_one_that_is_late_does_not() -> None:
    found = running.gone(operation())
    due = found.milestones[0].due_at
    assert due is not None
    asked, _ = swept(found, due)
    in_time = running.dark(asked, 60, due + 9 * MINUTE)
    assert in_time.milestones[0].next_step_at == due + 69 * MINUTE
    too_late = running.dark(asked, 60, due + 10 * MINUTE)
    assert too_late.milestones[0].next_step_at == asked.milestones[0].next_step_at


def test_whoever_is_heard_from_is_expected_by_the_plan_again() -> None:
    found = running.dark(running.gone(operation()), 480, BEGINS)
    heard = running.confirmed(found, 1, ANA, BEGINS + MINUTE, BEGINS + MINUTE)
    assert heard.dark_until is None
    assert heard.milestones[1].next_step_at == heard.milestones[1].due_at


def test_a_silence_ends_with_what_is_heard_of_it_and_with_nothing_else() -> None:
    gone = running.confirmed(running.gone(operation()), 2, ANA, BEGINS, BEGINS)
    found = running.dark(gone, 300, BEGINS + 110 * MINUTE)
    until = BEGINS + 410 * MINUTE
    # Neither what is said late of a step behind them, nor that they are later.
    for said in (
        running.confirmed(found, 1, ANA, BEGINS, BEGINS + 130 * MINUTE),
        running.delayed(found, 40, BEGINS + 130 * MINUTE),
    ):
        assert (said.dark_until, lateness_begins(said.milestones[2])) == (until, until)


def test_whoever_is_heard_from_late_is_asked_before_anybody_is_called() -> None:
    heard = BEGINS + 300 * MINUTE
    found = running.confirmed(running.gone(operation()), 1, ANA, heard, heard)
    asked, rungs = swept(found, heard)
    assert (asked.watched, rungs) == (asked.milestones[1], (Rung.PROMPT,))
    # What was written before it was due tells nothing of it, however late it comes.
    _, rungs = swept(running.confirmed(running.gone(operation()), 1, ANA, BEGINS, heard), heard)
    assert Rung.DESK in rungs


def test_an_answer_is_about_the_step_that_was_asked_for() -> None:
    found = running.gone(operation())
    noted = replace(found.milestones[1], kind=MilestoneKind.WAYPOINT, due_at=None, planned_at=None)
    found = replace(found, milestones=[found.milestones[0], noted, *found.milestones[2:]])
    found = running.confirmed(found, 1, ANA, BEGINS, BEGINS)
    assert running.meant(found, BEGINS + 179 * MINUTE) == noted
    assert running.meant(found, BEGINS + 180 * MINUTE) == found.milestones[2]


def test_a_later_step_passes_those_before_it_and_they_can_still_be_confirmed() -> None:
    now = BEGINS + 10 * MINUTE
    found = running.confirmed(running.gone(operation()), 3, ANA, now, now)
    assert [each.passed for each in found.milestones] == [True, True, False, False, False]
    later = running.confirmed(found, 1, IVAN, BEGINS, now + MINUTE)
    assert (later.milestones[0].passed, later.milestones[0].written_at) == (False, BEGINS)
    assert later.watched == found.watched


@pytest.mark.parametrize("position", [0, 6, -1])
def test_a_step_that_is_not_there_is_refused(position: int) -> None:
    with pytest.raises(InvalidInput):
        running.confirmed(running.gone(operation()), position, ANA, BEGINS, BEGINS)


def test_what_is_to_come_was_not_reached_yet() -> None:
    with pytest.raises(InvalidInput):
        running.confirmed(running.gone(operation()), 1, ANA, BEGINS + 3 * MINUTE, BEGINS)


@pytest.mark.parametrize("status", sorted(set(OperationStatus) - RUNNING - {OperationStatus.COMPLETED}))
def test_where_nobody_is_on_the_way_no_word_changes_anything(status: OperationStatus) -> None:
    found = operation(status)
    for act in (
        lambda: running.confirmed(found, 1, ANA, BEGINS, BEGINS),
        lambda: running.delayed(found, 10, BEGINS),
        lambda: running.dark(found, 10, BEGINS),
        lambda: running.meant(found, BEGINS),
    ):
        with pytest.raises(Conflict):
            act()


def test_nothing_leads_out_of_closed_and_what_is_not_in_the_table_is_refused() -> None:
    assert not any(may(OperationStatus.CLOSED, move) for move in Move)
    with pytest.raises(Conflict):
        after(OperationStatus.PLANNED, Move.GO)


# Before and after -----------------------------------------------------------------------------------


def test_the_countdown_falls_on_working_mornings_and_never_later_than_it_should() -> None:
    found = tasks(operation(), SERBIA)
    assert [each.task for each in found] == list(Task)
    for due, days in zip(found, (14, 7, 3, 1), strict=False):
        assert due.at <= BEGINS - days * DAY
        assert SERBIA.working(SERBIA.day_of(due.at))
    assert [each.at for each in found] == sorted(each.at for each in found)


def test_planned_late_it_begins_with_what_is_to_come_and_always_asks_whether_they_go() -> None:
    found = tasks(operation(), SERBIA)
    assert found[first(found, BEGINS - 30 * DAY)].task is Task.CONFIRM
    assert found[first(found, BEGINS - 7 * DAY)].task is Task.FREEZE
    assert found[first(found, BEGINS - timedelta(hours=1))].task is Task.GO_NO_GO


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (
            OperationStatus.PLANNED,
            {Task.CONFIRM, Task.ASSESS, Task.FREEZE, Task.GO_NO_GO, Task.NOT_GONE, Task.UNDECIDED},
        ),
        (OperationStatus.APPROVED, {Task.CONFIRM, Task.ASSESS, Task.GO_NO_GO, Task.NOT_GONE, Task.UNDECIDED}),
        (OperationStatus.GO, set()),
        (OperationStatus.POSTPONED, set()),
        (OperationStatus.IN_PROGRESS, {Task.DEBRIEF}),
        (OperationStatus.COMPLETED, {Task.DEBRIEF, Task.WATCH}),
        (OperationStatus.ABORTED, {Task.DEBRIEF, Task.WATCH}),
    ],
)
def test_only_what_is_still_to_be_done_is_told(status: OperationStatus, told: set[Task]) -> None:
    debriefed = Milestone(
        id=MilestoneId(uuid4()), position=6, kind=MilestoneKind.DEBRIEFED, planned_at=None, due_at=None, confirmers=()
    )
    found = operation(status)
    went = status in {OperationStatus.IN_PROGRESS, OperationStatus.COMPLETED, OperationStatus.ABORTED}
    begun = replace(found.milestones[0], confirmed_at=BEGINS if went else None)
    found = replace(found, milestones=[begun, *found.milestones[1:], debriefed])
    assert {each for each in Task if wanted(found, each)} == told


# Plans ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(templates()))
def test_what_is_shipped_is_a_plan_without_problems_in_every_language(kind: str) -> None:
    template = templates()[kind]
    plan = template.plan(BEGINS, SARA, PETAR, [ANA, IVAN])
    assert problems(plan, {ANA, IVAN, SARA, PETAR}, BEGINS - DAY) == []
    assert set(template.name) == {"en", "sr-Latn", "sr-Cyrl"}
    for each in template.steps:
        assert all(each.wording.values())
        assert not {*"abcdefghijklmnoprstuvz"} & {*each.wording["sr-Cyrl"].casefold()}


def test_every_problem_of_a_plan_is_told_at_once() -> None:
    plan = templates()["court_other"].plan(BEGINS, SARA, ANA, [ANA, ANA])
    assert problems(plan, {ANA}, BEGINS + DAY) == ["begins_past", "confirmers", "buddy", "not_members"]


def test_everything_has_words() -> None:
    assert set(STEPS) == set(MilestoneKind)
    assert set(STATUSES) == set(OperationStatus)
