"""Hand-made attacks, each beside a genuine panic: never a wrong act, never a stopped sync, never a lost panic.

The homeserver lies (`tests.adverse_homeserver`), a member colludes with it (`tests.evil_member`), or both. In each
story Sara presses and Ana must read it in her strict client.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
import vodozemac

from agencies.attestation import LinkState
from alerts.vocabulary import Through
from bots.olm.bounds import MOST_ROOM_KEYS_PER_DEVICE, MOST_SESSIONS_WITH_STRANGERS
from crypto import cross_signing
from tests import forging, poison
from tests.acceptance.conftest import Town
from tests.acceptance.newcomers import newcomer
from tests.acceptance.siege import PATIENCE, THOROUGH, Place, Siege, besieged
from tests.adverse_homeserver import Rule, What
from tests.evil_member import MEGOLM, OLM, boxed, room_key
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.long]

ALWAYS = 10**6
# More than is kept of strangers' sessions, and of one member's room keys.
FLOOD = 10_000 if THOROUGH else 600


@pytest.fixture(scope="module")
async def siege(town: Town) -> AsyncIterator[Siege]:
    async with besieged(town) as running:
        yield running


@pytest.fixture(autouse=True)
async def relieved(siege: Siege) -> AsyncIterator[None]:
    yield
    await siege.relieve()


# What cannot be read ---------------------------------------------------------------------------------


async def test_poison_of_every_form_beside_a_panic_in_one_answer(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    bot = await siege.bot(evil)
    messages = list(poison.messages(evil, await evil.meet(bot), bot, siege.now()))
    events = list(poison.events(evil, place.room, siege.now()))

    def everywhere(answer: Any) -> Any:
        answer = forging.with_messages(messages)(answer)
        answer = forging.with_events(place.room, events, first=True)(answer)
        return poison.in_answer(answer, evil)

    siege.forge("sync", forging.beside(forging.has_encrypted(place.room), everywhere))
    for _ in range(2):
        view = await siege.raised_and_read(place)
        assert view.alert.raised_through is Through.CHANNEL
        await siege.end(place)
    assert [each.what for each in siege.proxy.deeds] == [What.FORGE]


# Whose word it is ------------------------------------------------------------------------------------


async def test_a_forged_sender_with_a_colluders_session_commands_nothing(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    ana, sara = await siege.readers()
    session = vodozemac.GroupSession()
    await evil.share(session, place.room, await siege.bot(evil))
    view = await siege.raised_and_read(place)
    for person in (ana.user_id, sara.user_id):
        await _hand_over(
            siege, place, person, *(evil.said(session, place.room, body) for body in ("ack", "stand-down"))
        )
    (after,) = await siege.open(place)
    assert after.alert.state is view.alert.state
    assert not any(each.acknowledged_at for each in after.alert.recipients)
    await siege.end(place)
    # A panic in a forged name is nobody's word, and is raised all the same: as not verified.
    before = len(ana.messages)
    await _hand_over(siege, place, ana.user_id, evil.said(session, place.room, "panic"))
    await siege.ana_reads("NOT VERIFIED", place, before)
    (forged,) = await siege.open(place)
    assert (forged.alert.raised_through, forged.alert.raised_by) == (Through.UNVERIFIED, None)
    await siege.end(place)


async def test_plaintext_commands_nothing(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    ana, sara = await siege.readers()
    before = len(ana.messages)
    for body in ("panic", "drill", "panika"):
        await evil.put(place.room, "m.room.message", {"msgtype": "m.text", "body": body})
    # Whoever wrote it in earnest must know; once, however often it is written.
    await siege.ana_reads("UNENCRYPTED and was NOT raised", place, before)
    await siege.heard_out(place)
    assert len([each for each in ana.messages[before:] if "UNENCRYPTED" in each.body]) == 1
    assert not await siege.open(place)
    await siege.raised_and_read(place)
    said = [
        forging.event("m.room.message", person, {"msgtype": "m.text", "body": body}, siege.now())
        for person in (ana.user_id, sara.user_id, siege.bot_user)
        for body in ("ack", "stand-down", "stand-down false alarm")
    ]
    siege.forge("sync", forging.with_events(place.room, said))
    await siege.heard_out(place)
    (after,) = await siege.open(place)
    assert not any(each.acknowledged_at for each in after.alert.recipients)
    await siege.end(place)


async def test_a_room_whose_encryption_is_hidden_hears_nothing_in_clear(siege: Siege) -> None:
    def hidden(answer: Any) -> Any:
        for room in answer.get("rooms", {}).get("join", {}).values():
            for part in (room.get("state", {}), room.get("timeline", {})):
                events = part.get("events", [])
                part["events"] = [each for each in events if each["type"] != "m.room.encryption"]
        return answer

    siege.forge("sync", hidden, ALWAYS)
    siege.forge("state", lambda answer: {} if "algorithm" in answer else None, ALWAYS)
    place = await siege.place()
    await siege.raised_and_read(place)
    await siege.heard_out(place)
    sent = [each.path for each in siege.proxy.asked if each.part == "send"]
    assert len(sent) >= 3
    assert not [path for path in sent if "/send/m.room.encrypted/" not in path]
    ana, _sara = await siege.readers()
    assert all(each.encrypted for each in ana.messages if each.room_id == place.room)
    await siege.end(place)


async def test_outer_relations_change_nothing(siege: Siege) -> None:
    place = await siege.place()
    relations: tuple[Any, ...] = ({"rel_type": "m.replace", "event_id": "$x"}, [5])
    for relation in relations:

        def related(answer: Any, relation: Any = relation) -> Any:
            for event in forging.timeline(answer, place.room):
                event["content"]["m.relates_to"] = relation
            return answer

        siege.forge("sync", forging.beside(forging.has_encrypted(place.room), related))
        await siege.raised_and_read(place)
        await siege.end(place)


# Whose keys they are ---------------------------------------------------------------------------------


async def test_ghost_devices_hide_nobody_and_hear_nothing(siege: Siege) -> None:
    ana, sara = await siege.readers()

    def haunted(answer: Any) -> Any:
        for person in (ana.user_id, sara.user_id):
            true = answer.get("device_keys", {}).get(person)
            if true is not None:
                curves = [next(iter(each["keys"].values())) for each in true.values()]
                ghosts = [ghost(person, number) for number in range(150)]
                # One of them claims the key of the true device.
                ghosts.append(ghost(person, 150, curves[0]))
                answer["device_keys"][person] = {each["device_id"]: each for each in ghosts} | true
        return answer

    changed = {"changed": [ana.user_id, sara.user_id]}
    siege.forge("keys/query", haunted, ALWAYS)
    siege.forge("sync", lambda answer: {**answer, "device_lists": changed})
    try:
        place = await siege.place()
        view = await siege.raised_and_read(place)
        assert view.alert.raised_through is Through.CHANNEL
        keys = [each.json for each in siege.proxy.asked if "/sendToDevice/m.room.encrypted/" in each.path]
        assert ana.user_id in {user for each in keys for user in each["messages"]}
        assert not [each for each in keys if any("GHOST" in name for name in each["messages"].get(ana.user_id, {}))]
    finally:
        siege.proxy.calm()
        siege.forge("sync", lambda answer: {**answer, "device_lists": changed})
    await siege.heard_out(place)
    await siege.end(place)


def ghost(user_id: str, number: int, curve25519: str | None = None) -> dict[str, Any]:
    """Return a device that somebody's homeserver has made up; it has signed itself."""
    account, device_id = vodozemac.Account(), f"0GHOST{number}"
    ed25519 = account.ed25519_key.to_base64()
    document = {
        "algorithms": [OLM, MEGOLM],
        "device_id": device_id,
        "user_id": user_id,
        "keys": {
            f"curve25519:{device_id}": curve25519 or account.curve25519_key.to_base64(),
            f"ed25519:{device_id}": ed25519,
        },
    }
    signature = account.sign(cross_signing.signing_bytes(document)).to_base64()
    return cross_signing.with_signature(document, user_id, device_id, signature)


async def test_a_swapped_identity_is_refused_and_so_is_the_old_one_when_it_comes_back(siege: Siege) -> None:
    zora = await newcomer(siege.town, "zora")
    await zora.link(zora.client)
    changed = {"changed": [zora.client.user_id]}
    before = len(zora.ana.messages)
    siege.forge("keys/query", _another_identity(zora.client.user_id), ALWAYS)
    siege.forge("sync", lambda answer: {**answer, "device_lists": changed})
    await zora.coordinator_is_told(before)
    await zora.is_refused()

    siege.proxy.calm()
    siege.forge("sync", lambda answer: {**answer, "device_lists": changed})
    await zora.is_refused()
    assert await siege.town.linking.state(siege.town.person(zora.account)) is LinkState.CHANGED

    await zora.link(zora.client)
    view, _ring = await zora.rings_at(zora.client)
    assert view.alert.raised_through is Through.CHANNEL
    await zora.end()


def _another_identity(user_id: str) -> forging.Forge:
    """Return what puts an identity of the homeserver's own around somebody's true devices."""
    seeds = cross_signing.new_seeds()

    def forge(answer: Any) -> Any:
        if user_id not in answer.get("master_keys", {}):
            return None
        keys = cross_signing.published_keys(user_id, seeds)
        answer["master_keys"][user_id] = keys["master_key"]
        answer["self_signing_keys"][user_id] = keys["self_signing_key"]
        devices = answer["device_keys"][user_id]
        answer["device_keys"][user_id] = {
            name: cross_signing.signed(device, user_id, seeds.self_signing) for name, device in devices.items()
        }
        return answer

    return forge


async def test_who_claims_anothers_key_takes_nothing_from_them(siege: Siege) -> None:
    place = await siege.place()
    account = await siege.town.newcomer("iva")
    iva = await siege.town.witness(account)
    await siege.enter(place, siege.town.person(account))
    await iva.joined(place.room, patience=PATIENCE)
    reader = await siege.colluder(await siege.place())
    (device,) = await reader.devices_of(iva.user_id)
    # Both meet the bot for the first time, in one sharing.
    await siege.colluder(place, curve25519=device.curve25519)
    await siege.raised_and_read(place)
    await iva.wait_for("ALERT", place.room, PATIENCE)
    assert not [each for each in iva.failures if each.sender == siege.bot_user]
    await siege.end(place)


async def test_a_squatted_session_leaves_its_owners_word_hers(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    _ana, sara = await siege.readers()
    kept: list[Any] = []

    siege.forge("sync", _keys_kept_back(kept, sara.user_id), ALWAYS)
    await sara.send(place.room, "Good evening")
    content: Any = {}
    while content.get("room_id") != place.room:
        for message in await evil.heard():
            content = message["content"] if message["type"] == "m.room_key" else content
    squatted = await evil.sealed(await siege.bot(evil), "m.room_key", content)
    event = forging.event("m.room.encrypted", evil.user_id, squatted, siege.now())
    siege.proxy.calm()
    siege.forge("sync", lambda answer: forging.with_messages([event, *kept])(answer) if kept else None)
    view = await siege.raised_and_read(place)
    assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, siege.town.person("sara").id)
    await siege.end(place)


# What was said before --------------------------------------------------------------------------------


async def test_what_was_said_once_is_not_said_again_as_another_event(siege: Siege) -> None:
    place = await siege.place()
    heard: list[Any] = []

    def listen(answer: Any) -> None:
        heard.extend(dict(each) for each in forging.timeline(answer, place.room) if each["type"] == "m.room.encrypted")

    siege.forge("sync", listen, ALWAYS)
    await siege.raised_and_read(place)
    siege.proxy.calm()
    await siege.end(place)
    (panic,) = [each for each in heard if each["sender"] == siege.town.person("sara").matrix_user]
    again = [{**panic, "event_id": f"$again-{number}", "origin_server_ts": siege.now()} for number in range(3)]
    siege.forge("sync", forging.with_events(place.room, [panic, *again]))
    await siege.heard_out(place)
    assert not await siege.open(place)


async def test_a_word_kept_back_does_not_answer_the_next_alert(siege: Siege) -> None:
    place = await siege.place()
    ana, _sara = await siege.readers()
    kept: list[Any] = []

    await siege.raised_and_read(place)
    siege.forge("sync", _words_kept_back(kept, place.room, ana.user_id), ALWAYS)
    await ana.send(place.room, "ack")
    await ana.send(place.room, "stand-down")
    await siege.heard_out(place)
    assert len(kept) == 2
    siege.proxy.calm()
    await siege.end(place)
    await siege.raised_and_read(place)
    # Written before the second alert, and handed over now.
    late = [{**each, "origin_server_ts": each["origin_server_ts"] - 60_000} for each in kept]
    siege.forge("sync", forging.with_events(place.room, late))
    await siege.heard_out(place)
    (after,) = await siege.open(place)
    assert not any(each.acknowledged_at for each in after.alert.recipients)
    await siege.end(place)


# Too much --------------------------------------------------------------------------------------------


async def test_a_flood_of_first_messages_leaves_room_for_a_panic(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    bot = await siege.bot(evil)
    key = vodozemac.Curve25519PublicKey.from_base64(bot.curve25519)
    # One key serves them all: the one that is handed out when there are no others.
    siege.proxy.adopt(Rule(part="keys/upload", what=What.STATUS, status=503, times=ALWAYS))
    offered: Any = {}
    while not offered.get("fallback"):
        wanted = {"one_time_keys": {bot.user_id: {bot.device_id: "signed_curve25519"}}}
        said = await evil.call("POST", "/keys/claim", wanted)
        (offered,) = said["one_time_keys"][bot.user_id][bot.device_id].values()
    siege.proxy.calm()
    fallback = vodozemac.Curve25519PublicKey.from_base64(offered["key"])
    messages = []
    for _ in range(FLOOD):
        account = vodozemac.Account()
        session = account.create_outbound_session(key, fallback)
        content = boxed(session, account.curve25519_key.to_base64(), bot, b"{}")
        messages.append(forging.event("m.room.encrypted", evil.user_id, content, siege.now()))
    before = _rows(siege, "olmsessions")
    siege.forge("sync", forging.beside(forging.has_encrypted(place.room), forging.with_messages(messages)))
    view = await siege.raised_and_read(place)
    assert view.alert.raised_through is Through.CHANNEL
    assert [each.what for each in siege.proxy.deeds][-1] is What.FORGE
    assert _rows(siege, "olmsessions") <= before + MOST_SESSIONS_WITH_STRANGERS
    await siege.end(place)


async def test_a_flood_of_room_keys_leaves_room_for_a_panic(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    bot = await siege.bot(evil)
    messages = []
    for number in range(FLOOD):
        content = room_key(vodozemac.GroupSession(), place.room if number % 2 else f"!elsewhere-{number}:y")
        sealed = await evil.sealed(bot, "m.room_key", content)
        messages.append(forging.event("m.room.encrypted", evil.user_id, sealed, siege.now()))
    before = _rows(siege, "streha_room_keys")
    siege.forge("sync", forging.beside(forging.has_encrypted(place.room), forging.with_messages(messages)))
    view = await siege.raised_and_read(place)
    assert view.alert.raised_through is Through.CHANNEL
    # None of rooms that the bot is not in; beside it, Sara's own.
    assert _rows(siege, "streha_room_keys") <= before + MOST_ROOM_KEYS_PER_DEVICE + 1
    await siege.end(place)


async def test_a_flood_of_unreadable_messages_pushes_no_panic_out(siege: Siege) -> None:
    place = await siege.place()
    evil = await siege.colluder(place)
    _ana, sara = await siege.readers()
    kept: list[Any] = []

    junk = [
        forging.event("m.room.encrypted", evil.user_id, {**evil.said(vodozemac.GroupSession(), place.room, "x")},
                      siege.now()) for _ in range(2100)
    ]  # fmt: skip
    siege.forge("sync", _keys_kept_back(kept, sara.user_id), ALWAYS)
    siege.forge("sync", forging.beside(forging.has_encrypted(place.room), forging.with_events(place.room, junk)))
    ana = (await siege.readers())[0]
    before = len(ana.messages)
    await sara.send(place.room, "panic")
    await until(lambda: bool(kept) and len(siege.proxy.rules) == 1)
    siege.proxy.calm()
    siege.forge("sync", forging.with_messages(kept))
    view = await siege.is_read(place, before)
    assert view.alert.raised_through is Through.CHANNEL
    await siege.end(place)


async def test_a_time_line_that_never_ends_holds_nobody_up(siege: Siege) -> None:
    place, other = await siege.place(), await siege.place()
    evil = await siege.colluder(place)
    pages = iter(range(ALWAYS))

    def limited(answer: Any) -> Any:
        events = forging.timeline(answer, place.room)
        answer["rooms"]["join"][place.room]["timeline"] |= {"limited": True, "prev_batch": answer["next_batch"]}
        assert isinstance(events, list)
        return answer

    def endless(_answer: Any) -> Any:
        content = {"algorithm": MEGOLM, "ciphertext": "x", "session_id": f"s{next(pages)}"}
        chunk = [forging.event("m.room.encrypted", evil.user_id, content, siege.now()) for _ in range(100)]
        return {"chunk": chunk, "start": "x", "end": f"t{next(pages)}"}

    siege.forge("sync", limited, ALWAYS)
    siege.forge("messages", endless, ALWAYS)
    for each in (other, place):
        view = await siege.raised_and_read(each)
        assert view.alert.raised_through is Through.CHANNEL
        await siege.end(each)


# Nothing, half or too late ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["status", "half", "gone"] if THOROUGH else ["status"])
async def test_every_request_may_fail_on_the_way(siege: Siege, way: str) -> None:
    absurd = json.dumps({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 3_600_000})
    patient = json.dumps({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 200})
    # A room that fails again is left alone for longer each time.
    further = ("members", "invite", "joined_members") if THOROUGH else ()
    parts = ("sync", "keys/query", "keys/claim", "sendToDevice", "send", "createRoom", *further)
    for number, part in enumerate(parts):
        match way:
            case "status":
                # Who asks for an hour gets a minute: too long to be waited for here.
                wait = patient if part in {"sync", "send"} else absurd
                status, body = (502, "<html>") if number % 2 else (429, wait)
                rule = Rule(part=part, what=What.STATUS, status=status, body=body)
            case "half":
                rule = Rule(part=part, what=What.TRUNCATE)
            case _:
                rule = Rule(part=part, what=What.DROP)
        siege.proxy.adopt(rule, seed=number)
    place = await siege.place()
    await siege.raised_and_read(place)
    assert {"sync", "createRoom", "send", "sendToDevice"} <= {each.part for each in siege.proxy.deeds}
    await siege.end(place)


async def test_a_sign_out_that_is_only_said_ends_nothing(siege: Siege) -> None:
    place = await siege.place()
    said = json.dumps({"errcode": "M_UNKNOWN_TOKEN", "error": "Invalid access token"})
    siege.proxy.adopt(Rule(part="sync", what=What.STATUS, status=401, body=said))
    await siege.raised_and_read(place)
    assert [(each.part, each.what) for each in siege.proxy.deeds] == [("sync", What.STATUS)]
    await siege.end(place)


async def test_a_homeserver_that_hangs_is_left_when_it_answers_again(siege: Siege) -> None:
    place = await siege.place()
    siege.proxy.adopt(
        *(Rule(part=part, what=What.HANG, times=ALWAYS) for part in ("send", "sendToDevice", "members", "keys/claim"))
    )
    ana, sara = await siege.readers()
    before = len(ana.messages)
    await sara.send(place.room, "panic")
    # It is raised although nobody can be told yet.
    view = await siege.raised(place)
    assert view.alert.raised_through is Through.CHANNEL
    siege.proxy.calm()
    await siege.is_read(place, before)
    await siege.end(place)


# Rooms -----------------------------------------------------------------------------------------------


async def test_a_forged_farewell_of_the_bot_costs_no_channel(siege: Siege) -> None:
    place = await siege.place()
    farewell = forging.event(
        "m.room.member", siege.bot_user, {"membership": "leave"}, siege.now(), state_key=siege.bot_user
    )
    siege.forge("sync", forging.with_events(place.room, [farewell]))
    await siege.raised_and_read(place)
    assert await siege.town.channel(place.case) == place.room
    await siege.end(place)


# Inside ----------------------------------------------------------------------------------------------


async def _hand_over(siege: Siege, place: Place, sender: str, *contents: Any) -> None:
    """Let the homeserver say that somebody has sent this; return when the bot has handled it."""
    events = [forging.event("m.room.encrypted", sender, content, siege.now()) for content in contents]
    siege.forge("sync", forging.with_events(place.room, events))
    await siege.heard_out(place)


def _keys_kept_back(kept: list[Any], sender: str) -> forging.Forge:
    """Keep what somebody's device tells the bot's, and let everything else pass."""

    def forge(answer: Any) -> Any | None:
        messages = answer.get("to_device", {}).get("events", [])
        theirs = [each for each in messages if each["sender"] == sender]
        messages[:] = [each for each in messages if each not in theirs]
        kept.extend(theirs)
        return answer if theirs else None

    return forge


def _words_kept_back(kept: list[Any], room_id: str, sender: str) -> forging.Forge:
    """Keep what somebody says in a room, and let everything else pass."""

    def forge(answer: Any) -> Any | None:
        events = forging.timeline(answer, room_id)
        theirs = [each for each in events if each["sender"] == sender and each["type"] == "m.room.encrypted"]
        events[:] = [each for each in events if each not in theirs]
        kept.extend(theirs)
        return answer if theirs else None

    return forge


def _rows(siege: Siege, table: str) -> int:
    """Return how many rows a table of the bot's own disk has."""
    (path,) = (siege.town.network.directory / "bot" / "device").glob("*.sqlite")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        return int(store.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (our own names)
