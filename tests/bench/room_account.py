"""What of an alert was left for rooms against what one client has read there, and in which order; pure.

The order that is kept is each alert's in each room: what is told of it stands in the order in which it was left, and
so do its rings; the first ring stands before the first word unless either was said late, and no ring after the alert's
end. What is late is said together with what is told of other alerts, in the place of the first of it
(`bots.words.bundling`), so that nothing is asked about the order of two alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One message of an alert that was left for a room and accepted by the homeserver as this event."""

    room: str
    alert: UUID
    # The order in which it was left.
    sequence: int
    event: str
    rings: bool = False
    ends: bool = False


def faults(left: Iterable[Left], read: Iterable[str], order: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what is wrong in words, nothing where nothing is.

    `read` are the events that the client has read of whoever says these things, `order` what stands in each room.
    """
    messages = sorted(left, key=lambda each: each.sequence)
    together = Counter(each.event for each in messages)
    times = Counter(read)
    wrong = {
        "events were not read": together.keys() - times.keys(),
        "events were read that nobody had left": times.keys() - together.keys(),
        "events were read twice": {each for each in together if times[each] > 1},
    }
    if any(wrong.values()):
        return [f"{len(events)} {why}" for why, events in wrong.items() if events]
    places = {(room, event): place for room, events in order.items() for place, event in enumerate(events)}
    by_alert: dict[tuple[str, UUID], list[Left]] = {}
    for each in messages:
        if (each.room, each.event) not in places:
            return ["an event stands in another room"]
        by_alert.setdefault((each.room, each.alert), []).append(each)
    backwards = Counter(why for each in by_alert.values() for why in _backwards(each, places, together))
    return [f"{why}: {count} times" for why, count in sorted(backwards.items())]


def _backwards(
    messages: Sequence[Left], places: Mapping[tuple[str, str], int], together: Mapping[str, int]
) -> Iterator[str]:
    """Tell what went backwards among one alert's messages in one room, given in the order in which they were left."""

    def place(each: Left) -> int:
        return places[each.room, each.event]

    rings = [each for each in messages if each.rings]
    told = [each for each in messages if not each.rings]
    alone = [each for each in messages if together[each.event] == 1]
    for kind, why in ((rings, "a ring came before an earlier one"), (told, "a word came before an earlier one")):
        if any(place(earlier) > place(later) for earlier, later in pairwise(kind)):
            yield why
    if any(place(earlier) > place(later) for earlier, later in pairwise(alone)):
        yield "what was said by itself came before something earlier"
    ends = [place(each) for each in messages if each.ends]
    if ends and any(place(each) > min(ends) for each in rings):
        yield "a ring came after the end"
