"""What is said late is said together: one message for a room instead of many old ones, and each alert rings there once.

Pure: which of the messages that were claimed together become one event. Each keeps its row, its ciphertext (the same
one) and its outcome, so that nothing is dropped, whatever happens between; put again by whomever, it stays one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from alerts.waking import rings
from core.outbox import Claimed, Lane, Message, Target

# So late a message is old: by then its reader may have heard of it otherwise.
LATE = timedelta(minutes=1)
# So much fits into one event with room to spare: an event is at most 64 KiB.
MOST_TOGETHER = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Messages of one room that become one event, in their order: rings of one alert, or what is told of any."""

    rows: tuple[Claimed, ...]
    ring: bool

    @property
    def first(self) -> Claimed:
        """The one in whose place it is said."""
        return self.rows[0]

    @property
    def mentions(self) -> frozenset[UUID]:
        """Everybody whom one of them rings."""
        return frozenset(person for each in self.rows for person in each.message.mentions)

    @property
    def since(self) -> datetime:
        """When the first of them should have been said."""
        return min(map(due, self.rows))

    @property
    def drill(self) -> bool:
        """Whether all of them are of exercises; they are never told together with what is real."""
        return of_drill(self.first.message)


def due(each: Claimed) -> datetime:
    """Return when a message should have been said."""
    return each.message.late_since or each.created_at


def of_drill(message: Message) -> bool:
    """Whether a message is of an exercise."""
    return message.template.startswith("drill_")


def bundles(claimed: Iterable[Claimed], now: datetime) -> Mapping[UUID, Bundle]:
    """Return the bundles among messages that were claimed together, by the id of each message in one."""
    groups: dict[tuple[Target, UUID | None, bool, bool], list[Claimed]] = {}
    for each in claimed:
        message = each.message
        if message.lane is not Lane.ALERT or message.alert_id is None or message.thread is not None:
            continue
        if each.suspect or now - due(each) < LATE:
            continue
        rung = message.alert_id if rings(message.key) else None
        groups.setdefault((message.target, rung, of_drill(message), message.repeated), []).append(each)
    found: dict[UUID, Bundle] = {}
    for (_target, rung, *_), rows in groups.items():
        for start in range(0, len(rows), MOST_TOGETHER):
            together = tuple(rows[start : start + MOST_TOGETHER])
            if len(together) > 1:
                bundle = Bundle(rows=together, ring=rung is not None)
                found |= {each.id: bundle for each in together}
    return found
