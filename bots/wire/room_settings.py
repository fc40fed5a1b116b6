"""The settings that every room of the bot is made with: contents only, of no room in particular.

What is different in each room, and what a difference means, is `bots.rooms.room_state`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

OWN_FIELD = "org.streha.target"
ROTATION_MESSAGES = 100
ROTATION = timedelta(days=7)
BOT_LEVEL = 100

CREATE, MEMBER, ENCRYPTION = "m.room.create", "m.room.member", "m.room.encryption"
NAME, POWER_LEVELS = "m.room.name", "m.room.power_levels"
MEGOLM = "m.megolm.v1.aes-sha2"

# What the homeserver is asked to tell of as it changes. Whatever else may be set is seen by who looks at everything.
WATCHED = (
    NAME, ENCRYPTION, POWER_LEVELS, "m.room.join_rules", "m.room.history_visibility", "m.room.guest_access",
    "m.room.topic", "m.room.avatar", "m.room.canonical_alias", "m.room.tombstone",
)  # fmt: skip

_MADE_WITH: dict[str, Mapping[str, Any]] = {
    ENCRYPTION: {
        "algorithm": MEGOLM,
        "rotation_period_msgs": ROTATION_MESSAGES,
        "rotation_period_ms": int(ROTATION.total_seconds() * 1000),
    },
    "m.room.history_visibility": {"history_visibility": "joined"},
    "m.room.guest_access": {"guest_access": "forbidden"},
}


def made_with() -> list[dict[str, Any]]:
    """Return the settings that are given to a room when it is made, beside its name and the power of the bot."""
    return [{"type": kind, "content": content} for kind, content in _MADE_WITH.items()]


def power_levels(bot: str) -> dict[str, Any]:
    """Only the bot invites, removes or changes state: membership follows the compartment, not the room."""
    return {
        "users": {bot: BOT_LEVEL},
        "users_default": 0,
        "events_default": 0,
        "state_default": BOT_LEVEL,
        "invite": BOT_LEVEL,
        "kick": BOT_LEVEL,
        "ban": BOT_LEVEL,
        "redact": BOT_LEVEL,
        "notifications": {"room": BOT_LEVEL},
        "events": {},
    }


def in_every_room(bot: str) -> dict[str, Mapping[str, Any]]:
    """Return what all rooms have, by kind."""
    return {POWER_LEVELS: power_levels(bot), "m.room.join_rules": {"join_rule": "invite"}, **_MADE_WITH}


def holds(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Tell whether a setting says what it has to; homeservers add words of their own."""
    return all(found.get(name) == value for name, value in wanted.items())


def is_in_every_room(bot: str, kind: str, key: str, content: Mapping[str, Any]) -> bool:
    """Tell whether a setting is what it is everywhere: then nobody has to look which room it is."""
    wanted = None if key else in_every_room(bot).get(kind)
    return wanted is not None and holds(wanted, content)
