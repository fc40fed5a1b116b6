"""Poison: messages and events that no client may choke on, as anybody or only a homeserver can make them.

Each form is a small lie about one part; together they touch every part that a client reads. What is sealed with a
colluding member's true session reaches code that a stranger's garbage never does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import vodozemac

from tests import forging
from tests.evil_member import MEGOLM, OLM, Addressee, EvilMember, boxed

ANYTHING: tuple[Any, ...] = (5, None, [], "", "\ud800", "@\x00:y", "@" + "a" * 5000)
BODIES: tuple[Any, ...] = ("", "!", "AAAA", 7, None, [], {}, "A" * 20_000, "\ud800")
KINDS: tuple[Any, ...] = (0, 1, 2, -1, "0", None, 10**30)
SENDER_KEYS: tuple[Any, ...] = ("", "short", 5, None, [], "A" * 43, "\ud800")
WHOLE: tuple[Any, ...] = (None, 5, "x", [], {}, {"type": 5}, {"type": []}, {"type": "m.room.encrypted"}, {"sender": []})
TEXTS = (b"\xff\xfe", b"", b"[" * 5000, b"{" + b'"a":1,' * 2000, b"9" * 5000)
CONTENTS: tuple[Any, ...] = ({}, [], None, {"algorithm": 5}, {"action": "request", "body": {}}, {"code": []})
NAMES = ("m.room_key", "m.forwarded_room_key", "m.room_key_request", "m.room_key.withheld", "m.secret.send", "m.dummy")


def messages(evil: EvilMember, session: vodozemac.Session, bot: Addressee, at: int) -> Iterator[Any]:
    """Yield messages to the bot's device."""
    yield from WHOLE
    for kind, content in _contents(evil, bot):
        yield forging.event(kind, evil.user_id, content, at)
    for plaintext in (*_plaintexts(evil, bot), *TEXTS):
        content = boxed(session, evil.curve25519, bot, plaintext)
        yield forging.event("m.room.encrypted", evil.user_id, content, at)


def events(evil: EvilMember, room_id: str, at: int) -> Iterator[Any]:
    """Yield events of a room."""
    yield from (*WHOLE, {"type": "m.room.member"}, {"type": "m.room.encryption", "state_key": ""})
    good = evil.said(vodozemac.GroupSession(), room_id, "stand-down")
    contents: list[Any] = [{}, [], None, {**good, "session_id": 5}, {**good, "session_id": "\ud800"}]
    contents += [{**good, "ciphertext": odd} for odd in BODIES]
    algorithms: tuple[Any, ...] = (5, None, OLM, [])
    contents += [{**good, "algorithm": odd} for odd in algorithms]
    for content in contents:
        yield forging.event("m.room.encrypted", evil.user_id, content, at)
    for odd in ANYTHING:
        yield {**forging.event("m.room.encrypted", evil.user_id, good, at), "sender": odd}
        yield {**forging.event("m.room.encrypted", evil.user_id, good, at), "event_id": odd}
        yield forging.event("m.room.member", evil.user_id, {"membership": odd}, at, state_key=odd)
        yield forging.event("m.room.encryption", evil.user_id, {"rotation_period_msgs": odd}, at, state_key="")
    moments: tuple[Any, ...] = (-1, 2**70, 1.5, True, None, "0")
    for moment in moments:
        yield {**forging.event("m.room.encrypted", evil.user_id, good, at), "origin_server_ts": moment}


def in_answer(answer: Any, evil: EvilMember) -> Any:
    """Return an answer with poison in all its other parts."""
    joined = {
        "!x\ud800:y": {"timeline": {"limited": True, "prev_batch": "t1", "events": [{}]}},
        "": [],
        "!five": 5,
        "!null": {"timeline": {"limited": True, "prev_batch": None}},
    }
    answer["rooms"]["join"] |= joined
    answer["rooms"]["leave"] = {"!left": {"timeline": {"events": list(WHOLE)}}}
    answer["device_lists"] = {"changed": [None, 5, {}, "@x\ud800:y", evil.user_id], "left": "x"}
    answer["device_one_time_keys_count"] = {"signed_curve25519": "NaN"}
    answer["device_unused_fallback_key_types"] = [5, None]
    return answer


def _contents(evil: EvilMember, bot: Addressee) -> Iterator[tuple[str, Any]]:
    account, foreign = vodozemac.Account(), vodozemac.Account()
    foreign.generate_one_time_keys(1)
    (one_time_key,) = foreign.one_time_keys.values()
    key = vodozemac.Curve25519PublicKey.from_base64(bot.curve25519)
    unknown = account.create_outbound_session(key, one_time_key).encrypt(b"{}").to_parts()[1]
    body = base64.b64encode(unknown).decode().rstrip("=")

    def box(body: Any, kind: Any = 0, sender_key: Any = evil.curve25519) -> Any:
        box = {"type": kind, "body": body}
        return {"algorithm": OLM, "sender_key": sender_key, "ciphertext": {bot.curve25519: box}}

    yield "m.room.encrypted", box(body, 0, account.curve25519_key.to_base64())
    bodies: tuple[Any, ...] = (*BODIES, body[:40], body + "A")
    for odd in bodies:
        for kind in KINDS:
            yield "m.room.encrypted", box(odd, kind)
    for odd in SENDER_KEYS:
        yield "m.room.encrypted", box(body, 0, odd)
    for content in (*CONTENTS, {"algorithm": OLM, "ciphertext": []}, {"a": _deep(90)}):
        yield "m.room.encrypted", content
        for name in NAMES:
            yield name, content


def _plaintexts(evil: EvilMember, bot: Addressee) -> Iterator[bytes]:
    inside = {
        "sender": evil.user_id,
        "sender_device": evil.device_id,
        "keys": {"ed25519": evil.ed25519},
        "recipient": bot.user_id,
        "recipient_keys": {"ed25519": bot.ed25519},
        "type": "m.room_key",
    }
    garbage = {"algorithm": MEGOLM, "room_id": "!x", "session_id": "y", "session_key": "A" * 300}
    lies: list[Any] = [[], 5, None, "x", {}, {**inside, "keys": []}, {**inside, "keys": {"ed25519": 5}}, inside]
    contents: tuple[Any, ...] = (None, [], 5, _deep(90), {"algorithm": MEGOLM, "session_key": 5})
    lies += [{**inside, "content": each} for each in contents]
    lies += [{**inside, "content": garbage}, {**inside, "sender_device_keys": _deep(90), "content": garbage}]
    return (json.dumps(each).encode() for each in lies)


def _deep(levels: int) -> Any:
    deep: Any = []
    for _ in range(levels):
        deep = [deep]
    return deep
