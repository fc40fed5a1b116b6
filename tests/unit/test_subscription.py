"""One reader's place in the feed: how much may wait for it, and where it goes on after it was to load anew."""

from __future__ import annotations

import pytest

from agencies.model import PersonId
from core.ids import new_id
from server.live.events import AccessChanged, Ending, Packet, Reset
from server.live.place import Place
from server.live.subscription import Limits, Subscription

OPENING, LIMIT = 5_000, 1_000


class Line:
    """A connection on which bytes wait."""

    gone = False

    def __init__(self) -> None:
        self.unread = 0
        self.taken = 0
        self.packets: list[Packet] = []

    def write(self, packet: Packet) -> None:
        self.packets.append(packet)


def subscribed() -> Subscription:
    return Subscription(PersonId(new_id()), b"", Limits(unread_bytes=LIMIT), lambda _: None)


@pytest.mark.parametrize("taken", [0, 1, OPENING - 1, OPENING, OPENING + 1, 3 * OPENING])
def test_what_was_missed_may_wait_beside_what_happens(taken: int) -> None:
    for beyond, reason in ((LIMIT, None), (LIMIT + 1, Ending.SLOW)):
        line = Line()
        subscription = subscribed()
        line.unread = OPENING
        subscription.open(line)
        line.taken, line.unread = taken, max(0, OPENING - taken) + beyond
        subscription.offer(Packet([]))
        assert subscription.reason is reason
        assert len(line.packets) == (2 if reason is None else 1)


def test_whoever_is_to_load_anew_before_it_follows_goes_on_from_there() -> None:
    line, subscription = Line(), subscribed()
    reset, later = Packet([Reset(Place(5))]), Packet([AccessChanged(Place(6))])
    subscription.reset(reset, 5)
    # As the ledger stood when the stream was asked for.
    opening = Packet([AccessChanged(Place(9))])
    subscription.begin(opening, 9)
    subscription.open(line)
    subscription.offer(later)
    assert line.packets == [opening, reset, later]
