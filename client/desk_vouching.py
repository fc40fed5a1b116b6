"""Which keys of duty desks a writer's machine seals to: those that somebody attested for the desk's agency has signed.

The server shows a desk, its agency and its key; with the network's directory at hand none of that is believed. The one
who gave the key signed desk and key with their own, which the directory gives (`crypto.desk_key`): a server has none to
sign with, and a person of one agency gives no other agency's desk a key. That a desk is of an agency is the server's
word, until it was met here: another agency for it is refused then. Whoever is revoked, suspended or has other keys has
given none. The moment of the signature only grows: an older word than one that was met here is refused. A key
that nobody vouches for is sealed to only where somebody compared its fingerprint (`client.known_keys`).
"""

from __future__ import annotations

from agencies.trust.directory import Directory
from client.card_answers import DeskInCard
from client.known_keys import KnownKeys
from core.errors import Conflict
from core.texts import mark
from crypto import desk_key, signing

NOT_VOUCHED = mark(
    "Nobody whom the directory attests for {agency} has signed the key of its duty desk. NOTHING was sealed. Have "
    "somebody there run: streha card key; or ring the desk, have the fingerprint read to you, and say: streha card "
    "trust"
)
OTHER_AGENCY = mark(
    "Streha shows a duty desk that you know as one of another agency, {agency}. NOTHING was sealed. Ring whoever leads "
    "the case, and tell the operator."
)
OLDER_KEY = mark(
    "Streha shows an older key of the duty desk of {agency} than you have sealed to. NOTHING was sealed. Ring the "
    "desk, have the fingerprint read to you, and say: streha card trust"
)


def vouched(directory: Directory, network: str, desk: DeskInCard) -> bool:
    """Whether somebody of the desk's agency has signed this key for this desk. `network` is the server's name."""
    if desk.key is None or desk.given_by is None or desk.signed_at is None or desk.signature is None:
        return False
    member = directory.people.get(desk.given_by.bytes)
    if member is None or member.agency != desk.agency.bytes or directory.agencies[member.agency].suspended:
        return False
    try:
        desk_key.check(
            member.signing_key, desk.signature, network=network, person=member.id, desk=desk.desk.bytes, key=desk.key,
            at=int(desk.signed_at.timestamp()),
        )  # fmt: skip
    except signing.SignatureInvalid:
        return False
    return True


def require_vouched(directory: Directory, network: str, desk: DeskInCard, known: KnownKeys, agency: str) -> None:
    """Refuse a desk's key that neither the directory vouches for nor somebody compared here; and an older one."""
    key = desk.key or b""
    if known.agencies.get(desk.desk, desk.agency) != desk.agency:
        # Whose desk it is only the server says: one that was met here changes hands in nobody's silence.
        raise Conflict(OTHER_AGENCY, agency=agency)
    if known.compared(desk.desk, desk.agency, key):
        return
    if not vouched(directory, network, desk):
        raise Conflict(NOT_VOUCHED, agency=agency)
    if desk.signed_at is not None and int(desk.signed_at.timestamp()) < known.signed.get(desk.desk, 0):
        raise Conflict(OLDER_KEY, agency=agency)


def agency_name(directory: Directory, desk: DeskInCard) -> str:
    """Return the name of a desk's agency as the directory attests it; an id where it knows none."""
    found = directory.agencies.get(desk.agency.bytes)
    return str(desk.agency)[:8] if found is None else found.name
