"""Use cases of emergency cards: those who lead a case put one, and whoever accepted an alert at a desk has its bytes.

The card was sealed on the writer's machine to each desk's key (`crypto.emergency_card`); nothing of it is read here.
What is checked is its outside: length, version, and that it is sealed to the key that the desk has now. Each time bytes
leave, that is in the ledger, in the transaction in which they were read. Whoever may not have them learns not even that
there are any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agencies import desk_keys
from agencies import store as directory
from agencies.desk_keys import DeskKey
from agencies.model import AgencyId, DeskId, Person
from alerts.acting import held
from alerts.audience import Surroundings
from alerts.calling import surroundings_without_alert
from alerts.cards import rules
from alerts.cards import store as card_store
from alerts.cards.rules import CardState
from alerts.cards.store import Card, Envelope
from alerts.model import AlertId
from cases import rules as case_rules
from cases import store as case_store
from cases.model import CompartmentId
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto import emergency_card

NO_CARD = mark("There is no card that you may open. Accept the alert first, as somebody of a desk that has a card.")
MOVED_ON = mark("Somebody else has put a card meanwhile. NOTHING was stored. Look who, then put yours again.")
KEY_MOVED_ON = mark("A duty desk has a new key since you began. NOTHING was stored. Put the card again.")
NOT_SEALED = mark("This is no card that was sealed to the desks of this case. NOTHING was stored.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """A desk that a card is for: its key, how it stands with its card, and whether somebody excluded sits there."""

    desk_id: DeskId
    agency_id: AgencyId
    key: DeskKey | None
    state: CardState
    excluded_sits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardView:
    """The card of a compartment as those who lead see it: never what stands in it. Without a card `card` is None."""

    compartment_id: CompartmentId
    card: Card | None
    author: str
    desks: Sequence[DeskView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The sealed bytes that somebody was given, by desk, and what they are to be opened as."""

    compartment_id: CompartmentId
    card: Card
    author: Person
    sealed: Mapping[DeskId, bytes]


class Cards:
    """Keeps the cards of compartments."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def see(self, actor: Person, compartment_id: CompartmentId) -> CardView:
        """Return how it stands with the card of a compartment, and the keys to seal one to, to whoever leads."""
        async with self._database.transaction() as tx:
            return await _view(tx, await self._led(tx, actor, compartment_id))

    async def put(
        self, actor: Person, compartment_id: CompartmentId, number: int, envelopes: Mapping[DeskId, bytes]
    ) -> CardView:
        """Store the next card of a compartment in the place of the last, which is not kept.

        `number` is one more than that of the card that the writer has seen; where another was put since, nothing is
        stored.
        """
        async with self._database.transaction() as tx:
            around = await self._led(tx, actor, compartment_id, lock=True)
            sealed = await _fitting(tx, around, envelopes)
            written = Card(number=number, written_by=actor.id, written_at=self._clock.now())
            if not await card_store.put(tx, compartment_id, written, sealed):
                raise Conflict(MOVED_ON)
            await ledger.record(
                tx,
                ledger.Act(
                    act="card_put", at=written.written_at, person_id=actor.id, case_id=around.case.id,
                    object_id=compartment_id, facts={"number": number, "desks": _listed(envelopes)},
                ),
            )  # fmt: skip
            return await _view(tx, around)

    async def give(self, actor: Person, alert_id: AlertId) -> Given:
        """Return the sealed bytes of an alert's card for the desks that the actor belongs to, and write that down."""
        async with self._database.transaction(urgent=True) as tx:
            try:
                # Held: it does not end while its card is given.
                alert, around = await held(tx, alert_id, self._clock)
            except NotFound:
                raise NotFound(NO_CARD) from None
            now = self._clock.now()
            if not rules.may_have(alert, around, actor, now):
                raise NotFound(NO_CARD)
            mine = [each.id for each in rules.desks_of(around, actor)]
            card = await card_store.card(tx, alert.compartment_id)
            sealed = await card_store.envelopes(tx, alert.compartment_id, mine)
            if card is None or not sealed:
                raise NotFound(NO_CARD)
            await ledger.record(
                tx,
                ledger.Act(
                    act="card_given", at=now, person_id=actor.id, case_id=alert.case_id, object_id=alert.id,
                    facts={"number": card.number, "desks": _listed(sealed)},
                ),
            )  # fmt: skip
            author = (await directory.people(tx, [card.written_by]))[card.written_by]
        return Given(compartment_id=alert.compartment_id, card=card, author=author, sealed=sealed)

    async def _led(
        self, tx: Transaction, actor: Person, compartment_id: CompartmentId, *, lock: bool = False
    ) -> Surroundings:
        case = await case_store.case_of_compartment(tx, compartment_id, lock=lock)
        compartment = case_rules.compartment_seen_by(case, compartment_id, actor.id)
        case_rules.require_leader(case, actor.id)
        return await surroundings_without_alert(tx, case, compartment, self._clock.now())


async def _fitting(
    tx: Reading, around: Surroundings, envelopes: Mapping[DeskId, bytes]
) -> list[Envelope]:  # fmt: skip
    """Return what is to be stored, if it was sealed to the keys that desks of this case have now."""
    desks = {each.id for each in rules.desks_for(around)}
    keys = await desk_keys.standing(tx, desks)
    found = []
    for desk_id, sealed in envelopes.items():
        try:
            key = emergency_card.key_of(sealed)
        except emergency_card.NotAnEnvelope:
            raise InvalidInput(NOT_SEALED) from None
        if desk_id not in desks:
            raise InvalidInput(NOT_SEALED)
        if desk_id not in keys or keys[desk_id].key != key:
            raise Conflict(KEY_MOVED_ON)
        found.append(Envelope(desk_id=desk_id, key=key, sealed=sealed))
    if not found:
        raise InvalidInput(NOT_SEALED)
    return found


async def _view(tx: Reading, around: Surroundings) -> CardView:
    compartment_id = around.compartment.id
    desks = rules.desks_for(around)
    keys = await desk_keys.standing(tx, [each.id for each in desks])
    states = (await card_store.states(tx, [compartment_id])).get(compartment_id, {})
    card = await card_store.card(tx, compartment_id)
    author = "" if card is None else (await directory.people(tx, [card.written_by]))[card.written_by].name
    return CardView(
        compartment_id=compartment_id,
        card=card,
        author=author,
        desks=[
            DeskView(
                desk_id=each.id,
                agency_id=each.agency_id,
                key=keys.get(each.id),
                state=states.get(each.id, CardState.MISSING),
                excluded_sits=any(desk_keys.belongs_to(each, person) for person in around.case.excluded_ids),
            )
            for each in desks
        ],
    )


def _listed(desks: Mapping[DeskId, bytes]) -> str:
    return ",".join(sorted(str(each) for each in desks))
