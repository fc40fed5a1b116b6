"""Where the entries of a calendar file begin and end, and what its own zones say: lines in, parts out. Pure.

The library `icalendar` reads what stands in an entry (`client.court_dates.reading`), one entry at a time: so one that
is broken spoils no other, each is named by its number and line, and a zone that a file makes itself is never run.
A file comes from outside: everything in it has a bound, and nothing of it is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core.errors import InvalidInput
from core.texts import mark

MOST_BYTES = 8_000_000
MOST_ENTRIES = 10_000
# Of one line, its folded parts together; of lines that matter here.
MOST_OF_LINE = 16_384
_MOST_LINES = 100
# A calendar, an entry, its alarm; a little more than is usual.
_DEEPEST = 6
_NAME = re.compile(rb"[A-Za-z0-9-]+")
_OFFSET = re.compile(rb"([+-])([0-9]{2})([0-9]{2})(?:[0-9]{2})?\Z")
# What of an entry is read at all. Each may stand once, but those of `_OFTEN`.
READ = frozenset(
    {
        "UID",
        "RECURRENCE-ID",
        "SEQUENCE",
        "DTSTAMP",
        "DTSTART",
        "STATUS",
        "SUMMARY",
        "RRULE",
        "RDATE",
        "EXDATE",
        "EXRULE",
    }
)
_OFTEN = frozenset({"RDATE", "EXDATE", "EXRULE", "RRULE"})

TOO_LARGE = mark("The file is too large: at most {megabytes} MB and {entries} entries.")
NOT_A_CALENDAR = mark("Line {line}: this is no calendar (iCalendar), or it breaks off.")
BAD_LINE = mark("Line {line} of it cannot be understood.")
LONG_LINE = mark("Line {line} of it is too long.")
TWICE = mark("It says the same twice: {name}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it stands: its number from 1, its first line, the method of its calendar, and the lines read."""

    number: int
    line: int
    method: str
    lines: Sequence[bytes]
    # What is wrong with it already: a text of the catalogues, and what fills it.
    wrong: Sequence[tuple[str, Mapping[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The entries of a file, and the offsets that its own zones ever have, by the name of the zone."""

    entries: Sequence[Entry]
    offsets: Mapping[str, frozenset[timedelta]]


def split(content: bytes) -> Parts:
    """Return the parts of a file. Raises InvalidInput where it is no calendar, or too large."""
    if len(content) > MOST_BYTES:
        raise _too_large()
    return _Splitter().run(content.removeprefix(b"\xef\xbb\xbf"))


@dataclass(slots=True)
class _Splitter:
    """Goes through a file once."""

    open: list[bytes] = field(default_factory=list)
    # Of the calendar that is open: its method, which may stand after its entries.
    method: str = ""
    begun: list[tuple[int, list[bytes], list[tuple[str, Mapping[str, object]]], set[str]]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    zone: str = ""
    zone_offsets: set[timedelta] = field(default_factory=set)
    offsets: dict[str, frozenset[timedelta]] = field(default_factory=dict)
    calendars: int = 0

    def run(self, content: bytes) -> Parts:
        number = 1
        for number, raw in _unfolded(content):
            if not raw.strip():
                continue
            name, value = _name_and_value(raw)
            if name == "BEGIN":
                self._begin(number, value.upper())
            elif name == "END":
                self._end(number, value.upper())
            elif not self.open:
                raise InvalidInput(NOT_A_CALENDAR, line=number)
            else:
                self._line(number, name, value, raw)
        if self.open or not self.calendars:
            raise InvalidInput(NOT_A_CALENDAR, line=number)
        return Parts(entries=self.entries, offsets=self.offsets)

    def _begin(self, number: int, what: bytes) -> None:
        if (what == b"VCALENDAR") is not (not self.open) or len(self.open) >= _DEEPEST:
            raise InvalidInput(NOT_A_CALENDAR, line=number)
        if what == b"VEVENT":
            if self.open != [b"VCALENDAR"]:
                raise InvalidInput(NOT_A_CALENDAR, line=number)
            if len(self.entries) + len(self.begun) >= MOST_ENTRIES:
                raise _too_large()
            self.begun.append((number, [], [], set()))
        elif what == b"VTIMEZONE":
            self.zone, self.zone_offsets = "", set()
        self.open.append(what)

    def _end(self, number: int, what: bytes) -> None:
        if not self.open or self.open.pop() != what:
            raise InvalidInput(NOT_A_CALENDAR, line=number)
        if what == b"VTIMEZONE":
            self.offsets[self.zone] = self.offsets.get(self.zone, frozenset()) | self.zone_offsets
        elif what == b"VCALENDAR":
            first = len(self.entries) + 1
            self.entries += [
                Entry(number=each, line=line, method=self.method, lines=lines, wrong=wrong)
                for each, (line, lines, wrong, _) in enumerate(self.begun, start=first)
            ]
            self.begun, self.method = [], ""
            self.calendars += 1

    def _line(self, number: int, name: str, value: bytes, raw: bytes) -> None:
        match self.open:
            case [b"VCALENDAR"] if name == "METHOD":
                self.method = value.decode("ascii", "replace").upper()[:20]
            case [b"VCALENDAR", b"VEVENT"]:
                self._of_entry(number, name, raw)
            case [b"VCALENDAR", b"VTIMEZONE"] if name == "TZID":
                self.zone = value[:200].decode("utf-8", "replace")
            case [b"VCALENDAR", b"VTIMEZONE", *_] if name == "TZOFFSETTO":
                found = _OFFSET.match(value)
                if found is not None:
                    length = timedelta(hours=int(found[2]), minutes=int(found[3]))
                    self.zone_offsets.add(-length if found[1] == b"-" else length)

    def _of_entry(self, number: int, name: str, raw: bytes) -> None:
        _, lines, wrong, seen = self.begun[-1]
        if wrong:
            # One problem for each entry is told; a file of nothing else costs no memory.
            return
        if not name:
            wrong.append((BAD_LINE, {"line": number}))
        elif name in READ:
            if name == "SUMMARY":
                # Shown to whoever imports, no more: neither its length nor a second one matters.
                if name not in seen and len(raw) <= MOST_OF_LINE:
                    lines.append(raw)
            elif len(raw) > MOST_OF_LINE:
                wrong.append((LONG_LINE, {"line": number}))
            elif name in seen and (name not in _OFTEN or len(lines) >= _MOST_LINES):
                wrong.append((TWICE, {"name": name}))
            else:
                lines.append(raw)
            seen.add(name)


def _unfolded(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Return each line with its number, what was folded put together again; bytes, as a fold may part a letter."""
    begun, parts = 0, [b""]
    for number, line in enumerate(re.split(rb"\r\n|\n|\r", content), start=1):
        if begun and line[:1] in (b" ", b"\t"):
            parts.append(line[1:])
            continue
        if begun:
            yield begun, b"".join(parts)
        begun, parts = number, [line]
    yield begun, b"".join(parts)


def _name_and_value(raw: bytes) -> tuple[str, bytes]:
    """Return the name of a line, nothing where it has none, and what stands after the first colon."""
    found = _NAME.match(raw)
    if found is None or raw[found.end() : found.end() + 1] not in (b":", b";"):
        return "", b""
    return found[0].decode("ascii").upper(), raw[:MOST_OF_LINE].partition(b":")[2].strip()


def _too_large() -> InvalidInput:
    return InvalidInput(TOO_LARGE, megabytes=MOST_BYTES // 1_000_000, entries=MOST_ENTRIES)
