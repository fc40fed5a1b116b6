"""Emergency cards and the keys of duty desks over the wire: public keys and sealed bytes, nothing that can be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

import msgspec

from agencies.desk_keys import KeyOfDesk
from agencies.model import AgencyId, DeskId, PersonId
from alerts.cards.rules import MOST_DESKS, CardState
from alerts.cards.service import CardView, DeskView, Given
from cases.model import CompartmentId
from crypto.desk_key import KEY_BYTES
from crypto.emergency_card import ENVELOPE_BYTES
from server.api.wire import Moment, NameOfPerson, Wire
from server.api.wire.directory import Signature, exactly

NOT_DUE = msgspec.Meta(examples=[None])

PublicKey = Annotated[bytes, exactly(KEY_BYTES)]
Sealed = Annotated[bytes, exactly(ENVELOPE_BYTES)]
# Which card it is of all that a compartment had.
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1, examples=[3])]


class PutDeskKey(Wire, frozen=True, kw_only=True):
    """The public half of a desk's key (X25519), and the signature of whoever gives it.

    The signature has the purpose `desk-key`; what it covers is the giver's id, the desk, the key and the moment in
    whole seconds.
    """

    key: PublicKey
    signed_at: Moment
    signature: Signature


class DeskKeyAnswer(Wire, frozen=True, kw_only=True):
    """A desk that the asker belongs to, with its key. A new key is due since `renew_since`."""

    desk: DeskId
    agency: AgencyId
    key: PublicKey | None
    added_at: Moment | None
    renew_since: Annotated[Moment | None, NOT_DUE]

    @classmethod
    def of(cls, of_desk: KeyOfDesk) -> Self:
        """Return a desk's key as it is sent."""
        key = of_desk.key
        return cls(
            desk=of_desk.desk_id,
            agency=of_desk.agency_id,
            key=None if key is None else key.key,
            added_at=None if key is None else key.added_at,
            renew_since=None if key is None else key.renew_since,
        )


class DeskKeysAnswer(Wire, frozen=True, kw_only=True):
    """The desks that the asker belongs to."""

    desks: list[DeskKeyAnswer]

    @classmethod
    def of(cls, found: Iterable[KeyOfDesk]) -> Self:
        """Return desks as they are sent."""
        return cls(desks=[DeskKeyAnswer.of(each) for each in found])


class SealedToDesk(Wire, frozen=True, kw_only=True):
    """A card sealed to the key of one desk. The format is in docs/emergency-cards.md."""

    desk: DeskId
    sealed: Sealed


class PutCard(Wire, frozen=True, kw_only=True):
    """The next card of a compartment. `number` is one more than the last one's: that is bound inside, too."""

    number: Number
    sealed: Annotated[list[SealedToDesk], msgspec.Meta(min_length=1, max_length=MOST_DESKS)]


class DeskInCard(Wire, frozen=True, kw_only=True):
    """A desk that a card is for, with the key to seal to. Where `excluded_sits`, somebody excluded may hold its key.

    `given_by`, `signed_at` and `signature` are the word of whoever gave the key, as it was signed: to be checked.
    """

    desk: DeskId
    agency: AgencyId
    key: PublicKey | None
    renew_since: Annotated[Moment | None, NOT_DUE]
    given_by: PersonId | None
    signed_at: Moment | None
    signature: Signature | None
    state: CardState
    excluded_sits: bool

    @classmethod
    def of(cls, view: DeskView) -> Self:
        """Return a desk as it is sent."""
        key = view.key
        return cls(
            desk=view.desk_id,
            agency=view.agency_id,
            key=None if key is None else key.key,
            renew_since=None if key is None else key.renew_since,
            given_by=None if key is None else key.added_by,
            signed_at=None if key is None else key.signed_at,
            signature=None if key is None else key.signature,
            state=view.state,
            excluded_sits=view.excluded_sits,
        )


class CardAnswer(Wire, frozen=True, kw_only=True):
    """How it stands with a compartment's card, for those who lead, unread. Without a card `number` is 0."""

    compartment: CompartmentId
    number: Annotated[int, msgspec.Meta(ge=0, examples=[3])]
    written_by: PersonId | None
    author: NameOfPerson
    written_at: Moment | None
    desks: list[DeskInCard]

    @classmethod
    def of(cls, view: CardView) -> Self:
        """Return it as it is sent."""
        card = view.card
        return cls(
            compartment=view.compartment_id,
            number=0 if card is None else card.number,
            written_by=None if card is None else card.written_by,
            author=view.author,
            written_at=None if card is None else card.written_at,
            desks=[DeskInCard.of(each) for each in view.desks],
        )


class GivenAnswer(Wire, frozen=True, kw_only=True):
    """The card of an alert, sealed to the desks of whoever accepted it."""

    compartment: CompartmentId
    number: Number
    written_by: PersonId
    author: NameOfPerson
    written_at: Moment
    sealed: list[SealedToDesk]

    @classmethod
    def of(cls, given: Given) -> Self:
        """Return it as it is sent."""
        return cls(
            compartment=given.compartment_id,
            number=given.card.number,
            written_by=given.author.id,
            author=given.author.name,
            written_at=given.card.written_at,
            sealed=[SealedToDesk(desk=desk_id, sealed=sealed) for desk_id, sealed in given.sealed.items()],
        )
