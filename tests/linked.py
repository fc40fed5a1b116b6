"""People who are to be linked, what the bot writes down of them, and what stands of it in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agencies import attestations
from agencies.attestation import Attestation, LinkState
from agencies.model import Person
from core.database import Database
from tests.people import Network, Office

MASTER_KEY = bytes(range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelter:
    """An agency with a worker who wants to be linked, and its administrators."""

    office: Office
    worker: Person
    administrator: Person
    other_administrator: Person


async def standing(network: Network) -> dict[str, Attestation]:
    """Return the links that stand, by Matrix user."""
    async with network.database.reading() as reading:
        return await attestations.standing(reading)


async def pin(network: Network, attestation_id: UUID, key: bytes = MASTER_KEY) -> bool:
    """Let the bot have followed a device to an identity."""
    async with network.database.transaction() as tx:
        return await attestations.pin(tx, attestation_id, key, network.clock.now())


async def note_changed(network: Network, attestation_id: UUID) -> bool:
    """Let the bot have seen another identity."""
    async with network.database.transaction() as tx:
        return await attestations.note_changed(tx, attestation_id, network.clock.now())


async def link_everybody(database: Database, now: datetime) -> None:
    """Let everybody who is not linked have been confirmed, and followed to the one identity that tests speak with."""
    async with database.transaction() as tx:
        await tx.run(
            "WITH claimed AS ("
            "  INSERT INTO device_claims (id, person_id, device_id, device_key, signed_at, signature, made_at, state, "
            "    decided_at, decided_by) "
            "  SELECT gen_random_uuid(), id, 'DEVICE', signing_key, $1, signing_key || signing_key, $1, 'confirmed', "
            "    $1, (SELECT id FROM people AS other WHERE other.id <> people.id LIMIT 1) FROM people "
            "  WHERE NOT EXISTS (SELECT FROM matrix_attestations WHERE person_id = people.id AND ended_at IS NULL) "
            "  RETURNING *) "
            "INSERT INTO matrix_attestations (id, person_id, matrix_user, device_id, device_key, master_key, claim_id, "
            "  attested_by, attested_at, pinned_at) "
            "SELECT gen_random_uuid(), person_id, matrix_user, device_id, device_key, $2, claimed.id, decided_by, $1, "
            "  $1 "
            "FROM claimed JOIN people ON people.id = person_id",
            now, MASTER_KEY,
        )  # fmt: skip


async def state(network: Network, person: Person) -> LinkState:
    """Return how far somebody is linked."""
    (link,) = [each for each in await network.linking.states(person) if each.person.id == person.id]
    return link.state


async def column(database: Database, query: str) -> list[str]:
    """Return one column, as words."""
    async with database.reading() as reading:
        return [str(row["value"]) for row in await reading.rows(query)]


async def claims(network: Network) -> list[str]:
    """Return what became of every claim, in alphabetical order."""
    return sorted(await column(network.database, "SELECT state AS value FROM device_claims"))


async def acts(network: Network) -> list[str]:
    """Return what the ledger has of linking, in order; each act names whom it is about."""
    about_nobody = "SELECT act AS value FROM ledger WHERE act ~ 'device|matrix' AND NOT facts ? 'person'"
    assert await column(network.database, about_nobody) == []
    return await column(network.database, "SELECT act AS value FROM ledger WHERE act ~ 'device|matrix' ORDER BY entry")
