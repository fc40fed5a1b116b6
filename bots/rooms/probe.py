"""The room of continuous proof: who its two parties are, what is said there, and what an answer proves.

Owns the table `probe_parties` and what is noted in `proofs` of an answer. Bot and prober each write down their own
Matrix identity and go by the other's as by a person's confirmed one; nobody else is ever in that room. What is said
there is a number and nothing else.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agencies.attestation import Attestation, AttestationId
from agencies.attestations import CHANNEL
from agencies.model import PersonId
from bots.device.received import Received
from bots.keys.attested import is_of
from bots.statements import SQL
from core.database import Database, Reading, Transaction
from core.ids import new_id

# Both directions say the number of the proof in this shape; what stands around it is for people's eyes.
_CODE = re.compile(r"\b[0-9a-f]{32}\b")
ANSWER = "System: self-test {code} was read."
_NO_DEVICE = b""


class Party(StrEnum):
    """Whose identity it is."""

    BOT = "bot"
    PROBER = "prober"


async def introduce(database: Database, party: Party, user_id: str, master_key: bytes, now: datetime) -> bool:
    """Write down whose identity is whose; tell whether that is news. A room follows its prober's account."""
    async with database.transaction() as tx:
        changed = await tx.run(SQL["introduce_party"], party, new_id(), new_id(), user_id, master_key, now)
        if changed:
            await tx.wake(CHANNEL)
        return bool(changed)


async def standing(reading: Reading, party: Party) -> dict[str, Attestation]:
    """Return what the other party goes by, by Matrix user; nothing before it made itself known."""
    row = await reading.row(SQL["party"], party)
    if row is None:
        return {}
    attestation = Attestation(
        id=AttestationId(row["attestation_id"]), person_id=PersonId(row["id"]), matrix_user=row["matrix_user"],
        device_id="", device_key=_NO_DEVICE, master_key=row["master_key"],
    )  # fmt: skip
    return {attestation.matrix_user: attestation}


def code_in(message: Received) -> UUID | None:
    """Return which proof a message is about, if any."""
    found = _CODE.search(message.body) if message.msgtype == "m.text" else None
    return None if found is None else UUID(found.group())


async def room_of_probe(reading: Reading) -> str | None:
    """Return the Matrix room of the proof, once the bot has made it."""
    room_id: str | None = await reading.value(SQL["probe_room"])
    return room_id


async def is_said_by(reading: Reading, message: Received, party: Party) -> bool:
    """Tell whether a message stands in the room of the proof and is surely this party's."""
    attestation = (await standing(reading, party)).get(message.sender)
    return (
        message.bound
        and attestation is not None
        and is_of(attestation, message.sender, message.sender_identity)
        and await room_of_probe(reading) == message.room_id
    )


async def note_read(tx: Transaction, proof_id: UUID, now: datetime) -> bool:
    """Note that the prober has read a proof; False where it is none, or was read before."""
    return bool(await tx.run(SQL["proof_read"], proof_id, now))


async def note_proven(tx: Transaction, proof_id: UUID, now: datetime) -> bool:
    """Note that the bot has heard the prober's answer; False where it is none, or was heard before."""
    return bool(await tx.run(SQL["proof_answered"], proof_id, now))
