"""Who hears of what, compared with what the services themselves let each person see, through invented ups and downs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from agencies.model import Person, PersonId
from alerts.model import AlertId
from alerts.sweep import escalate_due
from alerts.vocabulary import StandDownReason
from cases import ledger
from cases.ledger import Entry
from cases.model import CaseId, Part
from core import outbox
from core.errors import NotFound, StrehaError
from core.settings import Secret, Settings
from safety_plans import sweep as reviews
from safety_plans.clocks.rules import Spans
from safety_plans.model import Level
from server.api.wire.board import BoardAnswer
from server.api.wire.cases import CasesAnswer
from server.board import Board
from server.live.acts import Audience
from server.live.audience import Hearing, hearings, told_of
from tests.clock import ZONE, MovableClock
from tests.people import Network, Office, Scene

STEPS = 30


class Story:
    """A network in which things happen, and everything that each person sees of it."""

    def __init__(self, network: Network, scene: Scene, clock: MovableClock, seed: int) -> None:
        self.network = network
        self.clock = clock
        self.scene = scene
        self.offices: list[Office] = [scene.shelter, scene.police, scene.welfare, scene.ngo, scene.elsewhere]
        self.chance = Random(seed)  # noqa: S311 (a story, no secret)
        self.people = [each for its in self.offices for each in (*its.workers, *its.officers, *its.deputies)]
        self.cases = [scene.case.id]
        self.board = Board(
            network.database, clock, agencies=network.agencies, cases=network.cases, alerts=network.alerts,
            reviews=network.reviews, rung=network.rung,
        )  # fmt: skip
        self.settings = Settings(database_url=Secret(""))
        self.position = 0

    async def views(self) -> dict[PersonId, object]:
        """Return everything that stands on everybody's board, without what changes by itself."""
        working = {each.id for each in await self.network.agencies.all_staff()}
        return {each.id: await self._view(each) for each in self.people if each.id in working}

    async def step(self) -> tuple[str, list[Entry], list[Hearing]]:
        """Let something happen; return what it was, its entries, and who hears of them."""
        self.clock.move(timedelta(minutes=1))
        name, act = self.chance.choice(sorted(self._acts().items()))
        with suppress(StrehaError):
            await act()
        await ledger.sequence_all(self.network.database)
        entries = await ledger.entries(self.network.database, self.position, 1000)
        self.position += len(entries)
        async with self.network.database.transaction() as tx:
            return name, entries, await hearings(tx, entries, [each.id for each in self.people])

    async def may_know(self, entry: Entry) -> set[PersonId]:
        """Ask the services who may know of what an entry speaks of."""
        working = {each.id for each in await self.network.agencies.all_staff()}
        return {each.id for each in self.people if each.id in working and await self._may_know(entry, each)}

    async def _may_know(self, entry: Entry, person: Person) -> bool:
        network, audience = self.network, told_of(entry).audience
        if audience is Audience.NOBODY:
            return False
        if audience is Audience.SEES_ALERT:
            assert entry.object_id
            return await known(network.alerts.see(person, AlertId(entry.object_id)))
        if audience is Audience.SEES_REVIEW:
            return entry.case_id in {each.review.case_id for each in await network.reviews.due(person)}
        if audience is Audience.SEES_DUTY:
            shown = {each.id for each in (await self.board.see(person)).desks}
            return bool(shown & await self._desks_meant(entry))
        return await self._may_know_in_case(entry, person, audience)

    async def _may_know_in_case(self, entry: Entry, person: Person, audience: Audience) -> bool:
        assert entry.case_id
        try:
            case = await self.network.cases.see(person, CaseId(entry.case_id))
        except NotFound:
            return False
        if audience is Audience.LEADS_CASE:
            return person.id in case.leaders
        circles = {each.id for each in case.compartments}
        return audience is Audience.IN_CASE or entry.object_id in circles

    async def _view(self, person: Person) -> object:
        board = BoardAnswer.of(await self.board.see(person), self.settings, "en")
        cases = CasesAnswer.of(await self.network.cases.see_all(person))
        # A message that is called off with an exclusion is told with the next step of its alert, within seconds.
        sent = [[each for each in alert.deliveries if each.state == "sent"] for alert in board.alerts]
        alerts = [replace(alert, deliveries=its) for alert, its in zip(board.alerts, sent, strict=True)]
        return cases, alerts, board.reviews, board.duty, board.rung, board.channels, board.people, board.proven

    async def open_alerts_seen(self, person: Person) -> tuple[set[Any], set[Any]]:
        """Return the open alerts that stand on somebody's board, and those that they may look at."""
        async with self.network.database.transaction() as tx:
            rows = await tx.rows("SELECT id FROM alerts WHERE state <> 'stood_down'")
        board = {each.alert.id for each in (await self.board.see(person)).alerts}
        return board, {row["id"] for row in rows if await known(self.network.alerts.see(person, row["id"]))}

    async def _desks_meant(self, entry: Entry) -> set[Any]:
        async with self.network.database.transaction() as tx:
            rows = await tx.rows(
                "SELECT id FROM duty_desks WHERE id = $1 OR agency_id = (SELECT agency_id FROM people WHERE id = $1)",
                entry.object_id,
            )
        return {row["id"] for row in rows}

    def _acts(self) -> dict[str, Callable[[], Awaitable[object]]]:
        network, chance = self.network, self.chance
        actor, other, office = chance.choice(self.people), chance.choice(self.people), chance.choice(self.offices)
        case_id = chance.choice(self.cases)
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "open a case": lambda: self._open_case(actor, office, other),
            "open a circle": lambda: self._in_circle(case_id, "open", other),
            "close a circle": lambda: self._in_circle(case_id, "close", other),
            "add a member": lambda: self._in_circle(case_id, "add", other),
            "remove a member": lambda: self._in_circle(case_id, "remove", other),
            "raise": lambda: self._in_circle(case_id, "raise", other),
            "raise again": lambda: self._in_circle(case_id, "raise", actor),
            "exclude": lambda: self._lead(case_id, "exclude", other),
            "name leaders": lambda: self._lead(case_id, "leaders", other),
            "give a part": lambda: self._lead(case_id, "part", other),
            "set a level": lambda: self._lead(case_id, "level", other),
            "close a case": lambda: self._lead(case_id, "close", other) if chance.random() < 0.2 else nothing(),
            "accept": lambda: self._answer(actor, "accept"),
            "stand down": lambda: self._answer(actor, "stand down"),
            "escalate": self._escalate,
            "deliver": self._deliver,
            "seat": lambda: network.agencies.seat(required(office.desk_id), chance.choice(staff(office)).id),
            "unseat": lambda: network.agencies.unseat(required(office.desk_id), chance.choice(staff(office)).id),
            "cover": lambda: network.agencies.open_desk(
                office.agency.id, always_staffed=False, covered_by=chance.choice(self.offices).desk_id
            ),
            "leave": lambda: network.depart(other) if chance.random() < 0.3 else nothing(),
            "review": lambda: reviews.open_missing(network.database, self.clock, ZONE, Spans()),
        }
        return acts

    async def _open_case(self, actor: Person, office: Office, other: Person) -> None:
        case = await self.network.cases.open(
            actor,
            agencies={office.agency.id: Part.RESPONDER, other.agency_id: Part.INFORMED},
            member_ids=[other.id],
        )
        self.cases.append(case.id)

    async def _lead(self, case_id: CaseId, what: str, other: Person) -> None:
        async with self.network.database.transaction() as tx:
            row = await tx.row("SELECT coordinator_id FROM cases WHERE id = $1", case_id)
        leader = next(each for each in self.people if row and each.id == row["coordinator_id"])
        match what:
            case "exclude":
                await self.network.cases.exclude(leader, case_id, other.id)
            case "leaders":
                await self.network.cases.set_leaders(leader, case_id, other.id, leader.id)
            case "part":
                await self.network.cases.set_part(leader, case_id, other.agency_id, Part.RESPONDER)
            case "level":
                await self.network.reviews.set_level(leader, case_id, Level.HIGH)
            case "close":
                await self.network.closing.close_case(leader, case_id)

    async def _in_circle(self, case_id: CaseId, what: str, other: Person) -> None:
        async with self.network.database.transaction() as tx:
            rows = await tx.rows("SELECT id, coordinator_id FROM cases WHERE id = $1", case_id)
        leader = next(each for each in self.people if each.id == rows[0]["coordinator_id"])
        case = await self.network.cases.see(leader, case_id)
        circle = self.chance.choice([each for each in case.compartments if each.open] or [case.core]).id
        match what:
            case "open":
                await self.network.cases.open_compartment(leader, case_id, [other.id])
            case "close":
                await self.network.closing.close_compartment(leader, circle)
            case "add":
                await self.network.cases.add_member(leader, circle, other.id)
            case "remove":
                await self.network.cases.remove_member(leader, circle, other.id)
            case "raise":
                within = [each for each in self.people if each.id in {*case.core.member_ids, other.id, leader.id}]
                await self.network.alerts.raise_(self.chance.choice(within), circle, uuid4())

    async def _answer(self, actor: Person, what: str) -> None:
        views = await self.network.alerts.see_all(actor)
        if not views:
            return
        if what == "accept":
            await self.network.alerts.acknowledge(actor, views[0].alert.id)
        else:
            await self.network.alerts.stand_down(actor, views[0].alert.id, StandDownReason.SAFE)

    async def _escalate(self) -> None:
        self.clock.move(timedelta(minutes=10))
        await escalate_due(self.network.database, self.clock)

    async def _deliver(self) -> None:
        now = self.clock.now()
        async with self.network.database.transaction() as tx:
            claimed = await outbox.claim(tx, now, 3, outbox.Lane.ALERT)
            await outbox.mark_sent(tx, [(each.id, []) for each in claimed], now)


def required(desk_id: Any) -> Any:
    assert desk_id is not None
    return desk_id


def staff(office: Office) -> Sequence[Person]:
    return (*office.workers, *office.officers, *office.deputies)


async def nothing() -> None:
    return


async def known(asked: Awaitable[object]) -> bool:
    try:
        await asked
    except NotFound:
        return False
    return True


@pytest.mark.parametrize("seed", [5, 6])
async def test_who_hears_is_who_may_know_and_whoever_sees_a_change_hears_of_it(
    network: Network, scene: Scene, clock: MovableClock, seed: int
) -> None:
    story = Story(network, scene, clock, seed)
    before = await story.views()
    acts: set[str] = set()
    for _ in range(STEPS):
        name, entries, heard = await story.step()
        acts |= {each.act for each in entries}
        for entry, hearing in zip(entries, heard, strict=True):
            assert not hearing.change & (hearing.access | hearing.left), entry.act
            may_know = await story.may_know(entry)
            assert hearing.change == may_know - hearing.access - hearing.left, (seed, name, entry.act)
        if not entries:
            continue
        after = await story.views()
        told = frozenset().union(*(each.change | each.access | each.left for each in heard))
        changed = {
            person_id for person_id, view in after.items() if view != before[person_id]
        } | before.keys() - after.keys()
        assert changed <= told, (seed, name, [each.act for each in entries])
        before = after
        person = story.chance.choice([each for each in story.people if each.id in after])
        on_board, may_see = await story.open_alerts_seen(person)
        assert on_board == may_see, (seed, name)
    # Enough happened for this to mean something.
    assert len(acts) > 12, (len(acts), acts)
