"""What an answer is made to say: pure functions over the homeserver's JSON, every choice from a given source.

Owns how a value is spoilt at random, and the forgeries that several stories need. When it happens, and to
which answer, is `tests.adverse_homeserver`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from random import Random
from typing import Any

# What JSON may hold where something else was expected. Kept as text, for Python would refuse to write some of it.
ODD = (
    "null", "true", "[]", "{}", '""', '"x"', "0", "-1", "1e999", "NaN", "9" * 5000, "1.5",
    '"\\ud800"', '"\\u0000"', '"!x\\ud800:y"', '"' + "A" * 5000 + '"', "[" * 300 + "]" * 300, '[null, 5, {}, "x"]',
    '{"": null}', '{"a": {"b": {"c": []}}}',
)  # fmt: skip
MARK = "\ue000the value that is replaced\ue000"
numbers = count(1)

Forge = Callable[[Any], Any | None]


def corrupted(answer: Any, random: Random) -> tuple[bytes, str]:
    """Return an answer one of whose values is another one, and where."""
    places = list(_places(answer, ()))
    if not places:
        return random.choice(ODD).encode(), "everything"
    # Each depth as often as the others: most values lie deep, and few things hang on those.
    depth = random.choice(sorted({len(place) for place in places}))
    place = random.choice([each for each in places if len(each) == depth])
    odd = random.choice(ODD)
    _put(answer, place, MARK)
    return json.dumps(answer, ensure_ascii=False).replace(f'"{MARK}"', odd).encode(), f"{_shown(place)} = {odd[:24]}"


def garbled(answer: bytes, random: Random) -> bytes:
    """Return an answer with some of its bytes changed."""
    changed = bytearray(answer or b" ")
    for _ in range(random.randint(1, 8)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def shuffled(value: Any, random: Random) -> Any:
    """Return a value whose lists and objects all stand in another order."""
    if isinstance(value, dict):
        names = random.sample(sorted(value), len(value))
        return {name: shuffled(value[name], random) for name in names}
    if isinstance(value, list):
        return [shuffled(each, random) for each in random.sample(value, len(value))]
    return value


# News ------------------------------------------------------------------------------------------------


def with_events(room_id: str, events: Iterable[Any], *, first: bool = False) -> Forge:
    """Put events into a room's time line, after what truly stands there or before it."""
    added = list(events)

    def forge(answer: Any) -> Any:
        events = timeline(answer, room_id)
        events[:] = [*added, *events] if first else [*events, *added]
        return answer

    return forge


def with_messages(events: Iterable[Any]) -> Forge:
    """Put messages to the device into the answer, before what truly came."""
    added = list(events)

    def forge(answer: Any) -> Any:
        events = answer.setdefault("to_device", {}).setdefault("events", [])
        events[:] = [*added, *events]
        return answer

    return forge


def beside(wanted: Callable[[Any], bool], forge: Forge) -> Forge:
    """Do it to the first answer that holds something, and to no other."""
    return lambda answer: forge(answer) if wanted(answer) else None


def has_encrypted(room_id: str) -> Callable[[Any], bool]:
    """Tell whether an answer brings a room's encrypted message."""
    return lambda answer: any(
        isinstance(each, dict) and each.get("type") == "m.room.encrypted" for each in _events(answer, room_id)
    )


def timeline(answer: Any, room_id: str) -> list[Any]:
    """Return a room's time line in the news, made where there is none."""
    room = answer.setdefault("rooms", {}).setdefault("join", {}).setdefault(room_id, {})
    events: list[Any] = room.setdefault("timeline", {}).setdefault("events", [])
    return events


def event(kind: str, sender: str, content: Any, at: int, **others: Any) -> dict[str, Any]:
    """Return an event that nobody sent."""
    return {
        "type": kind,
        "sender": sender,
        "content": content,
        "event_id": f"$forged-{next(numbers)}",
        "origin_server_ts": at,
        **others,
    }


def _events(answer: Any, room_id: str) -> list[Any]:
    room = answer.get("rooms", {}).get("join", {}).get(room_id, {})
    return list(room.get("timeline", {}).get("events", []))


def _places(value: Any, here: tuple[str | int, ...]) -> Iterable[tuple[str | int, ...]]:
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, each in inside:
        yield (*here, name)
        yield from _places(each, (*here, name))


def _put(value: Any, place: tuple[str | int, ...], new: Any) -> None:
    for name in place[:-1]:
        value = value[name]
    value[place[-1]] = new


def _shown(place: tuple[str | int, ...]) -> str:
    return ".".join(str(each)[:20] for each in place)
