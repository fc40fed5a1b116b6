"""What the server holds besides the rules of the logs: that nothing is missing, doubled, old, or somebody else's.

Pure: everything raises `Refused` and stores nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from agencies.model import Person, PersonId
from agencies.trust.directory import NotEmpowered
from agencies.vault.refusals import EpochDue, RemovalDue
from cases.model import Compartment
from cases.trust import deeds, grants
from cases.trust.compartment import Compartment as Logs
from cases.trust.membership import Circle
from cases.trust.records import Deed as RecordDeed
from cases.trust.records import Erase, Records, Write
from cases.vault.due import present
from crypto.vault import content as contents
from crypto.vault import wrap as wraps
from crypto.vault.failures import NotAsWritten, NotNext, NotWhole, OfAnotherPlace, SealBroken, UnknownVersion
from crypto.vault.log import Chain, Entry, Head


def require_author(actor: Person, entry: Entry) -> None:
    """Refuse what somebody else has signed, or the actor with a key that is theirs no more."""
    if (entry.by, entry.key) != (actor.id.bytes, actor.signing_key):
        raise NotEmpowered


def require_place(entry: Entry, chain: Chain, newest: Head) -> None:
    """Refuse an entry that came second, or whose author had not seen the newest head of the log above."""
    if (entry.head.kind, entry.head.log) == (chain.kind, chain.log) and entry.head.number < len(chain.hashes):
        # Of two who wrote at once one is first. That is no fork: nobody was shown another log.
        raise NotNext
    if any(
        (each.kind, each.log) == (newest.kind, newest.log) and each.number < newest.number for each in entry.seen
    ):  # fmt: skip
        raise NotNext


def require_newest_of_records(entry: Entry, kept: Logs) -> None:
    """Refuse a members' entry that does not name the newest head of the records, or one that is not there.

    What stands in the records behind the named head was written after the entry (`cases.trust.records`): an honest
    version must not come to stand there.
    """
    newest = len(kept.written.hashes) - 1
    named = -1
    for seen in entry.seen:
        if (seen.kind, seen.log) == (kept.written.kind, kept.written.log):
            kept.written.require(seen)
            named = seen.number
    if named < newest:
        raise NotNext


def require_none_gone(kept: Logs, compartment: Compartment, now: int) -> None:
    """Refuse anything under a key of somebody whom the tables let go and the log does not."""
    directory = kept.network.now
    if kept.circle.standing(directory, now) != present(kept.circle, compartment, directory, now):
        raise RemovalDue


def require_epoch(
    entry: Entry, deed: deeds.Deed, circle: Circle, records: Records, network: bytes, *,
    given: Sequence[tuple[PersonId, bytes]], wrapped: Sequence[tuple[UUID, bytes]],
) -> None:  # fmt: skip
    """Hold grants and wraps against the entry: just its members, and every current version, under the new key."""
    if not isinstance(deed, deeds.BeginEpoch):
        if given or wrapped:
            raise NotAsWritten
        return
    if sorted(person_id.bytes for person_id, _statement in given) != sorted(circle.granted):
        raise NotAsWritten
    for person_id, data in given:
        grants.read_epoch_grant(data, network, begun=entry, epoch=circle.epoch, member=person_id.bytes)
    current = {
        records.versions[each].write.version for hashes in records.current.values() for each in hashes
    }  # fmt: skip
    if sorted(version.bytes for version, _wrap in wrapped) != sorted(current):
        # Somebody has written meanwhile: the wraps are of what was current before.
        raise NotNext
    for _version, data in wrapped:
        require_wrap(data, circle.epoch)


def require_version(
    deed: RecordDeed, author: Person, circle: Circle, content: bytes | None, wrap: bytes | None
) -> None:
    """Hold what comes with an entry of the records against it."""
    match deed:
        case Erase():
            if author.id.bytes not in circle.leaders:
                raise NotEmpowered
            if content is not None or wrap is not None:
                raise NotAsWritten
        case Write():
            if content is None or wrap is None:
                raise NotAsWritten
            if content[: len(contents.VERSION)] != contents.VERSION:
                raise UnknownVersion
            if not contents.SHORTEST <= len(content) <= contents.LONGEST:
                raise NotWhole
            if contents.hash_of(content) != deed.content:
                raise SealBroken
            if len(wrap) == wraps.WRAP_BYTES and wraps.epoch_of(wrap) < circle.epoch:
                # It was made before another key began: the client takes that and wraps again.
                raise EpochDue
            require_wrap(wrap, circle.epoch)


def require_wrap(wrap: bytes, epoch: int) -> None:
    """Refuse what is no wrap for this epoch."""
    if len(wrap) != wraps.WRAP_BYTES:
        raise NotWhole
    if wrap[: len(wraps.VERSION)] != wraps.VERSION:
        raise UnknownVersion
    if wraps.epoch_of(wrap) != epoch:
        raise OfAnotherPlace
