"""The directory of a network: which agencies there are, who belongs to them with which keys, and who may say so.

Pure rules over the entries of one log (`crypto.vault.log`, kind 0), the same for whoever reads it: nothing here trusts
the server, which only keeps the order. An entry that its author was not empowered to write at its position is refused
and changes nothing; so validity follows the position, not a clock. The one use of a moment is that a proposal ends at
`until`, held against what whoever agrees says the moment is.

Who must agree (docs/protocol.md, *The directory*): to an agency a majority of the agencies; to a suspension a majority
of the others; to a person one administrator of their agency, or two where it has three or more; to other keys for a
known person administrators of two agencies, one of them that person's unless nobody else administers it. Two of one
agency are not enough: where there are few, one alone may have made the other.

A directory is kept for every position of its log (docs/adr/0048): its maps share what an entry leaves as it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from agencies.model import AgencyKind, Role
from agencies.trust.deeds import (
    Approve,
    Attest,
    Attested,
    Found,
    Join,
    NewAgency,
    Rekey,
    Revoke,
    Suspend,
    Withdraw,
    read,
)  # fmt: skip
from agencies.trust.kept import KeptMap, KeptSet
from agencies.trust.waiting import Waiting
from crypto.vault.failures import NotAsWritten, Refused
from crypto.vault.log import Entry

SEVERAL_ADMINISTRATORS = 3
# What no agency does alone: give somebody known other keys, and let agencies in where there is more than one.
FEWEST_AGENCIES = 2
KEY_BYTES = 32


class NotEmpowered(Refused):
    """Whoever wrote the entry may not decide this, at this position of the log."""

    outcome = "not-empowered"


class Void(Refused):
    """What the entry builds on is not there: unknown, ended, withdrawn or already done."""

    outcome = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person as their agency attests them."""

    id: bytes
    agency: bytes
    name: str
    role: Role
    signing_key: bytes
    box_key: bytes
    matrix_user: str
    matrix_master: bytes
    # The entry from which on they have been here without a break, and with these keys.
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAgency:
    """An agency of the network, with the ids of its people; its word counts unless it is suspended."""

    id: bytes
    name: str
    kind: AgencyKind
    suspended: bool = False
    people: KeptSet[bytes] = field(default_factory=KeptSet)
    administrators: KeptSet[bytes] = field(default_factory=KeptSet)

    def with_(self, member: Member) -> TrustedAgency:
        """Return it with somebody as they are now."""
        others = self.administrators.without(member.id)
        administrators = others.with_(member.id) if member.role is Role.ADMINISTRATOR else others
        return replace(self, people=self.people.with_(member.id), administrators=administrators)

    def without(self, person: bytes) -> TrustedAgency:
        """Return it without somebody."""
        return replace(self, people=self.people.without(person), administrators=self.administrators.without(person))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What waits for others to agree, and which administrators did, the first being whoever proposed it."""

    hash: bytes
    deed: Join | Attest | Rekey | Suspend
    by: tuple[bytes, ...]

    @property
    def concerns(self) -> frozenset[bytes]:
        """Those whose word stands in it."""
        return frozenset(self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The network at one position of its log."""

    agencies: KeptMap[bytes, TrustedAgency] = field(default_factory=KeptMap)
    # Who belongs to an agency now, and whose a Matrix account or master key is.
    people: KeptMap[bytes, Member] = field(default_factory=KeptMap)
    accounts: KeptMap[str | bytes, bytes] = field(default_factory=KeptMap)
    # Every key that was ever somebody's, so that none becomes another's; and the last ones of everybody.
    keys: KeptMap[bytes, bytes] = field(default_factory=KeptMap)
    last_keys: KeptMap[bytes, tuple[bytes, bytes]] = field(default_factory=KeptMap)
    proposals: Waiting[Proposal] = field(default_factory=Waiting)

    def administrators(self, agency: bytes) -> frozenset[bytes]:
        """Who administers an agency whose word counts."""
        found = self.agencies.get(agency)
        return frozenset() if found is None or found.suspended else frozenset(found.administrators)

    def standing(self) -> frozenset[bytes]:
        """Agencies whose word counts."""
        return frozenset(each.id for each in self.agencies.values() if not each.suspended)

    def author(self, entry: Entry) -> Member:
        """Return who wrote an entry; raise NotEmpowered where it is nobody of the network, or not with their key."""
        member = self.people.get(entry.by)
        if member is None or member.signing_key != entry.key or self.agencies[member.agency].suspended:
            raise NotEmpowered
        return member


def founded(entry: Entry) -> Directory:
    """Return the network of a genesis; its author administers one of the agencies that it names."""
    deed = read(entry.do, entry.particulars)
    if not isinstance(deed, Found) or entry.head.number != 0:
        raise NotAsWritten
    directory = Directory()
    for each in deed.agencies:
        directory = _with_agency(directory, each, entry.head.number)
    if directory.author(entry).role is not Role.ADMINISTRATOR:
        raise NotEmpowered
    return directory


def decided(directory: Directory, entry: Entry) -> Directory:
    """Return the network after an entry; raise Refused and change nothing where it may not stand."""
    author, deed = directory.author(entry), read(entry.do, entry.particulars)
    if author.role is not Role.ADMINISTRATOR or isinstance(deed, Found):
        raise NotEmpowered
    match deed:
        case Revoke():
            return _revoked(directory, author, deed)
        case Withdraw():
            return _withdrawn(directory, author, deed)
        case Approve():
            return _approved(directory, author, deed, entry)
        case _:
            _require_sense(directory, author, deed, entry.head.number)
            if deed.until <= entry.at:
                raise Void
            proposal = Proposal(hash=entry.head.hash, deed=deed, by=(author.id,))
            return _carried(directory, proposal, entry.head.number)


def agreed(directory: Directory, proposal: Proposal) -> bool:
    """Whether enough of those who may agree have."""
    by = [directory.people[each] for each in proposal.by if _administers(directory, each)]
    agencies = {each.agency for each in by}
    match proposal.deed:
        case Join():
            # Whoever has suspended all others lets nobody in to take their place.
            least = min(FEWEST_AGENCIES, len(directory.agencies))
            return len(agencies) >= max(least, len(directory.standing()) // 2 + 1)
        case Suspend(agency=agency):
            others = directory.standing() - {agency}
            return len(agencies & others) > len(others) // 2
        case Attest(agency=agency):
            several = len(directory.agencies[agency].administrators) >= SEVERAL_ADMINISTRATORS
            return len(by) >= (2 if several else 1)
        case Rekey(person=person):
            # Who has left meanwhile gets no keys: enough or not, `_rekeyed` refuses.
            own = directory.people[person].agency if person in directory.people else b""
            alone = not directory.administrators(own) - {person}
            return len(agencies) >= FEWEST_AGENCIES and (own in agencies or alone)


def _administers(directory: Directory, person: bytes) -> bool:
    """Whether somebody administers an agency whose word counts."""
    member = directory.people.get(person)
    return member is not None and member.role is Role.ADMINISTRATOR and not directory.agencies[member.agency].suspended


def _require_sense(directory: Directory, author: Member, deed: Join | Attest | Rekey | Suspend, number: int) -> None:
    """Refuse what its author may not propose, or what could never come to be."""
    match deed:
        case Join():
            _with_agency(directory, deed, number)
        case Suspend(agency=agency):
            if agency not in directory.standing():
                raise Void
            if agency == author.agency:
                raise NotEmpowered
        case Attest():
            if deed.agency != author.agency:
                raise NotEmpowered
            _with_person(directory, deed, number)
        case Rekey(person=person):
            _rekeyed(directory, deed, number)
            if author.id == person:
                raise NotEmpowered


def _may_agree(member: Member, proposal: Proposal) -> bool:
    match proposal.deed:
        case Attest(agency=agency):
            return member.agency == agency
        case Suspend(agency=agency):
            return member.agency != agency
        case Rekey(person=person):
            # Nobody vouches for keys of their own.
            return member.id != person
        case Join():
            return True


def _approved(directory: Directory, author: Member, deed: Approve, entry: Entry) -> Directory:
    proposal = directory.proposals.get(deed.proposal)
    if proposal is None or entry.at >= proposal.deed.until or author.id in proposal.by:
        raise Void
    if not _may_agree(author, proposal):
        raise NotEmpowered
    return _carried(directory, replace(proposal, by=(*proposal.by, author.id)), entry.head.number)


def _withdrawn(directory: Directory, author: Member, deed: Withdraw) -> Directory:
    proposal = directory.proposals.get(deed.proposal)
    if proposal is None:
        raise Void
    if proposal.by[0] != author.id:
        raise NotEmpowered
    return replace(directory, proposals=directory.proposals.without(proposal.hash))


def _revoked(directory: Directory, author: Member, deed: Revoke) -> Directory:
    member = directory.people.get(deed.person)
    if member is None:
        raise Void
    if member.agency != author.agency:
        raise NotEmpowered
    agency = directory.agencies[member.agency].without(member.id)
    gone = replace(
        directory,
        agencies=directory.agencies.with_(agency.id, agency),
        people=directory.people.without(member.id),
        accounts=_without_accounts(directory.accounts, member),
    )
    return _without_word_of(gone, [member.id])


def _carried(directory: Directory, proposal: Proposal, number: int) -> Directory:
    """Do what was proposed if enough have agreed, or let it wait; `number` is that of the entry."""
    if not agreed(directory, proposal):
        return replace(directory, proposals=directory.proposals.with_(proposal))
    directory = replace(directory, proposals=directory.proposals.without(proposal.hash))
    match proposal.deed:
        case Join() as deed:
            return _with_agency(directory, deed, number)
        case Attest() as deed:
            return _with_person(directory, deed, number)
        case Rekey() as deed:
            return _without_word_of(_rekeyed(directory, deed, number), [deed.person])
        case Suspend(agency=agency):
            suspended = replace(directory.agencies[agency], suspended=True)
            agencies = directory.agencies.with_(agency, suspended)
            return _without_word_of(replace(directory, agencies=agencies), suspended.people)


def _with_agency(directory: Directory, new: NewAgency, number: int) -> Directory:
    if new.agency in directory.agencies:
        raise Void
    agency = TrustedAgency(id=new.agency, name=new.name, kind=new.kind)
    directory = replace(directory, agencies=directory.agencies.with_(agency.id, agency))
    for each in new.people:
        if each.agency != agency.id or each.person in directory.people:
            raise NotAsWritten
        directory = _with_person(directory, each, number)
    if not directory.administrators(agency.id):
        raise NotAsWritten
    return directory


def _with_person(directory: Directory, attested: Attested, number: int) -> Directory:
    """Say who somebody is. Other keys for somebody known, or somebody's keys for another, are not taken so."""
    if len(attested.matrix_master) not in {0, KEY_BYTES}:
        raise NotAsWritten
    known = directory.people.get(attested.person)
    if known is not None and known.agency != attested.agency:
        raise NotEmpowered
    for key in (attested.signing_key, attested.box_key):
        if directory.keys.get(key, attested.person) != attested.person:
            raise Void
    keys = (attested.signing_key, attested.box_key)
    if directory.last_keys.get(attested.person, keys) != keys:
        raise Void
    for name in (attested.matrix_user, attested.matrix_master):
        if directory.accounts.get(name, attested.person) != attested.person:
            raise Void
    member = Member(
        id=attested.person, agency=attested.agency, name=attested.name, role=attested.role,
        signing_key=attested.signing_key, box_key=attested.box_key, matrix_user=attested.matrix_user,
        matrix_master=attested.matrix_master, since=number if known is None else known.since,
    )  # fmt: skip
    return _with_member(directory, member)


def _rekeyed(directory: Directory, deed: Rekey, number: int) -> Directory:
    member = directory.people.get(deed.person)
    if member is None or deed.signing_key in directory.keys or deed.box_key in directory.keys:
        raise Void
    anew = replace(member, signing_key=deed.signing_key, box_key=deed.box_key, since=number)
    return _with_member(directory, anew)


def _with_member(directory: Directory, member: Member) -> Directory:
    before = directory.people.get(member.id)
    accounts = directory.accounts if before is None else _without_accounts(directory.accounts, before)
    for name in (member.matrix_user, member.matrix_master):
        if name:
            accounts = accounts.with_(name, member.id)
    agency = directory.agencies[member.agency].with_(member)
    directory = replace(
        directory,
        agencies=directory.agencies.with_(agency.id, agency),
        people=directory.people.with_(member.id, member),
        accounts=accounts,
    )
    own = (member.signing_key, member.box_key)
    if directory.last_keys.get(member.id) == own:
        # Nothing new is kept for whoever is attested anew: most entries of a long log.
        return directory
    return replace(
        directory,
        keys=directory.keys.with_(member.signing_key, member.id).with_(member.box_key, member.id),
        last_keys=directory.last_keys.with_(member.id, own),
    )


def _without_accounts(accounts: KeptMap[str | bytes, bytes], member: Member) -> KeptMap[str | bytes, bytes]:
    return accounts.without(member.matrix_user).without(member.matrix_master)


def _without_word_of(directory: Directory, people: Iterable[bytes]) -> Directory:
    """Let what these people have proposed fall, and their agreement to what waits count no more."""
    proposals = directory.proposals
    for person in people:
        for each in proposals.of(person):
            proposals = proposals.without(each.hash)
            if each.by[0] != person:
                proposals = proposals.with_(replace(each, by=tuple(by for by in each.by if by != person)))
    return replace(directory, proposals=proposals)
