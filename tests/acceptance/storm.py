"""A storm of faults over one town: people press while parts die, hang and refuse and the clock is stepped.

Owns how a plan (`storm_plan`) is let happen, and the account that is taken afterwards (`storm_account`) from what
strict clients have read: nothing lost, nothing twice without saying so, nothing with people it is not for, and how
late. In every case somebody is on the way whose step is missed meanwhile (`storm_ways`). Times are in seconds. The bot
reaches its homeserver only through a proxy (`tests.adverse_homeserver`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from agencies.model import AgencyKind
from alerts.model import AlertId
from alerts.vocabulary import RAISED_BY_CLOCKS, StandDownReason
from cases.model import Case
from core.errors import Conflict, StrehaError
from core.ids import new_id
from core.outbox import Target, TargetKind
from deploy.demo_network import agency_of_kind
from deploy.demo_people import CASES
from deploy.network import ROLES
from deploy.witness import Message, Witness, WitnessError
from tests.acceptance.conftest import Town, rings
from tests.acceptance.siege import Siege
from tests.acceptance.storm_account import COUNTED, Account, is_said_again, unmarked
from tests.acceptance.storm_plan import PLACES, Fault, Plan, Press, Stroke
from tests.acceptance.storm_ways import Ways
from tests.adverse_homeserver import Rule, What
from tests.clock import ZONE
from tests.waiting import until

PATIENCE = 120.0
# Whoever presses and hears nothing presses again.
PRESSED_AGAIN = 0.5

_TROUBLED = ("send", "sync", "keys/query", "keys/claim", "sendToDevice", "joined_members")
_RULES = {
    Fault.HOMESERVER_REFUSES: [
        Rule(part=part, what=What.STATUS, times=times, status=status)
        for part, status, times in (("send", 429, 2), ("send", 502, 2), ("sync", 503, 2), ("keys/query", 500, 1))
    ],
    Fault.HOMESERVER_SLOW: [Rule(part=part, what=What.DELAY, times=3) for part in _TROUBLED],
    Fault.HOMESERVER_CUTS: [Rule(part=part, what=What.DROP, times=2) for part in _TROUBLED],
}


@dataclass(slots=True, kw_only=True, eq=False)
class Place:
    """A case of the storm, and who must read what is raised there, in which room."""

    case: Case
    room: str
    readers: dict[Witness, str]


@dataclass(slots=True, kw_only=True, eq=False)
class Storm:
    """Runs plans, one after the other, over the same people and cases."""

    siege: Siege
    places: Sequence[Place]
    # Who may hear nothing of a place; and who may hear nothing at all.
    barred: Mapping[Witness, Collection[str]]
    people: Mapping[str, Witness]
    ways: Ways
    account: Account = field(default_factory=Account)
    _began: dict[Witness, int] = field(default_factory=dict)
    _first_row: int = 0
    _rooms: dict[Target, set[str]] = field(default_factory=dict)
    _desk_of_police: UUID | None = None

    @property
    def town(self) -> Town:
        """The town it is over."""
        return self.siege.town

    async def run(self, plan: Plan) -> None:
        """Let a plan happen, wait until people have read what they must, end the alerts, and take the account."""
        self.account.runs += 1
        if any(each.fault is Fault.DATABASE_FAILED_OVER for each in plan.strokes):
            await self.town.network.stack.add_standby()
        loop = asyncio.get_running_loop()
        before = {witness: len(witness.messages) for witness in self.people.values()}
        await self.ways.begin([each.case for each in self.places], plan.missed)
        async with asyncio.TaskGroup() as tasks:
            pressed = [tasks.create_task(self._press(each)) for each in plan.presses]
            async with asyncio.TaskGroup() as strokes:
                for each in plan.strokes:
                    strokes.create_task(self._strike(each))
            over = loop.time()
            await self._mend()
        since = max(over, *(each.result() for each in pressed))
        async with asyncio.TaskGroup() as looking:
            looking.create_task(self.ways.require_noticed(self.account, plan.seed))
            for place in {each.place: self.places[each.place] for each in plan.presses}.values():
                self.account.alerts += 1
                await self._is_read(plan, place, before)
                self.account.late.append(max(loop.time() - since, 0.0))
        for place in {each.place: self.places[each.place] for each in plan.presses if each.in_room}.values():
            await self._is_heard_out(place)
        await self.ways.end()
        for place in self.places:
            await self._end(place, before)
        await self._take_account(plan)

    async def begin(self) -> None:
        """Note what was said before the storm, and at which desk Petar sits."""
        self._began = {witness: len(witness.messages) for witness in self.people.values()}
        police = agency_of_kind(self.town.accounts, AgencyKind.POLICE)
        async with self.town.network.database.reading() as look:
            self._desk_of_police = await look.value("SELECT id FROM duty_desks WHERE agency_id = $1", police.id)
            self._first_row = await look.value("SELECT coalesce(max(sequence), 0) FROM outbox")

    # What happens --------------------------------------------------------------------------------------

    async def _press(self, press: Press) -> float:
        await asyncio.sleep(press.at)
        loop, key, place = asyncio.get_running_loop(), new_id(), self.places[press.place]
        began = loop.time()
        while True:
            with suppress(WitnessError, StrehaError):
                if press.in_room:
                    await self.people["sara"].send(place.room, "panic")
                else:
                    await self.town.alerts.raise_(self.town.person("mila"), place.case.core.id, key)
                return began
            await asyncio.sleep(PRESSED_AGAIN)

    async def _strike(self, stroke: Stroke) -> None:
        await asyncio.sleep(stroke.at)
        network, stack = self.town.network, self.town.network.stack
        match stroke.fault:
            case Fault.ENGINE_KILLED | Fault.BOT_KILLED:
                role = "engine" if stroke.fault is Fault.ENGINE_KILLED else "bots"
                await network.stop_role(role, kill=True)
                await asyncio.sleep(stroke.lasts)
                await self._start(role)
            case Fault.DATABASE_CRASHED:
                await stack.stop_postgres(kill=True)
                await asyncio.sleep(stroke.lasts)
                await stack.start_postgres()
            case Fault.DATABASE_FAILED_OVER:
                await stack.fail_over()
            case Fault.HOMESERVER_CRASHED:
                await stack.stop_homeserver(kill=True)
                await asyncio.sleep(stroke.lasts)
                await stack.start_homeserver()
            case Fault.CLOCK_AHEAD:
                network.move_clock(timedelta(minutes=3) * (1 + stroke.lasts))
            case Fault.CLOCK_BACK:
                network.move_clock(-timedelta(seconds=20) * (1 + stroke.lasts))
            case Fault.CLOCK_CHANGES:
                network.move_clock(_next_change(network.clock.now()) - network.clock.now() - timedelta(seconds=1))
                await asyncio.sleep(stroke.lasts)
                network.move_clock(timedelta(minutes=3))
            case _:
                self.siege.proxy.adopt(*(_anew(each) for each in _RULES[stroke.fault]), seed=int(stroke.at * 1e6))
                await asyncio.sleep(stroke.lasts)

    async def _mend(self) -> None:
        """End what is left of the faults; what ended by itself is started again, as whoever runs it does."""
        self.siege.proxy.calm()
        for role in ROLES:
            if not self.town.network.role_is_running(role):
                await self.town.network.stop_role(role)
                await self._start(role)

    async def _start(self, role: str) -> None:
        if role == "bots":
            await self.siege.start_bot()
        else:
            await self.town.network.start_role(role)

    # What people read ----------------------------------------------------------------------------------

    async def _is_read(self, plan: Plan, place: Place, before: Mapping[Witness, int]) -> None:
        """Wait until everybody who must has read ring and details; whatever is missing is lost."""
        details = f"ALERT, {place.case.codename}:"
        for witness in place.readers:
            try:
                # After a long outage the first that there is may say that it is sent again.
                await witness.wait_for(lambda each: rings(unmarked(each)), None, PATIENCE, after=before[witness])
                await witness.wait_for(details, None, PATIENCE, after=before[witness])
            except WitnessError:
                self.account.lost.append(f"seed {plan.seed}: {witness.name} has not read the alert. {plan.strokes}")

    async def _is_heard_out(self, place: Place) -> None:
        """Return once the bot has handled every press in the room: one that comes after the end raises a new alert.

        A homeserver that dies may have taken what it did not confirm, so a client sends what was there already.
        """
        ana = self.people["ana"]
        after = len(ana.messages)
        while True:
            with suppress(WitnessError):
                await self.people["sara"].send(place.room, "help")
                await ana.wait_for("Write one of these", place.room, PATIENCE, after=after)
                return
            await asyncio.sleep(PRESSED_AGAIN)

    async def _end(self, place: Place, before: Mapping[Witness, int]) -> None:
        """Let everybody's alert be accepted and ended, and read that it was."""
        ended = False
        for alert_id, by_clock in await self._open(place):
            # Of what a clock raised those who lead and the desks hear, and not the channel.
            ended |= await self._stand_down(alert_id) and not by_clock
        if ended:
            for witness in place.readers:
                with suppress(WitnessError):
                    over = f"{place.case.codename}: the alert was ended"
                    await witness.wait_for(over, None, PATIENCE, after=before[witness])

    async def _stand_down(self, alert_id: AlertId) -> bool:
        petar = self.town.person("petar")
        while True:
            try:
                await self.town.alerts.acknowledge(petar, alert_id)
                await self.town.alerts.stand_down(petar, alert_id, StandDownReason.FALSE_ALARM)
            except Conflict:
                return False
            except StrehaError:
                await asyncio.sleep(PRESSED_AGAIN)
            else:
                return True

    async def _open(self, place: Place) -> list[tuple[AlertId, bool]]:
        """Return the open alerts of a place, each with whether nobody pressed for it but a clock."""
        async with self.town.network.database.reading() as look:
            rows = await look.rows(
                "SELECT id, event = ANY($2) AS by_clock FROM alerts "
                "WHERE compartment_id = $1 AND state <> 'stood_down'",
                place.case.core.id,
                sorted(RAISED_BY_CLOCKS),
            )
        return [(AlertId(row["id"]), row["by_clock"]) for row in rows]

    async def _take_account(self, plan: Plan) -> None:
        """Compare what was read with what was to be said since the storm began: late repetitions count as well."""
        said = await self._settled()
        for (target, template), counts in said.items():
            rooms = await self._rooms_of(target)
            for witness in self._in(target):
                # What was sent a moment ago is still on its way to them; what never comes is lost.
                with suppress(TimeoutError):
                    await until(lambda: self._told(witness, rooms, template) >= counts["sent"])  # noqa: B023 (at once)
                told, read = self._told(witness, rooms, template), self._read(witness, rooms, template)
                where = f"seed {plan.seed}: {template} at {target.kind} {witness.name}: {told} read of {counts}"
                if told < counts["sent"]:
                    self.account.lost.append(where)
                if read > counts.total():
                    self.account.double.append(where)
        self.account.messages = sum(len(witness.messages) - self._began[witness] for witness in self.people.values())
        for witness, forbidden in self.barred.items():
            for message in witness.messages[self._began[witness] :]:
                if any(each in message.body for each in forbidden):
                    self.account.wrong.append(f"seed {plan.seed}: {witness.name} has read: {message.body}")

    async def _settled(self) -> dict[tuple[Target, str], Counter[str]]:
        """Return how many messages of each kind were left for each room, by state, once none of them waits."""
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self.town.network.database.reading() as look:
                    rows = await look.rows(
                        # Rings of one alert that were late together are one event; what is told late has a line each.
                        "SELECT target_kind, target_id, template, state, CASE WHEN template = 'alert_ring' "
                        "THEN count(DISTINCT coalesce(event_id, outbox.id::text)) ELSE count(*) END AS times "
                        "FROM outbox LEFT JOIN matrix_sends ON outbox_id = outbox.id "
                        "WHERE sequence > $1 AND NOT repeated AND template = ANY($2) GROUP BY 1, 2, 3, 4",
                        self._first_row, list(COUNTED),
                    )  # fmt: skip
                if not any(row["state"] in {"pending", "sending"} for row in rows):
                    break
                await asyncio.sleep(0.2)
        found: dict[tuple[Target, str], Counter[str]] = {}
        for row in rows:
            target = Target(kind=TargetKind(row["target_kind"]), id=row["target_id"])
            found.setdefault((target, row["template"]), Counter())[row["state"]] += row["times"]
        return found

    async def _rooms_of(self, target: Target) -> set[str]:
        rooms = self._rooms.setdefault(target, set())
        rooms.add(await self.town.network.room_of(target))
        return rooms

    def _in(self, target: Target) -> Iterator[Witness]:
        for place in self.places:
            if target.id == place.case.core.id:
                yield from (self.people[name] for name in ("ana", "sara"))
        if target.id == self._desk_of_police:
            yield self.people["petar"]

    def _read(self, witness: Witness, rooms: Collection[str], template: str) -> int:
        """Return how often something was read that does not say of itself that it may have been read before."""
        return sum(COUNTED[template](each) for each in self._heard(witness, rooms) if not is_said_again(each))

    def _told(self, witness: Witness, rooms: Collection[str], template: str) -> int:
        """Return how often it was read at all: after a long outage the first there is may say that it is sent again."""
        return sum(COUNTED[template](unmarked(each)) for each in self._heard(witness, rooms))

    def _heard(self, witness: Witness, rooms: Collection[str]) -> list[Message]:
        return [each for each in witness.messages[self._began[witness] :] if each.room_id in rooms]


def _anew(rule: Rule) -> Rule:
    """Return a rule that is not used up."""
    return Rule(part=rule.part, what=rule.what, times=rule.times, status=rule.status)


def _next_change(now: datetime) -> datetime:
    """Return when the clock on the wall is changed next, to the hour."""
    at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while at.astimezone(ZONE).utcoffset() == (at + timedelta(hours=1)).astimezone(ZONE).utcoffset():
        at += timedelta(hours=1)
    return at + timedelta(hours=1)


async def gathered(siege: Siege) -> Storm:
    """Bring the people and cases of a storm together, and let everybody be in their rooms."""
    town = siege.town
    people = {name: await town.witness(name) for name in ("ana", "sara", "petar", "luka", "teo")}
    duty_room = await town.duty_room(AgencyKind.POLICE)
    await people["petar"].joined(duty_room)
    places = []
    for number in range(PLACES):
        case = await town.open_case(CASES[0])
        if number == PLACES - 1:
            # In this case the shelter's duty officer may hear nothing: that agency is reached without the duty room.
            await town.cases.exclude(town.person("ana"), case.id, town.person("luka").id)
        room = await town.channel(case)
        for name in ("ana", "sara"):
            await people[name].joined(room, people["ana"].user_id, people["sara"].user_id, patience=PATIENCE)
        readers = {people["ana"]: room, people["sara"]: room, people["petar"]: duty_room}
        places.append(Place(case=case, room=room, readers=readers))
    everything = [each.case.codename for each in places]
    barred = {people["luka"]: everything[-1:], people["teo"]: everything}
    storm = Storm(siege=siege, places=places, barred=barred, people=people, ways=Ways(town))
    await storm.begin()
    return storm
