"""Who could have known what of a compartment, and who fetched it, up to a moment: put together on a person's machine.

The first is made of the verified logs alone (`cases.trust.knowing`); no server is believed about it. The second is what
the ledger says, held against its chain and against what this machine has read of it before (`client.vault.acts`). What
was fetched by somebody whom the logs did not let in stands out: somebody has to look into it. So does a grant that only
claims to have been given (`cases.trust.giving`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from cases.trust import giving, knowing
from cases.trust.compartment import Compartment
from cases.trust.giving import Given, Places, Told
from cases.trust.grants import HistoryGrant
from cases.trust.knowing import CLOCKS_APART, Knower
from client.vault import refusals
from client.vault.acts import fetched
from client.vault.answers import VaultAct
from client.vault.logs import DIRECTORY, of_compartment
from client.vault.memory import LogName
from client.vault.reading import Reader, View
from client.vault.saying import TOO_BUSY
from core.errors import Conflict
from core.texts import mark
from crypto.vault import log, statement
from crypto.vault.failures import Refused
from crypto.vault.log import Entry, Kind

BEHIND = mark(
    "The ledger names entries of this compartment that Streha does not show. Nothing is shown. Try again; if it stays "
    "so, tell the operator, and ring whoever leads the case, by a number you know."
)
FETCHES = frozenset({"grant_fetched", "record_fetched", "wraps_fetched", "history_fetched"})
# Of an entry the author was not empowered, or somebody barred asked for what is here.
REFUSALS = frozenset({"vault_entry_refused", "asked_while_barred"})
EXPORTS = frozenset({"record_exported", "vault_acts_exported"})
NAMES_VERSIONS = frozenset({"record_fetched", "wraps_fetched", "record_exported", "history_granted"})
ATTEMPTS = 5
# Who gave whom which versions.
_Gift = tuple[bytes, bytes, frozenset[bytes]]


class HasLogs(Protocol):
    """The three logs, each entry verified, in their order."""

    @property
    def compartment(self) -> Compartment: ...  # noqa: D102
    @property
    def directory(self) -> Sequence[Entry]: ...  # noqa: D102
    @property
    def members(self) -> Sequence[Entry]: ...  # noqa: D102
    @property
    def written(self) -> Sequence[Entry]: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """The three logs as this machine has them."""

    compartment: Compartment
    directory: Sequence[Entry]
    members: Sequence[Entry]
    written: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked: up to when (seconds since 1970; None for all that there is), and of which record alone."""

    until: int | None = None
    record: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person: what they could have known by the logs, and what the ledger says that they did."""

    person: bytes
    knower: Knower | None
    fetched: tuple[VaultAct, ...]
    exported: tuple[VaultAct, ...]
    refused: tuple[VaultAct, ...]
    # What they fetched or took out although the logs did not let them in.
    against_the_logs: tuple[VaultAct, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The whole answer. Of so many entries and grants the one has no act, or the act no grant; so many acts wait.

    `versions` are those of the record that was asked about; None where it is about all.
    """

    asked: Asked
    versions: frozenset[bytes] | None
    rows: tuple[Row, ...]
    missing: int
    waiting: int


@dataclass(slots=True)
class _Did:
    fetched: list[VaultAct] = field(default_factory=list)
    exported: list[VaultAct] = field(default_factory=list)
    refused: list[VaultAct] = field(default_factory=list)
    against: list[VaultAct] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An answer with all that it was made of, for an export."""

    answer: Answer
    view: View
    acts: Sequence[VaultAct]
    histories: Sequence[bytes]


async def known(reader: Reader, compartment: bytes, asked: Asked) -> Known:
    """Return who could have known, and who fetched; only those who lead the compartment are answered."""
    view = await reader.refresh(compartment)
    for _ in range(ATTEMPTS):
        heads = view.compartment.heads()
        acts, histories, waiting = await fetched(reader, compartment)
        # The acts may tell of entries that came after the logs were fetched, or lack those.
        view = await reader.refresh(compartment)
        if view.compartment.heads() == heads:
            break
    else:
        raise Conflict(TOO_BUSY)
    try:
        answer = answered(read(reader, view), acts, histories, asked, waiting=waiting, now=reader.now())
    except Refused as refused:
        raise refusals.of_given(refused) from refused
    return Known(answer=answer, view=view, acts=acts, histories=histories)


def read(reader: Reader, view: View) -> Read:
    """Return the logs of a compartment that was just verified."""
    members, written = of_compartment(view.compartment.id)
    return Read(
        compartment=view.compartment, directory=_entries(reader, DIRECTORY),
        members=_entries(reader, members), written=_entries(reader, written),
    )  # fmt: skip


def answered(
    logs: HasLogs, acts: Sequence[VaultAct], histories: Sequence[bytes], asked: Asked, *, waiting: int, now: int
) -> Answer:
    """Put together what the logs and the ledger say at a moment; raise Refused for a grant that is not its author's."""
    compartment = logs.compartment
    given = [giving.given(compartment, each) for each in histories]
    missing = _missing(logs, acts, [each.grant for each in given], waiting, now)
    borne_out = _borne_out(logs, acts, given, now)
    knowers = knowing.could_have_known(
        compartment, logs.members, logs.written, asked.until, now=now, record=asked.record,
        granted=[each.grant for each, counts in zip(given, borne_out, strict=True) if counts],
        stated=[each.grant for each, counts in zip(given, borne_out, strict=True) if not counts],
    )  # fmt: skip
    did: dict[bytes, _Did] = {}
    versions = _versions_of(compartment, asked.record)
    newest = -1
    for each in acts:
        newest = max(newest, _member_entry(each))
        late = asked.until is not None and each.at.timestamp() > asked.until
        if each.actor is None or late or not _names(each, versions):
            continue
        mine = did.setdefault(each.actor.bytes, _Did())
        if each.act in FETCHES:
            mine.fetched.append(each)
        elif each.act in EXPORTS:
            mine.exported.append(each)
        elif each.act in REFUSALS:
            mine.refused.append(each)
        if each.act in FETCHES | EXPORTS and not _let_in(logs, newest, each):
            mine.against.append(each)
    by_person = {each.person: each for each in knowers}
    nobody = _Did()
    shown = {person for person, each in did.items() if each.fetched or each.exported or each.refused}
    rows = tuple(
        Row(
            person=person, knower=by_person.get(person), fetched=tuple(done.fetched), exported=tuple(done.exported),
            refused=tuple(done.refused), against_the_logs=tuple(done.against),
        )
        for person in sorted({*by_person, *shown})
        for done in [did.get(person, nobody)]
    )  # fmt: skip
    return Answer(asked=asked, versions=versions, rows=rows, missing=missing, waiting=waiting)


def versions_named(act: VaultAct) -> frozenset[bytes]:
    """Return the versions that an act names."""
    if act.act not in NAMES_VERSIONS:
        return frozenset()
    try:
        return frozenset(UUID(each).bytes for each in str(act.facts.get("versions", "")).split(",") if each)
    except ValueError:
        raise refusals.altered("not-as-written") from None


def _missing(
    logs: HasLogs, acts: Sequence[VaultAct], granted: Sequence[HistoryGrant], waiting: int, now: int
) -> int:  # fmt: skip
    """Return of how many entries and grants the ledger ought to have an act and has none, or the act has no grant.

    Acts that wait for their place can only be those of the newest entries, and of the last moments: how many wait is
    the server's word alone. Refuses an act of an entry that is not here.
    """
    entries = {Kind.MEMBERSHIP: logs.members, Kind.RECORDS: logs.written}
    here = {kind: len(each) for kind, each in entries.items()}
    told: dict[int, set[int]] = {int(kind): set() for kind in here}
    given: Counter[_Gift] = Counter()
    for each in acts:
        if each.act == "vault_entry_taken":
            kind, number = each.facts.get("log"), each.facts.get("number")
            if kind not in told or type(number) is not int or number < 0:
                raise refusals.altered("not-as-written")
            if number >= here[Kind(int(kind))]:
                raise Conflict(BEHIND)
            told[int(kind)].add(number)
        elif each.act == "history_granted":
            given[_gift_of(each)] += 1
    shown = Counter(_gift(each) for each in granted)
    gaps, newest = (given - shown).total(), []
    for kind, found in entries.items():
        last = max(told[int(kind)], default=-1)
        gaps += last + 1 - len(told[int(kind)])
        newest += [each.at for each in found[last + 1 :]]
    for gift, times in (shown - given).items():
        ats = sorted(each.at for each in granted if _gift(each) == gift)
        newest += ats[-times:]
    young = sum(1 for at in newest if at + CLOCKS_APART >= now)
    return gaps + len(newest) - min(young, waiting)


def _gift(grant: HistoryGrant) -> _Gift:
    return grant.by, grant.member, frozenset(grant.versions)


def _gift_of(act: VaultAct) -> _Gift:
    try:
        member = UUID(str(act.facts.get("person", ""))).bytes
    except ValueError:
        raise refusals.altered("not-as-written") from None
    return b"" if act.actor is None else act.actor.bytes, member, versions_named(act)


def _let_in(logs: HasLogs, newest: int, act: VaultAct) -> bool:
    """Whether the logs let somebody in when they did something: by the ledger's order, after which entry it was.

    Of the directory the ledger of a compartment says nothing: an entry that is older than clocks may differ counts.
    """
    if newest < 0 or act.actor is None:
        return False
    at = int(act.at.timestamp())
    circle = logs.compartment.circle_at(newest)
    old = sum(1 for each in logs.directory if each.at + CLOCKS_APART <= at) - 1
    directory = logs.compartment.network.at(max(circle.directory_seen, old))
    return circle.stands(act.actor.bytes, directory, at)


def _borne_out(logs: HasLogs, acts: Sequence[VaultAct], given: Sequence[Given], now: int) -> list[bool]:
    """Return of each grant whether the logs and the ledger bear it out."""
    told: dict[_Gift, list[Told]] = {}
    newest, latest = -1, 0
    for each in acts:
        newest = max(newest, _member_entry(each))
        # The server's own word, too, goes back no further than clocks do behind what it has chained before.
        at = max(int(each.at.timestamp()), latest - CLOCKS_APART)
        latest = max(latest, at)
        if each.act == "history_granted":
            told.setdefault(_gift_of(each), []).append(Told(newest=newest, at=at))
    places = Places(logs.compartment, logs.directory, logs.members)
    return [places.bear_out(each, told.get(_gift(each.grant), ()), now) for each in given]


def _member_entry(act: VaultAct) -> int:
    """Return which entry of the members' log an act tells of, -1 for none."""
    if act.act != "vault_entry_taken" or act.facts.get("log") != int(Kind.MEMBERSHIP):
        return -1
    return int(act.facts["number"])


def _versions_of(compartment: Compartment, record: bytes | None) -> frozenset[bytes] | None:
    if record is None:
        return None
    versions = compartment.records.versions.values()
    return frozenset(each.write.version for each in versions if each.write.record == record)


def _names(act: VaultAct, versions: frozenset[bytes] | None) -> bool:
    return versions is None or bool(versions_named(act) & versions)


def _entries(reader: Reader, name: LogName) -> list[Entry]:
    return [log.entry_of(statement.remembered(each), name.kind) for each in reader.logs.statements(name)]
