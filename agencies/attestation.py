"""Whose Matrix identity is whose: what is known of it, who may confirm it, and the code that is read aloud.

Pure rules. `agencies.linking` is how people come to an attestation; `agencies.attestations` is what the bot reads of
it, and adds to it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import Person, PersonId, Role
from core.errors import InvalidInput
from core.texts import mark

ClaimId = NewType("ClaimId", UUID)
AttestationId = NewType("AttestationId", UUID)

DEVICE_KEY_BYTES = 32
CODE_CHARACTERS = 16
MOST_WRONG_CODES = 5
# Why a link ended when another was confirmed for the same person.
REPLACED = "replaced"
# Longer and stranger ones are allowed by nobody's client; what is shown to an administrator must be readable.
_DEVICE_ID = re.compile(r"[\x21-\x7e]{1,255}")
_GROUP = 4

NOT_A_SESSION_KEY = mark(
    "This is not a session key. It has 43 letters, digits and signs; copy it whole from your Matrix client's settings."
)
NOT_A_CODE = mark("A code has 16 letters, digits and signs: the first 16 of the session key. Ask for it again.")
NOT_A_DEVICE = mark("This is not a device id. It has no spaces; copy it from your Matrix client's settings.")


class ClaimState(StrEnum):
    """What became of a claim. Only one that waits is decided, once."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class EndReason(StrEnum):
    """Why somebody ends a link."""

    LOST_DEVICE = "lost_device"
    RESET = "reset"
    LEFT = "left"
    COMPROMISED = "compromised"


class LinkState(StrEnum):
    """How far a person is linked to a Matrix identity. Only `linked` gets keys and is obeyed."""

    LINKED = "linked"
    WAITING_FOR_CONFIRMATION = "waiting_for_confirmation"
    WAITING_FOR_IDENTITY = "waiting_for_identity"
    CHANGED = "changed"
    NOT_LINKED = "not_linked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Whose identity a Matrix user's is: the device that was confirmed, and the master key that followed from it."""

    id: AttestationId
    person_id: PersonId
    matrix_user: str
    device_id: str
    device_key: bytes
    master_key: bytes | None = None
    # Another identity was published since, or none: this row never counts again.
    changed: bool = False
    # How the device leads to it (`crypto.identity_proof`), for those who do not ask a homeserver.
    proof: bytes | None = field(default=None, compare=False, repr=False)

    @property
    def state(self) -> LinkState:
        """How far this link came."""
        if self.changed:
            return LinkState.CHANGED
        return LinkState.WAITING_FOR_IDENTITY if self.master_key is None else LinkState.LINKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a person said of a device, and nobody has decided yet. The key is for the check of the code only."""

    id: ClaimId
    person_id: PersonId
    device_id: str
    device_key: bytes
    made_at: datetime


def may_confirm(asker: Person, person: Person, administrators: Collection[PersonId]) -> bool:
    """Tell whether somebody may decide about a person's device.

    `administrators` are the active ones of the person's agency. Where it has none but the person, an administrator of
    any agency may: a small shelter is not left without a link, and nobody ever confirms their own.
    """
    if not asker.active or asker.role is not Role.ADMINISTRATOR or asker.id == person.id:
        return False
    return asker.agency_id == person.agency_id or not set(administrators) - {person.id}


def link_state(attestation: Attestation | None, *, claimed: bool) -> LinkState:
    """Return how far a person is linked; a claim that waits changes nothing while a link stands."""
    if attestation is not None:
        return attestation.state
    return LinkState.WAITING_FOR_CONFIRMATION if claimed else LinkState.NOT_LINKED


def read_session_key(text: str) -> bytes:
    """Return the Ed25519 key that a client shows as its session key, in groups of four or in one piece."""
    joined = "".join(text.split()).rstrip("=")
    try:
        key = base64.b64decode(joined + "=" * (-len(joined) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(NOT_A_SESSION_KEY) from None
    # The last character holds two bits of nothing: a slip of the pen there is a slip like any other.
    if len(key) != DEVICE_KEY_BYTES or _shown(key) != joined:
        raise InvalidInput(NOT_A_SESSION_KEY)
    return key


def read_device_id(text: str) -> str:
    """Return a device id as a client shows it."""
    stripped = text.strip()
    if not _DEVICE_ID.fullmatch(stripped):
        raise InvalidInput(NOT_A_DEVICE)
    return stripped


def code_of(device_key: bytes) -> str:
    """Return what is read aloud: the beginning of the session key, as the client shows it."""
    start = _shown(device_key)[:CODE_CHARACTERS]
    return " ".join(start[at : at + _GROUP] for at in range(0, CODE_CHARACTERS, _GROUP))


def fits(code: str, device_key: bytes) -> bool:
    """Tell whether a code is this device's; capital and small letters are alike, for it is read aloud.

    Finding another key with the same code would then still take some 2^80 attempts.
    """
    said = "".join(code.split())
    if len(said) != CODE_CHARACTERS or not said.isascii():
        raise InvalidInput(NOT_A_CODE)
    return said.casefold() == code_of(device_key).replace(" ", "").casefold()


def _shown(device_key: bytes) -> str:
    return base64.b64encode(device_key).decode("ascii").rstrip("=")
