"""Entries that a person adds to a compartment's logs: built on what was just verified, judged before they are sent.

The rules that everybody else will ask are asked here first, of the very bytes. Where another entry comes first the
server says so; then all is fetched and judged again, a few times. Where an answer was lost, what was sent is looked for
before it is sent again: nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cases.trust import deeds as membership_deeds
from cases.trust.records import DEEDS as RECORD_DEEDS
from cases.trust.records import Deed as RecordDeed
from client.vault import refusals
from client.vault.logs import of_compartment
from client.vault.reading import Reader, View
from core.errors import Conflict, Unavailable
from core.texts import mark
from crypto.vault import deeds, log, statement
from crypto.vault.deterministic import Value
from crypto.vault.failures import Refused
from crypto.vault.log import Chain, Kind

TRIES = 5
# What a server says where somebody else was first, or where somebody was removed meanwhile.
AGAIN = frozenset({"not-next", "epoch-due", "behind"})
TOO_BUSY = mark("Others write here at the same time. Nothing was done. Wait a moment and try again.")
NOT_KNOWN = mark(
    "Streha stopped answering before it said whether it took what you signed. It may have been done. Look before you "
    "do it again."
)
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared(Generic[Done]):
    """An entry that was judged and how it is sent, and what has been done once it stands in its log."""

    entry: bytes
    send: Callable[[], Awaitable[object]]
    done: Done


def member_entry(view: View, deed: membership_deeds.Deed, at: int) -> bytes:
    """Return an entry of the members' log that every reader will take; raise StrehaError where none would."""
    compartment = view.compartment
    do, particulars = membership_deeds.written(deed)
    made = _entry(view, compartment.members, do, particulars, at)
    try:
        compartment.judge_member_entry(made)
    except Refused as refused:
        raise refusals.of_own(refused) from refused
    return made


def record_entry(view: View, deed: RecordDeed, at: int) -> bytes:
    """Return an entry of the records' log that every reader will take; raise StrehaError where none would."""
    compartment = view.compartment
    do, particulars = deeds.written(RECORD_DEEDS, deed)
    made = _entry(view, compartment.written, do, particulars, at)
    try:
        compartment.judge_record_entry(made)
    except Refused as refused:
        raise refusals.of_own(refused) from refused
    return made


async def said(
    reader: Reader, compartment: bytes, kind: Kind, prepare: Callable[[View], Awaitable[Prepared[Done]]], *,
    seen: View | None = None,
) -> tuple[Done, View]:  # fmt: skip
    """Add one entry to a log, however often others are first; return what was done, and how all stands after it.

    Whoever has just fetched how it stands gives that (`seen`), and it is not fetched again: where somebody was first
    since then the server says so, as ever.
    """
    members, records = of_compartment(compartment)
    name = members if kind is Kind.MEMBERSHIP else records
    earlier: list[Prepared[Done]] = []
    accepted = False
    for _ in range(TRIES + 1):
        view, seen = seen or await reader.refresh(compartment), None
        for each in earlier:
            if reader.logs.holds(name, statement.hash_of(each.entry)):
                return each.done, view
        if accepted:
            # It said that it took it, and shows a log without.
            raise Conflict(refusals.BEHIND)
        if len(earlier) == TRIES:
            break
        prepared = await prepare(view)
        earlier.append(prepared)
        try:
            await prepared.send()
            accepted = True
        except Unavailable as error:
            view = await _looked(reader, compartment, error)
            if not reader.logs.holds(name, statement.hash_of(prepared.entry)):
                raise
            return prepared.done, view
        except Conflict as refused:
            if refused.outcome not in AGAIN:
                raise
    raise Conflict(TOO_BUSY)


async def _looked(reader: Reader, compartment: bytes, silent: Unavailable) -> View:
    """Look at a log after an answer was lost: only so is known whether what was sent was taken."""
    try:
        return await reader.refresh(compartment)
    except Unavailable:
        raise Unavailable(NOT_KNOWN) from silent


def _entry(view: View, chain: Chain, do: str, particulars: dict[str, Value], at: int) -> bytes:
    compartment = view.compartment
    seen = [each for each in compartment.heads() if (each.kind, each.log) != (chain.kind, chain.log)]
    body = log.body(
        log=compartment.id, number=len(chain.hashes), after=chain.last, at=at, by=view.person.person, do=do,
        particulars=particulars, seen=seen,
    )  # fmt: skip
    return statement.make(view.person.keys.seed, chain.kind.purpose, view.person.network, body)
