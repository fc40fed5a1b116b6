"""What of each entry is told, and to whom: from who hears of it (`server.live.audience`) to what they are sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from agencies.model import PersonId
from cases.ledger import Entry
from server.live.acts import Object
from server.live.audience import Hearing, told_of
from server.live.events import AccessChanged, Changed, News, Packet
from server.live.place import Place


def news_of(person_id: PersonId, entries: Sequence[Entry], heard: Sequence[Hearing]) -> list[News]:
    """Return what one person is told of these entries."""
    return [event for people, event in _news(entries, heard) if person_id in people]


def packets(entries: Sequence[Entry], heard: Sequence[Hearing]) -> Mapping[PersonId, Packet]:
    """Return what everybody is told of these entries. Nearly all hear the same, which is then the same packet."""
    news: dict[PersonId, list[News]] = defaultdict(list)
    for people, event in _news(entries, heard):
        for person_id in people:
            news[person_id].append(event)
    made: dict[tuple[int, ...], Packet] = {}
    found = {}
    for person_id, events in news.items():
        key = tuple(map(id, events))
        found[person_id] = made[key] = made.get(key) or Packet(events)
    return found


def _news(entries: Sequence[Entry], heard: Sequence[Hearing]) -> Iterator[tuple[frozenset[PersonId], News]]:
    for entry, hearing in zip(entries, heard, strict=True):
        if hearing.change:
            yield hearing.change, _changed(entry)
        if hearing.access:
            yield hearing.access, AccessChanged(Place.at(entry.head))


def _changed(entry: Entry) -> Changed:
    """Return what is told of an entry: of a case only the case, since not everybody may know of its circles."""
    object_ = told_of(entry).object
    id_ = entry.case_id if object_ is Object.CASE else entry.object_id
    return Changed(Place.at(entry.head), entry.act, object_, id_, entry.case_id)
