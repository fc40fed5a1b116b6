"""Whatever people decide and write in whatever order, and however a server shows it: held against simple models."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.trust import deeds as directory_deeds
from agencies.trust.network import Network
from cases.trust import records as record_rules
from cases.trust.compartment import Compartment
from cases.trust.deeds import Add, AddInEmergency, Approve, Deed, Exclude, Lead, Propose, Readmit, Remove, Withdraw
from cases.trust.membership import Circle
from crypto.vault import deeds, log, statement
from crypto.vault.failures import Refused
from crypto.vault.log import Head, Kind
from tests.unit.test_trusted_circles import (
    ANA,
    BOJAN,
    COMPARTMENT,
    OLGA,
    PETAR,
    VESNA,
    Story,
    a_story,
    opening,
    renewed,
)  # fmt: skip
from tests.unit.test_trusted_directory import NOW, Somebody

LATER = NOW + 3600
COMERS = (BOJAN, VESNA, OLGA)
EVERYBODY = (ANA, PETAR, *COMERS)
RECORDS = (bytes([7]) * 16, bytes([8]) * 16)


@dataclass(kw_only=True)
class Truth:
    """Two logs in the order in which they came to be, and who was a member at each version."""

    story: Story
    members: set[bytes]
    barred: set[bytes] = field(default_factory=set)
    # Of each version: its entry, who wrote it, of which record, what it follows, and whether its author was a member.
    versions: list[tuple[bytes, bytes, tuple[bytes, ...], bool]] = field(default_factory=list)
    # Who stood in the circle after each members' entry.
    stood: list[set[bytes]] = field(default_factory=list)
    made: dict[Kind, list[bytes]] = field(default_factory=lambda: {Kind.MEMBERSHIP: [], Kind.RECORDS: []})
    named: list[int] = field(default_factory=list)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def decides(self, who: Somebody) -> None:
        """Ana takes somebody out, or in again."""
        deed: Deed
        if who.id in self.members:
            deed = Exclude(person=who.id, reason=b"") if len(self.stood) % 2 else Remove(person=who.id)
            self.barred |= {who.id} if isinstance(deed, Exclude) else set()
            self.members.discard(who.id)
        elif who.id in self.barred:
            deed = Readmit(person=who.id)
            self.barred.discard(who.id)
        else:
            deed = Add(person=who.id)
            self.members.add(who.id)
        self.says(deed)

    def says(self, deed: Deed) -> None:
        self.story.says(ANA, deed)
        self.made[Kind.MEMBERSHIP].append(self.story.steps[-1][1])
        self.stood.append(set(self.members))

    def writes(self, who: Somebody, record: bytes, back: int, followed: int) -> None:
        """Somebody writes, with a head of the members from before as one who is out would name it."""
        heads = [number for number, stood in enumerate(self.stood) if who.id in stood]
        if not heads:
            return
        seen = heads[-1 - back % len(heads)] if who.id not in self.members else len(self.stood) - 1
        there = [each for each, of, _follows, _counts in self.versions if of == record]
        follows = (there[followed % len(there)],) if there else ()
        do, particulars = deeds.written(
            record_rules.DEEDS,
            record_rules.Write(
                record=record, version=next(self.numbers).to_bytes(16), kind="plan", content=bytes(32),
                promise=bytes(32), follows=list(follows),
            ),
        )  # fmt: skip
        chain = self.story.written
        head = Head(kind=Kind.MEMBERSHIP, log=COMPARTMENT, number=seen, hash=self.story.chain.hashes[seen])
        body = log.body(
            log=COMPARTMENT, number=len(chain.hashes), after=chain.last, at=NOW, by=who.id, do=do,
            particulars=particulars, seen=[head],
        )  # fmt: skip
        made = statement.make(who.seed, Kind.RECORDS.purpose, self.story.genesis, body)
        chain.append(log.read(made, Kind.RECORDS, self.story.genesis))
        self.made[Kind.RECORDS].append(made)
        self.named.append(seen)
        self.versions.append((statement.hash_of(made), record, follows, who.id in self.members))

    def current(self, record: bytes) -> set[bytes]:
        """Return what counts and is followed by nothing that counts."""
        of = [(each, follows) for each, at, follows, counts in self.versions if at == record and counts]
        return {each for each, _follows in of} - {each for _each, follows in of for each in follows}


class Reader:
    """Somebody who is shown the two logs entry by entry."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.compartment = Compartment(Network(truth.story.steps[0][1]), COMPARTMENT)
        self.left = {kind: list(made) for kind, made in truth.made.items()}

    def shown(self, *, members_first: bool) -> None:
        """Take in the next entry of one of the logs; what names more than is here has to wait."""
        taken = len(self.truth.named) - len(self.left[Kind.RECORDS])
        had = len(self.truth.stood) - len(self.left[Kind.MEMBERSHIP])
        may = bool(self.left[Kind.RECORDS]) and self.truth.named[taken] < had
        if self.left[Kind.MEMBERSHIP] and (members_first or not may):
            self.compartment.take_member_entry(self.left[Kind.MEMBERSHIP].pop(0))
        elif may:
            self.compartment.take_record_entry(self.left[Kind.RECORDS].pop(0))


DONE = st.one_of(
    st.tuples(st.just("decides"), st.sampled_from(COMERS)),
    st.tuples(
        st.just("writes"), st.sampled_from(EVERYBODY), st.sampled_from(RECORDS), st.integers(0, 5), st.integers(0, 9)
    ),
)


@given(plan=st.lists(DONE, max_size=20), shown=st.lists(st.booleans(), max_size=45))
def test_what_counts_is_what_its_author_wrote_while_a_member(plan: list[tuple], shown: list[bool]) -> None:  # type: ignore[type-arg]
    """However old a head is that somebody names, and however late a server shows what ended their word."""
    story = a_story()
    truth = Truth(story=story, members={ANA.id, PETAR.id})
    truth.says(opening())
    for what, *how in plan:
        getattr(truth, what)(*how)
    reader = Reader(truth)
    for members_first in shown:
        reader.shown(members_first=members_first)
    while reader.left[Kind.MEMBERSHIP] or reader.left[Kind.RECORDS]:
        reader.shown(members_first=True)
    reader.compartment.require_told()
    found = reader.compartment.records
    assert {each.hash for each in found.versions.values() if each.quarantined} == {
        each for each, _record, _follows, counts in truth.versions if not counts
    }
    for record in RECORDS:
        assert set(found.current.get(record, ())) == truth.current(record)


# Few people, so that much of what is drawn is about the same ones.
SOME = st.sampled_from([BOJAN.id, VESNA.id])
DEEDS = st.one_of(
    st.builds(Propose, person=SOME, until=st.just(LATER)),
    st.builds(AddInEmergency, person=SOME, until=st.just(LATER)),
    st.tuples(st.sampled_from((Approve, Approve, Withdraw)), st.integers(0, 3)),
    st.one_of(
        st.builds(Remove, person=SOME),
        st.builds(Add, person=SOME),
        st.builds(Lead, coordinator=st.just(ANA.id), deputy=st.sampled_from([PETAR.id, VESNA.id])),
        st.sampled_from((BOJAN, VESNA)),
    ),
)


@settings(max_examples=300, deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from((ANA, PETAR, ANA, PETAR, VESNA)), DEEDS, st.sampled_from((NOW, NOW, NOW, LATER))),
        min_size=8,
        max_size=20,
    )
)
def test_nobody_stays_in_a_sensitive_circle_but_by_two_people_and_no_withdrawal_takes_them_out(
    plan: list[tuple[Somebody, object, int]],
) -> None:
    """Whoever decides what and when: entries that may not stand change nothing, and what stands keeps these rules."""
    story = a_story()
    story.says(ANA, opening(sensitive=True))
    keys = {each.id: each for each in EVERYBODY}
    agreed = Agreed()
    for who, what, at in plan:
        if isinstance(what, Somebody):
            if keys[what.id].generation == 0:
                keys[what.id] = _rekeyed(story, what, keys)
            continue
        deed = agreed.about(*what) if isinstance(what, tuple) else what
        before, author = story.now, keys[who.id]
        try:
            hashed = story.says(author, deed, at=at)  # type: ignore[arg-type]
        except Refused:
            continue
        agreed.holds(hashed, author, deed, before, story.now)
        holds(story, agreed.let_in)


@dataclass(kw_only=True)
class Agreed:
    """Who was let in by two people, as far as entries were taken in."""

    proposals: dict[bytes, tuple[Somebody, bytes]] = field(default_factory=dict)
    let_in: set[bytes] = field(default_factory=lambda: {ANA.id, PETAR.id})

    def about(self, what: type[Approve | Withdraw], place: int) -> Approve | Withdraw:
        """Return what agrees to one of the proposals, or takes it back."""
        names = list(self.proposals) or [bytes(32)]
        return what(proposal=names[place % len(names)])

    def holds(self, hashed: bytes, author: Somebody, deed: object, before: Circle, after: Circle) -> None:
        """Learn from an entry that was taken in, and hold it against what it may do."""
        match deed:
            case Propose(person=person) | AddInEmergency(person=person):
                self.proposals[hashed] = (author, person)
            case Approve(proposal=proposal):
                by, person = self.proposals[proposal]
                assert by.agency != author.agency
                assert by.id in before.leaders
                self.let_in.add(person)
            case Withdraw():
                assert lasting(before) <= lasting(after)
            case Remove(person=person):
                self.let_in.discard(person)


def holds(story: Story, let_in: set[bytes]) -> None:
    """Two lasting leaders of two agencies; whoever is there for good was agreed to; nothing waits about them."""
    circle, directory = story.now, story.directories[-1]
    assert lasting(circle) <= let_in
    assert len({directory.people[each].agency for each in circle.leaders}) == 2
    assert set(circle.leaders) <= lasting(circle)
    for each in circle.proposals.values():
        assert each.about not in lasting(circle) or circle.has_returned(each.about, directory)


def lasting(circle: Circle) -> set[bytes]:
    return set(circle.members - set(circle.lapses))


def _rekeyed(story: Story, who: Somebody, keys: dict[bytes, Somebody]) -> Somebody:
    """Give somebody other keys by administrators of two agencies; return them with these."""
    anew = renewed(who)
    one, other = keys[ANA.id], keys[PETAR.id]
    proposal = story.in_directory(
        one,
        directory_deeds.Rekey(person=who.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER),
    )
    story.in_directory(other, directory_deeds.Approve(proposal=proposal))
    return anew
