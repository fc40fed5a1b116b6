"""What may be kept as proof that people were shown different logs, and what proves nothing.

A proof stops work on a log until a person says that it is cleared up. So it has to be a whole statement of somebody who
could have written there: of the network at that place, with just the key that stood for them there; in the directory an
administrator, in a compartment one of its members. Anything else anybody could make, with a key of their own, to stop
work for ever.

Pure: what is known is given, nothing is kept here (`client.vault.logs`).
Source: docs/protocol.md, *The client's part*.
"""

from __future__ import annotations

from agencies.model import Role
from agencies.trust.directory import Directory, Member, NotEmpowered
from agencies.trust.network import Network
from cases.trust.compartment import Compartment
from cases.trust.membership import Circle
from crypto.vault.failures import NotAsWritten, SignatureWrong
from crypto.vault.log import Entry, Head, Kind


def require_author(entry: Entry, network: Network, compartment: Compartment | None) -> None:
    """Refuse an entry, whose signature was checked, of somebody who could not have written it where it claims to stand.

    Raises SignatureWrong where the key is not its author's there, NotEmpowered where its author had no word there,
    Behind where it rests on what is not here, NotAsWritten where it does not name what every entry of its log names.
    """
    if entry.head.kind is Kind.DIRECTORY:
        before = network.at(entry.head.number - 1)
        if _author(entry, before).role is not Role.ADMINISTRATOR:
            raise NotEmpowered
        return
    if compartment is None or compartment.id != entry.head.log:
        raise NotAsWritten
    if entry.head.kind is Kind.RECORDS:
        # Whose word counts is told by the members' entry that it names.
        members = _shared(compartment.members.hashes, _named(entry, Kind.MEMBERSHIP))
        circle = compartment.circle_at(members)
        _require_member(entry, circle, network.at(circle.directory_seen))
        return
    place = _shared(network.chain.hashes, _named(entry, Kind.DIRECTORY))
    if entry.head.number == 0:
        # The first entry of a log: whoever is of the network may open it.
        _author(entry, network.at(place))
        return
    circle = compartment.circle_at(entry.head.number - 1)
    _require_member(entry, circle, network.at(max(place, circle.directory_seen)))


def _require_member(entry: Entry, circle: Circle, directory: Directory) -> None:
    _author(entry, directory)
    if not circle.stands(entry.by, directory, entry.at):
        raise NotEmpowered


def _author(entry: Entry, directory: Directory) -> Member:
    member = directory.people.get(entry.by)
    if member is None or member.signing_key != entry.key:
        raise SignatureWrong
    if directory.agencies[member.agency].suspended:
        raise NotEmpowered
    return member


def _shared(hashes: list[bytes], head: Head) -> int:
    """Return the last position that an author who names a head had in common with us; beyond the end is Behind."""
    if head.number < len(hashes) and hashes[head.number] != head.hash:
        return head.number - 1
    return head.number


def _named(entry: Entry, kind: Kind) -> Head:
    """Return the head of the directory, or of the same compartment's log, that every such entry names."""
    for each in entry.seen:
        if each.kind is kind and (kind is Kind.DIRECTORY or each.log == entry.head.log):
            return each
    raise NotAsWritten
