"""What plain nio gets wrong, shown on it and on our device over the same inputs, row by row of its known defects.

Where the half with nio fails after a new version, nio has mended a defect: read how, and whether ours is needed still.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from nio import (  # type: ignore[import-untyped]  # nio ships no types
    AsyncClient,
    AsyncClientConfig,
    ErrorResponse,
    RoomMessageText,
    SyncResponse,
)
from nio.crypto import Olm, OlmDevice  # type: ignore[import-untyped]  # as above
from nio.responses import KeysQueryResponse, KeysUploadResponse  # type: ignore[import-untyped]  # as above
from nio.store import DefaultStore  # type: ignore[import-untyped]  # as above

from bots.device.device import PATIENCE_FOR_KEYS, MatrixDevice
from bots.device.received import Received
from bots.keys.published_keys import PublishedDevice
from bots.olm.olm_machine import OlmMachine
from bots.olm.room_keys import Unreadable
from bots.olm.room_sessions import KeysNotShared
from bots.olm.store_lock import StoreInUse, StoreLock
from crypto import cross_signing
from tests.attesting import attestation, by_user
from tests.clock import MovableClock
from tests.olm_party import ROOM, Party
from tests.scripted_homeserver import BOT, Answer, Asked, ScriptedHomeserver, device_of, serving

ANA, BORIS, MALLORY = "@ana:streha.example", "@boris:streha.example", "@mallory:streha.example"
FULL = {"signed_curve25519": 50}


def answer(place: str, *, to_device: Any = (), timeline: Any = (), **more: Any) -> dict[str, Any]:
    """Return an answer to a sync in the shape that nio demands."""
    limited = more.pop("limited", False)
    prev_batch = more.pop("prev_batch", "p")
    joined = {
        "state": {"events": more.pop("state", [])},
        "timeline": {"events": list(timeline), "limited": limited, "prev_batch": prev_batch},
        "ephemeral": {"events": []},
        "account_data": {"events": []},
    }
    rooms = {"join": {ROOM: joined, **more.pop("beside", {})}, "invite": {}, "leave": {}}
    return {
        "next_batch": place,
        "rooms": rooms,
        "to_device": {"events": list(to_device)},
        "presence": {"events": []},
        "device_lists": {"changed": [], "left": []},
        "device_one_time_keys_count": FULL,
        **more,
    }


def event(content: Mapping[str, Any] | bytes, event_id: str, sender: str = ANA, kind: str = "m.room.encrypted") -> Any:
    body = json.loads(content) if isinstance(content, bytes) else content
    return {"type": kind, "sender": sender, "event_id": event_id, "origin_server_ts": 1, "content": body}


@dataclass(kw_only=True)
class Plain:
    """A bot as nio's own documentation makes it."""

    client: Any
    said: list[tuple[str, str, bool]] = field(default_factory=list)

    @property
    def published(self) -> PublishedDevice:
        keys = self.client.olm.account.identity_keys
        return PublishedDevice(
            user_id=BOT, device_id="BOT", ed25519=keys["ed25519"], curve25519=keys["curve25519"], cross_signed=True
        )

    def one_time_key(self) -> dict[str, Any]:
        self.client.olm.uploaded_key_count = 0
        name, key = next(iter(self.client.olm.share_keys()["one_time_keys"].items()))
        self.client.olm.handle_response(KeysUploadResponse(0, 50))
        return {name: key}

    async def hears(self, whole: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
        """Take an answer in; return what reaches the bot: who, what, and whether it came encrypted."""
        self.said.clear()
        response = SyncResponse.from_dict(dict(whole))
        if isinstance(response, ErrorResponse):
            raise TypeError("nio cannot read the answer")
        await self.client.receive_response(response)
        return list(self.said)


@asynccontextmanager
async def plain_bot(directory: Path, url: str = "http://127.0.0.1:9") -> AsyncIterator[Plain]:
    client = AsyncClient(url, BOT, "BOT", str(directory), AsyncClientConfig(store_sync_tokens=True))
    client.user_id, client.access_token = BOT, "a-token"
    client.load_store()
    bot = Plain(client=client)

    async def heard(_room: Any, message: Any) -> None:
        bot.said.append((message.sender, message.body, message.decrypted))

    client.add_event_callback(heard, RoomMessageText)
    try:
        yield bot
    finally:
        await client.close()
        client.store.database.close()


@dataclass(kw_only=True)
class Ours:
    """Our device, and the homeserver that it asks."""

    device: MatrixDevice
    homeserver: ScriptedHomeserver
    clock: MovableClock

    @property
    def machine(self) -> OlmMachine:
        return self.device._machine

    @property
    def published(self) -> PublishedDevice:
        return PublishedDevice(
            user_id=BOT,
            device_id="BOT",
            ed25519=self.machine.ed25519,
            curve25519=self.machine.curve25519,
            cross_signed=True,
        )

    def one_time_key(self) -> dict[str, Any]:
        keys = self.machine.keys_to_publish(0, fallback_needed=False)["one_time_keys"]
        self.machine.keys_published()
        return dict([next(iter(keys.items()))])

    async def hears(self, whole: Mapping[str, Any]) -> list[Received]:
        """Take an answer in; return the messages that are handed over."""
        self.homeserver.always("/sync", whole)
        await self.device.sync_once(0)
        self.clock.move(PATIENCE_FOR_KEYS)
        arrivals = [arrival for arrival in self.device.pending() if isinstance(arrival, Received)]
        for arrival in arrivals:
            self.device.done(arrival.event_id)
        return arrivals


@dataclass(kw_only=True)
class Scene:
    """Both bots, and two people who write to them."""

    plain: Plain
    ours: Ours
    ana: Party
    mallory: Party
    homeserver: ScriptedHomeserver
    directory: Path


@pytest.fixture
async def homeserver() -> AsyncIterator[ScriptedHomeserver]:
    async with serving() as scripted:
        scripted.always("/keys/upload", {"one_time_key_counts": FULL})
        yield scripted


@pytest.fixture
async def scene(homeserver: ScriptedHomeserver, tmp_path: Path, clock: MovableClock) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as resources:
        for name in ("ours", "plain"):
            (tmp_path / name).mkdir()
        device = await resources.enter_async_context(device_of(homeserver, tmp_path / "ours", clock))
        plain = await resources.enter_async_context(plain_bot(tmp_path / "plain", homeserver.url))
        ana, mallory = Party(tmp_path, ANA, "ANA"), Party(tmp_path, MALLORY, "MALLORY")
        for party in (ana, mallory):
            resources.callback(party.store.close)
        made = Scene(
            plain=plain,
            ours=Ours(device=device, homeserver=homeserver, clock=clock),
            ana=ana,
            mallory=mallory,
            homeserver=homeserver,
            directory=tmp_path,
        )
        encrypted = event({"algorithm": "m.megolm.v1.aes-sha2"}, "$s0", BOT, "m.room.encryption") | {"state_key": ""}
        members = [
            event({"membership": membership}, f"$m-{user}", user, "m.room.member") | {"state_key": user}
            for user, membership in ((BOT, "join"), (ANA, "join"), (MALLORY, "join"), (BORIS, "invite"))
        ]
        for bot in (made.plain, made.ours):
            await bot.hears(answer("s0", state=[encrypted, *members]))
        yield made


def key_and_panic(sender: Party, bot: Plain | Ours, event_id: str = "$panic") -> tuple[Any, Any]:
    sender.sessions.rotate(ROOM)
    sender.meet(bot)
    return sender.writes(bot, "m.room_key", sender.room_key()), event(sender.says("panic").content, event_id)


# 1. Poison --------------------------------------------------------------------------------------------------


def unknown_one_time_key(bot: Plain | Ours) -> Any:
    account, foreign = vodozemac.Account(), vodozemac.Account()
    foreign.generate_one_time_keys(1)
    key = vodozemac.Curve25519PublicKey.from_base64(bot.published.curve25519)
    session = account.create_outbound_session(key, next(iter(foreign.one_time_keys.values())))
    return sealed(bot, session.encrypt(b"{}"), account.curve25519_key.to_base64())


def sealed(bot: Plain | Ours, message: Any, sender_key: str, sender: str = MALLORY) -> Any:
    kind, ciphertext = message.to_parts()
    box = {"type": kind, "body": base64.b64encode(ciphertext).decode().rstrip("=")}
    content = {"algorithm": "m.olm.v1.curve25519-aes-sha2", "sender_key": sender_key,
               "ciphertext": {bot.published.curve25519: box}}  # fmt: skip
    return {"type": "m.room.encrypted", "sender": sender, "content": content}


def poison(bot: Plain | Ours, kind: str) -> Any:
    whole = unknown_one_time_key(bot)
    box = whole["content"]["ciphertext"][bot.published.curve25519]
    if kind == "bad body":
        box["body"] = "!"
    elif kind == "short body":
        box["body"] = box["body"][:40]
    elif kind == "no object":
        return 5
    return whole


@pytest.mark.parametrize("kind", ["unknown one-time key", "bad body", "short body", "no object"])
async def test_row_1_one_poison_event_ends_the_sync(scene: Scene, kind: str) -> None:
    key, panic = key_and_panic(scene.ana, scene.plain)
    with pytest.raises(Exception):  # noqa: B017, PT011 (each kind of poison has a failure of its own)
        await scene.plain.hears(answer("s1", to_device=[poison(scene.plain, kind), key], timeline=[panic]))
    key, panic = key_and_panic(scene.ana, scene.ours)
    heard = await scene.ours.hears(answer("s1", to_device=[poison(scene.ours, kind), key], timeline=[panic]))
    assert [each.body for each in heard] == ["panic"]


async def test_row_1_one_bad_room_hides_all_others(scene: Scene) -> None:
    beside = {"!bad:streha.example": {"timeline": {"events": [], "limited": True, "prev_batch": None}}}
    key, panic = key_and_panic(scene.ana, scene.plain)
    with pytest.raises(TypeError):
        await scene.plain.hears(answer("s1", to_device=[key], timeline=[panic], beside=beside))
    key, panic = key_and_panic(scene.ana, scene.ours)
    heard = await scene.ours.hears(answer("s1", to_device=[key], timeline=[panic], beside=beside))
    assert [each.body for each in heard] == ["panic"]


async def test_row_1_deep_json_inside_a_message_ends_the_sync(scene: Scene) -> None:
    deep = b'{"type":"m.dummy","content":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for bot in (scene.plain, scene.ours):
        scene.mallory.machine.session_store._entries.clear()
        scene.mallory.meet(bot)
        session = scene.mallory.machine.session_store.get(bot.published.curve25519)
        message = sealed(bot, session._session.encrypt(deep), scene.mallory.machine.curve25519)
        key, panic = key_and_panic(scene.ana, bot)
        whole = answer("s1", to_device=[message, key], timeline=[panic])
        if bot is scene.plain:
            with pytest.raises(RecursionError):
                await bot.hears(whole)
        else:
            assert len(await bot.hears(whole)) == 1


async def test_row_1_a_malformed_device_key_hides_all_others(scene: Scene) -> None:
    good = scene.ana.machine.device_keys
    bad = {**scene.mallory.machine.device_keys, "keys": {"ed25519:MALLORY": 5}}
    keys = {"device_keys": {ANA: {"ANA": good}, MALLORY: {"MALLORY": bad}}, "failures": {}}
    assert isinstance(KeysQueryResponse.from_dict(keys), ErrorResponse)
    scene.homeserver.always("/keys/query", keys)
    await scene.ours.device._sharing.refresh([ANA, MALLORY])
    assert set(scene.ours.device._directory.keys_of(ANA).devices) == {"ANA"}
    assert not scene.ours.device._directory.keys_of(MALLORY).devices


# 2. Keys to begin with ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [{"signed_curve25519": 0}, {}, None])
async def test_row_2_without_keys_nobody_can_write_to_the_bot(scene: Scene, counts: Any) -> None:
    scene.plain.one_time_key()
    await scene.plain.hears(answer("s1"))
    whole = answer("s2", device_one_time_keys_count=counts)
    if counts is None:
        del whole["device_one_time_keys_count"]
    await scene.plain.hears(whole)
    assert scene.plain.client.should_upload_keys is False
    scene.plain.client.olm.uploaded_key_count = 0
    assert "fallback_keys" not in scene.plain.client.olm.share_keys()
    scene.homeserver.asked.clear()
    scene.homeserver.always("/keys/upload", {"one_time_key_counts": {}})
    await scene.ours.hears(whole)
    assert any(asked.content.get("one_time_keys") for asked in scene.homeserver.to("/keys/upload"))


# 3. What is on the disk when ------------------------------------------------------------------------------------


async def test_row_3_a_used_key_is_on_the_disk_and_the_place_is_kept_before_the_events(scene: Scene) -> None:
    scene.ana.meet(scene.plain)
    before = len(scene.plain.client.olm.account.one_time_keys["curve25519"])
    await scene.plain.hears(answer("s1", to_device=[scene.ana.writes(scene.plain, "m.dummy", {})]))
    # The key is forgotten in memory after the account was written.
    store = DefaultStore(BOT, "BOT", str(scene.directory / "plain"), scene.plain.client.config.pickle_key)
    again = Olm(BOT, "BOT", store)
    assert len(again.account.one_time_keys["curve25519"]) == before
    store.database.close()
    with pytest.raises(vodozemac.SessionCreationException):
        await scene.plain.hears(answer("s2", to_device=[unknown_one_time_key(scene.plain)]))
    assert scene.plain.client.store.load_sync_token() == "s2"

    scene.ana.meet(scene.ours)
    event_of_ana = scene.ana.writes(scene.ours, "m.dummy", {})
    await scene.ours.hears(answer("s1", to_device=[event_of_ana]))
    scene.ours.machine.session_store._entries.clear()
    again_ours = OlmMachine(BOT, "BOT", scene.ours.machine.store)
    again_ours.session_store._entries.clear()
    with pytest.raises(vodozemac.SessionCreationException):
        again_ours.read_to_device(event_of_ana)
    # The disk is full: nothing of the answer is kept, not even where it ends.
    scene.ours.machine.store.database.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON streha_inbox BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    key, panic = key_and_panic(scene.ana, scene.ours)
    with pytest.raises(Exception, match="cannot be written"):
        await scene.ours.hears(answer("s2", to_device=[key], timeline=[panic]))
    assert scene.ours.device._intake.token == "s1"


# 4. Forged senders, 5. repetition, 6. plaintext -------------------------------------------------------------------


async def test_row_4_the_homeserver_speaks_as_somebody_else(scene: Scene) -> None:
    key, stand_down = key_and_panic(scene.mallory, scene.plain)
    forged = {**stand_down, "sender": ANA}
    assert await scene.plain.hears(answer("s1", to_device=[key], timeline=[forged])) == [(ANA, "panic", True)]
    await known(scene)
    key, stand_down = key_and_panic(scene.mallory, scene.ours)
    forged = {**stand_down, "sender": ANA}
    (heard,) = await scene.ours.hears(answer("s1", to_device=[key], timeline=[forged]))
    assert (heard.sender, heard.bound, heard.sender_device_id) == (ANA, False, None)


async def test_row_4_the_homeserver_publishes_an_identity_of_its_own_for_somebody(scene: Scene) -> None:
    """It signs in as Ana with a device of its own, cross-signed by an identity that nobody has confirmed."""
    await known(scene)
    forger = Party(scene.directory / "forger", ANA, "FORGER")
    key, ack = key_and_panic(forger, scene.plain)
    assert await scene.plain.hears(answer("s1", to_device=[key], timeline=[ack])) == [(ANA, "panic", True)]

    signed_by_their_owners(scene, forger, scene.mallory, linked=False)
    key, ack = key_and_panic(forger, scene.ours)
    changed = {"changed": [ANA], "left": []}
    (heard,) = await scene.ours.hears(answer("s1", to_device=[key], timeline=[ack], device_lists=changed))
    assert (heard.sender, heard.sender_device_id, heard.current, heard.bound) == (ANA, "FORGER", True, False)
    forger.store.close()


async def known(scene: Scene) -> None:
    """Let our device ask for Ana's and Mallory's devices, each signed by its owner, who is linked."""
    signed_by_their_owners(scene, scene.ana, scene.mallory)
    await scene.ours.device._sharing.refresh([ANA, MALLORY])


async def test_row_5_the_same_words_count_again_after_a_restart(scene: Scene) -> None:
    key, panic = key_and_panic(scene.ana, scene.plain)
    assert len(await scene.plain.hears(answer("s1", to_device=[key], timeline=[panic]))) == 1
    replayed = {**panic, "event_id": "$replayed"}
    async with plain_bot(scene.directory / "plain") as again:
        assert len(await again.hears(answer("s2", timeline=[replayed]))) == 1

    key, panic = key_and_panic(scene.ana, scene.ours)
    assert len(await scene.ours.hears(answer("s1", to_device=[key], timeline=[panic]))) == 1
    again_ours = OlmMachine(BOT, "BOT", scene.ours.machine.store)
    with pytest.raises(Unreadable):
        again_ours.room_keys.read(ROOM, "$replayed", panic["content"])


async def test_row_6_words_in_clear_are_believed_and_words_are_sent_in_clear(scene: Scene) -> None:
    plain_words = event({"msgtype": "m.text", "body": "stand-down"}, "$clear", ANA, "m.room.message")
    assert await scene.plain.hears(answer("s1", timeline=[plain_words])) == [(ANA, "stand-down", False)]
    assert await scene.ours.hears(answer("s1", timeline=[plain_words])) == []

    hidden = "!hidden:streha.example"
    beside = {hidden: {"timeline": {"events": [], "limited": False, "prev_batch": "p"}, "state": {"events": []},
                       "ephemeral": {"events": []}, "account_data": {"events": []}}}  # fmt: skip
    scene.homeserver.always("/send/", {"event_id": "$sent"})
    content = {"msgtype": "m.text", "body": "marked words"}
    await scene.plain.hears(answer("s2", beside=beside))
    await scene.plain.client.room_send(hidden, "m.room.message", content, ignore_unverified_devices=True)
    (sent,) = scene.homeserver.to("/send/")
    assert "marked words" in json.dumps(sent.content)

    scene.homeserver.asked.clear()
    await scene.ours.hears(answer("s2", beside=beside))
    with pytest.raises(KeysNotShared):
        scene.ours.device.encrypt(hidden, "m.room.message", content)
    await scene.ours.device.share_keys(hidden, [])
    await scene.ours.device.put(scene.ours.device.encrypt(hidden, "m.room.message", content))
    (sent,) = scene.homeserver.to("/send/")
    assert "/m.room.encrypted/" in sent.path
    assert "marked words" not in json.dumps(sent.content)


# 7. To whom keys go --------------------------------------------------------------------------------------------


def keys_of(*parties: Party) -> dict[str, Any]:
    devices = {party.published.user_id: {party.published.device_id: party.machine.device_keys} for party in parties}
    return {"device_keys": devices, "failures": {}}


def receiving(scene: Scene, *parties: Party, claimed: Any = None) -> None:
    """Let the homeserver know these devices and hand out a key of each."""
    scene.homeserver.always("/keys/query", keys_of(*parties))

    async def claim(asked: Asked) -> Answer:
        wanted = asked.content["one_time_keys"]
        keys = {
            party.published.user_id: {party.published.device_id: claimed or party.one_time_key()}
            for party in parties
            if party.published.user_id in wanted
        }
        return {"one_time_keys": keys, "failures": {}}

    scene.homeserver.rules["/keys/claim"] = claim


def given_to(scene: Scene) -> set[str]:
    return {
        user_id
        for asked in scene.homeserver.to("/sendToDevice/m.room.encrypted")
        for user_id in asked.content["messages"]
    }


async def test_row_7_keys_go_to_unsigned_devices_and_to_who_was_only_invited(scene: Scene) -> None:
    boris = Party(scene.directory, BORIS, "BORIS")
    receiving(scene, scene.mallory, boris)
    scene.plain.client.olm.users_for_key_query |= {MALLORY, BORIS}
    await scene.plain.client.keys_query()
    await scene.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(scene) == {MALLORY, BORIS}

    scene.homeserver.asked.clear()
    sharing = await scene.ours.device.share_keys(ROOM, [MALLORY])
    assert given_to(scene) == set()
    assert sharing.withheld == {(MALLORY, "MALLORY")}
    (told,) = scene.homeserver.to("/sendToDevice/m.room_key.withheld")
    assert told.content["messages"][MALLORY]["MALLORY"]["code"] == "m.unverified"
    boris.store.close()


async def test_row_7_keys_go_to_whatever_identity_the_homeserver_publishes(scene: Scene) -> None:
    forger = Party(scene.directory / "forger", ANA, "FORGER")
    receiving(scene, forger)
    scene.plain.client.olm.users_for_key_query |= {ANA}
    await scene.plain.client.keys_query()
    await scene.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(scene) == {ANA}

    receiving(scene, scene.ana)
    signed_by_their_owners(scene, scene.ana)
    held = await scene.ours.device.share_keys(ROOM, [ANA])
    assert held.holders == {(ANA, "ANA")}
    # The same account under another identity, which has signed a device of its own.
    receiving(scene, forger)
    signed_by_their_owners(scene, forger, linked=False)
    scene.ours.device._directory.mark_changed([ANA])
    scene.homeserver.asked.clear()
    sharing = await scene.ours.device.share_keys(ROOM, [ANA])
    assert given_to(scene) == set()
    assert (set(sharing.withheld), set(sharing.unreached)) == ({(ANA, "FORGER")}, {ANA})
    assert sharing.session_id != held.session_id
    forger.store.close()


async def test_row_7_a_failed_sharing_is_swallowed(scene: Scene) -> None:
    receiving(scene, scene.ana)
    scene.homeserver.always("/sendToDevice", (403, {"errcode": "M_FORBIDDEN", "error": "no"}))
    scene.plain.client.olm.users_for_key_query |= {ANA}
    await scene.plain.client.keys_query()
    await scene.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert scene.plain.client.olm.outbound_group_sessions[ROOM].shared is True
    assert scene.plain.client.olm.should_share_group_session(ROOM) is False

    signed_by_their_owners(scene, scene.ana)
    sharing = await scene.ours.device.share_keys(ROOM, [ANA])
    assert not sharing.holders
    assert (set(sharing.failed), set(sharing.unreached)) == ({(ANA, "ANA")}, {ANA})
    scene.homeserver.always("/sendToDevice", {})
    sharing = await scene.ours.device.share_keys(ROOM, [ANA])
    assert sharing.holders == {(ANA, "ANA")}
    assert not sharing.unreached


def signed_by_their_owners(scene: Scene, *parties: Party, linked: bool = True) -> None:
    """Let these people's devices be signed by their owners, and our device know whose identity is confirmed."""
    confirmed = []
    keys = keys_of(*parties) | {"master_keys": {}, "self_signing_keys": {}}
    for party in parties:
        user_id, seeds = party.published.user_id, cross_signing.new_seeds()
        own = cross_signing.published_keys(user_id, seeds)
        keys["master_keys"][user_id], keys["self_signing_keys"][user_id] = own["master_key"], own["self_signing_key"]
        device_id = party.published.device_id
        signed = cross_signing.signed(party.machine.device_keys, user_id, seeds.self_signing)
        keys["device_keys"][user_id][device_id] = signed
        confirmed.append(attestation(user_id, cross_signing.public_key(seeds.master)))
    scene.homeserver.always("/keys/query", keys)
    if linked:
        scene.ours.device.attest(by_user(*confirmed))


async def test_row_7_a_device_with_the_bot_s_own_device_id_gets_no_key(scene: Scene) -> None:
    namesake = Party(scene.directory / "namesake", ANA, "BOT")
    receiving(scene, namesake)
    scene.plain.client.olm.users_for_key_query |= {ANA}
    await scene.plain.client.keys_query()
    await scene.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    assert given_to(scene) == set()

    signed_by_their_owners(scene, namesake)
    sharing = await scene.ours.device.share_keys(ROOM, [ANA])
    assert given_to(scene) == {ANA}
    assert sharing.holders == {(ANA, "BOT")}
    namesake.store.close()


@pytest.mark.parametrize(
    "claimed", [{"signed_curve25519:A": {"key": "short"}}, {"signed_curve25519:A": None}, {"x": 5}]
)
async def test_row_7_a_malformed_one_time_key_ends_the_sending(scene: Scene, claimed: Any) -> None:
    receiving(scene, scene.ana, scene.mallory)
    honest = scene.homeserver.rules["/keys/claim"]

    async def claim(asked: Asked) -> Answer:
        keys: Any = await honest(asked)
        keys["one_time_keys"][MALLORY] = {"MALLORY": claimed}
        return dict(keys)

    scene.homeserver.rules["/keys/claim"] = claim
    scene.plain.client.olm.users_for_key_query |= {ANA, MALLORY}
    await scene.plain.client.keys_query()
    with pytest.raises(Exception):  # noqa: B017, PT011 (nio fails in several ways)
        await scene.plain.client.share_group_session(ROOM)
    assert given_to(scene) == set()

    signed_by_their_owners(scene, scene.ana, scene.mallory)
    sharing = await scene.ours.device.share_keys(ROOM, [ANA, MALLORY])
    assert (set(sharing.holders), set(sharing.unreached)) == ({(ANA, "ANA")}, {MALLORY})


# 8. Whose session ------------------------------------------------------------------------------------------------


async def test_row_8_a_session_is_recorded_under_another_s_key(scene: Scene) -> None:
    def as_ana(bot: Plain | Ours, attached: Any) -> Any:
        scene.mallory.machine.session_store._entries.clear()
        scene.mallory.meet(bot)
        scene.mallory.sessions.rotate(ROOM)
        session = scene.mallory.machine.session_store.get(bot.published.curve25519)
        payload = {
            "sender": MALLORY,
            "recipient": BOT,
            "recipient_keys": {"ed25519": bot.published.ed25519},
            "keys": {"ed25519": scene.ana.published.ed25519},
            "sender_device_keys": attached,
            "type": "m.room_key",
            "content": scene.mallory.room_key(),
        }
        return sealed(bot, session._session.encrypt(json.dumps(payload).encode()), scene.mallory.machine.curve25519)

    attached = scene.ana.machine.device_keys
    await scene.plain.hears(answer("s1", to_device=[as_ana(scene.plain, attached)]))
    (session,) = list(scene.plain.client.olm.inbound_group_store)
    assert session.ed25519 == scene.ana.published.ed25519

    await known(scene)
    await scene.ours.hears(answer("s1", to_device=[as_ana(scene.ours, attached)]))
    assert scene.ours.machine.store._one("SELECT count(*) FROM streha_room_keys")[0] == 0
    # Without anything attached the key is kept, but it is nobody's: identity key and fingerprint must be one device's.
    key = as_ana(scene.ours, None)
    stand_down = event(scene.mallory.says("stand-down").content, "$1", ANA)
    (heard,) = await scene.ours.hears(answer("s2", to_device=[key], timeline=[stand_down]))
    assert heard.bound is False


# 9. How long a key lives ---------------------------------------------------------------------------------------


async def test_row_9_a_further_device_takes_everybody_s_key_away(scene: Scene) -> None:
    receiving(scene, scene.ana)
    scene.plain.client.olm.users_for_key_query |= {ANA}
    await scene.plain.client.keys_query()
    await scene.plain.client.share_group_session(ROOM, ignore_unverified_devices=True)
    before = scene.plain.client.olm.outbound_group_sessions[ROOM].id
    second = Party(scene.directory, ANA, "SECOND")
    both = keys_of(scene.ana)
    both["device_keys"][ANA]["SECOND"] = second.machine.device_keys
    scene.homeserver.always("/keys/query", both)
    scene.plain.client.olm.users_for_key_query |= {ANA}
    await scene.plain.client.keys_query()
    assert scene.plain.client.olm.outbound_group_sessions.get(ROOM) is None

    signed_by_their_owners(scene, scene.ana)
    kept = await scene.ours.device.share_keys(ROOM, [ANA])
    scene.homeserver.always("/keys/query", both)
    assert before != kept.session_id
    scene.ours.device._directory.mark_changed([ANA])
    after = await scene.ours.device.share_keys(ROOM, [ANA])
    assert after.session_id == kept.session_id
    second.store.close()


async def test_row_9_what_the_room_wishes_is_not_obeyed(scene: Scene) -> None:
    content = {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 20}
    wish = event(content, "$wish", BOT, "m.room.encryption") | {"state_key": ""}
    await scene.plain.hears(answer("s1", timeline=[wish]))
    scene.plain.client.olm.create_outbound_group_session(ROOM)
    assert scene.plain.client.olm.outbound_group_sessions[ROOM].max_messages == 100

    await scene.ours.hears(answer("s1", timeline=[wish]))
    await scene.ours.device.share_keys(ROOM, [])
    words = {"msgtype": "m.text", "body": "x"}
    for _number in range(20):
        scene.ours.device.encrypt(ROOM, "m.room.message", words)
    with pytest.raises(KeysNotShared):
        scene.ours.device.encrypt(ROOM, "m.room.message", words)


# 10. What was left out -------------------------------------------------------------------------------------------


async def test_row_10_what_a_shortened_answer_left_out_is_never_heard(scene: Scene) -> None:
    key, panic = key_and_panic(scene.ana, scene.plain)
    scene.homeserver.always("/messages", {"chunk": [panic]})
    assert await scene.plain.hears(answer("s1", to_device=[key], limited=True)) == []
    assert scene.homeserver.to("/messages") == []

    key, panic = key_and_panic(scene.ana, scene.ours)
    scene.homeserver.always("/messages", {"chunk": [panic]})
    heard = await scene.ours.hears(answer("s1", to_device=[key], limited=True))
    assert [each.body for each in heard] == ["panic"]


# 11. Without bounds ------------------------------------------------------------------------------------------------


async def test_row_11_one_device_s_sessions_pile_up(scene: Scene) -> None:
    most = 30
    for bot in (scene.plain, scene.ours):
        events = []
        for _number in range(most):
            scene.mallory.machine.session_store._entries.clear()
            scene.mallory.meet(bot)
            events.append(scene.mallory.writes(bot, "m.dummy", {}))
        await bot.hears(answer("s1", to_device=events))
    mallory = scene.mallory.machine.curve25519
    assert len(scene.plain.client.olm.session_store[mallory]) == most
    assert len(scene.ours.machine.session_store[mallory]) == 5


async def test_row_11_key_requests_pile_up(scene: Scene) -> None:
    """The homeserver asks in the name of a further device of the bot, for a key that there is."""

    def asking(number: int, key: Mapping[str, Any]) -> Any:
        wanted = {"algorithm": key["algorithm"], "room_id": ROOM, "session_id": key["session_id"]}
        body = {**wanted, "sender_key": scene.ana.published.curve25519}
        content = {"action": "request", "body": body, "request_id": str(number), "requesting_device_id": "GHOST"}
        return {"type": "m.room_key_request", "sender": BOT, "content": content}

    ghost = Party(scene.directory, BOT, "GHOST").published
    for bot in (scene.plain, scene.ours):
        scene.ana.sessions.rotate(ROOM)
        scene.ana.meet(bot)
        key = scene.ana.room_key()
        given = scene.ana.writes(bot, "m.room_key", key)
        store = scene.plain.client.olm.device_store if bot is scene.plain else scene.ours.machine.device_store
        store.add(OlmDevice(BOT, "GHOST", {"ed25519": ghost.ed25519, "curve25519": ghost.curve25519}))
        await bot.hears(answer("s1", to_device=[given, *(asking(number, key) for number in range(30))]))
    assert len(scene.plain.client.olm.key_requests_waiting_for_session[BOT, "GHOST"]) == 30
    machine = scene.ours.machine
    assert not machine.key_requests_waiting_for_session
    assert not machine.received_key_requests
    assert not machine.outgoing_to_device_messages


async def test_row_11_a_store_has_two_masters(scene: Scene) -> None:
    async with plain_bot(scene.directory / "plain") as second:
        assert second.client.olm.account.identity_keys == scene.plain.client.olm.account.identity_keys
    lock = StoreLock(scene.directory / "locked")
    with pytest.raises(StoreInUse):
        StoreLock(scene.directory / "locked")
    lock.release()
