"""Linking, with everything at once: one link stands, one claim waits, and no decision is about another device."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random

import pytest

from agencies.attestation import EndReason, code_of
from agencies.model import Person, PersonId
from core.errors import Conflict, NotFound
from crypto import signing
from tests.linked import Shelter, acts, claims, column, note_changed, pin, standing
from tests.people import Network

pytest_plugins = ("tests.fixtures_linking",)

ROUNDS, AT_ONCE = 6, 12
# Every act that a link may see, claims and confirmations more often than the others.
KINDS = ("claim", "claim", "confirm", "confirm", "refuse", "end", "follow")
# A link comes from a confirmed claim of its own, by the same somebody else, for the same device.
UNFOUNDED = """
    SELECT link.id AS value FROM matrix_attestations AS link JOIN device_claims AS claim ON claim.id = link.claim_id
    WHERE claim.state <> 'confirmed' OR claim.decided_by <> link.attested_by OR link.attested_by = link.person_id
        OR claim.person_id <> link.person_id OR claim.device_key <> link.device_key"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """One thing that somebody does."""

    kind: str
    asker: Person
    person: Person
    key: bytes

    async def run(self, network: Network) -> bool:
        """Do it; tell whether it was not refused."""
        try:
            await self._run(network)
        except (NotFound, Conflict):
            return False
        return True

    async def _run(self, network: Network) -> None:
        match self.kind:
            case "claim":
                await network.claim(self.person, key=self.key)
            case "confirm":
                await network.linking.confirm(self.asker, self.person.id, code_of(self.key))
            case "refuse":
                await network.linking.refuse(self.asker, self.person.id)
            case "end":
                await network.linking.end(self.asker, self.person.id, EndReason.RESET)
            case _:
                for each in (await standing(network)).values():
                    await pin(network, each.id)
                    await note_changed(network, each.id)


async def all_at_once(network: Network, doings: list[Doing]) -> list[bool]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run(network)) for each in doings]
    return [each.result() for each in running]


async def without_guards(network: Network) -> None:
    """Let it hold without the database's own guards, which would turn a fault into a refusal."""
    async with network.database.transaction() as tx:
        for index in ("one_waiting_claim", "one_standing_attestation", "one_attestation_of_user"):
            await tx.run(f"DROP INDEX {index}")


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_comes_between_one_link_stands_and_one_claim_waits(
    network: Network, shelter: Shelter, seed: int
) -> None:
    await without_guards(network)
    random = Random(seed)  # noqa: S311 (a story, not a secret)
    people = [shelter.worker, shelter.administrator, shelter.other_administrator]
    keys: dict[PersonId, list[bytes]] = {
        each.id: [signing.public_key(signing.new_seed()) for _ in range(2)] for each in people
    }
    done: list[bool] = []
    for _ in range(ROUNDS):
        doings = []
        for _ in range(AT_ONCE):
            person = random.choice(people)
            key = random.choice(keys[person.id])
            doings.append(Doing(kind=random.choice(KINDS), asker=random.choice(people), person=person, key=key))
        done += await all_at_once(network, doings)
        for table, still in (("device_claims", "state = 'waiting'"), ("matrix_attestations", "ended_at IS NULL")):
            query = f"SELECT count(*) AS value FROM {table} WHERE {still} GROUP BY person_id"  # noqa: S608 (own tables)
            assert set(await column(network.database, query)) <= {"1"}
    assert 0 < done.count(True) < len(done)
    assert await column(network.database, UNFOUNDED) == []
    told, became = await acts(network), await claims(network)
    assert told.count("device_claimed") == len(became)
    assert told.count("device_confirmed") == became.count("confirmed") > 0


async def test_claims_at_once_leave_one(network: Network, shelter: Shelter) -> None:
    await without_guards(network)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(network.claim(shelter.worker))
    assert await claims(network) == ["superseded"] * 7 + ["waiting"]


async def test_confirmations_at_once_make_one_link(network: Network, shelter: Shelter) -> None:
    await without_guards(network)
    key = await network.claim(shelter.worker)
    askers = [shelter.administrator, shelter.other_administrator] * 4
    done = await all_at_once(
        network, [Doing(kind="confirm", asker=each, person=shelter.worker, key=key) for each in askers]
    )
    assert done.count(True) == 1
    assert len(await column(network.database, "SELECT id AS value FROM matrix_attestations")) == 1


@pytest.mark.parametrize("attempt", range(4))
async def test_a_confirmation_beside_a_newer_claim_confirms_what_was_heard_or_nothing(
    network: Network, shelter: Shelter, attempt: int
) -> None:
    heard = await network.claim(shelter.worker)
    newer = signing.public_key(signing.new_seed())
    claim = Doing(kind="claim", asker=shelter.worker, person=shelter.worker, key=newer)
    confirm = Doing(kind="confirm", asker=shelter.administrator, person=shelter.worker, key=heard)
    done = await all_at_once(network, [claim, confirm] if attempt % 2 else [confirm, claim])
    assert done[0 if attempt % 2 else 1], "a claim is never refused over a confirmation"
    confirmed = done[1 if attempt % 2 else 0]
    assert {each.device_key for each in (await standing(network)).values()} == ({heard} if confirmed else set())
    assert await claims(network) == (["confirmed", "waiting"] if confirmed else ["superseded", "waiting"])
