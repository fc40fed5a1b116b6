"""Duty desks with keys, and cards sealed to them, as their machines make them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from agencies.model import DeskId, Person
from alerts.cards.service import CardView
from cases.model import CompartmentId
from crypto import desk_key, emergency_card
from crypto.emergency_card import Place
from tests.people import NETWORK, Network, Office

FIELDS = ("A girl of 16", "the shelter until Friday", "Ana Primer +381600000000", "do NOT ring her mother")


async def give_key(network: Network, office: Office, secret: bytes | None = None, by: Person | None = None) -> bytes:
    """Give an office's desk a key, by its officer; return the secret half, a new one unless it is given."""
    assert office.desk_id is not None
    giver, secret = by or office.officer, secret or desk_key.new_secret()
    key, at = desk_key.public_key(secret), network.clock.now().replace(microsecond=0)
    signature = desk_key.sign(
        network.seeds[giver.id], network=NETWORK, person=giver.id.bytes, desk=office.desk_id.bytes, key=key,
        at=int(at.timestamp()),
    )  # fmt: skip
    await network.desk_keys.put(giver, office.desk_id, key, at, signature)
    return secret


def seal_to(
    network: Network, by: Person, compartment: UUID, number: int, keys: Mapping[DeskId, bytes]
) -> dict[DeskId, bytes]:  # fmt: skip
    """Return a card sealed to each of these public keys."""
    return {
        desk: emergency_card.seal(
            network.seeds[by.id],
            Place(network=NETWORK, compartment=compartment.bytes, number=number, desk=desk.bytes, key=key),
            author=by.id.bytes,
            written_at=int(network.clock.now().timestamp()),
            fields=FIELDS,
        )
        for desk, key in keys.items()
    }


async def put_card(network: Network, by: Person, compartment: CompartmentId) -> CardView:
    """Put the next card of a compartment, sealed to every desk that has a key."""
    seen = await network.cards.see(by, compartment)
    number = 1 + (0 if seen.card is None else seen.card.number)
    keys = {each.desk_id: each.key.key for each in seen.desks if each.key is not None}
    return await network.cards.put(by, compartment, number, seal_to(network, by, compartment, number, keys))
