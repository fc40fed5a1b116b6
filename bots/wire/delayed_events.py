"""Events that a homeserver sends by itself unless somebody puts them off (MSC4140): put off, taken back, asked about.

They are left by `bots.wire.homeserver`, as every event is sent by it. A homeserver that does not know of them would
send them at once: whether this one does is asked first (`longest_delay`). What an answer means is
`bots.wire.transport`'s.
"""

from __future__ import annotations

from urllib.parse import quote

from bots.wire.identifiers import is_token
from bots.wire.transport import Transport, list_in, part_in
from core.errors import Permanent

_CLIENT = "/_matrix/client/v3"
_DELAYED = "/_matrix/client/unstable/org.matrix.msc4140/delayed_events"
_CAPABILITY = "org.matrix.msc4140.delayed_events"
_GONE = "M_NOT_FOUND"


class SentAtOnce(Permanent):
    """The homeserver has sent what it was to keep."""

    def __init__(self) -> None:
        super().__init__("The homeserver has sent at once what it was to keep.", code="sent_at_once")


async def longest_delay(homeserver: Transport) -> float:
    """Return for how many seconds the homeserver keeps events; 0 where it does not."""
    answer = await homeserver.call("GET", f"{_CLIENT}/capabilities")
    match part_in(answer, "capabilities", dict).get(_CAPABILITY):
        case {"max_delay_ms": int(longest), "max_scheduled": int(most)} if most > 0:
            return longest / 1000
        case _:
            return 0.0


async def put_off(homeserver: Transport, delay_id: str) -> bool:
    """Let an event wait anew for the whole of its time; False where the homeserver has none of this name any more."""
    return await _told(homeserver, delay_id, "restart")


async def withdraw(homeserver: Transport, delay_id: str) -> bool:
    """Have an event never sent; False where the homeserver has none of this name any more."""
    return await _told(homeserver, delay_id, "cancel")


async def left(homeserver: Transport) -> list[str]:
    """Return the names of all that this account has left, on whatever device."""
    found = []
    for each in list_in(await homeserver.call("GET", _DELAYED), "delayed_events"):
        match each:
            case {"delay_id": str(delay_id)} if is_token(delay_id):
                found.append(delay_id)
    return found


async def _told(homeserver: Transport, delay_id: str, action: str) -> bool:
    try:
        await homeserver.call("POST", f"{_DELAYED}/{_part(delay_id)}", {"action": action})
    except Permanent as error:
        if error.code == _GONE:
            return False
        raise
    return True


def _part(text: str) -> str:
    return quote(text, safe="")
