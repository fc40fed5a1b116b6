"""What a room is made as and has to stay: pure facts, compared with what the homeserver shows of it.

The factory and whoever looks again go by the same settings (`bots.wire.room_settings`), so that they can never
disagree. Who is in a room is not a setting (`bots.rooms.housekeeping`); looking and putting right is
`bots.rooms.room_care`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bots.rooms.rooms import Room
from bots.wire.room_settings import (
    BOT_LEVEL,
    CREATE,
    ENCRYPTION,
    MEGOLM,
    MEMBER,
    NAME,
    OWN_FIELD,
    POWER_LEVELS,
    holds,
    in_every_room,
)
from core.outbox import Target, TargetKind
from core.texts import mark, render

DUTY_ROOM = mark("Duty")
DIRECT_ROOM = "Streha"

# Where a setting stands in a room: its kind, and the key that tells several of one kind apart.
Place = tuple[str, str]


class Mending(StrEnum):
    """What helps against a fault."""

    # The setting is written again, or emptied.
    REPAIR = "repair"
    # What was changed cannot be taken back, or whoever changed it has the power to do so for ever.
    REPLACE = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a room, and who is said to have made it."""

    content: Mapping[str, Any]
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A setting that is not as it was made, and what it has to be."""

    place: Place
    wanted: Mapping[str, Any]
    mending: Mending


def name_of(room: Room) -> str:
    """Return what a room is called: nothing but the codename, or what everybody's is called."""
    return room.name or (render(DUTY_ROOM, room.language) if _is_desk(room) else DIRECT_ROOM)


def marker_of(target: Target) -> str:
    """Return what a room's first event says it was made for."""
    return f"{target.kind}:{target.id}"


def as_made(room: Room, bot: str) -> dict[str, Mapping[str, Any]]:
    """Return every setting that a room of ours has, by kind."""
    return {NAME: {"name": name_of(room)}, **in_every_room(bot)}


def read(events: Iterable[Any]) -> dict[Place, Setting]:
    """Return the settings that a homeserver shows; what has not their shape is left out, and is then missing."""
    found: dict[Place, Setting] = {}
    for event in events:
        match event:
            case {"type": str(kind), "state_key": str(key), "content": dict(content), "sender": str(sender)}:
                found[kind, key] = Setting(content=content, sender=sender)
    return found


def is_as_made(room: Room, bot: str, place: Place, content: Mapping[str, Any]) -> bool:
    """Tell whether one setting is what a room of ours has there."""
    wanted = as_made(room, bot).get(place[0]) if not place[1] else None
    return holds(wanted, content) if wanted is not None else not content


def is_ours(settings: Mapping[Place, Setting], bot: str, marker: str) -> bool:
    """Tell whether this account made a room, and for this target: anybody can write our marker into theirs."""
    made = settings.get((CREATE, ""))
    return made is not None and made.sender == bot and made.content.get(OWN_FIELD) == marker


def faults(room: Room, bot: str, settings: Mapping[Place, Setting]) -> list[Fault]:
    """Return what is not as the factory made it."""
    wanted = as_made(room, bot)
    found = [
        Fault(place=(kind, ""), wanted=content, mending=_mending(kind, settings, bot))
        for kind, content in wanted.items()
        if (kind, "") not in settings or not holds(content, settings[kind, ""].content)
    ]
    if not is_ours(settings, bot, marker_of(room.target)):
        found.append(Fault(place=(CREATE, ""), wanted={}, mending=Mending.REPLACE))
    for (kind, key), setting in settings.items():
        of_room = kind in {CREATE, MEMBER} or (kind in wanted and not key)
        # Under a person's own name nobody else may write; only who may set anything at all can have done so.
        if not of_room and not key.startswith("@") and setting.content:
            found.append(Fault(place=(kind, key), wanted={}, mending=Mending.REPAIR))
    return found


def _mending(kind: str, settings: Mapping[Place, Setting], bot: str) -> Mending:
    found = settings[kind, ""].content if (kind, "") in settings else {}
    if kind == ENCRYPTION:
        # Once it is gone or another, nobody can tell what people's clients have done meanwhile.
        return Mending.REPAIR if found.get("algorithm") == MEGOLM else Mending.REPLACE
    if kind == POWER_LEVELS:
        return Mending.REPAIR if _rules(found, bot) else Mending.REPLACE
    return Mending.REPAIR


def _rules(levels: Mapping[str, Any], bot: str) -> bool:
    """Tell whether the bot still has its power, and nobody else as much: it can be taken from those with less."""
    users = levels.get("users")
    if not isinstance(users, dict) or users.get(bot) != BOT_LEVEL:
        return False
    others = [level for user, level in users.items() if user != bot] + [levels.get("users_default", 0)]
    return all(isinstance(level, int) and level < BOT_LEVEL for level in others)


def _is_desk(room: Room) -> bool:
    return room.target.kind is TargetKind.DESK
