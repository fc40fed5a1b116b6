"""What may be kept as proof that people were shown different logs, and what proves nothing.

A proof stops work on a log until a person says that it is cleared up. So it has to be a whole statement of somebody who
could have written there: of the network at that place, with just the key that stood for them there, and for a
compartment one of its members. Anything else anybody could make, with a key of their own, to stop work for ever.

Pure: what is known is given, nothing is kept here (`client.vault.logs`).
Source: docs/protocol.md, *The client's part*.
"""

from __future__ import annotations

from agencies.trust.directory import NotEmpowered
from agencies.trust.network import Network
from cases.trust.compartment import Compartment
from crypto.vault.failures import NotAsWritten, SignatureWrong
from crypto.vault.log import Entry, Head, Kind


def require_author(entry: Entry, network: Network, compartment: Compartment | None) -> None:
    """Refuse an entry, whose signature was checked, of somebody who could not have written it where it claims to stand.

    Raises SignatureWrong where the key is not its author's there, NotEmpowered where its author was no member there,
    Behind where it rests on what is not here, NotAsWritten where it does not name what every entry of its log names.
    """
    if entry.head.kind is Kind.DIRECTORY:
        _require_key(entry, network, [entry.head.number - 1])
        return
    if compartment is None or compartment.id != entry.head.log:
        raise NotAsWritten
    directory = _named(entry, Kind.DIRECTORY)
    # Records need not name the directory: the members' entries that they name do.
    places = [] if directory is None else [_shared(network.chain.hashes, directory)]
    if entry.head.kind is Kind.MEMBERSHIP:
        if directory is None:
            raise NotAsWritten
        before = entry.head.number - 1
    else:
        members = _named(entry, Kind.MEMBERSHIP)
        if members is None:
            raise NotAsWritten
        before = _shared(compartment.members.hashes, members)
    if before < 0:
        # The first entry of a log: whoever is of the network may open it.
        _require_key(entry, network, places or [0])
        return
    circle = compartment.circle_at(before)
    _require_key(entry, network, [*places, circle.directory_seen])
    if not circle.stands(entry.by, network.at(circle.directory_seen), entry.at):
        raise NotEmpowered


def _shared(hashes: list[bytes], head: Head) -> int:
    """Return the last position that an author who names a head had in common with us; beyond the end is Behind."""
    if head.number < len(hashes) and hashes[head.number] != head.hash:
        return head.number - 1
    return head.number


def _require_key(entry: Entry, network: Network, places: list[int]) -> None:
    for place in places:
        member = network.at(place).people.get(entry.by)
        if member is None or member.signing_key != entry.key:
            raise SignatureWrong


def _named(entry: Entry, kind: Kind) -> Head | None:
    """Return the head of the directory, or of the same compartment's log, that an entry names."""
    wanted = entry.head.log if kind is not Kind.DIRECTORY else None
    return next((each for each in entry.seen if each.kind is kind and (wanted is None or each.log == wanted)), None)
