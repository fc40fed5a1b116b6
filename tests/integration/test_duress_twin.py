"""Whatever people do: nothing that reaches whoever is forced, and nothing they see, tells that others were called.

Two runs of the same acts on two databases. In one the sentence for duress is written, and the others act on what they
are told alone; in the other it is the all-clear. All that is said in the forced person's rooms and at their telephones,
what the API answers them and what their live stream tells is compared, with its ids in the order of their appearance.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import aiohttp
import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agencies.contacts import Contacts, Means
from agencies.model import Person
from alerts.incidents import sweep as incident_sweep
from alerts.model import AlertId
from alerts.police import asking
from alerts.sweep import escalate_due
from alerts.vocabulary import StandDownReason
from bots.rooms.occupants import Occupants
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from bots.words.meaning import CLOCKS_APART
from cases import ledger
from cases.model import Part
from core.database import Database, connect
from core.errors import Conflict, NotFound
from core.settings import Secret, Settings
from deploy.stack import LocalStack
from safety_plans.events import take_up_events
from server.api.wire.alerts import AlertAnswer
from server.live.audience import hearings
from tests.clock import ZONE, MovableClock
from tests.conftest import START, TEMPLATE_OF_SCENE, Copies
from tests.forced import CLEAR, DURESS, duress_alerts, knowing, reaching, settle
from tests.people import Network, Scene
from tests.talk import BOT, house_of, said

EXAMPLES, LONGEST = 15, 9
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# What the others do in secret, where there is a secret.
SECRETLY = ("accept", "end", "spoke", "called")
ACTS = st.one_of(
    st.tuples(st.just("own"), st.sampled_from(["channel", "alone"])),
    st.tuples(
        st.just("forced says"), st.sampled_from(["panic", "ack", "stand-down", "who", "due", "192 me", "yes", "drill"])
    ),
    st.tuples(
        st.just("other says"), st.sampled_from(["panic", "ack", "stand-down safe", "192 me", "yes", "stand-down"])
    ),
    st.tuples(st.just("secretly"), st.sampled_from(SECRETLY)),
    st.tuples(st.just("time"), st.sampled_from([1, 3, 11, 35, 400])),
    st.tuples(st.just("removed"), st.just("ngo")),
)
LISTS = st.lists(ACTS, min_size=1, max_size=LONGEST)
# Before anything else: whoever is forced later sees the call for it, and must not lose it.
ANOTHER = ("another is forced", None)


class World:
    """A run on a database of its own."""

    def __init__(self, url: str, scene: Scene, directory: Path, *, forced: bool) -> None:
        self.scene = scene
        self.clock = MovableClock(START)
        self._sentence = DURESS if forced else CLEAR
        self._url = url
        self._directory = directory
        self._events = 0

    async def __aenter__(self) -> Self:
        self._connected = connect(self._url)
        self.database: Database = await self._connected.__aenter__()
        self.network = Network(self.database, self.clock)
        self._session = aiohttp.ClientSession()
        own = knowing(self.database, self.clock, self._directory)
        shown = Settings(database_url=Secret(self._url), network="invented network")
        nowhere = Occupants(Homeserver("http://127.0.0.1:9", self._session))
        self._handling = Handling(self.database, self.clock, shown, nowhere, BOT, own)
        self._house = await house_of(self.database, self.clock)
        people = [self.scene.member, self.scene.coordinator, self.scene.ngo.worker]
        contacts = Contacts(self.database, self.clock)
        for number, person in enumerate([*people[:2], self.scene.deputy, self.scene.police.officer]):
            await contacts.add(person.id, Means.VOICE, f"+38160000000{number % 3}", of_desk=False)
        await settle(own, self.database, self.clock, people)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._connected.__aexit__(None, None, None)

    async def act(self, forced: Person, kind: str, what: Any) -> None:
        """Let one thing happen."""
        core = self.scene.case.core.id
        match kind:
            case "own":
                await self._say(forced, core if what == "channel" else forced.id, self._sentence)
            case "forced says":
                await self._say(forced, core, what)
            case "another is forced":
                await self._say(self.scene.ngo.worker, core, DURESS)
            case "other says":
                await self._say(self.scene.deputy, core, what)
            case "secretly":
                await self._secretly(what)
            case "time":
                self.clock.move(timedelta(minutes=what))
                await self._sweep()
            case _:
                with suppress(NotFound, Conflict):
                    await self.network.cases.set_part(
                        self.scene.deputy, self.scene.case.id, self.scene.ngo.agency.id, Part.RESPONDER
                    )

    async def _say(self, person: Person, room: UUID, words: str) -> None:
        self._events += 1
        room_id = next(each for each, target in self._house.items() if target.id == room)
        message = said(person, room_id, words, self.clock, event=f"$event-{self._events}")
        # The homeserver's clock is a little ahead: what counts is the bot's then, the same in both runs.
        await self._handling.handle(replace(message, sent_at=message.sent_at + CLOCKS_APART - timedelta(seconds=1)))

    async def _secretly(self, what: str) -> None:
        """Let whoever knows of it act on what is for duress."""
        alerts, deputy, officer = self.network.alerts, self.scene.deputy, self.scene.police.officer
        for alert_id in map(AlertId, await duress_alerts(self.database)):
            with suppress(Conflict, NotFound):
                match what:
                    case "accept":
                        await alerts.acknowledge(officer, alert_id)
                    case "end":
                        await alerts.stand_down(officer, alert_id, StandDownReason.SAFE)
                    case "spoke":
                        await alerts.note_conversation(officer, alert_id, deputy.id)
                    case _:
                        await self.network.emergency_calls.note(officer, alert_id, called=False)

    async def _sweep(self) -> None:
        for sweep in (escalate_due, asking.ask_on, incident_sweep.remind_due):
            await sweep(self.database, self.clock)
        await take_up_events(self.database, self.clock, ZONE)

    async def seen(self, forced: Person) -> list[str]:
        """Return all that reaches somebody and all they are shown, with ids as they appear one after the other."""
        found = [repr(each) for each in await reaching(self.database, forced)]
        for view in await self.network.alerts.see_all(forced, ended=True):
            found.append(msgspec.json.encode(AlertAnswer.of(view)).decode())
            with suppress(NotFound):
                found.append(repr(sorted(map(repr, (await self.network.incidents.see(forced, view.alert.id)).noted))))
        reviews = await self.network.reviews.due(forced)
        found += [repr((each.review.due_at, each.review.state, each.codename)) for each in reviews]
        found.append(repr(await self.network.alerts.last_accepted(forced)))
        found += await self._streamed(forced)
        return _named(found)

    async def _streamed(self, forced: Person) -> list[str]:
        """Return what the live stream tells, of everything that happened."""
        await ledger.sequence_all(self.database)
        entries = await ledger.entries(self.database, limit=10_000)
        async with self.database.reading() as look:
            heard = await hearings(look, entries, [forced.id])
        return [
            repr((entry.act, entry.object_id, forced.id in each.access))
            for entry, each in zip(entries, heard, strict=True)
            if forced.id in each.change | each.access
        ]


def _named(lines: list[str]) -> list[str]:
    names: dict[str, str] = {}
    return [_ID.sub(lambda found: names.setdefault(found[0], f"id {len(names)}"), line) for line in lines]


class Twins:
    """Makes both runs anew for each example."""

    def __init__(self, postgres: LocalStack, scene: Scene, directory: Path) -> None:
        self.runner = asyncio.Runner()
        self._url = postgres.addresses.database_url
        self._scene = scene
        self._directory = directory
        self._made = 0
        self._administration: asyncpg.Connection = self.runner.run(asyncpg.connect(self._url))
        self._copies = Copies(self._url, self._administration, first=1_000_000)

    def compare(self, forced: Person, acts: list[tuple[str, Any]]) -> None:
        """Let the same happen in both runs, and compare after each act what reaches whoever is forced."""
        self.runner.run(self._compare(forced, acts))

    async def _compare(self, forced: Person, acts: list[tuple[str, Any]]) -> None:
        self._made += 1
        async with (
            self._copies.copy(TEMPLATE_OF_SCENE) as one,
            self._copies.copy(TEMPLATE_OF_SCENE) as other,
            World(one, self._scene, self._directory / f"{self._made}-a", forced=True) as truly,
            World(other, self._scene, self._directory / f"{self._made}-b", forced=False) as seemingly,
        ):
            for kind, what in acts:
                # No two things happen at one moment: what is shown of such stands in the order of random ids.
                for each in (truly, seemingly):
                    each.clock.move(timedelta(milliseconds=1))
                await truly.act(forced, kind, what)
                await seemingly.act(forced, kind, what)
                assert await truly.seen(forced) == await seemingly.seen(forced), (kind, what)
            assert not await duress_alerts(seemingly.database, forced)
            if any(kind == "own" for kind, _ in acts):
                assert await duress_alerts(truly.database, forced)

    def close(self) -> None:
        """Leave the server."""
        self.runner.run(self._administration.close())
        self.runner.close()


@pytest.mark.parametrize("leads", [False, True])
def test_nothing_tells_whoever_is_forced_from_who_is_not(
    postgres: LocalStack, scene: Scene, tmp_path: Path, *, leads: bool
) -> None:
    twins = Twins(postgres, scene, tmp_path)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @example(acts=[("own", "channel"), ("time", 3), ("secretly", "accept"), ("time", 35), ("secretly", "end")])
    @example(acts=[("forced says", "panic"), ("own", "alone"), ("other says", "ack"), ("secretly", "called")])
    @example(acts=[("other says", "panic"), ("forced says", "ack"), ("own", "channel"), ("forced says", "yes")])
    @example(acts=[ANOTHER, ("time", 3), ("own", "alone"), ("time", 11), ANOTHER, ("secretly", "accept"), ("time", 35)])
    @given(acts=st.one_of(LISTS, LISTS.map(lambda each: [ANOTHER, *each])))
    def compared(acts: list[tuple[str, Any]]) -> None:
        twins.compare(scene.coordinator if leads else scene.member, acts)

    try:
        compared()
    finally:
        twins.close()
