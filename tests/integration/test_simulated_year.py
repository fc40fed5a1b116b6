"""The simulated year in small: every duty is said when it is due, and again as long as it stands; never twice."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from core.database import Database, Row
from core.outbox import TargetKind
from safety_plans.triggers import SOON, urgent
from tests.bench.figures import percentile
from tests.clock import ZONE, MovableClock
from tests.people import Network
from tests.simulated_year import CALENDAR, NIGHT, Year, reminders

STEP = re.compile(r"review:([0-9a-f-]{36}):(\d+):(\S+):(ring|review_due|review_overdue):([0-9a-f-]{36})")
# How large the larger one is, for whoever measures: docs/benchmarks.md.
CASES, DAYS = (int(each) for each in os.environ.get("YEAR_OF", "60x365").split("x"))
ROWS_AT_ONCE = 20_000
CLOCK = re.compile(r"clock:([0-9a-f-]{36}):\S+?\+00:00:(\S+):(\d+):words")


@pytest.mark.parametrize(
    ("cases", "days"),
    # From winter to summer, over Easter and the night in which the clock is put forward; and a whole year.
    [(24, 120), pytest.param(CASES, DAYS, marks=[pytest.mark.slow, pytest.mark.long])],
)
async def test_in_a_year_everything_that_is_due_is_said_and_nothing_twice(
    database: Database, network: Network, clock: MovableClock, cases: int, days: int
) -> None:
    clock.set(datetime(2026, 3, 1, 12, tzinfo=UTC))
    year = Year(network, clock, cases, seed=7)
    await year.begin()
    await year.live(days)
    async with database.reading() as look:
        said: list[Row] = []
        # In pieces: after a year of thousands one statement would take longer than any may.
        while piece := await look.rows(
            "SELECT * FROM outbox WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            said[-1]["sequence"] if said else -1,
            ROWS_AT_ONCE,
        ):
            said += piece
        pending = await look.rows("SELECT person_id, folded FROM reminder_rings")
    everything_is_said(year, said)
    digests_are_right(year, said, days)
    nobody_is_rung_without_need(year, said)
    rings_are_heard_or_counted(said, pending)
    print(load(said))  # noqa: T201 (a report)


def everything_is_said(year: Year, said: Sequence[Row]) -> None:
    """Every review and clock that was due: said at its time, told on, then daily; not once more."""
    heard: dict[tuple[UUID, datetime], list[tuple[int, datetime]]] = defaultdict(list)
    for row in said:
        if row["target_kind"] == TargetKind.COMPARTMENT and (found := STEP.fullmatch(row["key"])):
            review, step, due_at, what, _ = found.groups()
            if what != "ring":
                heard[UUID(review), datetime.fromisoformat(due_at)].append((int(step), row["created_at"]))
        elif clock := CLOCK.fullmatch(row["key"]):
            heard[UUID(clock[1]), datetime.fromisoformat(clock[2])].append((int(clock[3]), row["created_at"]))
    due = year.account.due
    assert heard.keys() <= due.keys()
    for (review, due_at), seen in due.items():
        steps, wanted = heard.get((review, due_at), []), reminders(due_at, seen)
        assert [step for step, _ in steps] == list(range(len(steps)))
        if seen.urged is not None:
            # What is urgent moves the next step to when it must be assessed itself: mostly that is sooner, and never
            # more than two hours later, for the channel heard of it when it happened. None is left out.
            happened = seen.urged - SOON
            wanted = [each if each <= happened else each + SOON for each in wanted]
            assert len(steps) >= len([each for each in wanted if each <= seen.last])
            assert all(moment <= latest for (_, moment), latest in zip(steps, wanted, strict=False))
            assert all(due_at <= steps[0][1] for _ in steps[:1])
        else:
            assert [moment for _, moment in steps] == wanted
    # Chance made enough of each: late ones, very late ones, urgent ones by night.
    assert any(len(each) > 3 for each in heard.values())
    assert any(urgent(each.reason) and NIGHT.at(due_at) for (_, due_at), each in due.items())


def digests_are_right(year: Year, said: Sequence[Row], days: int) -> None:
    """Each working morning everybody who has something to do, and nobody else, hears how much."""
    told: dict[tuple[date, UUID], tuple[int, ...]] = {}
    weeks: Counter[tuple[str, tuple[int, int]]] = Counter()
    for row in said:
        subject, day = row["key"].split(":")[2:4] if row["key"].startswith("digest:") else ("", "")
        if row["template"] == "digest_person":
            numbers = tuple(int(row["parameters"][each]) for each in ("due", "overdue", "clocks", "stale"))
            assert (date.fromisoformat(day), UUID(subject)) not in told
            told[date.fromisoformat(day), UUID(subject)] = numbers
            assert row["created_at"] == CALENDAR.morning(date.fromisoformat(day))
        if row["template"] == "digest_agency":
            weeks[subject, date.fromisoformat(day).isocalendar()[:2]] += 1
            earlier = [date.fromisoformat(day) - timedelta(days=each) for each in range(1, 7)]
            week = date.fromisoformat(day).isocalendar()[:2]
            assert not [each for each in earlier if each.isocalendar()[:2] == week and CALENDAR.working(each)]
    assert told == year.account.digests
    assert set(weeks.values()) == {1}
    assert len(weeks) >= days // 7


def nobody_is_rung_without_need(year: Year, said: Sequence[Row]) -> None:
    """At night only that rings which is due within two hours, or of which something urgent was said once it was due."""
    for row in said:
        if row["template"] == "review_ring" and NIGHT.at(row["created_at"]):
            found = STEP.fullmatch(row["key"])
            if found is None:
                assert re.match(r"review:[0-9a-f-]{36}:(noted|event):", row["key"])
            else:
                seen = year.account.due[UUID(found[1]), datetime.fromisoformat(found[3])]
                assert urgent(seen.reason) or seen.urged


def load(said: Sequence[Row]) -> str:
    """Report how much a day brings those who assess: reminders in channels, and what of all that rings them."""
    own = [
        row
        for row in said
        if row["target_kind"] == TargetKind.COMPARTMENT and row["template"].endswith(("_due", "_overdue"))
    ]
    days = {(each["parameters"]["person"], each["created_at"].astimezone(ZONE).date()) for each in own}
    owners = {person for person, _ in days}
    rung = Counter(
        (str(person), row["created_at"].astimezone(ZONE).date())
        for row in said
        if row["template"] == "review_ring"
        for person in row["mentions"]
        if str(person) in owners
    )
    reminded = Counter((row["parameters"]["person"], row["created_at"].astimezone(ZONE).date()) for row in own)
    return "\n".join(
        f"{what}, {len(owners)} people: on a day that has any {_spread(sorted(each.values()))}; "
        f"{sum(each.values()) / len(owners) / len({day for _, day in days}):.2f} on average of all days"
        for what, each in (("reminders of one person", reminded), ("rings of one person", rung))
    )


def _spread(counts: Sequence[int]) -> str:
    """Tell the mean, what nineteen of twenty do not exceed, and the worst of ordered counts."""
    return f"{sum(counts) / len(counts):.1f}, p95 {percentile(counts, 95)}, at most {counts[-1]}"


def rings_are_heard_or_counted(said: Sequence[Row], pending: Sequence[Row]) -> None:
    """Of the leaders' reminders each rang or was counted."""
    wanted: Counter[str] = Counter()
    rung: Counter[str] = Counter()
    folded: Counter[str] = Counter({str(row["person_id"]): row["folded"] for row in pending})
    leaders = {row["parameters"]["person"] for row in said if row["template"] == "review_due"}
    for row in said:
        found = STEP.fullmatch(row["key"])
        if row["template"] == "reminders_folded":
            folded[str(row["target_id"])] += int(row["parameters"]["count"])
        elif row["target_kind"] == TargetKind.COMPARTMENT and (found or row["key"].startswith("clock:")):
            if row["template"] == "review_ring":
                rung.update(map(str, row["mentions"]))
            else:
                wanted[row["parameters"]["person"]] += 1
    assert leaders
    for person in leaders:
        assert rung[person] + folded[person] == wanted[person]
    assert any(folded.values())
