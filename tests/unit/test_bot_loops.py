"""The bot's loops: what comes first, how long a failure may last, and that nothing ends them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bots import listening
from bots.account.credentials import DeviceLost
from bots.account.lease import LEASE, Lease
from bots.device.device import MatrixDevice
from bots.device.received import Arrival, MembershipChange, Received
from bots.keys.sharing import Sharing
from bots.listening import LONGEST_RETRY_SECONDS, listen, pause
from bots.olm.room_sessions import Sealed
from bots.rooms.last_known import LastKnown
from bots.talk import attending as attending_module
from bots.talk.attending import Attending, in_turn
from bots.talk.handling import Handling
from bots.wire.homeserver import Homeserver
from core.database import Database
from core.errors import Conflict, Permanent, Temporary, Unavailable
from core.settings import Secret, Settings
from tests.clock import MovableClock
from tests.scripted_homeserver import Answer, device_of, serving
from tests.waiting import until

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


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


async def test_what_nothing_can_mend_ends_the_listening() -> None:
    with pytest.raises(Unavailable):
        await listen(Ears(Unavailable("The disk is full.")), lambda: None)


SIGNED_OUT = (401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"})
KNOWN = {"user_id": "@bot:streha.example", "device_id": "BOT"}


@pytest.mark.parametrize(
    ("answers", "questions"),
    [
        ([KNOWN], 1),
        ([SIGNED_OUT, SIGNED_OUT, KNOWN], 3),
        # Whoever cannot be asked has said nothing.
        ([(502, {}), SIGNED_OUT], 1),
        ([SIGNED_OUT, b"no JSON"], 2),
    ],
)
async def test_a_sign_out_that_is_said_once_ends_nothing(
    answers: list[Answer], questions: int, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(listening, "RETRY_SECONDS", 0.0)

    def heard() -> None:
        raise Conflict("the test is over")

    async with serving() as homeserver, device_of(homeserver, tmp_path, clock) as device:
        homeserver.one_by_one("/sync", SIGNED_OUT, {"next_batch": "s1"})
        homeserver.one_by_one("/whoami", *answers)
        with pytest.raises(Conflict, match="the test is over"):
            await listen(device, heard)
        assert (len(homeserver.to("/sync")), len(homeserver.to("/whoami"))) == (2, questions)


@pytest.mark.parametrize("answer", [SIGNED_OUT, {**KNOWN, "device_id": "OTHER"}])
async def test_a_real_sign_out_ends_the_listening_within_a_minute(
    answer: Answer, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sum(listening.PAUSES) < 30
    assert list(listening.PAUSES) == sorted(set(listening.PAUSES))
    monkeypatch.setattr(listening, "PAUSES", (0.0, 0.0, 0.0))
    async with serving() as homeserver, device_of(homeserver, tmp_path, clock) as device:
        homeserver.always("/sync", SIGNED_OUT)
        homeserver.always("/whoami", answer)
        with pytest.raises(DeviceLost):
            await listen(device, lambda: None)
        assert (len(homeserver.to("/sync")), len(homeserver.to("/whoami"))) == (1, 3)


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


def attending_to(settings: Settings, inbox: MatrixDevice, hands: Handling, lease: Lease | None = None) -> Attending:
    clock, nowhere = MovableClock(NOW), Database("", cast("Any", None), cast("Any", None))
    return Attending(clock, settings, inbox, hands, LastKnown(nowhere), lease or Lease(nowhere, clock))


async def test_a_panic_waits_for_nobody_and_one_that_fails_ends_nothing() -> None:
    inbox = Inbox(
        said("help", "$slow", "!a"),
        said("help", "$bad", "!b"),
        said("panic", "$poison", "!c"),
        said("panic", "$1", "!d"),
    )
    hands = Hands("$bad", "$poison")
    settings = Settings(database_url=Secret(""), sweep_interval=0.01)
    attending = attending_to(settings, inbox, hands)
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


class Empty(Homeserver):
    """A homeserver whose rooms have nobody in them."""

    def __init__(self) -> None:
        pass

    async def joined_members(self, room_id: str) -> frozenset[str]:  # noqa: ARG002 (it is the homeserver's)
        return frozenset()


class Mouth(Inbox):
    """A device of which a test sees what it says."""

    def __init__(self, *arrivals: Arrival) -> None:
        super().__init__(*arrivals)
        self.homeserver = Empty()
        self.said: list[str] = []

    async def share_keys(self, room_id: str, user_ids: Collection[str]) -> Sharing:
        nobody: frozenset[Any] = frozenset()
        return Sharing(
            room_id=room_id, session_id="", holders=nobody, withheld=nobody, failed=nobody, without_way=nobody,
            unreached=frozenset(user_ids), unasked=nobody, newcomers=nobody,
        )  # fmt: skip

    def encrypt(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> Sealed:
        body = json.dumps([event_type, content["body"]]).encode()
        return Sealed(
            room_id=room_id, transaction_id="1", content=body, device_id="BOT", session_id="1", message_index=0
        )

    async def put(self, sealed: Sealed) -> str:
        self.said.append(json.loads(sealed.content)[1])
        return "$said"


class Away(Handling):
    """Cannot reach the database; counts how often that was tried."""

    def __init__(self) -> None:
        self.tries = 0

    async def handle(self, arrival: Arrival) -> None:  # noqa: ARG002 (it is the handling's)
        self.tries += 1
        raise Unavailable("The database does not answer.")


class Granted(Lease):
    """A lease that was renewed a moment ago, until a test says otherwise."""

    def __init__(self) -> None:
        super().__init__(Database("", cast("Any", None), cast("Any", None)), MovableClock(NOW))
        self.fence = 1
        self.renewed()

    def renewed(self, ago: timedelta = timedelta(0)) -> None:
        self._renewed_at = time.monotonic() - ago.total_seconds()


async def test_who_is_cut_off_for_longer_than_its_lease_says_once_that_it_cannot_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attending_module, "RETRY_SECONDS", 0.01)
    inbox, hands, lease = Mouth(said("panic", "$1")), Away(), Granted()
    settings = Settings(database_url=Secret(""), sweep_interval=0.01)
    attend = asyncio.Task(attending_to(settings, inbox, hands, lease).run())

    async def tried_again() -> None:
        tries = hands.tries
        await until(lambda: hands.tries > tries + 3)

    try:
        await tried_again()
        assert [each.split(":")[0] for each in inbox.said] == ["NOT RAISED"]
        # Another bot may be active by now, and have raised it.
        lease.renewed(LEASE)
        await tried_again()
        assert [each.split(":")[0] for each in inbox.said] == ["NOT RAISED", "NOT KNOWN whether this was raised"]
        assert settings.police_number in inbox.said[1]
        # What cannot be told any more is not said to be otherwise, and nothing twice.
        lease.renewed()
        await tried_again()
        assert len(inbox.said) == 2
        assert not inbox.finished
    finally:
        attend.cancel()
        await asyncio.wait([attend])
