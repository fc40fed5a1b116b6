"""An answer about who could have known and who fetched, for a court or an inquiry: signed, with all it was made of.

Whoever has the file and the fingerprint of the network's genesis, by paper and not out of the file, comes to the same
answer from the logs and the acts in it, without Streha and without keys (`verified`). That an act of the ledger was
left out the file cannot show; the operator's own ledger can (`streha ledger verify`), by the positions and hashes.

    package   deterministic CBOR: `format` `directory` `members` `records` (arrays of statements) `acts` (arrays)
              `histories` (statements) `statement`
    act       position, hash before, moment, kind of actor, actor, act, case, compartment, facts, hash
    statement with the purpose `known-export`: `log` `by` `at` `reason` `until` `record` `waiting` `acts` `seen`
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from agencies.trust.directory import Member
from client.vault import exporting
from client.vault.acts import require_whole
from client.vault.answers import VaultAct
from client.vault.exporting import LONGEST_REASON, NO_REASON, NOT_A_PACKAGE, Replayed, as_
from client.vault.knowing import Answer, Asked, Known, answered
from client.vault.logs import DIRECTORY, of_compartment
from client.vault.reading import Reader
from core.errors import Conflict, InvalidInput
from crypto.vault import deterministic, statement
from crypto.vault.deeds import Deed, Id, Key, Moment
from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten, OfAnotherPlace, Refused
from crypto.vault.hashing import hashed
from crypto.vault.labels import ACTS_HASH, KNOWN

FORMAT = "streha/known-export/v1"


class _Package(Deed, frozen=True, kw_only=True):
    format: str
    directory: Annotated[list[bytes], msgspec.Meta(min_length=1)]
    members: Annotated[list[bytes], msgspec.Meta(min_length=1)]
    records: list[bytes]
    acts: list[list[Any]]
    histories: list[bytes]
    statement: bytes


class _Said(Deed, frozen=True, kw_only=True):
    log: Id
    by: Id
    at: Moment
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]
    # None for all that there is.
    until: Moment | None
    # Of which record alone; none where it is of all.
    record: Annotated[bytes, msgspec.Meta(max_length=16)]
    waiting: Annotated[int, msgspec.Meta(ge=0)]
    acts: Key
    seen: list[list[int | bytes]]


class _Act(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    position: Annotated[int, msgspec.Meta(ge=1)]
    before: Key
    at: str
    actor_kind: str
    actor: Id | None
    act: str
    case: Id | None
    compartment: Id | None
    facts: dict[str, str | int | bool]
    hash: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a file shows once everything in it was found right; moments in seconds since 1970."""

    network_name: str
    exported_by: Member
    agency: str
    exported_at: int
    reason: str
    logs: Replayed
    answer: Answer


async def exported(reader: Reader, known: Known, reason: str) -> bytes:
    """Return the file of an answer, once the server has written down that it is taken out."""
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInput(NO_REASON, most=LONGEST_REASON)
    view, asked = known.view, known.answer.asked
    person, compartment = view.person, view.compartment.id
    acts: list[Value] = [_plain(each) for each in known.acts]
    # In the ledger before anything leaves the machine.
    await reader.api.tell_acts_export(view.id)
    said: dict[str, Value] = {
        "log": compartment, "by": person.person, "at": reader.now(), "reason": reason, "until": asked.until,
        "record": asked.record or b"", "waiting": known.answer.waiting, "acts": _hash(acts, known.histories),
        "seen": [[int(each.kind), each.log, each.number, each.hash] for each in sorted(view.compartment.heads())],
    }  # fmt: skip
    members_log, records_log = of_compartment(compartment)
    return deterministic.encode(
        {
            "format": FORMAT,
            "directory": list(reader.logs.statements(DIRECTORY)),
            "members": list(reader.logs.statements(members_log)),
            "records": list(reader.logs.statements(records_log)),
            "acts": acts,
            "histories": list(known.histories),
            "statement": statement.make(person.keys.seed, KNOWN, person.network, said),
        }
    )


def is_one(data: bytes) -> bool:
    """Whether a file says that it is an answer about who knew; nothing of it was checked."""
    try:
        package = deterministic.decode(data)
    except Refused:
        return False
    return isinstance(package, dict) and package.get("format") == FORMAT


def verified(data: bytes, network: bytes) -> Verified:
    """Return what a file shows, given the genesis's 32 bytes from paper; raise Conflict where anything is wrong."""
    try:
        return _verified(data, network)
    except Refused as refused:
        raise Conflict(NOT_A_PACKAGE, outcome=refused.outcome, word=refused.outcome) from refused


def _verified(data: bytes, named: bytes) -> Verified:
    package = as_(_Package, deterministic.decode(data))
    if package.format != FORMAT:
        raise NotAsWritten
    exporting.require_network(package.directory[0], named)
    signed = statement.verified(package.statement, KNOWN, named)
    said = as_(_Said, signed.body)
    if said.acts != _hash(package.acts, package.histories):
        raise OfAnotherPlace
    logs = exporting.replayed(package.directory, package.members, package.records, said.log)
    exporter = exporting.require_signer(logs, signed, by=said.by, at=said.at, seen=said.seen)
    acts = [_act(each) for each in package.acts]
    require_whole(acts, UUID(bytes=said.log))
    asked = Asked(until=said.until, record=said.record or None)
    directory = logs.compartment.network.now
    return Verified(
        network_name=exporting.name_of_network(package.directory[0]), exported_by=exporter,
        agency=directory.agencies[exporter.agency].name, exported_at=said.at, reason=said.reason, logs=logs,
        answer=answered(logs, acts, package.histories, asked, waiting=said.waiting, now=said.at),
    )  # fmt: skip


def _hash(acts: Sequence[Value], histories: Sequence[bytes]) -> bytes:
    return hashed(ACTS_HASH, deterministic.encode([list(acts), list(histories)]))


def _plain(act: VaultAct) -> list[Value]:
    return [
        act.position, act.before, act.at.isoformat(timespec="microseconds"), act.actor_kind, _bytes(act.actor), act.act,
        _bytes(act.case), _bytes(act.compartment), {**act.facts}, act.hash,
    ]  # fmt: skip


def _act(plain: list[Any]) -> VaultAct:
    said = as_(_Act, plain)
    try:
        at = datetime.fromisoformat(said.at)
    except ValueError:
        raise NotAsWritten from None
    if at.tzinfo is None or at.isoformat(timespec="microseconds") != said.at:
        raise NotAsWritten
    return VaultAct(
        position=said.position, before=said.before, hash=said.hash, at=at, actor_kind=said.actor_kind,
        actor=_uuid(said.actor), act=said.act, case=_uuid(said.case), compartment=_uuid(said.compartment),
        facts=said.facts,
    )  # fmt: skip


def _bytes(value: UUID | None) -> bytes | None:
    return None if value is None else value.bytes


def _uuid(value: bytes | None) -> UUID | None:
    return None if value is None else UUID(bytes=value)
