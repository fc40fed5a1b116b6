"""People of a test who speak to the vault's API as their programs would: real keys, real statements, raw requests.

It is small on purpose: what stands in an entry is written here as docs/protocol.md says, and not by the client that is
tested elsewhere.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from agencies.model import Agency, AgencyId, Person, PersonId, Role
from agencies.trust import deeds as directory_deeds
from agencies.trust.deeds import Attested, Found, NewAgency
from agencies.trust.network import LOG, Network
from cases.model import CompartmentId
from cases.trust import deeds as member_deeds
from cases.trust import records as record_deeds
from cases.trust.compartment import Compartment
from cases.trust.grants import EpochGrant, write_epoch_grant
from core.clock import Clock
from crypto import signing
from crypto.vault import content, deeds, epoch, log, sealed_box, statement, wrap
from crypto.vault.labels import GENESIS
from crypto.vault.log import Kind
from tests.people import Office
from tests.served import Answered, ServedApi


def text(data: bytes) -> str:
    """Return bytes as JSON holds them."""
    return base64.b64encode(data).decode()


def data(said: str) -> bytes:
    """Return what stands in JSON as bytes."""
    return base64.b64decode(said, validate=True)


@dataclass(kw_only=True)
class Founded:
    """A network with everybody's keys, as its founder would have it on paper."""

    api: ServedApi
    genesis: bytes
    secrets: dict[PersonId, bytes]
    administrators: dict[AgencyId, Person] = field(default_factory=dict)
    tokens: dict[PersonId, str] = field(default_factory=dict)

    @property
    def id(self) -> bytes:
        """The 32 bytes that name it."""
        return statement.hash_of(self.genesis)

    @property
    def now(self) -> int:
        """What every clock says."""
        return int(self.api.network.clock.now().timestamp())

    async def ask(self, person: Person, method: str, path: str, body: object = None) -> Answered:
        """Send a request as somebody."""
        if person.id not in self.tokens:
            self.tokens[person.id] = await self.api.token(person)
        return await self.api.ask(method, "/api/vault/" + path, body, token=self.tokens[person.id])

    async def directory(self, person: Person) -> Network:
        """Return the directory as somebody is shown it, verified."""
        answer = (await self.ask(person, "GET", "directory")).json
        network = Network(data(answer["entries"][0]))
        for each in answer["entries"][1:]:
            network.take(data(each))
        return network

    async def decide(
        self, person: Person, deed: directory_deeds.Deed, *, network: Network | None = None, at: int | None = None
    ) -> Answered:
        """Append to the directory as somebody."""
        network = network or await self.directory(person)
        entry = self.entry(person, deed, network, at=at)
        return await self.ask(person, "POST", "directory", {"entry": text(entry)})

    def entry(self, person: Person, deed: directory_deeds.Deed, network: Network, *, at: int | None = None) -> bytes:
        """Return an entry that would follow in the directory."""
        do, particulars = directory_deeds.written(deed)
        body = log.body(
            log=LOG, number=network.head.number + 1, after=network.head.hash, at=self.now if at is None else at,
            by=person.id.bytes, do=do, particulars=particulars,
        )  # fmt: skip
        return statement.make(self.seed(person), Kind.DIRECTORY.purpose, self.id, body)

    def seed(self, person: Person) -> bytes:
        """Return a person's signing seed."""
        return self.api.network.seeds[person.id]

    async def circle(self, person: Person, compartment_id: CompartmentId) -> Circle:
        """Return a compartment as somebody is shown it, verified."""
        answer = (await self.ask(person, "GET", f"compartments/{compartment_id}")).json
        network = Network(data(answer["directory"][0]))
        for each in answer["directory"][1:]:
            network.take(data(each))
        logs = Compartment(network, compartment_id.bytes)
        for each in answer["members"]:
            logs.take_member_entry(data(each))
        for each in answer["records"]:
            logs.take_record_entry(data(each))
        logs.require_told()
        return Circle(founded=self, person=person, id=compartment_id, logs=logs, due=answer["due"])


@dataclass(kw_only=True)
class Circle:
    """A compartment as one person has it; what they write, they write on this, however old it is."""

    founded: Founded
    person: Person
    id: CompartmentId
    logs: Compartment
    due: list[dict[str, Any]]

    @property
    def path(self) -> str:
        """Where it is."""
        return f"compartments/{self.id}"

    def member_entry(self, deed: member_deeds.Deed, *, at: int | None = None, author: Person | None = None) -> bytes:
        """Return an entry of the members' log."""
        do, particulars = member_deeds.written(deed)
        return self._entry(Kind.MEMBERSHIP, do, particulars, at=at, author=author)

    def record_entry(self, deed: record_deeds.Deed, *, at: int | None = None, author: Person | None = None) -> bytes:
        """Return an entry of the records' log."""
        do, particulars = deeds.written(record_deeds.DEEDS, deed)
        return self._entry(Kind.RECORDS, do, particulars, at=at, author=author)

    def _entry(
        self, kind: Kind, do: str, particulars: dict[str, Any], *, at: int | None, author: Person | None
    ) -> bytes:
        chain = self.logs.members if kind is Kind.MEMBERSHIP else self.logs.written
        by = author or self.person
        body = log.body(
            log=self.id.bytes, number=len(chain.hashes), after=chain.last, at=self.founded.now if at is None else at,
            by=by.id.bytes, do=do, particulars=particulars,
            seen=[each for each in self.logs.heads() if each.kind is not kind],
        )  # fmt: skip
        return statement.make(self.founded.seed(by), kind.purpose, self.founded.id, body)

    async def put(self, entry: bytes, **more: Any) -> Answered:
        """Append to the members' log."""
        return await self.founded.ask(self.person, "POST", f"{self.path}/members", {"entry": text(entry), **more})

    async def decide(self, deed: member_deeds.Deed) -> Answered:
        """Write an entry of the members' log."""
        return await self.put(self.member_entry(deed))

    async def open(
        self, case_id: UUID, deputy: Person, members: Iterable[PersonId], *, sensitive: bool = False
    ) -> Answered:
        """Open the compartment as its coordinator."""
        leaders = {self.person.id, deputy.id}
        return await self.decide(
            member_deeds.Open(
                case=case_id.bytes, sensitive=sensitive, coordinator=self.person.id.bytes, deputy=deputy.id.bytes,
                members=[each.bytes for each in members if each not in leaders], ends_at=0,
            )
        )  # fmt: skip

    def epoch(self, key: bytes, members: Sequence[bytes] | None = None) -> tuple[bytes, dict[str, Any]]:
        """Return the entry that begins the next epoch with a key, and what is sent beside it but wraps."""
        directory, now = self.logs.network.now, self.founded.now
        standing = sorted(self.logs.circle.standing(directory, now)) if members is None else list(members)
        which = epoch.Epoch(
            network=self.founded.id, compartment=self.id.bytes, number=self.logs.circle.epoch + 1
        )  # fmt: skip
        entry = self.member_entry(
            member_deeds.BeginEpoch(number=which.number, promise=epoch.promise(which, key), members=standing)
        )
        given = [
            {
                "member": str(UUID(bytes=each)),
                "statement": text(
                    write_epoch_grant(
                        self.founded.seed(self.person), self.founded.id,
                        EpochGrant(
                            log=self.id.bytes, epoch=which.number, member=each, entry=statement.hash_of(entry),
                            by=self.person.id.bytes,
                            grant=epoch.grant(which, key, member=each, member_key=directory.people[each].box_key),
                        ),
                    )
                ),
            }
            for each in standing
        ]  # fmt: skip
        return entry, {"grants": given, "wraps": []}

    async def begin_epoch(self, key: bytes, keys: dict[UUID, tuple[UUID, bytes]] | None = None) -> Answered:
        """Begin the next epoch, wrapping the keys of versions (by version: record and key)."""
        entry, more = self.epoch(key)
        number = self.logs.circle.epoch + 1
        more["wraps"] = [
            {"version": str(version), "wrap": text(self.wrap(key, number, record, version, content_key))}
            for version, (record, content_key) in (keys or {}).items()
        ]
        return await self.put(entry, **more)

    def wrap(self, key: bytes, number: int, record: UUID, version: UUID, content_key: bytes) -> bytes:
        """Wrap the key of a version for an epoch."""
        return wrap.wrap(wrap.key_for_wraps(key), number, self.place(record, version), content_key)

    def any_wrap(self) -> bytes:
        """Return what looks like a wrap for the epoch that comes next: the server can tell no more."""
        return b"\x01" + (self.logs.circle.epoch + 1).to_bytes(8) + bytes(72)

    def place(self, record: UUID, version: UUID) -> content.Place:
        """Return where a version stands."""
        return content.Place(
            network=self.founded.id, compartment=self.id.bytes, record=record.bytes, version=version.bytes
        )  # fmt: skip

    def version(
        self, key: bytes, written: bytes, *, record: UUID | None = None, follows: Sequence[bytes] = (),
        number: int | None = None, kind: str = "note",
    ) -> Written:  # fmt: skip
        """Return a version as it is sent, sealed under the key of the newest epoch."""
        record, version, content_key = record or uuid4(), uuid4(), os.urandom(32)
        sealed = content.seal(content_key, self.place(record, version), written)
        entry = self.record_entry(
            record_deeds.Write(
                record=record.bytes, version=version.bytes, kind=kind, content=sealed.hash, promise=sealed.promise,
                follows=list(follows),
            )
        )  # fmt: skip
        wrapped = self.wrap(key, number or self.logs.circle.epoch, record, version, content_key)
        return Written(
            record=record, version=version, key=content_key, sealed=sealed,
            body={"entry": text(entry), "content": text(sealed.content), "wrap": text(wrapped)},
        )  # fmt: skip

    async def put_record(self, body: object) -> Answered:
        """Append to the records' log."""
        return await self.founded.ask(self.person, "POST", f"{self.path}/records", body)

    async def accept(self) -> bytes:
        """Return the key of the newest epoch as it was granted to this person."""
        answer = (await self.founded.ask(self.person, "GET", f"{self.path}/grant")).json
        which = epoch.Epoch(network=self.founded.id, compartment=self.id.bytes, number=answer["epoch"])
        said = statement.verified(data(answer["statement"]), "epoch-grant", self.founded.id)
        sealed = said.body["grant"]
        assert isinstance(sealed, bytes)
        return epoch.accept(
            self.founded.secrets[self.person.id], sealed, which, member=self.person.id.bytes,
            promised=self.logs.circle.promise,
        )  # fmt: skip

    def read(self, key: bytes, written: Written, answer: dict[str, Any]) -> bytes:
        """Open a version that was fetched."""
        newest = answer["wraps"][-1]
        content_key = wrap.unwrap(
            wrap.key_for_wraps(key), newest["epoch"], self.place(written.record, written.version), data(newest["wrap"])
        )
        sealed = content.Sealed(
            content=data(answer["content"]), hash=written.sealed.hash, promise=written.sealed.promise
        )  # fmt: skip
        return content.open_(content_key, self.place(written.record, written.version), sealed)


@dataclass(kw_only=True)
class Written:
    """A version: what its author keeps of it, and the body of the request."""

    record: UUID
    version: UUID
    key: bytes
    sealed: content.Sealed
    body: dict[str, str]

    @property
    def hash(self) -> bytes:
        """The hash of its entry, by which another version follows it."""
        return statement.hash_of(data(self.body["entry"]))


async def found(api: ServedApi, *offices: Office) -> Founded:
    """Found a network of agencies that are there, each with its people and an administrator, as the operator does."""
    administrators = {each.agency.id: await api.network.person(each.agency, Role.ADMINISTRATOR) for each in offices}
    staff = {
        each.agency: [administrators[each.agency.id], *each.workers, *each.officers, *each.deputies] for each in offices
    }
    founded = await found_with(api, staff)
    founded.administrators |= administrators
    return founded


async def found_with(api: ServedApi, staff: Mapping[Agency, Sequence[Person]]) -> Founded:
    """Found a network with just these people; the first of the first agency administers it, as others do theirs."""
    genesis, secrets = genesis_of(api.network.seeds, _seconds(api.network.clock), staff)
    await api.services.directory_log.install(genesis)
    return Founded(api=api, genesis=genesis, secrets=secrets)


def genesis_of(
    seeds: Mapping[PersonId, bytes], at: int, staff: Mapping[Agency, Sequence[Person]]
) -> tuple[bytes, dict[PersonId, bytes]]:
    """Return a genesis signed by the first of the first agency, and everybody's secret."""
    founder = next(iter(staff.values()))[0]
    secrets = {each.id: os.urandom(32) for people in staff.values() for each in people}
    agencies = [
        NewAgency(
            agency=agency.id.bytes, name=agency.name, kind=agency.kind,
            people=[attested(each, secrets[each.id]) for each in people],
        )
        for agency, people in staff.items()
    ]  # fmt: skip
    do, particulars = directory_deeds.written(Found(name="An invented network", agencies=agencies))
    body = log.body(
        log=LOG, number=0, after=log.START, at=at, by=founder.id.bytes, do=do,
        particulars=particulars,
    )  # fmt: skip
    return statement.make(seeds[founder.id], GENESIS, statement.NO_NETWORK, body), secrets


def attested(person: Person, secret: bytes) -> Attested:
    """Return what an agency says of a person who is on its staff."""
    return Attested(
        person=person.id.bytes, agency=person.agency_id.bytes, name=person.name, role=person.role,
        signing_key=person.signing_key, box_key=sealed_box.public_key(secret), matrix_user=person.matrix_user,
        matrix_master=b"",
    )  # fmt: skip


def new_seed(api: ServedApi, person: Person) -> bytes:
    """Give a person another signing key; return its public half."""
    seed = signing.new_seed()
    api.network.seeds[person.id] = seed
    return signing.public_key(seed)


def _seconds(clock: Clock) -> int:
    return int(clock.now().timestamp())
