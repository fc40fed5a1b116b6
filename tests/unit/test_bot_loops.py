"""The bot's loops: what comes first, how long a failure may last, what a standby keeps, and that nothing ends them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bots import listening
from bots.account.credentials import DeviceLost
from bots.device.device import MatrixDevice
from bots.device.received import Arrival, MembershipChange, Received
from bots.listening import LONGEST_RETRY_SECONDS, listen, pause
from bots.rooms.last_known import LastKnown
from bots.standby import KEPT, KEPT_PANIC, outlived
from bots.talk.attending import Attending, in_turn
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.errors import Conflict, Permanent, Temporary, Unavailable
from core.settings import Secret, Settings
from tests.clock import MovableClock
from tests.waiting import until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MOMENT = timedelta(seconds=1)


def said(body: str, event_id: str, room_id: str = "!here:streha.localhost") -> Received:
    return Received(
        room_id=room_id,
        event_id=event_id,
        sender="@ana:streha.localhost",
        sent_at=NOW,
        event_type="m.room.message",
        content={"msgtype": "m.text", "body": body},
        sender_device_id="ANA",
        sender_identity="identity",
        bound=True,
    )


def joined(event_id: str) -> MembershipChange:
    return MembershipChange(
        room_id="!here:streha.localhost", event_id=event_id, user_id="@ana:streha.localhost", membership="join",
        by="@ana:streha.localhost", sent_at=NOW,
    )  # fmt: skip


def test_panics_come_first_and_the_rest_in_its_order() -> None:
    words = [said("help", "$1", "!a"), said("due", "$2", "!b"), said("panic", "$3", "!c"), said("help", "$4", "!a")]
    panics, others = in_turn(words, left=())
    assert [each.event_id for each in panics] == ["$3"]
    assert [each.event_id for each in others] == ["$1", "$2", "$4"]


def test_what_a_room_says_after_its_panic_waits_until_that_was_tried() -> None:
    words: list[Arrival] = [said("help", "$1"), said("panic", "$2"), said("stand-down", "$3"), joined("$4")]
    panics, others = in_turn(words, left=())
    assert [each.event_id for each in panics] == ["$2"]
    assert [each.event_id for each in others] == ["$1"]
    # It could not be raised: nobody may silence a room by a panic that always fails.
    panics, others = in_turn(words, left={"$2"})
    assert [each.event_id for each in panics] == ["$2"]
    assert [each.event_id for each in others] == ["$1", "$3", "$4"]


def test_a_panic_that_fails_again_and_again_is_tried_after_those_that_nobody_has_tried() -> None:
    words = [said("panic", f"${number}") for number in range(5)]
    panics, _others = in_turn(words, left={"$0", "$1", "$3"})
    assert [each.event_id for each in panics] == ["$2", "$4", "$0", "$1", "$3"]


@pytest.mark.parametrize("failures", range(1, 100, 7))
@pytest.mark.parametrize("asked", [None, 0.0, 0.001, 2.0, 30.0, 3600.0, 1e300, float("inf")])
def test_nobody_can_make_the_bot_deaf_for_long(failures: int, asked: float | None) -> None:
    assert 1.0 <= pause(failures, asked) <= LONGEST_RETRY_SECONDS


def test_what_the_homeserver_asks_for_is_waited_for() -> None:
    assert pause(1, 12.5) == 12.5
    assert pause(1) < pause(2) < pause(3)


def test_a_standby_keeps_what_the_active_bot_may_not_have_come_to() -> None:
    words: list[Arrival] = [said("help", "$1"), said("panic", "$2"), joined("$3")]
    heard_at = {each.event_id: NOW for each in words}
    assert outlived(words, heard_at, NOW + KEPT - MOMENT) == []
    assert outlived(words, heard_at, NOW + KEPT) == ["$1", "$3"]
    assert outlived(words, heard_at, NOW + KEPT_PANIC - MOMENT) == ["$1", "$3"]
    assert outlived(words, heard_at, NOW + KEPT_PANIC) == ["$1", "$2", "$3"]


class Ears(MatrixDevice):
    """A device whose syncs come to what a test wants."""

    def __init__(self, *ends: Exception | None) -> None:
        self._ends = list(ends)

    async def sync_once(
        self,
        wait: float = 30.0,  # noqa: ARG002 (it is the device's)
        heard: Callable[[], None] = lambda: None,  # noqa: ARG002 (as above)
    ) -> None:
        end = self._ends.pop(0) if self._ends else Conflict("the test is over")
        await asyncio.sleep(0)
        if end is not None:
            raise end


async def test_no_answer_of_the_homeserver_ends_the_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "RETRY_SECONDS", 0.0)
    heard: list[bool] = []
    ears = Ears(
        None,
        # What the address of a room with half a character in its name came to.
        UnicodeEncodeError("utf-8", "!\ud800", 1, 2, "surrogates not allowed"),
        ValueError("whatever nobody foresaw"),
        Temporary("The homeserver does not answer.", code="HTTP_502"),
        Permanent("The homeserver refused.", code="HTTP_404"),
        None,
    )
    with pytest.raises(Conflict, match="the test is over"):
        await listen(ears, lambda: heard.append(True))
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("end", "told"),
    [(Permanent("", code="M_UNKNOWN_TOKEN"), DeviceLost), (Unavailable("The disk is full."), Unavailable)],
)
async def test_what_nothing_can_mend_ends_the_listening(end: Exception, told: type[Exception]) -> None:
    with pytest.raises(told):
        await listen(Ears(end), lambda: None)


class Nowhere(Homeserver):
    """A homeserver that cannot even be asked about a room."""

    def __init__(self) -> None:
        pass

    async def joined_members(self, room_id: str) -> frozenset[str]:
        raise UnicodeEncodeError("utf-8", room_id, 1, 2, "surrogates not allowed")


class Inbox(MatrixDevice):
    """A device that only holds what came."""

    def __init__(self, *arrivals: Arrival) -> None:
        self.homeserver = Nowhere()
        self._arrivals = list(arrivals)
        self.finished: list[str] = []

    def pending(self) -> list[Arrival]:
        return [each for each in self._arrivals if each.event_id not in self.finished]

    def done(self, event_id: str) -> None:
        self.finished.append(event_id)


class Hands(Handling):
    """Fails at what a test names, waits at a gate for the rest that is no panic."""

    def __init__(self, *fails: str) -> None:
        self._fails = fails
        self.gate = asyncio.Event()

    async def handle(self, arrival: Arrival) -> None:
        if arrival.event_id in self._fails:
            raise RuntimeError("whatever nobody foresaw")
        if arrival.event_id.startswith("$slow"):
            await self.gate.wait()


async def test_a_panic_waits_for_nobody_and_one_that_fails_ends_nothing() -> None:
    inbox = Inbox(
        said("help", "$slow", "!a"),
        said("help", "$bad", "!b"),
        said("panic", "$poison", "!c"),
        said("panic", "$1", "!d"),
    )
    hands = Hands("$bad", "$poison")
    settings = Settings(database_url=Secret(""), sweep_interval=0.01)
    attending = Attending(MovableClock(NOW), settings, inbox, hands, LastKnown(Database("", None, None)))
    attend = asyncio.Task(attending.run())
    try:
        # The panic is handled while a word before it still waits for the database.
        await until(lambda: "$1" in inbox.finished)
        assert inbox.finished == ["$1"]
        hands.gate.set()
        await until(lambda: len(inbox.finished) == 3)
        # A command that fails is put aside; a panic that fails never is.
        assert inbox.finished == ["$1", "$slow", "$bad"]
        assert not attend.done()
    finally:
        attend.cancel()
        await asyncio.wait([attend])
