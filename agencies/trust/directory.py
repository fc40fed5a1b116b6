"""The directory of a network: which agencies there are, who belongs to them with which keys, and who may say so.

Pure rules over the entries of one log (`crypto.vault.log`, kind 0), the same for whoever reads it: nothing here trusts
the server, which only keeps the order. An entry that its author was not empowered to write at its position is refused
and changes nothing; so validity follows the position, not a clock. The one use of a moment is that a proposal ends at
`until`, held against what whoever agrees says the moment is.

Who must agree (docs/protocol.md, *The directory*): to an agency a majority of the agencies; to a suspension a majority
of the others; to a person one administrator of their agency, or two where it has three or more; to other keys for a
known person two other administrators, one of them of that agency, or of two others where it has no other.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from crypto.vault.failures import NotAsWritten, Refused
from crypto.vault.log import Entry

SEVERAL_ADMINISTRATORS = 3
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAgency:
    """An agency of the network; its word counts unless it is suspended."""

    id: bytes
    name: str
    kind: AgencyKind
    suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What waits for others to agree, and which administrators did, the first being whoever proposed it."""

    hash: bytes
    deed: Join | Attest | Rekey | Suspend
    by: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The network at one position of its log."""

    agencies: Mapping[bytes, TrustedAgency] = field(default_factory=dict)
    # Who belongs to an agency now, and whose a Matrix account or master key is.
    people: Mapping[bytes, Member] = field(default_factory=dict)
    accounts: Mapping[str | bytes, bytes] = field(default_factory=dict)
    # Every key that was ever somebody's, so that none becomes another's; and the last ones of everybody.
    keys: Mapping[bytes, bytes] = field(default_factory=dict)
    last_keys: Mapping[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    proposals: Mapping[bytes, Proposal] = field(default_factory=dict)

    def administrators(self, agency: bytes) -> frozenset[bytes]:
        """Who administers an agency whose word counts."""
        if agency not in self.agencies or self.agencies[agency].suspended:
            return frozenset()
        return frozenset(
            each.id for each in self.people.values() if each.agency == agency and each.role is Role.ADMINISTRATOR
        )

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
        directory = _with_agency(directory, each)
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
            return _approved(directory, author, deed, entry.at)
        case _:
            _require_sense(directory, author, deed)
            if deed.until <= entry.at:
                raise Void
            proposal = Proposal(hash=entry.head.hash, deed=deed, by=(author.id,))
            return _carried(directory, proposal)


def agreed(directory: Directory, proposal: Proposal) -> bool:
    """Whether enough of those who may agree have."""
    standing = directory.standing()
    by = [
        directory.people[each]
        for each in proposal.by
        if each in directory.people and each in directory.administrators(directory.people[each].agency)
    ]
    match proposal.deed:
        case Join():
            return len({each.agency for each in by} & standing) > len(standing) // 2
        case Suspend(agency=agency):
            others = standing - {agency}
            return len({each.agency for each in by} & others) > len(others) // 2
        case Attest(agency=agency):
            needed = 2 if len(directory.administrators(agency)) >= SEVERAL_ADMINISTRATORS else 1
            return len(by) >= needed
        case Rekey(person=person):
            own = directory.people[person].agency
            if directory.administrators(own) - {person}:
                return len(by) > 1 and any(each.agency == own for each in by)
            return len({each.agency for each in by}) > 1


def _require_sense(directory: Directory, author: Member, deed: Join | Attest | Rekey | Suspend) -> None:
    """Refuse what its author may not propose, or what could never come to be."""
    match deed:
        case Join():
            _with_agency(directory, deed)
        case Suspend(agency=agency):
            if agency not in directory.standing():
                raise Void
            if agency == author.agency:
                raise NotEmpowered
        case Attest():
            if deed.agency != author.agency:
                raise NotEmpowered
            _with_person(directory, deed)
        case Rekey(person=person):
            _rekeyed(directory, deed)
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


def _approved(directory: Directory, author: Member, deed: Approve, at: int) -> Directory:
    proposal = directory.proposals.get(deed.proposal)
    if proposal is None or at >= proposal.deed.until or author.id in proposal.by:
        raise Void
    if not _may_agree(author, proposal):
        raise NotEmpowered
    return _carried(directory, replace(proposal, by=(*proposal.by, author.id)))


def _withdrawn(directory: Directory, author: Member, deed: Withdraw) -> Directory:
    proposal = directory.proposals.get(deed.proposal)
    if proposal is None:
        raise Void
    if proposal.by[0] != author.id:
        raise NotEmpowered
    return _without_proposals(directory, {proposal.hash})


def _revoked(directory: Directory, author: Member, deed: Revoke) -> Directory:
    member = directory.people.get(deed.person)
    if member is None:
        raise Void
    if member.agency != author.agency:
        raise NotEmpowered
    people = {each: found for each, found in directory.people.items() if each != member.id}
    accounts = {name: person for name, person in directory.accounts.items() if person != member.id}
    return _without_word_of(replace(directory, people=people, accounts=accounts), {member.id})


def _carried(directory: Directory, proposal: Proposal) -> Directory:
    """Do what was proposed if enough have agreed, or let it wait."""
    if not agreed(directory, proposal):
        return replace(directory, proposals={**directory.proposals, proposal.hash: proposal})
    directory = _without_proposals(directory, {proposal.hash})
    match proposal.deed:
        case Join() as deed:
            return _with_agency(directory, deed)
        case Attest() as deed:
            return _with_person(directory, deed)
        case Rekey() as deed:
            return _without_word_of(_rekeyed(directory, deed), {deed.person})
        case Suspend(agency=agency):
            suspended = replace(directory.agencies[agency], suspended=True)
            gone = {each.id for each in directory.people.values() if each.agency == agency}
            return _without_word_of(replace(directory, agencies={**directory.agencies, agency: suspended}), gone)


def _with_agency(directory: Directory, new: NewAgency) -> Directory:
    if new.agency in directory.agencies:
        raise Void
    agency = TrustedAgency(id=new.agency, name=new.name, kind=new.kind)
    directory = replace(directory, agencies={**directory.agencies, agency.id: agency})
    for each in new.people:
        if each.agency != agency.id or each.person in directory.people:
            raise NotAsWritten
        directory = _with_person(directory, each)
    if not directory.administrators(agency.id):
        raise NotAsWritten
    return directory


def _with_person(directory: Directory, attested: Attested) -> Directory:
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
        matrix_master=attested.matrix_master,
    )  # fmt: skip
    return _with_member(directory, member)


def _rekeyed(directory: Directory, deed: Rekey) -> Directory:
    member = directory.people.get(deed.person)
    if member is None or {deed.signing_key, deed.box_key} & directory.keys.keys():
        raise Void
    return _with_member(directory, replace(member, signing_key=deed.signing_key, box_key=deed.box_key))


def _with_member(directory: Directory, member: Member) -> Directory:
    before = directory.people.get(member.id)
    accounts = dict(directory.accounts)
    for name in (before.matrix_user, before.matrix_master) if before else ():
        accounts.pop(name, None)
    accounts |= {name: member.id for name in (member.matrix_user, member.matrix_master) if name}
    return replace(
        directory,
        people={**directory.people, member.id: member},
        accounts=accounts,
        keys={**directory.keys, member.signing_key: member.id, member.box_key: member.id},
        last_keys={**directory.last_keys, member.id: (member.signing_key, member.box_key)},
    )


def _without_word_of(directory: Directory, people: set[bytes]) -> Directory:
    """Let what these people have proposed fall, and their agreement to what waits count no more."""
    kept = {
        each.hash: replace(each, by=tuple(by for by in each.by if by not in people))
        for each in directory.proposals.values()
        if each.by[0] not in people
    }
    return replace(directory, proposals=kept)


def _without_proposals(directory: Directory, hashes: set[bytes]) -> Directory:
    kept = {each.hash: each for each in directory.proposals.values() if each.hash not in hashes}
    return replace(directory, proposals=kept)
