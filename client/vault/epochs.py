"""The keys of a compartment's epochs: accepted from grants, and made anew whenever the members are others.

An epoch that is due is begun by whoever acts next: a fresh key, promised in the members' log, granted to just those who
are members by now, and the key of every current version wrapped for it. Whoever has come since the last epoch holds no
key yet and cannot do that; somebody who does is to act first.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from uuid import UUID

from cases.trust import grants
from cases.trust.deeds import BeginEpoch
from cases.trust.grants import EpochGrant
from cases.trust.records import Version
from client.vault import refusals
from client.vault.answers import Wrap
from client.vault.reading import Reader, View
from client.vault.saying import Prepared, member_entry, said
from core.errors import Conflict, NotFound, StrehaError
from core.texts import mark
from crypto.vault import aead, content, epoch, statement, wrap
from crypto.vault.content import Place
from crypto.vault.epoch import Epoch
from crypto.vault.failures import KeyNotPromised, NotAsWritten, Refused
from crypto.vault.log import Kind

WITHHELD = "keys-withheld"
NO_KEY_YET = mark(
    "You have not been given the key of this compartment yet. Ask somebody who was a member before you to run: "
    "streha compartment keys"
)
KEY_WITHHELD = mark(
    "Streha keeps back a key that was given to you: what people have signed shows it, and nobody has forgotten you. "
    "Nothing was done. Try again; if it stays so, tell the operator, and ring whoever leads the case, by a number you "
    "know."
)
NO_WRAP = mark(
    "Streha gives no key of a record by {person} ({record}), and without it nobody can be given the next key. Nothing "
    "was done. Ask another member to run: streha compartment keys. If nobody can, tell the operator."
)
WRAP_ALTERED = mark(
    "The key of a record by {person} ({record}) was altered, or never right. Nothing was done. Do not erase the "
    "record for it: somebody may want just that. Ask another member to run: streha compartment keys. If nobody can, "
    "ring {person}, by a number you know, and tell the operator."
)


class _NotDueError(Exception):
    """Somebody else was first: the epoch is there."""

    def __init__(self, view: View) -> None:
        super().__init__()
        self.view = view


class EpochKeys:
    """The epochs' keys of one person, each fetched once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._keys: dict[tuple[bytes, int], bytes] = {}

    async def key(self, view: View, number: int) -> bytes:
        """Return the key of an epoch that one was granted; raise NotFound where one was not.

        Where the log says that one was, and the server says that there is no such grant, it keeps it back: an epoch is
        taken in with the grants of all who are in it or not at all, and no grant is ever taken back.
        """
        known = self._keys.get((view.compartment.id, number))
        if known is not None:
            return known
        begun = view.epochs.get(number)
        if begun is None or not _granted_to_oneself(view, number):
            raise NotFound(NO_KEY_YET)
        try:
            given = await self._reader.api.grant(view.id, number)
        except NotFound as refused:
            raise Conflict(KEY_WITHHELD, outcome=WITHHELD) from refused
        person = view.person
        place = Epoch(network=person.network, compartment=view.compartment.id, number=number)
        try:
            grant = grants.read_epoch_grant(
                given.statement, person.network, begun=begun, epoch=number, member=person.person
            )
            promised = _bytes(begun.particulars["promise"])
            key = epoch.accept(person.keys.secret, grant.grant, place, member=person.person, promised=promised)
        except Refused as refused:
            raise refusals.of_given(refused) from refused
        self._keys[view.compartment.id, number] = key
        return key

    async def content_key(self, view: View, version: Version, wraps: Iterable[Wrap]) -> bytes:
        """Return the key of a version from any wrap that one can open; it is the one that its author promised.

        Every wrap of an epoch that one was granted is tried: what was altered does not hide what is whole. Where none
        opens, Conflict says that something was altered, NotFound that nothing of it is there for one.
        """
        place = place_of(view, version)
        mine: dict[int, list[bytes]] = {}
        for each in wraps:
            if _granted_to_oneself(view, each.epoch):
                mine.setdefault(each.epoch, []).append(each.wrap)
        failed: StrehaError | None = None
        for number in sorted(mine, reverse=True):
            try:
                wrap_key = wrap.key_for_wraps(await self.key(view, number))
            except Conflict as refused:
                failed = failed or refused
                continue
            for each_wrap in mine[number]:
                try:
                    found = wrap.unwrap(wrap_key, number, place, each_wrap)
                    if not hmac.compare_digest(content.promise(found, place), version.write.promise):
                        raise KeyNotPromised
                except Refused as refused:
                    failed = failed or refusals.of_given(refused)
                    continue
                return found
        if failed is not None:
            raise failed
        raise NotFound(NO_KEY_YET)

    async def current(self, compartment: bytes) -> tuple[View, int, bytes]:
        """Return a compartment with the epoch that holds and its key; begin another epoch where one is due."""
        view = await self._reader.refresh(compartment)
        circle = view.circle
        if circle.epoch_is_due(view.directory, self._reader.now()) and circle.is_open(self._reader.now()):
            view = await self.begin(compartment, seen=view)
        return view, view.circle.epoch, await self.key(view, view.circle.epoch)

    async def begin(self, compartment: bytes, *, seen: View | None = None) -> View:
        """Begin the epoch that is due, unless somebody else does first; `seen` is how it stood a moment ago."""

        async def prepare(view: View) -> Prepared[int]:
            at = self._reader.now()
            if not view.circle.epoch_is_due(view.directory, at):
                raise _NotDueError(view)
            number, key = view.circle.epoch + 1, aead.new_key()
            place = Epoch(network=view.person.network, compartment=compartment, number=number)
            members = sorted(view.circle.standing(view.directory, at))
            entry = member_entry(
                view, BeginEpoch(number=number, promise=epoch.promise(place, key), members=members), at
            )  # fmt: skip
            given = {UUID(bytes=each): _grant(view, place, key, entry, each) for each in members}
            wraps = await self._wrapped(view, number, key)
            return Prepared(
                entry=entry, send=lambda: self._reader.api.add_member_entry(view.id, entry, given, wraps), done=number
            )  # fmt: skip

        try:
            return (await said(self._reader, compartment, Kind.MEMBERSHIP, prepare, seen=seen))[1]
        except _NotDueError as done:
            return done.view

    async def _wrapped(self, view: View, number: int, key: bytes) -> dict[UUID, bytes]:
        """Return the keys of all current versions, wrapped for a new epoch."""
        records = view.compartment.records
        current = [records.versions[each] for hashes in records.current.values() for each in hashes]
        if not current:
            return {}
        stored = await self._reader.api.current_versions(
            view.id, {UUID(bytes=each.write.version) for each in current}, contents=False
        )
        wrap_key, wraps = wrap.key_for_wraps(key), {}
        for each in current:
            version = UUID(bytes=each.write.version)
            if version not in stored:
                raise _no_key_of(view, each, NO_WRAP)
            try:
                content_key = await self.content_key(view, each, stored[version].wraps)
            except NotFound:
                # Every current version is wrapped for the last epoch: whoever was granted that lacks nothing else.
                if not _granted_to_oneself(view, view.circle.epoch):
                    raise
                raise _no_key_of(view, each, NO_WRAP) from None
            except Conflict as refused:
                if refused.outcome == WITHHELD:
                    # It says nothing of the record.
                    raise
                raise _no_key_of(view, each, WRAP_ALTERED, refused.outcome) from refused
            wraps[version] = wrap.wrap(wrap_key, number, place_of(view, each), content_key)
        return wraps


def place_of(view: View, version: Version) -> Place:
    """Return where a version stands."""
    return Place(
        network=view.person.network,
        compartment=view.compartment.id,
        record=version.write.record,
        version=version.write.version,
    )


def _grant(view: View, place: Epoch, key: bytes, entry: bytes, member: bytes) -> bytes:
    person = view.person
    try:
        sealed = epoch.grant(place, key, member=member, member_key=view.directory.people[member].box_key)
    except Refused as refused:
        raise refusals.of_given(refused) from refused
    said_of = EpochGrant(
        log=place.compartment, epoch=place.number, member=member, entry=statement.hash_of(entry), by=person.person,
        grant=sealed,
    )  # fmt: skip
    return grants.write_epoch_grant(person.keys.seed, person.network, said_of)


def _granted_to_oneself(view: View, number: int) -> bool:
    """Whether an epoch's key was sealed to the keys that one has: former ones opened former grants."""
    begun = view.epochs.get(number)
    if begun is None:
        return False
    compartment, person = view.compartment, view.person
    circle = compartment.circle_at(begun.head.number)
    known = compartment.network.at(circle.directory_seen).people.get(person.person)
    return person.person in circle.granted and known is not None and known.box_key == person.box_key


def _no_key_of(view: View, version: Version, reason: str, outcome: str = "") -> Conflict:
    author = view.directory.people.get(version.by)
    name = version.by.hex()[:8] if author is None else author.name
    return Conflict(reason, outcome=outcome, person=name, record=str(UUID(bytes=version.write.record)))


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise NotAsWritten
    return value
