"""Founding a network: the genesis that its first administrator signs, from what the others have offered.

Pure: files and questions are the command's (`streha.commands.founding`), the rules of a genesis
`agencies.trust.directory`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agencies.model import AgencyKind, Role
from agencies.trust import deeds, offers
from agencies.trust.deeds import Found, NewAgency
from agencies.trust.network import LOG, Network
from agencies.trust.offers import Offered
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import log, statement
from crypto.vault.failures import Refused
from crypto.vault.labels import GENESIS
from crypto.vault.statement import NO_NETWORK

NOT_AN_OFFER = mark("The file {path} is no offer of keys for a network that is to be founded. Ask for it again.")
NOT_YOURS = mark("Your own offer is missing. Make it: streha keys offer")
NO_AGENCY = mark("{name} offers keys for an agency that is not in the list. Ask the operator for the list again.")
NO_ADMINISTRATOR = mark("Among the founders of {agency} is no administrator. Each agency needs at least one.")
TWICE = mark("Two of the offers are of one person, or of the same keys. Ask again for the right ones.")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundingAgency:
    """An agency as the operator has recorded it; the id has 16 bytes."""

    id: bytes
    name: str
    kind: AgencyKind


def read_offer(data: bytes, path: str) -> Offered:
    """Return what a founder offers; raise InvalidInput."""
    try:
        return offers.read(data, NO_NETWORK)
    except Refused as refused:
        raise InvalidInput(NOT_AN_OFFER, path=path, outcome=refused.outcome) from refused


def found(
    seed: bytes, person: bytes, *, name: str, agencies: Sequence[FoundingAgency], offered: Sequence[Offered], at: int
) -> tuple[bytes, bytes]:
    """Return the genesis and the 32 bytes that name the network; raise InvalidInput where it could not stand."""
    _require_founders(person, agencies, offered)
    deed = Found(
        name=name,
        agencies=[
            NewAgency(agency=each.id, name=each.name, kind=each.kind, people=people)
            for each in agencies
            if (people := [one.attested() for one in offered if one.offer.agency == each.id])
        ],
    )
    do, particulars = deeds.written(deed)
    body = log.body(log=LOG, number=0, after=log.START, at=at, by=person, do=do, particulars=particulars)
    genesis = statement.make(seed, GENESIS, NO_NETWORK, body)
    try:
        return genesis, Network(genesis).id
    except Refused as refused:
        raise InvalidInput(TWICE, outcome=refused.outcome) from refused


def _require_founders(person: bytes, agencies: Sequence[FoundingAgency], offered: Sequence[Offered]) -> None:
    if person not in {each.offer.person for each in offered}:
        raise InvalidInput(NOT_YOURS)
    known = {each.id: each.name for each in agencies}
    for each in offered:
        if each.offer.agency not in known:
            raise InvalidInput(NO_AGENCY, name=each.offer.name)
    for agency in {each.offer.agency for each in offered}:
        roles = {each.offer.role for each in offered if each.offer.agency == agency}
        if Role.ADMINISTRATOR not in roles:
            raise InvalidInput(NO_ADMINISTRATOR, agency=known[agency])
