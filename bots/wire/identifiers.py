"""Whether a name that somebody else wrote can be a Matrix identifier: printable ASCII, short, of its kind.

Asked once, where names come in (`bots.device.intake`, `bots.wire.homeserver`). What passes can be put into an address,
a database and a log-free error without a further look; JSON lets through much that can not.
"""

from __future__ import annotations

import re
from typing import Any, TypeGuard

_NAME = re.compile(r"[\x21-\x7e]{2,255}")
_USER = re.compile(r"@[\x21-\x39\x3b-\x7e]*:[\x21-\x7e]+")
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")


def is_user_id(value: Any) -> TypeGuard[str]:
    """Tell whether this can be a user: `@name:server`."""
    return _is_name(value, "@") and _USER.fullmatch(value) is not None


def is_room_id(value: Any) -> TypeGuard[str]:
    """Tell whether this can be a room."""
    return _is_name(value, "!")


def is_event_id(value: Any) -> TypeGuard[str]:
    """Tell whether this can be an event."""
    return _is_name(value, "$")


def is_token(value: Any) -> TypeGuard[str]:
    """Tell whether this can be a place in the homeserver's stream of events."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def _is_name(value: Any, sigil: str) -> TypeGuard[str]:
    return isinstance(value, str) and value.startswith(sigil) and _NAME.fullmatch(value) is not None
