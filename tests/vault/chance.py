"""Stories that chance makes up: directory, members and records decided upon by anybody, in any order, by any heads.

Most of what is said is refused, as it should be; what each program makes of every statement, and what holds in the end,
must be the same.
"""

from __future__ import annotations

from random import Random
from typing import Any

from agencies.model import Role
from agencies.trust import deeds as directory_deeds
from cases.trust import deeds as member_deeds
from cases.trust import records as record_deeds
from crypto.vault import deeds, log, statement
from crypto.vault.deterministic import Value
from crypto.vault.log import Head, Kind
from tests.unit.test_trusted_circles import ANA, BOJAN, COMPARTMENT, OLGA, PETAR, VESNA, a_story, opening
from tests.unit.test_trusted_directory import NOW, Somebody, agency_id
from tests.vault.told import Told

EVERYBODY = (ANA, PETAR, BOJAN, VESNA, OLGA)
AGENCIES = ("shelter", "police", "court")
RECORDS = (bytes([7]) * 16, bytes([8]) * 16)
UNTIL = NOW + 6 * 3600


class Chance:
    """One story, made up as it goes on."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 (a story, no key)
        self.genesis = a_story().steps[0][1]
        self.told = Told(self.genesis, COMPARTMENT)
        self.people = {each.id: each for each in EVERYBODY}
        self.steps: list[list[Any]] = []
        # What was taken in of each log, by hash; of the records, of which record a version is.
        self.taken: dict[Kind, list[bytes]] = {kind: [] for kind in Kind}
        self.of: dict[bytes, bytes] = {}

    def given(self, steps: int) -> dict[str, Any]:
        """Return what is given to whoever tells the story anew."""
        sensitive = self.random.random() < 0.5
        first = opening(sensitive=sensitive, members=() if sensitive else (BOJAN,))
        self._say(Kind.MEMBERSHIP, ANA, *member_deeds.written(first), NOW, self._heads(Kind.DIRECTORY, 0))
        for _ in range(steps):
            at = NOW + self.random.choice((0, 0, 0, 1800, 3600, 7200))
            author = self.people[self.random.choice((ANA, PETAR, *EVERYBODY)).id]
            self.random.choice((self._in_directory, self._of_members, self._of_members, self._of_records))(author, at)
        return {
            "genesis": self.genesis.hex(), "compartment": COMPARTMENT.hex(), "now": NOW, "steps": self.steps,
        }  # fmt: skip

    def _in_directory(self, author: Somebody, at: int) -> None:
        who = self.people[self.random.choice(EVERYBODY).id]
        anew = _with_other_keys(who)
        changes = self.random.choice(
            ({}, {"role": self.random.choice(list(Role))}, {"agency": agency_id(self.random.choice(AGENCIES))})
        )
        fields = {name: getattr(who.attested, name) for name in who.attested.__struct_fields__} | changes
        deed = self.random.choice((
            directory_deeds.Rekey(person=who.id, signing_key=anew.signing_key, box_key=anew.box_key, until=UNTIL),
            directory_deeds.Revoke(person=who.id),
            directory_deeds.Attest(**fields, until=UNTIL),
            directory_deeds.Suspend(agency=agency_id(self.random.choice(AGENCIES)), until=UNTIL),
            directory_deeds.Approve(proposal=self._one(Kind.DIRECTORY)),
            directory_deeds.Withdraw(proposal=self._one(Kind.DIRECTORY)),
        ))  # fmt: skip
        self._say(Kind.DIRECTORY, author, *directory_deeds.written(deed), at, [])
        for member in self.told.directories[-1].people.values():
            while self.people[member.id].signing_key != member.signing_key:
                self.people[member.id] = _with_other_keys(self.people[member.id])

    def _of_members(self, author: Somebody, at: int) -> None:
        person, other = self.random.choice(EVERYBODY).id, self.random.choice(EVERYBODY).id
        circle = self.told.circles[-1]
        standing = sorted(circle.standing(self.told.directories[-1], at))
        deed = self.random.choice((
            member_deeds.Add(person=person), member_deeds.Propose(person=person, until=UNTIL),
            member_deeds.AddInEmergency(person=person, until=NOW + 3600), member_deeds.Remove(person=person),
            member_deeds.Exclude(person=person, reason=b""), member_deeds.Readmit(person=person),
            member_deeds.Lead(coordinator=person, deputy=other), member_deeds.Succeed(deputy=person, until=UNTIL),
            member_deeds.Hold(), member_deeds.Release(until=UNTIL), member_deeds.Keep(until=at + 60),
            member_deeds.BeginEpoch(number=circle.epoch + 1, promise=bytes(32), members=standing),
            member_deeds.Approve(proposal=self._one(Kind.MEMBERSHIP)),
            member_deeds.Withdraw(proposal=self._one(Kind.MEMBERSHIP)),
        ))  # fmt: skip
        seen = self._heads(Kind.DIRECTORY, self.random.choice((0, 0, 0, 2)))
        if self.random.random() < 0.9:
            seen += self._heads(Kind.RECORDS, self.random.choice((0, 0, 1, 4)))
        self._say(Kind.MEMBERSHIP, author, *member_deeds.written(deed), at, seen)

    def _of_records(self, author: Somebody, at: int) -> None:
        record = self.random.choice(RECORDS)
        there = [each for each in self.taken[Kind.RECORDS] if self.of[each] == record]
        follows = self.random.sample(there, min(len(there), self.random.choice((1, 1, 1, 2, 0))))
        deed = self.random.choice((
            *(record_deeds.Write(
                record=record, version=len(self.steps).to_bytes(16), kind="plan", content=bytes(32),
                promise=bytes(32), follows=follows,
            ),) * 7,
            record_deeds.Erase(record=record),
        ))  # fmt: skip
        seen = self._heads(Kind.DIRECTORY, 0) + self._heads(Kind.MEMBERSHIP, self.random.choice((0, 0, 1, 2, 5)))
        said = self._say(Kind.RECORDS, author, *deeds.written(record_deeds.DEEDS, deed), at, seen)
        self.of[said] = record

    def _one(self, kind: Kind) -> bytes:
        return self.random.choice(self.taken[kind] or [bytes(32)])

    def _heads(self, kind: Kind, back: int) -> list[Head]:
        chain = self.told.chains[kind]
        number = max(0, len(chain.hashes) - 1 - back)
        return [Head(kind=kind, log=chain.log, number=number, hash=chain.hashes[number])] if chain.hashes else []

    def _say(
        self, kind: Kind, author: Somebody, do: str, particulars: dict[str, Value], at: int, seen: list[Head]
    ) -> bytes:
        chain = self.told.chains[kind]
        body = log.body(
            log=chain.log, number=len(chain.hashes), after=chain.last, at=at, by=author.id, do=do,
            particulars=particulars, seen=seen,
        )  # fmt: skip
        made = statement.make(author.seed, kind.purpose, self.told.network, body)
        self.steps.append([int(kind), made.hex()])
        hashed = statement.hash_of(made)
        if self.told.take(kind, made) == "ok":
            self.taken[kind].append(hashed)
        return hashed


def _with_other_keys(who: Somebody) -> Somebody:
    return Somebody(name=who.name, agency=who.agency, role=who.role, generation=who.generation + 1)
