"""A year of a court district in small: no announced silence has anybody called, and whoever is lost is missed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.database import Database
from operations.model import OperationId
from safety_plans.model import Level
from tests.clock import MovableClock
from tests.court_district import MINUTE, District, Said
from tests.people import Network

# How large the larger one is, teams and days, for whoever measures: docs/benchmarks.md.
TEAMS, DAYS = (int(each) for each in os.environ.get("DISTRICT_OF", "8x60").split("x"))
# Of each level: minutes of grace, and after how many of lateness the alert is raised (network's rules for operations).
GRACE = {Level.LOW: 15, Level.MEDIUM: 15, Level.HIGH: 10, Level.VERY_HIGH: 5}
ALERT = {Level.LOW: 35, Level.MEDIUM: 35, Level.HIGH: 20, Level.VERY_HIGH: 5}
CALLED = {"buddy", "desk", "liaison", "police"}
PREVENTABLE = "called during a silence, or without a question after it"

Rungs = Sequence[tuple[datetime, str]]


@pytest.mark.parametrize(
    ("teams", "days"), [(4, 12), pytest.param(TEAMS, DAYS, marks=[pytest.mark.slow, pytest.mark.long])]
)
async def test_in_a_district_silences_call_nobody_and_the_lost_are_missed(
    database: Database, network: Network, clock: MovableClock, teams: int, days: int
) -> None:
    # Over the night in which the clock is put forward.
    clock.set(datetime(2026, 3, 20, 3, tzinfo=UTC))
    district = District(network, clock, teams, seed=11)
    await district.begin()
    await district.live(days)
    climbed = await rungs(database)
    silences = sum(len(each.silences) for each in district.said)
    assert silences > len(district.said) / 2
    outcomes = [(outcome(said, climbed.get(said.way, ())), said) for said in district.said]
    account = Counter(what for what, _ in outcomes)
    lost = [each for each in district.said if each.lost_at is not None]
    for said in lost:
        is_missed(said, climbed.get(said.way, ()))
    wrong = [(said, climbed[said.way]) for what, said in outcomes if what == PREVENTABLE]
    assert wrong == []
    # Chance made enough of each.
    assert account["called for nothing: nobody had said anything"] > 0
    print(f"{len(district.said)} ways, {silences} silences, {len(lost)} lost: {dict(account)}")  # noqa: T201 (a report)


async def rungs(database: Database) -> Mapping[OperationId, Rungs]:
    """Return what was climbed of each way, and when."""
    async with database.reading() as look:
        rows = await look.rows(
            "SELECT object_id, at, facts FROM ledger WHERE act IN ('milestone_late', 'milestone_later') ORDER BY entry"
        )
    found: dict[OperationId, list[tuple[datetime, str]]] = {}
    for row in rows:
        each = found.setdefault(OperationId(row["object_id"]), [])
        each += [(row["at"], rung) for rung in row["facts"]["rungs"].split(",")]
    return found


def outcome(said: Said, climbed: Rungs) -> str:
    """Tell what came of a way: whether others were called, and whether the rules of dark time could have kept them."""
    calls = [at for at, rung in climbed if rung in CALLED and (said.lost_at is None or at <= said.lost_at)]
    if not calls:
        return "nobody called, asked" if climbed else "nobody called, nobody asked"
    grace = timedelta(minutes=GRACE[said.level])
    for at in calls:
        # What is said in the very minute of a call came after it: the sweep looks first.
        heard = max((each for each in said.oks if each < at), default=None)
        # A silence ends when a step is reached; what was announced after that counts, the last of it.
        ends = [end for begin, end in said.silences if begin < at and (heard is None or begin >= heard)]
        quiet_until = ends[-1] if ends else None
        if quiet_until is not None and at < quiet_until + grace:
            return PREVENTABLE
        if heard is not None and at < heard + grace:
            return "called within the grace of being heard from"
    return "called for nothing: nobody had said anything"


def is_missed(said: Said, climbed: Rungs) -> None:
    """Require that somebody who is lost is asked for, and that people are called in the time of their level."""
    assert said.lost_at is not None
    called = next((at for at, rung in climbed if rung == "desk" and at > said.lost_at), None)
    if called is None:
        # Nobody had said that the step before was reached: people are called already, and will be again.
        assert any(rung == "again" and at > said.lost_at for at, rung in climbed)
        return
    # What was asked for before it may have been reached at the very moment.
    asked = max(at for at, rung in climbed if rung == "prompt" and at <= called)
    assert called - asked == ALERT[said.level] * MINUTE
