"""Sealed records on a person's machine: written, read, compared, given on, erased.

A version is sealed with a key of its own, wrapped for the epoch, and signed with what its author had read of the
record. Where somebody else wrote meanwhile, nothing is overwritten and nothing is hidden: the author is told, and
either reads what is new or lets both stand.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from cases.trust.records import MOST_FOLLOWED, Erase, Version, Write
from client.vault import histories, refusals
from client.vault.answers import StoredVersion
from client.vault.epochs import EpochKeys, place_of
from client.vault.reading import Reader, View
from client.vault.saying import Prepared, record_entry, said
from client.vault.telling import Tells
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto.vault import aead, content, padding, wrap
from crypto.vault.content import Place, Sealed
from crypto.vault.failures import Refused
from crypto.vault.log import Kind

# What a record can be. The server sees this word, so nobody chooses another.
KINDS = ("note", "plan", "assessment", "contacts", "brief", "statement")
LONGEST = padding.LONGEST_TEXT
NO_RECORD = mark("There is no such record here. See: streha record list")
NO_VERSION = mark("There is no such version of a record here. See: streha record history")
HELD = mark(
    "This compartment is under legal hold: nothing in it can be erased until two agencies have released it. See: "
    "streha compartment show"
)
ERASED = mark("This record was erased. Nothing can be read or written in it any more.")
KEPT_NO_LONGER = mark(
    "This was erased: whoever led here had said until when it is kept, and that day has come. Nobody can open it any "
    "more."
)
NOT_READ = mark(
    "The record has versions that you have not read on this machine. Nothing was written, your text is where it was. "
    "Read them: streha record get {record}. Then put yours again; or let both stand with --beside"
)
TOO_LONG = mark("The text has {size} bytes, and a record holds at most {most}. Nothing was written. Put it in several.")
NOT_GIVEN = mark(
    "This version is from before you were a member, and nobody has given it to you. Ask a member who can read it to "
    "run: streha record share"
)
NOT_A_MEMBER = mark("You are not a member of this compartment, or no more. Nothing was written.")
NO_CONTENT = mark("Streha holds no content of this version. Tell the operator.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A version that was verified and opened."""

    version: Version
    text: bytes
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What was written; `beside` are other current versions that it does not follow."""

    record: UUID
    version: UUID
    hash: bytes
    beside: tuple[Version, ...]


# Gives what was opened to the person, and raises where that went wrong.
Hand = Callable[[list[Opened], View], None]


class Records:
    """The records of compartments, for one person."""

    def __init__(self, reader: Reader, keys: EpochKeys) -> None:
        self._reader = reader
        self._keys = keys

    async def put(
        self, compartment: bytes, text: bytes, *, kind: str = "note", record: bytes | None = None,
        beside: bool = False, tells: Tells | None = None,
    ) -> Put:  # fmt: skip
        """Write a new record, or the next version of one; raise Conflict where there are versions one has not read.

        With `beside` it follows only what was read here, and both stand until somebody brings them together. What the
        server is told (`tells`) is stored together with it.
        """
        if len(text) > padding.LONGEST_TEXT:
            raise InvalidInput(TOO_LONG, size=len(text), most=padding.LONGEST_TEXT)
        chosen = uuid4().bytes if record is None else record
        version = uuid4().bytes

        async def prepare(view: View) -> Prepared[bytes]:
            # An epoch that is due is begun first; a write under the old one is refused.
            if view.person.person not in view.circle.standing(view.directory, self._reader.now()):
                raise Conflict(NOT_A_MEMBER)
            view, number, key = await self._keys.current(compartment)
            follows = [] if record is None else self._follows(view, record, beside=beside)
            place = Place(network=view.person.network, compartment=compartment, record=chosen, version=version)
            content_key = aead.new_key()
            sealed = content.seal(content_key, place, text)
            write = Write(
                record=chosen, version=version, kind=kind, content=sealed.hash, promise=sealed.promise, follows=follows
            )
            entry = record_entry(view, write, self._reader.now())
            wrapped = wrap.wrap(wrap.key_for_wraps(key), number, place, content_key)
            return Prepared(
                entry=entry,
                send=lambda: self._reader.api.add_record_entry(view.id, entry, sealed.content, wrapped, tells),
                done=version,
            )

        _, view = await said(self._reader, compartment, Kind.RECORDS, prepare)
        mine = next(each for each in view.compartment.records.versions.values() if each.write.version == version)
        others = tuple(each for each in current(view, chosen) if each.hash != mine.hash)
        # What was read and could not all be followed stays read: the next version goes on with it.
        read = self._reader.memory.read(compartment, chosen) & {each.hash for each in others}
        self._reader.memory.remember_read(compartment, chosen, read | {mine.hash})
        return Put(record=UUID(bytes=chosen), version=UUID(bytes=version), hash=mine.hash, beside=others)

    async def get(
        self,
        compartment: bytes,
        record: bytes,
        hand: Callable[[list[Opened], View], None] = lambda _opened, _view: None,
    ) -> tuple[list[Opened], View]:
        """Return the current versions of a record, opened: one, or several that nobody has brought together.

        They count as read, so that a later version may follow them, once `hand` has given them to the person.
        """
        view = await self._reader.refresh(compartment)
        found = current(view, record)
        opened = [await self.open_version(view, each) for each in found]
        hand(opened, view)
        self._reader.memory.remember_read(compartment, record, frozenset(each.hash for each in found))
        return opened, view

    async def get_version(self, compartment: bytes, version: bytes) -> tuple[Opened, View]:
        """Return one version, opened, whether or not it is current."""
        view = await self._reader.refresh(compartment)
        return await self.open_version(view, find_version(view, version)), view

    async def all_current(self, compartment: bytes) -> tuple[list[Opened], View]:
        """Return every current version of every record, opened, in few requests."""
        view = await self._reader.refresh(compartment)
        records = view.compartment.records
        found = [records.versions[each] for hashes in records.current.values() for each in hashes]
        wanted = {UUID(bytes=each.write.version) for each in found}
        stored = await self._reader.api.current_versions(view.id, wanted, contents=True)
        opened = []
        for each in _in_order(view, found):
            given = stored.get(UUID(bytes=each.write.version))
            opened.append(await (self.open_version(view, each) if given is None else self._opened(view, each, given)))
        return opened, view

    async def of_kind(self, view: View, kind: str) -> list[Opened]:
        """Return every current version of the records of a kind, opened, in the order of the log."""
        records = view.compartment.records
        found = [records.versions[each] for hashes in records.current.values() for each in hashes]
        return [await self.open_version(view, each) for each in _in_order(view, found) if each.write.kind == kind]

    async def open_version(self, view: View, version: Version) -> Opened:
        """Fetch and open one version; raise StrehaError where anything of it is not as it was signed."""
        if version.write.record in view.compartment.records.erased:
            raise NotFound(ERASED)
        try:
            given = await self._reader.api.version(view.id, UUID(bytes=version.write.version))
        except NotFound:
            if view.circle.may_be_erased(self._reader.now()):
                raise NotFound(KEPT_NO_LONGER) from None
            raise
        return await self._opened(view, version, given)

    async def key_and_content(self, view: View, version: Version) -> tuple[bytes, bytes]:
        """Return the key of a version, and its sealed content, once it was found to open."""
        given = await self._reader.api.version(view.id, UUID(bytes=version.write.version))
        await self._opened(view, version, given)
        return await self._content_key(view, version, given), given.content or b""

    async def erase(self, compartment: bytes, record: bytes) -> View:
        """Let a record be no more, as a leader: its wraps are destroyed, and nothing follows it."""

        async def prepare(view: View) -> Prepared[None]:
            current(view, record)
            if view.circle.held:
                raise Conflict(HELD)
            entry = record_entry(view, Erase(record=record), self._reader.now())
            return Prepared(
                entry=entry, send=lambda: self._reader.api.add_record_entry(view.id, entry), done=None
            )  # fmt: skip

        return (await said(self._reader, compartment, Kind.RECORDS, prepare))[1]

    def _follows(self, view: View, record: bytes, *, beside: bool) -> list[bytes]:
        """Return what the next version follows: what stands now, if all of it was read here; the first 16 of more."""
        now = [each.hash for each in current(view, record)]
        read = self._reader.memory.read(view.compartment.id, record)
        if read.issuperset(now):
            return now[:MOST_FOLLOWED]
        known = [each.hash for each in history(view, record) if each.hash in read]
        if not beside or not known:
            raise Conflict(NOT_READ, record=str(UUID(bytes=record)))
        return known[:MOST_FOLLOWED]

    async def _opened(self, view: View, version: Version, given: StoredVersion) -> Opened:
        if given.content is None:
            raise NotFound(NO_CONTENT)
        key = await self._content_key(view, version, given)
        sealed = Sealed(content=given.content, hash=version.write.content, promise=version.write.promise)
        try:
            text = content.open_(key, place_of(view, version), sealed)
        except Refused as refused:
            raise refusals.of_given(refused) from refused
        now = view.compartment.records.current.get(version.write.record, frozenset())
        return Opened(version=version, text=text, current=version.hash in now)

    async def _content_key(self, view: View, version: Version, given: StoredVersion) -> bytes:
        try:
            return await self._keys.content_key(view, version, given.wraps)
        except (Conflict, NotFound) as refused:
            # Neither what is missing nor what was altered hides a key that a member has given.
            granted = await histories.granted(self._reader, view, version)
            if granted is not None:
                return granted
            now = version.hash in view.compartment.records.current.get(version.write.record, frozenset())
            if now or isinstance(refused, Conflict):
                raise
        raise NotFound(NOT_GIVEN)


def current(view: View, record: bytes) -> list[Version]:
    """Return the current versions of a record, in the order of the log."""
    records = view.compartment.records
    if record in records.erased:
        raise NotFound(ERASED)
    if record not in records.current:
        raise NotFound(NO_RECORD)
    return _in_order(view, (records.versions[each] for each in records.current[record]))


def history(view: View, record: bytes) -> list[Version]:
    """Return all versions of a record in the order of the log, those in quarantine too."""
    found = [each for each in view.compartment.records.versions.values() if each.write.record == record]
    if not found:
        raise NotFound(NO_RECORD)
    return _in_order(view, found)


def find_version(view: View, version: bytes) -> Version:
    """Return the version of an id."""
    for each in view.compartment.records.versions.values():
        if each.write.version == version:
            return each
    raise NotFound(NO_VERSION)


def difference(one: Opened, other: Opened, names: Sequence[str] = ("", "")) -> list[str]:
    """Return the lines in which two versions differ, as `diff -u` writes them; refuse what is no text."""
    try:
        before, after = one.text.decode().splitlines(), other.text.decode().splitlines()
    except UnicodeDecodeError:
        raise InvalidInput(mark("Only texts can be compared, and one of these is none.")) from None
    return list(difflib.unified_diff(before, after, names[0], names[1], lineterm=""))


def _in_order(view: View, versions: Iterable[Version]) -> list[Version]:
    """Return versions in the order of the log: nobody's clock says which came first."""
    places = {hashed: number for number, hashed in enumerate(view.compartment.written.hashes)}
    return sorted(versions, key=lambda each: places[each.hash])
