"""The directory's rules: who may say who somebody is, and what becomes of what they say."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agencies.model import AgencyKind, Role
from agencies.trust.deeds import (
    Approve,
    Attest,
    Attested,
    Deed,
    Found,
    Join,
    NewAgency,
    Rekey,
    Revoke,
    Suspend,
    Withdraw,
    written,
)  # fmt: skip
from agencies.trust.directory import Directory, NotEmpowered, Void, decided, founded
from crypto import signing
from crypto.vault import log, sealed_box, statement
from crypto.vault.failures import NotAsWritten
from crypto.vault.hashing import hashed
from crypto.vault.labels import GENESIS
from crypto.vault.log import Chain, Entry, Kind

LOG = bytes(16)
NOW = 1_900_000_000
LATER = NOW + 86_400


@dataclass(kw_only=True)
class Somebody:
    """A person of a test, with keys that come from their name."""

    name: str
    agency: str
    role: Role = Role.ADMINISTRATOR
    generation: int = 0

    @property
    def id(self) -> bytes:
        return hashed(b"test person ", self.name.encode())[:16]

    @property
    def seed(self) -> bytes:
        return hashed(b"test seed ", f"{self.name} {self.generation}".encode())

    @property
    def signing_key(self) -> bytes:
        return signing.public_key(self.seed)

    @property
    def box_key(self) -> bytes:
        return sealed_box.public_key(hashed(b"test secret ", f"{self.name} {self.generation}".encode()))

    @property
    def attested(self) -> Attested:
        return Attested(
            person=self.id, agency=agency_id(self.agency), name=self.name, role=self.role,
            signing_key=self.signing_key, box_key=self.box_key, matrix_user=f"@{self.name}:streha.example",
            matrix_master=b"",
        )  # fmt: skip


def agency_id(name: str) -> bytes:
    return hashed(b"test agency ", name.encode())[:16]


def new_agency(name: str, *people: Somebody) -> NewAgency:
    return NewAgency(agency=agency_id(name), name=name, kind=AgencyKind.NGO, people=[each.attested for each in people])


@dataclass(kw_only=True)
class Network:
    """A network of a test, through real statements in a real chain."""

    genesis: bytes
    directory: Directory
    chain: Chain = field(default_factory=lambda: Chain(kind=Kind.DIRECTORY, log=LOG))
    # Every statement that was tried: of which log, and its bytes.
    steps: list[tuple[Kind, bytes]] = field(default_factory=list)

    def says(self, author: Somebody, deed: Deed, at: int = NOW) -> bytes:
        """Let somebody write an entry; return its hash."""
        do, particulars = written(deed)
        body = log.body(
            log=LOG, number=len(self.chain.hashes), after=self.chain.last, at=at, by=author.id, do=do,
            particulars=particulars,
        )  # fmt: skip
        made = statement.make(author.seed, Kind.DIRECTORY.purpose, self.genesis, body)
        self.steps.append((Kind.DIRECTORY, made))
        entry = log.read(made, Kind.DIRECTORY, self.genesis)
        self.directory = decided(self.directory, entry)
        self.chain.append(entry)
        return entry.head.hash


def genesis_of(author: Somebody, *agencies: NewAgency) -> tuple[bytes, Entry]:
    """Return the statement of a genesis, and what it says."""
    do, particulars = written(Found(name="An invented network", agencies=list(agencies)))
    body = log.body(log=LOG, number=0, after=log.START, at=NOW, by=author.id, do=do, particulars=particulars)
    made = statement.make(author.seed, GENESIS, statement.NO_NETWORK, body)
    said = statement.verified(made, GENESIS, statement.NO_NETWORK)
    return made, log.entry_of(said, Kind.DIRECTORY)


ANA, BOJAN, VERA = (Somebody(name=name, agency="shelter") for name in ("ana", "bojan", "vera"))
PETAR = Somebody(name="petar", agency="police")
OLGA = Somebody(name="olga", agency="court")
SARA = Somebody(name="sara", agency="shelter", role=Role.PRACTITIONER)


def a_network() -> Network:
    """Three agencies: the shelter with one administrator and Sara, the police and the court with one each."""
    made, entry = genesis_of(
        ANA, new_agency("shelter", ANA, SARA), new_agency("police", PETAR), new_agency("court", OLGA)
    )
    network = Network(genesis=entry.head.hash, directory=founded(entry))
    network.chain.append(entry)
    network.steps.append((Kind.DIRECTORY, made))
    return network


@pytest.fixture
def network() -> Network:
    return a_network()


def attest(who: Somebody, *, until: int = LATER, **changes: object) -> Attest:
    fields = {name: getattr(who.attested, name) for name in who.attested.__struct_fields__}
    return Attest(**{**fields, **changes}, until=until)


def test_a_genesis_names_agencies_and_whoever_administers_them(network: Network) -> None:
    assert network.directory.administrators(agency_id("shelter")) == {ANA.id}
    assert network.directory.people[SARA.id].role is Role.PRACTITIONER
    for author, agencies, refused in (
        (PETAR, [new_agency("shelter", ANA)], NotEmpowered),
        (SARA, [new_agency("shelter", ANA, SARA)], NotEmpowered),
        (SARA, [new_agency("shelter", SARA)], NotAsWritten),
        (ANA, [new_agency("shelter", ANA), new_agency("police", ANA)], NotAsWritten),
        (ANA, [new_agency("shelter", ANA), new_agency("shelter", BOJAN)], Void),
    ):
        with pytest.raises(refused):
            founded(genesis_of(author, *agencies)[1])


def test_one_administrator_attests_where_there_are_few_and_two_where_there_are_more(network: Network) -> None:
    network.says(ANA, attest(BOJAN))
    network.says(BOJAN, attest(VERA))
    assert network.directory.administrators(agency_id("shelter")) == {ANA.id, BOJAN.id, VERA.id}
    newcomer = Somebody(name="luka", agency="shelter", role=Role.PRACTITIONER)
    proposal = network.says(ANA, attest(newcomer))
    assert newcomer.id not in network.directory.people
    with pytest.raises(Void):
        network.says(ANA, Approve(proposal=proposal))
    with pytest.raises(NotEmpowered):
        network.says(PETAR, Approve(proposal=proposal))
    network.says(VERA, Approve(proposal=proposal))
    assert newcomer.id in network.directory.people
    with pytest.raises(Void):
        network.says(BOJAN, Approve(proposal=proposal))


@pytest.mark.parametrize(
    ("author", "who"),
    [
        (PETAR, BOJAN),  # of another agency
        (SARA, BOJAN),  # no administrator
        (BOJAN, VERA),  # nobody of the network
    ],
)
def test_nobody_else_attests(network: Network, author: Somebody, who: Somebody) -> None:
    with pytest.raises(NotEmpowered):
        network.says(author, attest(who))
    assert who.id not in network.directory.people


def test_a_key_is_one_person_s_for_ever(network: Network) -> None:
    ghost = Somebody(name="ghost", agency="shelter")
    for changes in (
        {"signing_key": SARA.signing_key}, {"box_key": PETAR.box_key}, {"matrix_user": "@sara:streha.example"},
    ):  # fmt: skip
        with pytest.raises(Void):
            network.says(ANA, attest(ghost, **changes))
    # Other keys for somebody known are not taken by an attestation, however it is written.
    with pytest.raises(Void):
        network.says(ANA, attest(Somebody(name="sara", agency="shelter", generation=1)))
    network.says(ANA, Revoke(person=SARA.id))
    with pytest.raises(Void):
        network.says(ANA, attest(ghost, signing_key=SARA.signing_key))
    with pytest.raises(Void):
        network.says(ANA, attest(Somebody(name="sara", agency="shelter", generation=1)))
    network.says(ANA, attest(SARA))
    assert network.directory.people[SARA.id].signing_key == SARA.signing_key


def test_an_account_that_ends_with_a_space_is_one_person_s_too(network: Network) -> None:
    account = "@sara:streha.example "
    one, other = (Somebody(name=name, agency="shelter", role=Role.PRACTITIONER) for name in ("iva", "una"))
    network.says(ANA, attest(one, matrix_user=account))
    with pytest.raises(Void):
        network.says(ANA, attest(other, matrix_user=account))
    # Several may have none.
    for each in (one, other):
        network.says(ANA, attest(each, matrix_user=""))
    assert {one.id, other.id} <= set(network.directory.people)


def test_other_keys_need_two_others_one_of_them_of_the_agency(network: Network) -> None:
    anew = Somebody(name="sara", agency="shelter", generation=1)
    rekey = Rekey(person=SARA.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    proposal = network.says(PETAR, rekey)
    network.says(OLGA, Approve(proposal=proposal))
    assert network.directory.people[SARA.id].signing_key == SARA.signing_key
    network.says(ANA, Approve(proposal=proposal))
    assert network.directory.people[SARA.id].signing_key == anew.signing_key
    with pytest.raises(Void):
        network.says(ANA, rekey)
    for keys in ((PETAR.signing_key, bytes(32)), (bytes(32), PETAR.box_key)):
        with pytest.raises(Void):
            network.says(ANA, Rekey(person=SARA.id, signing_key=keys[0], box_key=keys[1], until=LATER))


def test_one_who_has_made_a_second_administrator_gives_nobody_keys_with_them(network: Network) -> None:
    network.says(ANA, attest(BOJAN))
    anew = Somebody(name="sara", agency="shelter", generation=1)
    rekey = Rekey(person=SARA.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    proposal = network.says(ANA, rekey)
    network.says(BOJAN, Approve(proposal=proposal))
    assert network.directory.people[SARA.id].signing_key == SARA.signing_key
    network.says(PETAR, Approve(proposal=proposal))
    assert network.directory.people[SARA.id].signing_key == anew.signing_key


def test_whoever_has_suspended_all_others_lets_nobody_in_alone(network: Network) -> None:
    for agency in ("police", "court"):
        proposal = network.says(ANA, Suspend(agency=agency_id(agency), until=LATER))
        if agency == "police":
            network.says(OLGA, Approve(proposal=proposal))
    assert network.directory.standing() == {agency_id("shelter")}
    mila = Somebody(name="mila", agency="house")
    joined = new_agency("house", mila)
    fields = {name: getattr(joined, name) for name in joined.__struct_fields__}
    network.says(ANA, Join(**fields, until=LATER))
    assert agency_id("house") not in network.directory.agencies


def test_somebody_is_here_since_they_came_or_were_given_keys(network: Network) -> None:
    first = network.directory.people[SARA.id].since
    network.says(ANA, attest(SARA, name="Sara"))
    assert network.directory.people[SARA.id].since == first
    anew = Somebody(name="sara", agency="shelter", generation=1)
    rekey = Rekey(person=SARA.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    network.says(ANA, Approve(proposal=network.says(PETAR, rekey)))
    assert network.directory.people[SARA.id].since == 3
    network.says(ANA, Revoke(person=SARA.id))
    network.says(ANA, attest(anew, role=Role.PRACTITIONER))
    assert network.directory.people[SARA.id].since == 5


def test_who_has_left_gets_no_keys_however_many_agree(network: Network) -> None:
    anew = Somebody(name="sara", agency="shelter", generation=1)
    proposal = network.says(
        PETAR, Rekey(person=SARA.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    )
    network.says(ANA, Revoke(person=SARA.id))
    with pytest.raises(Void):
        network.says(OLGA, Approve(proposal=proposal))
    assert SARA.id not in network.directory.people
    assert proposal in network.directory.proposals


def test_the_only_administrator_gets_other_keys_from_two_agencies(network: Network) -> None:
    anew = Somebody(name="ana", agency="shelter", generation=1)
    rekey = Rekey(person=ANA.id, signing_key=anew.signing_key, box_key=anew.box_key, until=LATER)
    with pytest.raises(NotEmpowered):
        network.says(ANA, rekey)
    proposal = network.says(PETAR, rekey)
    with pytest.raises(NotEmpowered):
        network.says(ANA, Approve(proposal=proposal))
    network.says(OLGA, Approve(proposal=proposal))
    with pytest.raises(NotEmpowered):
        network.says(ANA, Revoke(person=SARA.id))
    network.says(anew, Revoke(person=SARA.id))


def test_an_agency_joins_by_a_majority(network: Network) -> None:
    mila = Somebody(name="mila", agency="house")
    joined = new_agency("house", mila)
    fields = {name: getattr(joined, name) for name in joined.__struct_fields__}
    proposal = network.says(ANA, Join(**fields, until=LATER))
    assert agency_id("house") not in network.directory.agencies
    network.says(OLGA, Approve(proposal=proposal))
    assert network.directory.administrators(agency_id("house")) == {mila.id}
    network.says(mila, attest(Somebody(name="teo", agency="house")))


def test_a_suspended_agency_says_nothing_more(network: Network) -> None:
    waiting = network.says(ANA, Suspend(agency=agency_id("court"), until=LATER))
    proposal = network.says(PETAR, Suspend(agency=agency_id("shelter"), until=LATER))
    with pytest.raises(NotEmpowered):
        network.says(ANA, Approve(proposal=proposal))
    network.says(OLGA, Approve(proposal=proposal))
    assert network.directory.agencies[agency_id("shelter")].suspended
    for deed in (attest(BOJAN), Revoke(person=SARA.id), Approve(proposal=proposal)):
        with pytest.raises(NotEmpowered):
            network.says(ANA, deed)
    # What it had proposed has fallen with it.
    with pytest.raises(Void):
        network.says(PETAR, Approve(proposal=waiting))


def test_nobody_suspends_their_own_agency_or_one_that_is_not_there(network: Network) -> None:
    with pytest.raises(NotEmpowered):
        network.says(ANA, Suspend(agency=agency_id("shelter"), until=LATER))
    with pytest.raises(Void):
        network.says(ANA, Suspend(agency=agency_id("nowhere"), until=LATER))


def test_a_proposal_ends_is_withdrawn_or_falls_with_whoever_made_it(network: Network) -> None:
    for name in ("bojan", "vera"):
        network.says(ANA, attest(Somebody(name=name, agency="shelter")))
    newcomer = Somebody(name="luka", agency="shelter")
    late = network.says(BOJAN, attest(newcomer))
    with pytest.raises(Void):
        network.says(VERA, Approve(proposal=late), at=LATER)
    with pytest.raises(NotEmpowered):
        network.says(VERA, Withdraw(proposal=late))
    network.says(BOJAN, Withdraw(proposal=late))
    with pytest.raises(Void):
        network.says(VERA, Approve(proposal=late))
    of_somebody_gone = network.says(BOJAN, attest(newcomer))
    network.says(ANA, Revoke(person=BOJAN.id))
    with pytest.raises(Void):
        network.says(VERA, Approve(proposal=of_somebody_gone))
    with pytest.raises(Void):
        network.says(ANA, attest(newcomer, until=NOW))


def test_the_word_of_whoever_administers_no_more_does_not_count(network: Network) -> None:
    others = [Somebody(name=name, agency="shelter") for name in ("bojan", "vera", "mira")]
    for each in others[:2]:
        network.says(ANA, attest(each))
    network.says(ANA, Approve(proposal=network.says(others[0], attest(others[2]))))
    newcomer = Somebody(name="luka", agency="shelter")
    proposal = network.says(others[0], attest(newcomer))
    demoted = Somebody(name="bojan", agency="shelter", role=Role.PRACTITIONER)
    network.says(others[1], Approve(proposal=network.says(ANA, attest(demoted))))
    network.says(others[1], Approve(proposal=proposal))
    assert newcomer.id not in network.directory.people
    network.says(others[2], Approve(proposal=proposal))
    assert newcomer.id in network.directory.people


@pytest.mark.parametrize(
    ("do", "particulars"),
    [
        ("unheard-of", {}),
        ("revoke", {}),
        ("revoke", {"person": bytes(15)}),
        ("revoke", {"person": bytes(16), "more": 1}),
        ("revoke", {"person": "0" * 16}),
        ("approve", {"proposal": 7}),
    ],
)
def test_what_is_not_as_written_is_refused(network: Network, do: str, particulars: dict[str, object]) -> None:
    body = log.body(
        log=LOG, number=1, after=network.chain.last, at=NOW, by=ANA.id, do=do,
        particulars=particulars,  # type: ignore[arg-type]
    )  # fmt: skip
    made = statement.make(ANA.seed, Kind.DIRECTORY.purpose, network.genesis, body)
    with pytest.raises(NotAsWritten):
        decided(network.directory, log.read(made, Kind.DIRECTORY, network.genesis))
