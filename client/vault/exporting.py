"""Versions of records for a court: with all that shows who wrote them, when, and that nothing was put in their place.

A package holds the logs up to the moment of its making, the sealed versions with their keys, and a statement by whoever
exported them that says which and why. Whoever has it and the fingerprint of the network's genesis, by paper and not out
of the package, can check it without Streha and without keys (`verified`).

What it discloses besides: the directory of the network as it was, with names and roles, and who was in the compartment.
No proof of membership can do without; so it goes to whoever may know that, sealed for the way.

    package   deterministic CBOR: `format` `directory` `members` `records` (each an array of statements) `versions`
              (each `version` `content` `key`) `statement`
    statement with the purpose `record-export`: `log` `by` `at` `reason` `versions` `seen` (the last entry of each log)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec

from agencies.trust.directory import Member, NotEmpowered
from agencies.trust.network import Network, read_genesis
from cases.trust.compartment import Compartment
from client.vault.logs import DIRECTORY, of_compartment
from client.vault.reading import Reader, View
from client.vault.records import Opened, Records
from core.errors import Conflict, InvalidInput
from core.texts import mark
from crypto.vault import content, deterministic, statement
from crypto.vault.content import Place, Sealed
from crypto.vault.deeds import Deed, Id, Key, Moment
from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten, OfAnotherPlace, Refused
from crypto.vault.labels import EXPORT
from crypto.vault.log import Entry, Kind
from crypto.vault.statement import Statement

NETWORK_BYTES = statement.NETWORK_BYTES
FORMAT = "streha/record-export/v1"
# As many as there is a use for in one package, and the longest reason.
MOST, LONGEST_REASON = 100, 2_000
NO_REASON = mark(
    "An export needs a reason of at most {most} characters: the court's order, with its number. Nothing was done."
)
TOO_MANY = mark("At most {most} versions go into one package. Nothing was done.")
NOT_A_PACKAGE = mark("This file is no whole export of Streha, or it was altered ({word}). Do not rely on it.")
OTHER_NETWORK = mark(
    "This export is of another network than the fingerprint you gave, or was altered. Compare the fingerprint on "
    "paper; do not rely on the export until it fits."
)
Some = TypeVar("Some", bound=msgspec.Struct)


class _Exported(Deed, frozen=True, kw_only=True):
    version: Id
    content: Annotated[bytes, msgspec.Meta(max_length=content.LONGEST)]
    key: Key


class _Package(Deed, frozen=True, kw_only=True):
    format: str
    directory: Annotated[list[bytes], msgspec.Meta(min_length=1)]
    members: Annotated[list[bytes], msgspec.Meta(min_length=1)]
    records: Annotated[list[bytes], msgspec.Meta(min_length=1)]
    versions: Annotated[list[_Exported], msgspec.Meta(min_length=1, max_length=MOST)]
    statement: bytes


class _Said(Deed, frozen=True, kw_only=True):
    log: Id
    by: Id
    at: Moment
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]
    versions: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=MOST)]
    seen: Annotated[list[list[int | bytes]], msgspec.Meta(min_length=3, max_length=3)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributed:
    """A version, who wrote it (as their agency had attested them then), and where it stands in the records' log."""

    opened: Opened
    author: Member
    agency: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a package shows once everything in it was found right; moments in seconds since 1970."""

    network: bytes
    network_name: str
    compartment: UUID
    exported_by: Member
    agency: str
    exported_at: int
    reason: str
    versions: tuple[Attributed, ...]


async def exported(
    reader: Reader, records: Records, compartment: bytes, versions: Sequence[bytes], reason: str
) -> tuple[bytes, View]:
    """Return a package of some versions (by id), once the server has written down that they are exported."""
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInput(NO_REASON, most=LONGEST_REASON)
    chosen = list(dict.fromkeys(versions))
    if not 0 < len(chosen) <= MOST:
        raise InvalidInput(TOO_MANY, most=MOST)
    opened = [(await records.get_version(compartment, each))[0] for each in chosen]
    view = await reader.refresh(compartment)
    parts = []
    for each in opened:
        key, sealed = await records.key_and_content(view, each.version)
        parts.append({"version": each.version.write.version, "content": sealed, "key": key})
    # In the ledger before anything leaves the machine.
    await reader.api.tell_export(view.id, [UUID(bytes=each) for each in chosen])
    person, heads = view.person, sorted(view.compartment.heads())
    said: dict[str, Value] = {
        "log": compartment, "by": person.person, "at": reader.now(), "reason": reason, "versions": list(chosen),
        "seen": [[int(each.kind), each.log, each.number, each.hash] for each in heads],
    }  # fmt: skip
    members_log, records_log = of_compartment(compartment)
    package: dict[str, Any] = {
        "format": FORMAT,
        "directory": reader.logs.statements(DIRECTORY),
        "members": reader.logs.statements(members_log),
        "records": reader.logs.statements(records_log),
        "versions": parts,
        "statement": statement.make(person.keys.seed, EXPORT, person.network, said),
    }
    return deterministic.encode(package), view


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The three logs of a package, each entry verified, in their order."""

    compartment: Compartment
    directory: list[Entry]
    members: list[Entry]
    written: list[Entry]


def replayed(
    directory: Sequence[bytes], members: Sequence[bytes], written: Sequence[bytes], compartment: bytes
) -> Replayed:
    """Verify the logs of a package, none of which is empty, from its genesis on (`require_network`)."""
    network = Network(directory[0])
    logs = Replayed(
        compartment=Compartment(network, compartment),
        directory=[read_genesis(directory[0]), *map(network.take, directory[1:])], members=[], written=[],
    )  # fmt: skip
    logs.members.extend(map(logs.compartment.take_member_entry, members))
    logs.written.extend(map(logs.compartment.take_record_entry, written))
    logs.compartment.require_told()
    return logs


def require_network(genesis: bytes, named: bytes) -> None:
    """Refuse a genesis that is not the one that was named by paper."""
    if statement.hash_of(genesis) != named:
        raise Conflict(OTHER_NETWORK)


def require_signer(
    logs: Replayed, signed: Statement, *, by: bytes, at: int, seen: Sequence[Sequence[int | bytes]]
) -> Member:  # fmt: skip
    """Return who took a package out; refuse whoever was no member, and other logs than they had seen."""
    heads = [[int(each.kind), each.log, each.number, each.hash] for each in sorted(logs.compartment.heads())]
    if seen != heads:
        raise OfAnotherPlace
    directory = logs.compartment.network.now
    member = directory.people.get(by)
    if member is None or member.signing_key != signed.key:
        raise NotEmpowered
    if by not in logs.compartment.circle.standing(directory, at):
        raise NotEmpowered
    return member


def verified(data: bytes, network: bytes) -> Verified:
    """Return what a package shows, given the genesis's 32 bytes from paper; raise Conflict where anything is wrong."""
    try:
        return _verified(data, network)
    except Refused as refused:
        raise Conflict(NOT_A_PACKAGE, outcome=refused.outcome, word=refused.outcome) from refused


def _verified(data: bytes, named: bytes) -> Verified:
    package = as_(_Package, deterministic.decode(data))
    if package.format != FORMAT:
        raise NotAsWritten
    require_network(package.directory[0], named)
    signed = statement.verified(package.statement, EXPORT, named)
    said = as_(_Said, signed.body)
    logs = replayed(package.directory, package.members, package.records, said.log)
    network, compartment = logs.compartment.network, logs.compartment
    entries = {entry.head.hash: entry for entry in logs.written}
    exporter = require_signer(logs, signed, by=said.by, at=said.at, seen=said.seen)
    if [each.version for each in package.versions] != said.versions:
        raise OfAnotherPlace
    return Verified(
        network=named, network_name=name_of_network(package.directory[0]), compartment=UUID(bytes=said.log),
        exported_by=exporter, agency=network.now.agencies[exporter.agency].name, exported_at=said.at,
        reason=said.reason,
        versions=tuple(_attributed(network, compartment, each, entries) for each in package.versions),
    )  # fmt: skip


def _attributed(
    network: Network, compartment: Compartment, given: _Exported, entries: dict[bytes, Entry]
) -> Attributed:  # fmt: skip
    records = compartment.records
    version = next((each for each in records.versions.values() if each.write.version == given.version), None)
    if version is None:
        raise OfAnotherPlace
    place = Place(
        network=network.id, compartment=compartment.id, record=version.write.record, version=version.write.version
    )
    sealed = Sealed(content=given.content, hash=version.write.content, promise=version.write.promise)
    text = content.open_(given.key, place, sealed)
    entry = entries[version.hash]
    author, agency = _author(network, compartment, entry)
    current = version.hash in records.current.get(version.write.record, frozenset())
    return Attributed(
        opened=Opened(version=version, text=text, current=current), author=author, agency=agency,
        number=entry.head.number,
    )  # fmt: skip


def _author(network: Network, compartment: Compartment, entry: Entry) -> tuple[Member, str]:
    """Return an author as the directory had them where they wrote: what became of them since is not said of this."""
    members = next(each.number for each in entry.seen if (each.kind, each.log) == (Kind.MEMBERSHIP, compartment.id))
    directory = network.at(compartment.circle_at(members).directory_seen)
    member = directory.people.get(entry.by)
    if member is None:
        raise NotEmpowered
    return member, directory.agencies[member.agency].name


def name_of_network(genesis: bytes) -> str:
    """Return what a network calls itself in its genesis."""
    said = statement.remembered(genesis).body["with"]
    name = said.get("name") if isinstance(said, dict) else None
    return name if isinstance(name, str) else ""


def as_(kind: type[Some], value: object) -> Some:
    """Return what was decoded as what it must be; raise NotAsWritten."""
    try:
        return msgspec.convert(value, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise NotAsWritten from error
