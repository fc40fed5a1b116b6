"""Who is given a room's key and who is not, whatever a homeserver and other members say.

The homeserver is a small one of keys, in the tests' hands; the last story has a real one and a strict client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import vodozemac

from agencies.attestation import Attestation
from bots.device.device import MatrixDevice
from bots.keys import mending
from bots.keys.key_directory import KeyDirectory
from bots.keys.parcels import MOST_PER_REQUEST
from bots.keys.sharing import AGAIN_ONCE_IN, KeySharing
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from bots.olm.room_sessions import KeysNotShared, RoomSessions
from bots.wire.homeserver import Homeserver
from core.clock import SystemClock
from core.errors import Temporary
from crypto import cross_signing
from deploy.stack import LocalStack
from deploy.witness import Witnesses
from tests.attesting import attest_devices, attestation
from tests.clock import MovableClock
from tests.key_server import KeyServer, PersonDevice, key_server
from tests.olm_party import begin_anew
from tests.waiting import until

ROOM, OTHER_ROOM = "!room:streha.example", "!other:streha.example"
SECRET = b"an invented store key of 32 bytes"


@dataclass(kw_only=True)
class Desk:
    """The bot's side of giving keys out, and the homeserver that it talks to."""

    server: KeyServer
    machine: OlmMachine
    directory: KeyDirectory
    sessions: RoomSessions
    sharing: KeySharing
    linked: dict[str, Attestation] = field(default_factory=dict)

    def person(self, name: str) -> str:
        """Give somebody an identity that is confirmed; return the user."""
        user_id = self.server.person(name)
        self.link(user_id)
        return user_id

    def link(self, user_id: str) -> None:
        """Confirm the identity that somebody has now."""
        identity = cross_signing.public_key(self.server.identities[user_id].master)
        self.linked[user_id] = attestation(user_id, identity)
        self.directory.attest(self.linked)

    def unlink(self, user_id: str) -> None:
        """End a link."""
        del self.linked[user_id]
        self.directory.attest(self.linked)

    def say(self, room_id: str = ROOM) -> int:
        """Seal a message and return its index."""
        return self.sessions.encrypt(room_id, "m.room.message", {"body": "marked"}).message_index


@pytest.fixture
async def desk(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Desk]:
    async with key_server() as server, aiohttp.ClientSession() as http:
        store = OlmStore("@bot:streha.example", "BOT", tmp_path, SECRET)
        machine = OlmMachine("@bot:streha.example", "BOT", store)
        directory = KeyDirectory(store, machine.device_store, clock)
        sessions = RoomSessions(store, clock, "BOT", machine.curve25519)
        directory.watch_losses(sessions.reader_lost)
        sharing = KeySharing(Homeserver(server.url, http, "a token"), machine, directory, sessions)
        yield Desk(server=server, machine=machine, directory=directory, sessions=sessions, sharing=sharing)
        store.close()


async def test_signed_devices_of_the_named_members_hold_the_key_and_nobody_else(desk: Desk) -> None:
    server = desk.server
    ana, boris, invited = desk.person("ana"), desk.person("boris"), desk.person("invited")
    first, second = server.device(ana, "ONE"), server.device(ana, "TWO")
    unsigned, waiting = server.device(boris, "PLAIN", signed=False), server.device(invited, "THREE")
    sharing = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    assert sharing.holders == {first.address, second.address}
    assert sharing.withheld == {unsigned.address}
    assert sharing.unreached == {boris}
    for device in (first, second):
        (key,) = server.keys_for(device)
        assert (key["room_id"], key["session_id"]) == (ROOM, sharing.session_id)
    assert server.keys_for(unsigned) == []
    assert server.refusals_for(unsigned) == ["m.unverified"]
    # Who is only invited hears nothing at all, not even that there is something.
    assert not [address for _kind, address, _content in server.sent if address == waiting.address]
    assert server.asked == {"query": 1, "claim": 1, "send": 2}


async def test_a_device_with_the_bots_own_device_id_gets_its_key(desk: Desk) -> None:
    ana = desk.person("ana")
    device = desk.server.device(ana, "BOT")
    assert (await desk.sharing.share({ROOM: {ana, "@bot:streha.example"}}))[ROOM].holders == {device.address}
    assert len(desk.server.keys_for(device)) == 1


async def test_whoever_publishes_somebody_elses_key_takes_nothing_from_them(desk: Desk) -> None:
    server = desk.server
    ana, mallory = desk.person("ana"), desk.person("mallory")
    real = server.device(ana, "REAL")
    server.device(mallory, "EVIL", curve25519=real.curve25519)
    own = server.device(mallory, "OWN")
    # Met together, and one after the other in both orders: the session made for the thief is never Ana's.
    await desk.sharing.share({ROOM: {ana, mallory}})
    await desk.sharing.share({OTHER_ROOM: {mallory}})
    await desk.sharing.share({OTHER_ROOM: {ana, mallory}})
    assert {key["room_id"] for key in server.keys_for(real)} == {ROOM, OTHER_ROOM}
    assert {key["room_id"] for key in server.keys_for(own)} == {ROOM, OTHER_ROOM}


async def test_for_whom_a_session_was_made_is_known_after_a_restart(desk: Desk, clock: MovableClock) -> None:
    server = desk.server
    ana, mallory = desk.person("ana"), desk.person("mallory")
    real = server.device(ana, "REAL")
    server.device(mallory, "EVIL", curve25519=real.curve25519)
    await desk.sharing.share({ROOM: {ana}})
    await desk.sharing.share({OTHER_ROOM: {mallory}})
    machine = OlmMachine("@bot:streha.example", "BOT", desk.machine.store)
    directory = KeyDirectory(machine.store, machine.device_store, clock)
    sessions = RoomSessions(machine.store, clock, "BOT", machine.curve25519)
    directory.attest(desk.linked)
    after = KeySharing(desk.sharing._homeserver, machine, directory, sessions)
    asked = desk.server.asked.copy()
    sharing = (await after.share({ROOM: {ana}}))[ROOM]
    assert {key["session_id"] for key in server.keys_for(real)} >= {sharing.session_id}
    # Nobody has to be asked for anything, and nobody is a stranger: nothing needs to be said twice.
    assert desk.server.asked - asked == {"send": 1}
    assert not sharing.newcomers


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {"signed_curve25519:A": None},
        {"signed_curve25519:A": {"key": 5}},
        {"signed_curve25519:A": {"key": "AAAA", "signatures": {}}},
        {"signed_curve25519:A": {"key": "A" * 43, "signatures": {"@bad:streha.example": {"ed25519:BAD": "A" * 86}}}},
        {"a": {}, "b": {}},
    ],
)
async def test_a_bad_one_time_key_is_its_devices_loss_alone(desk: Desk, bad: object) -> None:
    server = desk.server
    ana, other = desk.person("ana"), desk.person("bad")
    good, broken = server.device(ana, "GOOD"), server.device(other, "BAD")
    server.bad_keys[broken.address] = bad
    for _ in range(2):
        sharing = (await desk.sharing.share({ROOM: {ana, other}}))[ROOM]
        assert sharing.holders == {good.address}
        assert sharing.failed == sharing.without_way == {broken.address}
        assert sharing.unreached == {other}
        desk.say()
    # It is told once, and given the key from its first owed message on as soon as there is a way.
    assert server.refusals_for(broken) == ["m.no_olm"]
    server.bad_keys.clear()
    assert (await desk.sharing.share({ROOM: {ana, other}}))[ROOM].holders == {good.address, broken.address}
    (key,) = server.keys_for(broken)
    session = vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"]))
    assert session.first_known_index == 0


async def test_what_could_not_be_delivered_is_owed_and_nobody_is_called_a_holder(desk: Desk) -> None:
    ana = desk.person("ana")
    device = desk.server.device(ana, "ONE")
    desk.server.failing.add("send")
    sharing = (await desk.sharing.share({ROOM: {ana}}))[ROOM]
    assert not sharing.holders
    assert sharing.failed == {device.address}
    assert sharing.unreached == {ana}
    assert not sharing.without_way
    assert desk.sharing.complete({ROOM: {ana}}) == frozenset()
    assert desk.say() == 0
    desk.server.failing.clear()
    assert (await desk.sharing.share({ROOM: {ana}}))[ROOM].holders == {device.address}
    (key,) = desk.server.keys_for(device)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 0
    assert desk.sharing.complete({ROOM: {ana}}) == {ROOM}


@pytest.mark.parametrize("endpoint", ["query", "claim", "send"])
async def test_a_homeserver_that_fails_for_one_step_takes_nothing_from_who_holds_the_key(
    desk: Desk, endpoint: str
) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    first = server.device(ana, "ONE")
    await desk.sharing.share({ROOM: {ana}})
    second = server.device(boris, "TWO")
    server.failing.add(endpoint)
    sharing = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    assert sharing.holders == {first.address}
    assert sharing.unreached == {boris}
    assert bool(sharing.unasked) == (endpoint == "query")
    # Whoever is about to be met may refuse for good what is said now: it is said again.
    assert sharing.newcomers == ({first.address} if endpoint == "query" else {first.address, second.address})
    assert desk.say() == 0
    server.failing.clear()
    assert not (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM].unreached
    # What was said meanwhile was meant for Boris too.
    (key,) = server.keys_for(second)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 0
    desk.say()
    server.device(boris, "LATER")
    desk.directory.mark_changed([boris])
    await desk.sharing.share({ROOM: {ana, boris}})
    (key,) = server.keys_for(server.devices[boris]["LATER"])
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 2


async def test_where_nobody_could_be_asked_for_nothing_is_said_to_nobody(desk: Desk) -> None:
    ana = desk.person("ana")
    desk.server.device(ana, "ONE")
    desk.server.failing.add("query")
    assert await desk.sharing.share({ROOM: {ana}}) == {}
    desk.server.failing.clear()
    assert not (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached


async def test_a_homeserver_that_does_not_answer_a_claim_holds_nobody_up_who_holds_the_key(desk: Desk) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    server.device(ana, "ONE")
    await desk.sharing.share({ROOM: {ana}})
    server.device(boris, "TWO")
    server.hanging.add("claim")
    async with asyncio.TaskGroup() as group:
        # Somebody is patient for a room of both; whoever speaks to Ana does not wait for that to end.
        patient = group.create_task(desk.sharing.share({ROOM: {ana, boris}}, patience=60))
        await until(lambda: server.asked["claim"] > 1)
        sharing = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
        assert not patient.done()
        assert sharing.unreached == {boris}
        desk.say()
        server.free.set()
    assert not patient.result()[ROOM].unreached


async def test_a_reset_identity_ends_the_key_until_it_is_linked_again(desk: Desk) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    device, other = server.device(ana, "ONE"), server.device(boris, "TWO")
    before = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    first = server.identities[ana]
    server.person("ana")
    renewed = server.device(ana, "NEW")
    desk.directory.mark_changed([ana])
    # Nobody has to share first: what she held is not spoken with any more from the moment that it is known.
    await desk.sharing.refresh([ana])
    with pytest.raises(KeysNotShared):
        desk.say()
    during = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    assert during.holders == {other.address}
    assert during.unreached == {ana}
    assert during.withheld == {device.address, renewed.address}
    assert during.session_id != before.session_id
    assert (server.keys_for(renewed), server.refusals_for(renewed)) == ([], ["m.unverified"])
    desk.say()
    # The old identity, shown again, brings nothing back.
    renewed_identity, server.identities[ana] = server.identities[ana], first
    desk.directory.mark_changed([ana])
    assert (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM].unreached == {ana}
    desk.say()
    server.identities[ana] = renewed_identity
    desk.directory.mark_changed([ana])
    desk.link(ana)
    assert (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM].holders == {renewed.address, other.address}
    # Linked again, she reads from now on, and nothing of what was said meanwhile.
    (key,) = server.keys_for(renewed)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 2


async def test_a_change_that_nobody_was_told_of_is_found_by_asking_for_everybody(desk: Desk) -> None:
    server = desk.server
    ana = desk.person("ana")
    server.device(ana, "ONE")
    assert not (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached
    server.person("ana")
    server.device(ana, "NEW")
    await desk.sharing.refresh([ana])
    assert not (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached
    await desk.sharing.ask_confirmed()
    with pytest.raises(KeysNotShared):
        desk.say()
    assert (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached == {ana}
    # Nobody else is asked for; where nobody is left, no question is asked.
    asked = server.asked["query"]
    await desk.sharing.ask_confirmed()
    assert server.asked["query"] == asked


async def test_who_is_not_linked_gets_nothing_however_well_signed(desk: Desk) -> None:
    server = desk.server
    ana, stranger = desk.person("ana"), server.person("stranger")
    device, signed = server.device(ana, "ONE"), server.device(stranger, "TWO")
    sharing = (await desk.sharing.share({ROOM: {ana, stranger}}))[ROOM]
    assert sharing.holders == {device.address}
    assert sharing.withheld == {signed.address}
    assert sharing.unreached == {stranger}
    assert server.refusals_for(signed) == ["m.unverified"]
    assert desk.sharing.complete({ROOM: {ana, stranger}}) == {ROOM}
    desk.say()
    # Once linked, the key is lacking there; it opens what is said from then on.
    desk.link(stranger)
    assert desk.sharing.complete({ROOM: {ana, stranger}}) == frozenset()
    assert (await desk.sharing.share({ROOM: {ana, stranger}}))[ROOM].session_id == sharing.session_id
    (key,) = server.keys_for(signed)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 1


async def test_a_link_that_ends_ends_the_keys_in_every_room(desk: Desk) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    device, _other = server.device(ana, "ONE"), server.device(boris, "TWO")
    await desk.sharing.share({ROOM: {ana, boris}, OTHER_ROOM: {ana, boris}})
    await desk.sharing.share({"!without:streha.example": {boris}})
    desk.unlink(ana)
    for room_id in (ROOM, OTHER_ROOM):
        with pytest.raises(KeysNotShared):
            desk.say(room_id)
    desk.say("!without:streha.example")
    sharing = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    assert sharing.withheld == {device.address}
    assert sharing.unreached == {ana}


async def test_nothing_is_owed_to_whoever_is_not_linked(desk: Desk) -> None:
    """What was said while nobody could be asked for, and nobody was linked, is never made up for."""
    server = desk.server
    ana, boris = desk.person("ana"), server.person("boris")
    server.device(ana, "ONE")
    await desk.sharing.share({ROOM: {ana}})
    late = server.device(boris, "TWO")
    server.failing.add("query")
    assert (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM].unasked == {boris}
    desk.say()
    server.failing.clear()
    desk.link(boris)
    await desk.sharing.share({ROOM: {ana, boris}})
    (key,) = server.keys_for(late)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 1


async def test_a_key_that_is_nearly_worn_is_followed_while_it_is_still_good(desk: Desk) -> None:
    ana = desk.person("ana")
    device = desk.server.device(ana, "ONE")
    before = (await desk.sharing.share({ROOM: {ana}}))[ROOM]
    for _ in range(90):
        desk.say()
    assert desk.sharing.complete({ROOM: {ana}}) == frozenset()
    # Whoever speaks meanwhile goes on with the old key.
    assert (await desk.sharing.share({ROOM: {ana}}))[ROOM].session_id == before.session_id
    assert desk.say() == 90
    after = (await desk.sharing.share({ROOM: {ana}}, ahead=True))[ROOM]
    assert after.session_id != before.session_id
    assert desk.say() == 0
    assert [key["session_id"] for key in desk.server.keys_for(device)] == [before.session_id, after.session_id]
    assert desk.sharing.complete({ROOM: {ana}}) == {ROOM}


async def test_many_rooms_and_devices_take_few_requests(desk: Desk) -> None:
    server = desk.server
    people = [desk.person(f"p{number}") for number in range(10)]
    for user in people:
        server.device(user, "ONE")
    rooms = {f"!{number}:streha.example": set(people) for number in range(40)}
    shared = await desk.sharing.share(rooms)
    assert all(len(each.holders) == len(people) for each in shared.values())
    # One question, one claim; a request holds one message for a device, so each room's keys travel in their own.
    assert server.asked == {"query": 1, "claim": 1, "send": 40}
    assert len(people) < MOST_PER_REQUEST
    server.asked.clear()
    await desk.sharing.share(rooms)
    assert not server.asked


async def test_a_device_that_begins_anew_is_given_the_key_again_and_reads_no_further_until_then(desk: Desk) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    device, other = server.device(ana, "ONE"), server.device(boris, "TWO")
    first = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    desk.say()
    woken: list[bool] = []
    desk.sharing.watch(lambda: woken.append(True))
    begin_anew(device, desk.machine)
    assert woken
    known = desk.sharing.known_of(ROOM, {ana, boris})
    assert known is not None
    assert known.holders == {other.address}
    assert known.failed == {device.address}
    assert known.unreached == {ana}
    assert desk.sharing.complete({ROOM: {ana, boris}}) == frozenset()
    again = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    assert again.session_id == first.session_id
    assert again.holders == {device.address, other.address}
    assert desk.sharing.complete({ROOM: {ana, boris}}) == {ROOM}
    # It opens what is said from now on; nobody else was written to.
    (key,) = server.keys_for(device)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 1
    assert len(server.keys_for(other)) == 1


async def test_a_device_that_begins_anew_without_end_is_given_its_key_once_a_minute(desk: Desk) -> None:
    server = desk.server
    ana = desk.person("ana")
    device = server.device(ana, "ONE")
    sharing = (await desk.sharing.share({ROOM: {ana}}))[ROOM]
    begin_anew(device, desk.machine)
    await desk.sharing.share({ROOM: {ana}})
    server.asked.clear()
    for _ in range(3):
        begin_anew(device, desk.machine)
        sharing = (await desk.sharing.share({ROOM: {ana}}))[ROOM]
        # Nobody is told meanwhile that it reads; and nobody speaks with more haste for it.
        assert not sharing.holders
        assert sharing.unreached == {ana}
        assert desk.sharing.complete({ROOM: {ana}}, {ROOM: sharing}) == {ROOM}
    assert not server.asked
    # Another room's key is another matter.
    assert not (await desk.sharing.share({OTHER_ROOM: {ana}}))[OTHER_ROOM].unreached
    desk.sharing._again_at = {each: at - AGAIN_ONCE_IN for each, at in desk.sharing._again_at.items()}
    assert not (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached
    assert [key["room_id"] for key in server.keys_for(device)] == [ROOM, OTHER_ROOM, ROOM]


async def test_what_was_on_its_way_when_a_device_began_anew_counts_for_nothing(desk: Desk) -> None:
    server = desk.server
    ana = desk.person("ana")
    device = server.device(ana, "ONE")
    server.hanging.add("send")
    async with asyncio.TaskGroup() as group:
        sharing = group.create_task(desk.sharing.share({ROOM: {ana}}, patience=60))
        await until(lambda: server.asked["send"] > 0)
        begin_anew(device, desk.machine)
        server.free.set()
    assert sharing.result()[ROOM].unreached == {ana}
    desk.say()
    assert not (await desk.sharing.share({ROOM: {ana}}))[ROOM].unreached
    (key,) = server.keys_for(device)
    assert vodozemac.InboundGroupSession(vodozemac.SessionKey(key["session_key"])).first_known_index == 0


async def test_a_device_that_began_anew_and_went_still_ends_the_key(desk: Desk) -> None:
    server = desk.server
    ana, boris = desk.person("ana"), desk.person("boris")
    device = server.device(ana, "ONE")
    server.device(boris, "TWO")
    before = (await desk.sharing.share({ROOM: {ana, boris}}))[ROOM]
    begin_anew(device, desk.machine)
    assert desk.sharing.complete({ROOM: {boris}}) == frozenset()
    after = (await desk.sharing.share({ROOM: {boris}}))[ROOM]
    assert after.session_id != before.session_id
    desk.sessions.member_left(ROOM, ana)
    desk.say()


async def test_a_stranger_that_begins_anew_changes_nothing(desk: Desk) -> None:
    server = desk.server
    ana, mallory = desk.person("ana"), desk.person("mallory")
    device, evil = server.device(ana, "ONE"), server.device(mallory, "EVIL")
    server.device(mallory, "STOLEN", curve25519=device.curve25519)
    sharing = (await desk.sharing.share({ROOM: {ana}}))[ROOM]
    for said_of in (mallory, ana):
        begin_anew(evil, desk.machine, said_of=said_of)
    known = desk.sharing.known_of(ROOM, {ana})
    assert known is not None
    assert known.holders == sharing.holders == {device.address}
    assert desk.sharing.complete({ROOM: {ana}}) == {ROOM}


async def test_an_empty_message_that_was_not_taken_is_repeated_as_the_same_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "FIRST_PAUSE", 0.0)
    server = desk.server
    ana = desk.person("ana")
    device = server.device(ana, "ONE")
    await desk.sharing.share({ROOM: {ana}})
    await _wedge(desk, device)
    server.sends.clear()
    server.failing.add("send")
    for _ in range(2):
        with pytest.raises(Temporary):
            await desk.sharing.mend()
    # Its next message cannot be opened either, and changes nothing: a session was begun a moment ago.
    desk.machine._mark_device_for_unwedging(ana, device.curve25519)
    # A restart forgets nothing of it.
    after = KeySharing(desk.sharing._homeserver, desk.machine, desk.directory, desk.sessions)
    server.failing.clear()
    for _ in range(2):
        await after.mend()
    (name, content), *others = server.sends
    assert others == [(name, content)] * 2
    assert [(device.opens(each) or {}).get("type") for _kind, _address, each in server.sent] == [
        "m.room_key",
        "m.dummy",
    ]
    await KeySharing(desk.sharing._homeserver, desk.machine, desk.directory, desk.sessions).mend()
    assert len(server.sends) == 3


async def test_an_empty_message_is_not_repeated_without_end_nor_in_haste(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "MOST_TRIES", 3)
    server = desk.server
    ana = desk.person("ana")
    device = server.device(ana, "ONE")
    await desk.sharing.share({ROOM: {ana}})
    await _wedge(desk, device)
    server.sends.clear()
    server.failing.add("send")
    with pytest.raises(Temporary):
        await desk.sharing.mend()
    await desk.sharing.mend()
    assert len(server.sends) == 1
    monkeypatch.setattr(mending, "FIRST_PAUSE", 0.0)
    desk.sharing._mending._not_before = 0.0
    for _ in range(2):
        with pytest.raises(Temporary):
            await desk.sharing.mend()
    await desk.sharing.mend()
    assert len(server.sends) == 3


async def _wedge(desk: Desk, device: PersonDevice) -> None:
    """Let a message of a device be one that cannot be opened, more than an hour after its session began."""
    for session in desk.machine.session_store:
        session.creation_time -= timedelta(hours=2)
    desk.machine._mark_device_for_unwedging(device.user_id, device.curve25519)
    assert desk.machine.wedged_devices


@pytest.mark.slow
async def test_a_strict_client_reads_what_was_shared_ahead_before_and_after_a_restart(
    stack: LocalStack, witnesses: Witnesses, tmp_path: Path
) -> None:
    bot_user = await stack.register("bot-ahead", "bot-ahead-password")
    ana_user = await stack.register("ana-ahead", "ana-ahead-password")

    async def started() -> MatrixDevice:
        return await MatrixDevice.open(
            homeserver_url=stack.addresses.homeserver_url,
            user_id=bot_user,
            password="bot-ahead-password",
            directory=tmp_path,
            store_secret=SECRET,
            clock=SystemClock(),
        )

    bot = await started()
    ana = await witnesses.add(ana_user, ana_user, "ana-ahead-password")
    encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room_id = await bot.homeserver.create_room(
        name="Quiet Heron", room_version="11", initial_state=[encryption], power_levels={}, creation_content={},
        invite=[ana_user],
    )  # fmt: skip
    await ana.joined(room_id, bot_user)
    # To say a word, a client has to learn whose device the bot's is.
    await ana.send(room_id, "Here")
    client = ana.user_id, ana.device_id, await ana.session_key()
    for body in ("Before the restart", "After the restart"):
        await attest_devices(bot, [client])
        ahead = (await bot.share_keys_many({room_id: {ana_user}}, ahead=True))[room_id]
        assert {user for user, _device in ahead.holders} == {ana_user}
        assert bot.keys.complete({room_id: {ana_user}}) == {room_id}
        await bot.put(bot.encrypt(room_id, "m.room.message", {"msgtype": "m.text", "body": body, "m.mentions": {}}))
        assert (await ana.wait_for(body, room_id)).shield == "none"
        await bot.close()
        bot = await started()
    await bot.close()
