"""What the API answers about emergency cards and the keys of duty desks: public keys and sealed bytes."""

from __future__ import annotations

from uuid import UUID

from client.answers import Answer, Moment


class DeskKey(Answer, frozen=True, kw_only=True):
    """A duty desk that one belongs to, and its public key."""

    desk: UUID
    agency: UUID
    key: bytes | None
    added_at: Moment | None
    renew_since: Moment | None


class DeskKeys(Answer, frozen=True, kw_only=True):
    """The duty desks that one belongs to."""

    desks: list[DeskKey]


class DeskInCard(Answer, frozen=True, kw_only=True):
    """A desk that a card is for, its public key, and how it stands with its card."""

    desk: UUID
    agency: UUID
    key: bytes | None
    renew_since: Moment | None
    # Who gave the key, when, and with which signature (`crypto.desk_key`).
    given_by: UUID | None
    signed_at: Moment | None
    signature: bytes | None
    state: str
    excluded_sits: bool


class CardOfCompartment(Answer, frozen=True, kw_only=True):
    """How it stands with the card of a compartment; without one `number` is 0."""

    compartment: UUID
    number: int
    written_by: UUID | None
    author: str
    written_at: Moment | None
    desks: list[DeskInCard]


class SealedCard(Answer, frozen=True, kw_only=True):
    """A card sealed to one desk."""

    desk: UUID
    sealed: bytes


class CardOfAlert(Answer, frozen=True, kw_only=True):
    """The card of an alert that one has accepted, sealed to one's desks."""

    compartment: UUID
    number: int
    written_by: UUID
    author: str
    written_at: Moment
    sealed: list[SealedCard]
