"""Whose statement may be kept as proof that a log was forked: of nobody who could not have written it there."""

from __future__ import annotations

import pytest

from agencies.model import Role
from agencies.trust.deeds import Approve, Rekey, Revoke
from agencies.trust.deeds import Deed as DirectoryDeed
from agencies.trust.deeds import written as directory_written
from agencies.trust.directory import NotEmpowered
from agencies.trust.network import LOG, Network
from cases.trust.compartment import Compartment
from cases.trust.deeds import Add, Deed, Open, Remove, written
from client.vault import forks
from crypto.vault import log, statement
from crypto.vault.failures import Behind, NotAsWritten, Refused, SignatureWrong
from crypto.vault.log import Entry, Head, Kind
from tests.unit.test_trusted_directory import NOW, Somebody, genesis_of, new_agency

ANA = Somebody(name="ana", agency="shelter")
BOJAN = Somebody(name="bojan", agency="shelter", role=Role.PRACTITIONER)
SARA = Somebody(name="sara", agency="shelter", role=Role.PRACTITIONER)
SARA_NOW = Somebody(name="sara", agency="shelter", role=Role.PRACTITIONER, generation=1)
PETAR = Somebody(name="petar", agency="police")
OLGA = Somebody(name="olga", agency="court")
# Signs with a key of its own, and says that it is Ana.
SERVER = Somebody(name="ana", agency="shelter", generation=7)
COMPARTMENT = bytes([1]) * 16
UNKNOWN = bytes(32)


class World:
    """A directory of four entries and a compartment of three, as somebody has verified them.

    Sara has other keys from the directory's entry 2 on, and is a member from entry 1 of the members on; Bojan is of
    the network until entry 3, and out of the compartment from entry 2 of the members on.
    """

    def __init__(self) -> None:
        genesis, _ = genesis_of(
            ANA, new_agency("shelter", ANA, BOJAN, SARA), new_agency("police", PETAR), new_agency("court", OLGA)
        )
        self.network = Network(genesis)
        self.compartment = Compartment(self.network, COMPARTMENT)
        opening = Open(
            case=bytes(16), sensitive=False, coordinator=ANA.id, deputy=PETAR.id, members=[BOJAN.id], ends_at=0
        )
        self._member_says(ANA, opening)
        rekey = Rekey(person=SARA.id, signing_key=SARA_NOW.signing_key, box_key=SARA_NOW.box_key, until=NOW + 100)
        self._says(ANA, rekey)
        self._says(PETAR, Approve(proposal=self.network.head.hash))
        self._member_says(ANA, Add(person=SARA.id))
        self._says(ANA, Revoke(person=BOJAN.id))
        self._member_says(ANA, Remove(person=BOJAN.id))

    def head(self, kind: Kind, number: int, hashed: bytes | None = None) -> Head:
        """Return a head of a log; where a hash is given, one that differs from what is here."""
        chain = self.network.chain if kind is Kind.DIRECTORY else self.compartment.members
        known = chain.hashes[number] if number < len(chain.hashes) else UNKNOWN
        return Head(kind=kind, log=chain.log, number=number, hash=hashed or known)

    def claim(self, author: Somebody, kind: Kind, number: int, *seen: Head) -> Entry:
        """Return an entry that claims a position, well signed by its author."""
        body = log.body(
            log=LOG if kind is Kind.DIRECTORY else COMPARTMENT, number=number, after=UNKNOWN, at=NOW, by=author.id,
            do="anything", particulars={}, seen=seen,
        )  # fmt: skip
        return log.read(statement.make(author.seed, kind.purpose, self.network.id, body), kind, self.network.id)

    def _says(self, author: Somebody, deed: DirectoryDeed) -> None:
        do, particulars = directory_written(deed)
        body = log.body(
            log=LOG, number=self.network.head.number + 1, after=self.network.head.hash, at=NOW, by=author.id, do=do,
            particulars=particulars,
        )  # fmt: skip
        self.network.take(statement.make(author.seed, Kind.DIRECTORY.purpose, self.network.id, body))

    def _member_says(self, author: Somebody, deed: Deed) -> None:
        do, particulars = written(deed)
        chain = self.compartment.members
        body = log.body(
            log=COMPARTMENT, number=len(chain.hashes), after=chain.last, at=NOW, by=author.id, do=do,
            particulars=particulars, seen=[self.network.head],
        )  # fmt: skip
        self.compartment.take_member_entry(
            statement.make(author.seed, Kind.MEMBERSHIP.purpose, self.network.id, body)
        )  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("author", "number", "refused"),
    [
        (ANA, 3, None),
        (PETAR, 1, None),
        (SERVER, 3, SignatureWrong),
        (SARA, 2, NotEmpowered),
        (BOJAN, 4, SignatureWrong),
        (ANA, 9, Behind),
    ],
)
def test_of_the_directory_an_administrator_s(
    world: World, author: Somebody, number: int, refused: type[Refused] | None
) -> None:
    claimed = world.claim(author, Kind.DIRECTORY, number)
    _is(refused, claimed, world)


@pytest.mark.parametrize(
    ("author", "number", "directory", "hashed", "refused"),
    [
        (PETAR, 2, 3, None, None),
        (SARA_NOW, 2, 3, None, None),
        # Bojan could have, as long as nobody there had seen that he is gone.
        (BOJAN, 2, 2, None, None),
        (BOJAN, 2, 3, None, SignatureWrong),
        # With keys that are theirs no more, and before they were in.
        (SARA, 2, 0, None, SignatureWrong),
        (SARA_NOW, 1, 2, None, NotEmpowered),
        (OLGA, 2, 3, None, NotEmpowered),
        (SERVER, 2, 3, None, SignatureWrong),
        # Whoever was shown another directory says so with the key that both know.
        (ANA, 2, 3, bytes([5]) * 32, None),
        (SERVER, 2, 3, bytes([5]) * 32, SignatureWrong),
        (ANA, 2, 9, None, Behind),
        (ANA, 9, 3, None, Behind),
        # The first entry is whoever's of the network; another genesis is nobody's.
        (OLGA, 0, 0, None, None),
        (SERVER, 0, 0, None, SignatureWrong),
        (ANA, 0, 0, bytes([5]) * 32, Behind),
    ],
)
def test_of_a_compartment_s_members_one_who_was_a_member(
    world: World, author: Somebody, number: int, directory: int, hashed: bytes | None, refused: type[Refused] | None
) -> None:
    claimed = world.claim(author, Kind.MEMBERSHIP, number, world.head(Kind.DIRECTORY, directory, hashed))
    _is(refused, claimed, world)


@pytest.mark.parametrize(
    ("author", "members", "hashed", "refused"),
    [
        (PETAR, 2, None, None),
        (SARA_NOW, 2, None, None),
        (SARA_NOW, 0, None, SignatureWrong),
        (SARA, 0, None, NotEmpowered),
        (BOJAN, 1, None, None),
        (BOJAN, 2, None, SignatureWrong),
        (OLGA, 2, None, NotEmpowered),
        (SERVER, 2, None, SignatureWrong),
        (BOJAN, 2, bytes([5]) * 32, None),
        # By the members' entry before it, where Sara was in with the keys of now.
        (SARA_NOW, 2, bytes([5]) * 32, None),
        (ANA, 9, None, Behind),
    ],
)
def test_of_its_records_one_who_was_a_member_where_it_says(
    world: World, author: Somebody, members: int, hashed: bytes | None, refused: type[Refused] | None
) -> None:
    claimed = world.claim(author, Kind.RECORDS, 0, world.head(Kind.MEMBERSHIP, members, hashed))
    _is(refused, claimed, world)


def test_what_does_not_say_what_it_rests_on_is_no_proof(world: World) -> None:
    for kind in (Kind.MEMBERSHIP, Kind.RECORDS):
        _is(NotAsWritten, world.claim(ANA, kind, 1), world)
    elsewhere = Compartment(world.network, bytes([2]) * 16)
    claimed = world.claim(ANA, Kind.MEMBERSHIP, 1, world.head(Kind.DIRECTORY, 0))
    with pytest.raises(NotAsWritten):
        forks.require_author(claimed, world.network, elsewhere)


def _is(refused: type[Refused] | None, claimed: Entry, world: World) -> None:
    if refused is None:
        forks.require_author(claimed, world.network, world.compartment)
        return
    with pytest.raises(refused):
        forks.require_author(claimed, world.network, world.compartment)
