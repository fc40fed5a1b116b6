"""Who is in a compartment, who leads it, who is barred, and which epoch holds: pure rules over one log.

The log is of kind 1 (`crypto.vault.log`). Every entry says which head of the directory its author had seen, and the
word of an author counts as the directory stood at the furthest head that any entry so far has seen: whoever was revoked
cannot go back behind it. An entry that its author was not empowered to write is refused and changes nothing.

Somebody is a member with the keys under which they were let in. Whoever was given others, or was of the network no more
in between, stands here no more until a leader lets them in anew.

Sources: the vault's page, *Cases, compartments, epochs, records*; docs/protocol.md, *The members of a compartment*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from agencies.trust.directory import Directory, Member, NotEmpowered, Void
from agencies.trust.kept import KeptMap
from agencies.trust.waiting import Waiting
from cases.trust.deeds import (
    Add,
    AddInEmergency,
    Approve,
    BeginEpoch,
    Close,
    Deed,
    Exclude,
    Hold,
    Keep,
    Lead,
    Open,
    Propose,
    Readmit,
    Release,
    Remove,
    Succeed,
    Withdraw,
    read,
)  # fmt: skip
from cases.trust.proposals import Proposal, without_releases
from crypto.vault.failures import NotAsWritten
from crypto.vault.log import Entry, Kind

LONGEST_EMERGENCY = 12 * 3600
# The directory as it stood after the entry at a position. What an entry has seen was held against the logs before it is
# read here (`crypto.vault.log.require_seen`): a position that one does not have is never asked for.
Directories = Callable[[int], Directory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A compartment at one position of its log. At the moments of `lapses` emergency members are none any more."""

    id: bytes
    case: bytes
    sensitive: bool
    coordinator: bytes
    deputy: bytes
    ends_at: int
    directory_seen: int
    members: frozenset[bytes]
    # Since which entry of the directory each member had been there, with their keys, when they were let in.
    since: KeptMap[bytes, int]
    # The furthest head of the records that an entry has seen: what stands behind it was written after that entry.
    records_seen: int = -1
    lapses: KeptMap[bytes, int] = field(default_factory=KeptMap)
    # Who was added in an emergency and nobody else has agreed to, whether or not they are still here.
    hurried: frozenset[bytes] = frozenset()
    excluded: frozenset[bytes] = frozenset()
    proposals: Waiting[Proposal] = field(default_factory=Waiting)
    epoch: int = 0
    promise: bytes = b""
    # To whom the key of the epoch was given: whenever the members are others, another epoch is due.
    granted: frozenset[bytes] = frozenset()
    # Nothing may be erased, and the compartment not be closed.
    held: bool = False
    # Until when its leaders have said that what is sealed here is kept; 0 while they have not.
    keep_until: int = 0
    closed: bool = False

    @property
    def leaders(self) -> tuple[bytes, bytes]:
        """The coordinator and the deputy."""
        return (self.coordinator, self.deputy)

    def standing(self, directory: Directory, now: int) -> frozenset[bytes]:
        """Who is a member now: in the log, of the network, and not lapsed."""
        return frozenset(each for each in self.members if self.stands(each, directory, now))

    def stands(self, person: bytes, directory: Directory, now: int) -> bool:
        """Whether somebody is a member now."""
        return (
            person in self.members
            and now < self.lapses.get(person, now + 1)
            and _is_of_the_network(directory, person)
            and directory.people[person].since == self.since[person]
        )

    def has_returned(self, person: bytes, directory: Directory) -> bool:
        """Whether a lasting member has come back, or has other keys than they were let in with."""
        return (
            person in self.members
            and person not in self.lapses
            and _is_of_the_network(directory, person)
            and directory.people[person].since != self.since[person]
        )

    def is_open(self, now: int) -> bool:
        """Whether anything may still be decided here but its end, and how long what is sealed is kept."""
        return not self.closed and (not self.ends_at or now < self.ends_at)

    def may_be_erased(self, now: int) -> bool:
        """Whether what is sealed here may be gone lawfully: it has ended, is not held, and is kept no longer."""
        return not self.is_open(now) and not self.held and 0 < self.keep_until <= now

    def epoch_is_due(self, directory: Directory, now: int) -> bool:
        """Whether the key is with others than the members, or with nobody yet."""
        return self.granted != self.standing(directory, now)


def opened(entry: Entry, directories: Directories) -> Circle:
    """Return the compartment of its first entry: its author coordinates, somebody of another agency is deputy."""
    deed = read(entry.do, entry.particulars)
    seen = _directory_seen(entry)
    if not isinstance(deed, Open) or entry.head.number != 0 or entry.head.kind is not Kind.MEMBERSHIP:
        raise NotAsWritten
    directory = directories(seen)
    author = directory.author(entry)
    if deed.coordinator != author.id:
        raise NotEmpowered
    members = frozenset((*deed.members, deed.coordinator, deed.deputy))
    if deed.sensitive and len(members) != len({deed.coordinator, deed.deputy}):
        raise NotEmpowered
    if not all(_is_of_the_network(directory, each) for each in members) or 0 < deed.ends_at <= entry.at:
        raise Void
    _require_two_agencies(directory, deed.coordinator, deed.deputy)
    return Circle(
        id=entry.head.log, case=deed.case, sensitive=deed.sensitive, coordinator=deed.coordinator, deputy=deed.deputy,
        ends_at=deed.ends_at, directory_seen=seen, members=members, since=_since(KeptMap(), directory, members),
        records_seen=_records_seen(entry),
    )  # fmt: skip


def decided(circle: Circle, entry: Entry, directories: Directories) -> Circle:
    """Return the compartment after an entry; raise Refused and change nothing where it may not stand."""
    seen = max(circle.directory_seen, _directory_seen(entry))
    directory = directories(seen)
    author, deed = directory.author(entry), read(entry.do, entry.particulars)
    if not circle.stands(author.id, directory, entry.at):
        raise NotEmpowered
    if not circle.is_open(entry.at) and not outlasts_the_end(circle, deed):
        raise Void
    circle = replace(circle, directory_seen=seen, records_seen=max(circle.records_seen, _records_seen(entry)))
    circle = _without_lapsed(circle, entry.at)
    if isinstance(deed, (Approve, Withdraw)):
        return _about_proposal(circle, directory, author, deed, entry.at)
    if isinstance(deed, (Propose, AddInEmergency, Succeed, Release)):
        return _proposed(circle, directory, author, Proposal(hash=entry.head.hash, deed=deed, by=author.id), entry.at)
    return _done(circle, directory, author, deed, entry.at)


def outlasts_the_end(circle: Circle, deed: Deed) -> bool:
    """Whether something may be decided of a compartment that has ended: that it is closed, and what becomes of it."""
    match deed:
        case Close():
            return not circle.closed
        case Hold() | Release() | Keep():
            return True
        case Approve(proposal=hashed) | Withdraw(proposal=hashed):
            proposal = circle.proposals.get(hashed)
            return proposal is not None and isinstance(proposal.deed, Release)
    return False


def _done(circle: Circle, directory: Directory, author: Member, deed: Deed, at: int) -> Circle:
    """Do what one person decides alone."""
    match deed:
        case BeginEpoch():
            # Any current member: a removal must not wait for a leader.
            return _with_epoch(circle, directory, deed, at)
        case Remove(person=person) if author.id in (*circle.leaders, person):
            return _removed(circle, person)
        case _ if author.id not in circle.leaders:
            raise NotEmpowered
        case Exclude(person=person) | Readmit(person=person):
            return _barred(circle, deed, person)
        case Add(person=person):
            # Two have agreed to whoever returns before; two administrators know them by their keys again.
            if circle.sensitive and not circle.has_returned(person, directory):
                raise NotEmpowered
            _require_welcome(circle, directory, person)
            if person in circle.leaders:
                # They may come back by another agency.
                _require_two_agencies(directory, circle.coordinator, circle.deputy)
            return _with(circle, directory, person)
        case Lead() if author.id == circle.coordinator:
            return _led(circle, directory, deed.coordinator, deed.deputy, at)
        case Hold() | Keep() | Close():
            return _kept(circle, deed, at)
    raise NotEmpowered


def _kept(circle: Circle, deed: Hold | Keep | Close, at: int) -> Circle:
    """Hold a compartment, once; close one that is not held; say until when it is kept, later than was said before."""
    if isinstance(deed, Keep):
        if deed.until <= max(circle.keep_until, at):
            raise Void
        return replace(circle, keep_until=deed.until)
    if circle.held:
        raise Void
    if isinstance(deed, Hold):
        return replace(circle, held=True)
    return replace(circle, closed=True, proposals=Waiting())


def _removed(circle: Circle, person: bytes) -> Circle:
    if person in circle.leaders:
        raise NotEmpowered
    if person not in circle.members:
        raise Void
    return _without(circle, person)


def _barred(circle: Circle, deed: Exclude | Readmit, person: bytes) -> Circle:
    if person in circle.leaders:
        raise NotEmpowered
    if (person in circle.excluded) is isinstance(deed, Exclude):
        raise Void
    if isinstance(deed, Readmit):
        return replace(circle, excluded=circle.excluded - {person})
    return replace(_without(circle, person), excluded=circle.excluded | {person})


def _proposed(circle: Circle, directory: Directory, author: Member, proposal: Proposal, at: int) -> Circle:
    """Let a proposal wait; in an emergency whoever is proposed is a member at once, for a while."""
    deed = proposal.deed
    if deed.until <= at:
        raise Void
    waiting = replace(circle, proposals=circle.proposals.with_(proposal))
    if isinstance(deed, Succeed):
        if author.id != circle.deputy:
            raise NotEmpowered
        _require_cause(circle, directory, at)
        _require_two_agencies(directory, author.id, deed.deputy)
        return waiting
    if author.id not in circle.leaders:
        raise NotEmpowered
    if isinstance(deed, Release):
        if not circle.held:
            raise Void
        return waiting
    _require_welcome(circle, directory, deed.person)
    if isinstance(deed, AddInEmergency):
        if circle.has_returned(deed.person, directory):
            # A leader adds them for good; nobody who leads is here for a while only.
            raise Void
        # Once: otherwise one person alone would keep somebody in for ever, twelve hours at a time.
        if deed.until - at > LONGEST_EMERGENCY or deed.person in circle.hurried:
            raise NotEmpowered
        there = _let_in(waiting, directory, deed.person)
        return replace(
            there, lapses=there.lapses.with_(deed.person, deed.until), hurried=there.hurried | {deed.person}
        )  # fmt: skip
    return waiting


def _about_proposal(circle: Circle, directory: Directory, author: Member, deed: Approve | Withdraw, at: int) -> Circle:
    proposal = circle.proposals.get(deed.proposal)
    if proposal is None:
        raise Void
    done = replace(circle, proposals=circle.proposals.without(proposal.hash))
    if isinstance(deed, Withdraw):
        if proposal.by != author.id:
            raise NotEmpowered
        return _gone(done, proposal.deed.person) if isinstance(proposal.deed, AddInEmergency) else done
    # Whoever has proposed must still be the one who may.
    may = (circle.deputy,) if isinstance(proposal.deed, Succeed) else circle.leaders
    if at >= proposal.deed.until or proposal.by not in may or not circle.stands(proposal.by, directory, at):
        raise Void
    by = directory.people[proposal.by]
    # Whoever is here for a while only is nobody's second person.
    if by.agency == author.agency or author.id in circle.lapses:
        raise NotEmpowered
    if isinstance(proposal.deed, Succeed):
        _require_cause(circle, directory, at)
        return _led(done, directory, proposal.by, proposal.deed.deputy, at)
    if isinstance(proposal.deed, Release):
        return replace(done, held=False, proposals=without_releases(done.proposals))
    if author.id == proposal.deed.person:
        raise NotEmpowered
    if proposal.deed.person in circle.excluded or not _is_of_the_network(directory, proposal.deed.person):
        raise Void
    return _with(done, directory, proposal.deed.person)


def _with_epoch(circle: Circle, directory: Directory, deed: BeginEpoch, at: int) -> Circle:
    standing = circle.standing(directory, at)
    if deed.number != circle.epoch + 1:
        raise Void
    if frozenset(deed.members) != standing or len(deed.members) != len(standing):
        raise NotEmpowered
    return replace(circle, epoch=deed.number, promise=deed.promise, granted=standing)


def _led(circle: Circle, directory: Directory, coordinator: bytes, deputy: bytes, at: int) -> Circle:
    for each in (coordinator, deputy):
        if not circle.stands(each, directory, at) or each in circle.lapses:
            raise Void
    _require_two_agencies(directory, coordinator, deputy)
    return replace(circle, coordinator=coordinator, deputy=deputy)


def _with(circle: Circle, directory: Directory, person: bytes) -> Circle:
    """Let somebody in for good. Nothing waits about them any more: what is withdrawn later takes nobody out."""
    proposals = circle.proposals
    for each in proposals.of(person):
        if each.about == person and not isinstance(each.deed, (Succeed, Release)):
            proposals = proposals.without(each.hash)
    return replace(
        _let_in(circle, directory, person),
        lapses=circle.lapses.without(person),
        hurried=circle.hurried - {person},
        proposals=proposals,
    )


def _let_in(circle: Circle, directory: Directory, person: bytes) -> Circle:
    """Let somebody in, with the keys that the directory gives them; the epoch's key was given to no others."""
    granted = circle.granted
    if circle.since.get(person) != directory.people[person].since:
        granted -= {person}
    since = _since(circle.since, directory, (person,))
    return replace(circle, members=circle.members | {person}, since=since, granted=granted)


def _since(before: KeptMap[bytes, int], directory: Directory, people: Iterable[bytes]) -> KeptMap[bytes, int]:
    for each in people:
        before = before.with_(each, directory.people[each].since)
    return before


def _without(circle: Circle, person: bytes) -> Circle:
    """End a membership, and with it what was proposed about this person or by them."""
    proposals = circle.proposals
    for each in proposals.of(person):
        proposals = proposals.without(each.hash)
    return replace(circle, members=circle.members - {person}, lapses=circle.lapses.without(person), proposals=proposals)


def _gone(circle: Circle, person: bytes) -> Circle:
    """End the stay of whoever is here for a while only; of anybody else, nothing."""
    if person not in circle.lapses:
        return circle
    return replace(circle, members=circle.members - {person}, lapses=circle.lapses.without(person))


def _without_lapsed(circle: Circle, at: int) -> Circle:
    """Let whoever lapsed before an entry be out from there on, whatever moment somebody says later."""
    for person, until in circle.lapses.items():
        if until <= at:
            circle = _gone(circle, person)
    return circle


def _require_cause(circle: Circle, directory: Directory, at: int) -> None:
    """Refuse a succession where the coordinator stands."""
    if circle.stands(circle.coordinator, directory, at):
        raise Void


def _require_welcome(circle: Circle, directory: Directory, person: bytes) -> None:
    """Refuse whoever is barred, is no one of the network, or is a member already and not for a while only."""
    if person in circle.excluded or not _is_of_the_network(directory, person):
        raise Void
    if person in circle.members and person not in circle.lapses and not circle.has_returned(person, directory):
        raise Void


def _require_two_agencies(directory: Directory, one: bytes, other: bytes) -> None:
    if not (_is_of_the_network(directory, one) and _is_of_the_network(directory, other)):
        raise Void
    if directory.people[one].agency == directory.people[other].agency:
        raise NotEmpowered


def _is_of_the_network(directory: Directory, person: bytes) -> bool:
    member = directory.people.get(person)
    return member is not None and not directory.agencies[member.agency].suspended


def _records_seen(entry: Entry) -> int:
    """Return the position of the head of the same compartment's records that an entry names; -1 where it names none."""
    for each in entry.seen:
        if (each.kind, each.log) == (Kind.RECORDS, entry.head.log):
            return each.number
    return -1


def _directory_seen(entry: Entry) -> int:
    """Return the position of the directory's head that an entry names; every entry here does."""
    for each in entry.seen:
        if each.kind is Kind.DIRECTORY:
            return each.number
    raise NotAsWritten
