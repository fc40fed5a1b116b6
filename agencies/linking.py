"""Linking a person to a Matrix identity: the person says which device, an administrator hears the code and confirms.

Owns who may say, confirm, refuse and end, by the rules of `agencies.attestation`. What a homeserver publishes is not
looked at here: the bot follows the confirmed device to the identity that signed it (`agencies.attestations`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies import store
from agencies.attestation import (
    MOST_WRONG_CODES,
    REPLACED,
    Attestation,
    AttestationId,
    Claim,
    ClaimId,
    ClaimState,
    EndReason,
    LinkState,
    fits,
    link_state,
    may_confirm,
    read_device_id,
)
from agencies.attestations import CHANNEL, attestation_of
from agencies.model import AgencyId, Person, PersonId, Role
from agencies.service import NO_PERSON
from agencies.sign_in import SIGN_IN_FIRST
from core import ledger
from core.clock import Clock
from core.database import Database, Reading, Row, Transaction
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.ids import new_id
from core.settings import Settings
from core.texts import mark
from crypto import device_claim, signing

# How far the clock of a person's machine may be off.
MOST_CLOCK_ERROR = timedelta(minutes=10)
CLOCK_OFF = mark("The clock of your machine is {minutes} minutes off. Set it right, then link again.")
NOT_SIGNED = mark("This was not signed with your own key for this device. Link again: streha matrix link")
NO_CLAIM = mark("There is no such person who waits for a confirmation. See: streha matrix pending")
NOT_YOURSELF = mark("You cannot confirm or refuse your own device. An administrator of your agency does it.")
WRONG_CODE = mark(
    "This is not the code of the device. Have the person read it to you again, from the device itself. "
    "Tries left: {left}"
)
LAST_WRONG_CODE = mark(
    "This was the fifth wrong code, so nothing waits any more. Ring the person. To try again: streha matrix link"
)
LINKED_ALREADY = mark(
    "This person is linked already, and a further device needs nothing here: it is confirmed from the first one. "
    "Where the identity was reset, or its device is lost: streha matrix end, then link again."
)
NOT_LINKED = mark("This person is not linked, and nothing waits to be confirmed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claim that somebody may confirm, and whose it is. Nothing of the key: the code comes from the person."""

    person: Person
    device_id: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLink:
    """How far a person is linked; `claimed_at` where a claim of theirs waits, perhaps for a link to follow this one."""

    person: Person
    state: LinkState
    device_id: str | None = None
    claimed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenLink:
    """What a person signed of their device, and how it leads to a master key: both to be checked by whoever attests."""

    person_id: PersonId
    matrix_user: str
    device_id: str
    device_key: bytes
    signed_at: datetime
    signature: bytes
    proof: bytes


class Linking:
    """Takes claims, confirmations, refusals and ends; every one is in the ledger as the act of whoever did it."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._network = settings.network

    async def claim(
        self, person: Person, device_id: str, device_key: bytes, signed_at: datetime, signature: bytes
    ) -> Claim:
        """Take a person's signed word for a device, in the place of one that waits; refused while a link stands."""
        now = self._clock.now()
        claim = Claim(
            id=ClaimId(new_id()),
            person_id=person.id,
            device_id=read_device_id(device_id),
            device_key=device_key,
            made_at=now,
        )
        off = abs(now - signed_at)
        if off > MOST_CLOCK_ERROR:
            raise InvalidInput(CLOCK_OFF, minutes=round(off.total_seconds() / 60))
        async with self._database.transaction() as tx:
            held = (await _held(tx, [person.id])).get(person.id)
            if held is None:
                raise NotAuthenticated(SIGN_IN_FIRST)
            self._require_signed(held, claim, signed_at, signature)
            await _require_unlinked(tx, person.id)
            await tx.row(store.SQL["decide_claim"], person.id, ClaimState.SUPERSEDED, now, person.id)
            await tx.run(
                store.SQL["add_claim"], claim.id, person.id, claim.device_id, device_key, signed_at, signature, now
            )
            await _record(tx, "device_claimed", now, person, person.id, claim.id)
        return claim

    async def pending(self, asker: Person) -> list[Waiting]:
        """Return whose devices the asker may confirm, the oldest first."""
        async with self._database.reading() as reading:
            claims = [_claim(row) for row in await reading.rows(store.SQL["waiting_claims"])]
            people = await store.people(reading, {asker.id, *(each.person_id for each in claims)})
            administrators = await _administrators(reading, {each.agency_id for each in people.values()})
        if asker.id not in people:
            return []
        found = [
            Waiting(person=people[each.person_id], device_id=each.device_id, made_at=each.made_at) for each in claims
        ]
        return [
            each for each in found if may_confirm(people[asker.id], each.person, administrators[each.person.agency_id])
        ]

    async def confirm(self, asker: Person, person_id: PersonId, code: str) -> Attestation:
        """Confirm a person's device by the code that the person read aloud; a link that failed ends with it."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            person, claim = await _decided_upon(tx, asker, person_id)
            await _require_unlinked(tx, person.id)
            if fits(code, claim.device_key):
                return await _attest(tx, asker, person, claim, now)
            # Counted in a transaction that is kept: the refusal is said when it is over.
            wrong = int(await tx.value(store.SQL["count_wrong_code"], claim.id))
            last = wrong >= MOST_WRONG_CODES
            if last:
                await tx.row(store.SQL["decide_claim"], person.id, ClaimState.REFUSED, now, asker.id)
            await _record(tx, "device_code_wrong", now, asker, person.id, claim.id, last=last)
        if last:
            raise Conflict(LAST_WRONG_CODE)
        raise Conflict(WRONG_CODE, left=MOST_WRONG_CODES - wrong)

    async def refuse(self, asker: Person, person_id: PersonId) -> None:
        """Refuse a claim; a link that stands goes on."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            person, claim = await _decided_upon(tx, asker, person_id)
            await tx.row(store.SQL["decide_claim"], person.id, ClaimState.REFUSED, now, asker.id)
            await _record(tx, "device_refused", now, asker, person.id, claim.id)

    async def end(self, asker: Person, person_id: PersonId, reason: EndReason) -> None:
        """End a person's link and whatever waits; from then on no keys, and no word of that account counts."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            held = await _held(tx, {asker.id, person_id})
            if not {asker.id, person_id} <= held.keys():
                raise NotFound(NO_PERSON)
            if asker.id != person_id and not await _may_confirm(tx, held[asker.id], held[person_id]):
                raise NotFound(NO_PERSON)
            if not await _end(tx, person_id, reason.value, now, by=asker):
                raise Conflict(NOT_LINKED)

    async def states(self, asker: Person) -> list[PersonLink]:
        """Return how far people are linked: an administrator's agency, or else the asker alone."""
        async with self._database.reading() as reading:
            here = (await store.people(reading, [asker.id])).get(asker.id)
            if here is None or not here.active:
                return []
            everybody = here.role is Role.ADMINISTRATOR
            return await _links(reading, await store.staff(reading, [here.agency_id]) if everybody else [here])

    async def proofs(self, asker: Person) -> list[ProvenLink]:
        """Return the proven links of an administrator's agency; nobody else has any to attest."""
        async with self._database.reading() as reading:
            here = (await store.people(reading, [asker.id])).get(asker.id)
            if here is None or not here.active or here.role is not Role.ADMINISTRATOR:
                return []
            rows = await reading.rows(store.SQL["identity_proofs"], here.agency_id)
        return [
            ProvenLink(
                person_id=row["person_id"], matrix_user=row["matrix_user"], device_id=row["device_id"],
                device_key=row["device_key"], signed_at=row["signed_at"], signature=row["signature"],
                proof=row["proof"],
            )
            for row in rows
        ]  # fmt: skip

    def _require_signed(self, person: Person, claim: Claim, signed_at: datetime, signature: bytes) -> None:
        if signed_at.microsecond:
            # What is kept must be what was signed, for whoever checks it later.
            raise InvalidInput(NOT_SIGNED)
        try:
            device_claim.check(
                person.signing_key,
                signature,
                network=self._network,
                person=person.id.bytes,
                matrix_user=person.matrix_user,
                device=claim.device_id,
                key=claim.device_key,
                at=int(signed_at.timestamp()),
            )
        except signing.SignatureInvalid as error:
            raise InvalidInput(NOT_SIGNED) from error


async def end_by_operator(tx: Transaction, person_id: PersonId, reason: EndReason, now: datetime) -> None:
    """End a person's link where no administrator is at hand: it only closes."""
    if not await _held(tx, [person_id]):
        raise NotFound(NO_PERSON)
    if not await _end(tx, person_id, reason.value, now, by=None, kind="operator"):
        raise Conflict(NOT_LINKED)


async def end_with_departure(tx: Transaction, person_id: PersonId, now: datetime) -> None:
    """End the link of a person who leaves the staff, and whatever waits, in the departure's transaction."""
    await _end(tx, person_id, EndReason.LEFT.value, now, by=None)


async def _held(tx: Transaction, ids: Collection[PersonId]) -> dict[PersonId, Person]:
    """Hold people as they are now; whoever has left can neither decide nor be decided about."""
    rows = await tx.rows(store.SQL["hold_people"], list(ids))
    return {each.id: each for each in map(store.person_of, rows) if each.active}


async def _require_unlinked(tx: Transaction, person_id: PersonId) -> None:
    """Refuse to put another device in the place of a link that works.

    Later devices do not vouch for the identity, as the one does that set it up: the link would never work again.
    """
    rows = await tx.rows(store.SQL["attestations_of_people"], [person_id])
    if any(attestation_of(row).state is LinkState.LINKED for row in rows):
        raise Conflict(LINKED_ALREADY)


async def _decided_upon(tx: Transaction, asker: Person, person_id: PersonId) -> tuple[Person, Claim]:
    """Hold a person and the claim that the asker may decide; for everybody else there is none, whoever it is."""
    if asker.id == person_id:
        raise Conflict(NOT_YOURSELF)
    held = await _held(tx, {asker.id, person_id})
    row = await tx.row(store.SQL["waiting_claim"], person_id)
    if not {asker.id, person_id} <= held.keys() or row is None:
        raise NotFound(NO_CLAIM)
    if not await _may_confirm(tx, held[asker.id], held[person_id]):
        raise NotFound(NO_CLAIM)
    return held[person_id], _claim(row)


async def _attest(tx: Transaction, asker: Person, person: Person, claim: Claim, now: datetime) -> Attestation:
    await tx.row(store.SQL["decide_claim"], person.id, ClaimState.CONFIRMED, now, asker.id)
    await tx.row(store.SQL["end_attestation"], person.id, REPLACED, now, asker.id, False)
    attestation = Attestation(
        id=AttestationId(new_id()),
        person_id=person.id,
        matrix_user=person.matrix_user,
        device_id=claim.device_id,
        device_key=claim.device_key,
    )
    await tx.run(store.SQL["add_attestation"], attestation.id, claim.id, person.matrix_user, asker.id, now)
    await _record(tx, "device_confirmed", now, asker, person.id, attestation.id)
    await tx.wake(CHANNEL)
    return attestation


async def _end(
    tx: Transaction, person_id: PersonId, reason: str, now: datetime, *, by: Person | None, kind: str = "system"
) -> bool:
    """End what stands and what waits; tell whether there was anything."""
    decider = None if by is None else by.id
    withdrawn = await tx.value(store.SQL["decide_claim"], person_id, ClaimState.WITHDRAWN, now, decider)
    # Nobody is cut off in silence: whoever can ring is told, unless the person did it, or left.
    another = kind == "operator" if by is None else by.id != person_id
    ended = await tx.value(store.SQL["end_attestation"], person_id, reason, now, decider, another)
    if withdrawn is not None:
        await _record(tx, "device_withdrawn", now, by, person_id, withdrawn, kind=kind)
    if ended is not None:
        await _record(tx, "matrix_link_ended", now, by, person_id, ended, kind=kind, reason=reason)
        await tx.wake(CHANNEL)
    return withdrawn is not None or ended is not None


async def _may_confirm(reading: Reading, asker: Person, person: Person) -> bool:
    administrators = await _administrators(reading, [person.agency_id])
    return may_confirm(asker, person, administrators[person.agency_id])


async def _administrators(reading: Reading, agencies: Collection[AgencyId]) -> defaultdict[AgencyId, set[PersonId]]:
    found: defaultdict[AgencyId, set[PersonId]] = defaultdict(set)
    for row in await reading.rows(store.SQL["administrators"], list(agencies)):
        found[row["agency_id"]].add(row["id"])
    return found


async def _links(reading: Reading, staff: Iterable[Person]) -> list[PersonLink]:
    staff = list(staff)
    ids = [each.id for each in staff]
    rows = await reading.rows(store.SQL["attestations_of_people"], ids)
    standing = {row["person_id"]: attestation_of(row) for row in rows}
    claims = {row["person_id"]: _claim(row) for row in await reading.rows(store.SQL["claims_of_people"], ids)}
    return [_link(each, standing.get(each.id), claims.get(each.id)) for each in staff]


def _link(person: Person, attestation: Attestation | None, claim: Claim | None) -> PersonLink:
    shown = attestation or claim
    return PersonLink(
        person=person,
        state=link_state(attestation, claimed=claim is not None),
        device_id=None if shown is None else shown.device_id,
        claimed_at=None if claim is None else claim.made_at,
    )


def _claim(row: Row) -> Claim:
    return Claim(
        id=row["id"],
        person_id=row["person_id"],
        device_id=row["device_id"],
        device_key=row["device_key"],
        made_at=row["made_at"],
    )


async def _record(
    tx: Transaction,
    act: str,
    now: datetime,
    by: Person | None,
    person_id: PersonId,
    object_id: ClaimId | AttestationId,
    *,
    kind: str = "system",
    **facts: str | bool,
) -> None:
    """Record who did what about whom; without anybody it is the act of the system, or of the operator."""
    await ledger.record(
        tx,
        ledger.Act(
            act=act,
            at=now,
            person_id=None if by is None else by.id,
            actor_kind=kind,
            object_id=object_id,
            facts={"person": str(person_id), **facts},
        ),
    )
