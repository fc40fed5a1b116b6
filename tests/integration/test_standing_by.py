"""What a bot that stands by keeps: little, however much comes, and every call for help that may not have been heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bots.account.lease import Lease
from bots.device.device import MatrixDevice
from bots.device.intake import is_call, may_be_sentence
from bots.device.received import MembershipChange
from bots.olm.bounds import MOST_HANDED_OVER
from bots.rooms.occupants import Occupants
from bots.standby import KEPT, KEPT_PANIC, Standby
from bots.talk.handling import Handling
from core.database import Database
from core.settings import Settings
from tests.clock import MovableClock
from tests.forced import CLEAR, DURESS, duress_alerts, knowing, settle
from tests.people import Scene
from tests.scripted_homeserver import device_of, serving
from tests.talk import BOT, Talk, house_of, room_of, said

MOMENT = timedelta(seconds=1)
ROOM = "!room:streha.example"


class Followed(Occupants):
    """Remembers who was noticed."""

    def __init__(self, device: MatrixDevice) -> None:
        super().__init__(device.homeserver)
        self.noticed: list[str] = []

    def notice(self, change: MembershipChange) -> None:
        self.noticed.append(change.user_id)


class Bench:
    """A bot that stands by, and what comes to it."""

    def __init__(self, database: Database, clock: MovableClock, device: MatrixDevice) -> None:
        self.clock = clock
        self.device = device
        self.occupants = Followed(device)
        self.standby = Standby(database, clock, device, self.occupants, Lease(database, clock))
        self.said = 0

    def comes(self, event_id: str, body: str) -> None:
        record: dict[str, Any] = {
            "kind": "message", "room_id": ROOM, "sender": "@ana:streha.example", "sent_at": 1, "claims": [["a", "b"]],
            "event_type": "m.room.message", "content": {"msgtype": "m.text", "body": body},
        }  # fmt: skip
        with self.device._store.transaction():
            now = self.clock.now().timestamp()
            self.device._store.add_to_inbox(
                event_id, record, now=now, call=is_call(record), sentence=may_be_sentence(record)
            )

    def people_come(self, count: int) -> None:
        """Let so many join, in one answer."""
        member = {"type": "m.room.member", "sender": "@ana:streha.example", "origin_server_ts": 1}
        numbers = range(self.said, self.said + count)
        events = [
            {**member, "event_id": f"$m{each}", "state_key": f"@u{each}:x.example", "content": {"membership": "join"}}
            for each in numbers
        ]
        self.said += count
        answer = {"next_batch": f"s{self.said}", "rooms": {"join": {ROOM: {"timeline": {"events": events}}}}}
        self.device._intake.take_in(answer, {})
        self.standby._heard()

    @property
    def kept(self) -> int:
        """How many rows lie there."""
        return int(self.device._store._one("SELECT count(*) FROM streha_inbox")[0])


@pytest.fixture
async def bench(tmp_path: Path, database: Database, clock: MovableClock) -> AsyncIterator[Bench]:
    async with serving() as homeserver, device_of(homeserver, tmp_path, clock) as device:
        device._intake.take_in({"next_batch": "s0"}, {})
        yield Bench(database, clock, device)


async def test_a_quarter_of_an_hour_is_kept_however_much_comes_in_it(bench: Bench, clock: MovableClock) -> None:
    minutes, in_a_minute = 40, 60
    for _minute in range(minutes):
        bench.people_come(in_a_minute)
        clock.move(timedelta(minutes=1))
    assert bench.kept == in_a_minute * KEPT // timedelta(minutes=1) > MOST_HANDED_OVER
    # Everybody was noticed once, also beyond what is handed over at once.
    assert bench.occupants.noticed == [f"@u{number}:x.example" for number in range(minutes * in_a_minute)]


async def test_more_than_is_handed_over_at_once_is_followed_at_once(bench: Bench) -> None:
    bench.people_come(2 * MOST_HANDED_OVER + 1)
    assert len(bench.occupants.noticed) == 2 * MOST_HANDED_OVER + 1


async def test_what_the_active_bot_may_not_have_come_to_is_kept(bench: Bench, clock: MovableClock) -> None:
    bench.comes("$help", "help")
    bench.comes("$panic", "panic")
    clock.move(KEPT - MOMENT)
    bench.standby._heard()
    assert bench.kept == 2
    clock.move(MOMENT)
    bench.standby._heard()
    await bench.standby._forget_raised()
    # Nobody has raised it: who takes over will, for a day.
    assert [each.event_id for each in bench.device.pending()] == ["$panic"]
    clock.move(KEPT_PANIC - KEPT - MOMENT)
    bench.standby._heard()
    assert bench.kept == 1
    clock.move(MOMENT)
    bench.standby._heard()
    assert bench.kept == 0


async def test_a_sentence_for_duress_is_kept_as_long_as_a_panic_and_so_is_whatever_may_be_one(
    bench: Bench, database: Database, clock: MovableClock, scene: Scene, settings: Settings, tmp_path: Path
) -> None:
    own = knowing(database, clock, tmp_path)
    house = await house_of(database, clock)
    await settle(own, database, clock, [scene.member])
    words = {"$duress": DURESS, "$clear": CLEAR, "$talk": "Vidimo se sutra u osam", "$short": "Dobro, hvala"}
    for event_id, body in words.items():
        bench.comes(event_id, body)
    # The database and the active bot are gone together: nobody can tell this one what was handled.
    clock.move(KEPT_PANIC - MOMENT)
    bench.standby._heard()
    await bench.standby._forget_raised()
    assert [each.event_id for each in bench.device.pending()] == ["$duress", "$clear", "$talk"]
    # Whoever takes over handles them, and others are called; another time it has no other effect.
    handling = Handling(database, clock, settings, bench.occupants, BOT, own)
    late = said(scene.member, room_of(house, scene.member.id), DURESS, clock, event="$duress")
    late = replace(late, sent_at=late.sent_at - KEPT_PANIC + MOMENT)
    await handling.handle(late)
    await handling.handle(late)
    assert len(await duress_alerts(database)) == 1
    clock.move(MOMENT)
    bench.standby._heard()
    assert bench.kept == 0


async def test_a_panic_that_was_raised_or_answered_is_kept_no_longer_than_other_words(
    bench: Bench, database: Database, clock: MovableClock, scene: Scene, settings: Settings
) -> None:
    house = await house_of(database, clock)
    talk = Talk(
        handling=Handling(database, clock, settings, bench.occupants, BOT), house=house, database=database, clock=clock
    )
    raised = await talk.say(scene.member, scene.case.core.id, "panic")
    # Alone with the bot, of a case that is not theirs to name: asked back, and nothing is raised.
    asked = await talk.say(scene.stranger, scene.stranger.id, "panic")
    for event_id in (raised.event_id, asked.event_id, "$unheard"):
        bench.comes(event_id, "panic")
    clock.move(KEPT - MOMENT)
    await bench.standby._forget_raised()
    assert bench.kept == 3
    clock.move(MOMENT)
    await bench.standby._forget_raised()
    assert [each.event_id for each in bench.device.pending()] == ["$unheard"]
