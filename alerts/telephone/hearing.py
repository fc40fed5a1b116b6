"""Raising and accepting by telephone: what the agency's gateway hands on, done once, and what is answered.

Whoever calls may have forged the number. A call for help is raised all the same, as not verified; where no case can be
chosen, the caller's own duty desk is called (`alerts.telephone.desk_calls`). Accepting needs the number that the call
for this alert told to this very contact (`alerts.telephone.answer_numbers`), and at a desk who it is. An unknown
number is answered in the words that a known one gets where nothing was done. Nothing that is answered holds a name, a
codename or an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from agencies import contacts, duty_rings
from agencies import store as directory
from agencies.contacts import Contact
from agencies.initials import named
from agencies.model import AgencyId, DeskId, DutyDesk, Person, PersonId
from agencies.roster import on_duty
from alerts import panic_words, reaching, store
from alerts.duty.ringing import answer_one
from alerts.model import Alert
from alerts.police.emergency import Police
from alerts.service import Alerts
from alerts.telephone.answer_numbers import (
    DeskCallMeant,
    Meant,
    RingMeant,
    Standing,
    desk_call_meant,
    key_of,
    meant,
    ring_meant,
)
from alerts.telephone.desk_calls import Called, Caller, call_desks, of_late, take_one
from alerts.telephone.words import Acceptance, CallForHelp, read
from alerts.vocabulary import Status, Through
from cases import rules
from cases import store as case_store
from cases.model import CompartmentId
from core import logs, metrics, once
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, NotFound
from core.ids import derived_id
from core.settings import Settings
from core.texts import mark, render

log = logs.get(__name__)

# So many wrong numbers from one contact within so long; then none is taken from it until the time is over.
WRONG_NUMBERS = 5
REMEMBERED = timedelta(hours=1)
# What was said longer ago may be meant no more. A call for help always is.
LATE = timedelta(minutes=10)
# So long after its end an alert is answered with that it has ended.
ENDED_LATELY = timedelta(days=1)


class Outcome(StrEnum):
    """What became of words."""

    RAISED = "raised"
    DESK_CALLED = "desk_called"
    NOT_RAISED = "not_raised"
    ACCEPTED = "accepted"
    # And asked at once whether the police was called: nothing rings for that question for minutes.
    ACCEPTED_POLICE = "accepted_police"
    ACCEPTED_EXERCISE = "accepted_exercise"
    NOT_ACCEPTED = "not_accepted"
    NAME_MISSING = "name_missing"
    USED = "used"
    EXPIRED = "expired"
    ENDED = "ended"
    DUTY_ANSWERED = "duty_answered"
    # A call to a desk: somebody sees to it now; or nobody did until the caller called again.
    CALL_TAKEN = "call_taken"
    DESK_SILENT = "desk_silent"
    LATE = "late"
    WRONG = "wrong"
    REFUSED = "refused"
    UNCLEAR = "unclear"


TEXTS = {
    Outcome.RAISED: mark("Raised. People are being called. Danger to life: ring {police}."),
    Outcome.DESK_CALLED: mark(
        "NOT raised yet: it is not clear for which case. Your duty desk is being called until somebody answers. Write: "
        "{panic} and the codename. Danger to life: ring {police}."
    ),
    Outcome.NOT_RAISED: mark("NOT raised. Ring {police}, and your colleagues."),
    Outcome.ACCEPTED: mark("Accepted."),
    Outcome.ACCEPTED_POLICE: mark(
        "Accepted. Has {police} been called? If nobody has, ring {police} now. Then say in the app whether it was "
        "called."
    ),
    Outcome.ACCEPTED_EXERCISE: mark(
        "EXERCISE accepted. Do NOT ring {police}. Say in the app whether it would have been called."
    ),
    Outcome.NOT_ACCEPTED: mark("NOT accepted. Open the app, or ring your colleagues."),
    Outcome.NAME_MISSING: mark(
        "NOT accepted yet: who answers? Send the number and your initials, or on the keys the digits of your initials."
    ),
    Outcome.USED: mark("NOT accepted: somebody has used this number already. Open the app."),
    Outcome.EXPIRED: mark("NOT accepted: people were called anew since. Use the newest number."),
    Outcome.ENDED: mark("This is over. Nothing is left to accept."),
    Outcome.DUTY_ANSWERED: mark("Test of duty: you are reached. No alert was accepted by this."),
    Outcome.CALL_TAKEN: mark("You see to this call for help. Open the app. Danger to life: ring {police}."),
    Outcome.DESK_SILENT: mark(
        "NOT raised. NOBODY at your duty desk has answered yet; they are called again. Ring {police}, and your "
        "colleagues. If you can, write: {panic} and the codename."
    ),
    Outcome.LATE: mark("NOT accepted: this came late. Send it again, or open the app."),
    Outcome.WRONG: mark("NOT accepted: the number is not right. Look at it again, or open the app."),
    Outcome.REFUSED: mark(
        "NOT accepted: too many wrong numbers. For an hour none is taken from here. Open the app, or ring your "
        "colleagues."
    ),
    Outcome.UNCLEAR: mark("Not understood. To raise write: {panic}"),
}

_OF_CALLED = {
    Called.NOBODY: Outcome.NOT_RAISED,
    Called.CALLED: Outcome.DESK_CALLED,
    Called.SILENT: Outcome.DESK_SILENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came from a telephone, once for each key; when the gateway received it."""

    key: UUID
    number: str
    text: str
    received: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of it, and the sentence for whoever said it."""

    outcome: Outcome
    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A number, and whose contacts are there."""

    number: str
    contacts: Sequence[Contact]
    language: str

    @property
    def owners(self) -> list[PersonId]:
        """Return the people who have it."""
        return list(dict.fromkeys(each.person_id for each in self.contacts if each.person_id is not None))

    @property
    def desks(self) -> list[DeskId]:
        """Return the desks that have it."""
        return [each.desk_id for each in self.contacts if each.desk_id is not None]


class Telephone:
    """Does what people say by telephone."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._alerts = Alerts(database, clock)
        self._key = key_of(settings) or b""

    async def hear(self, heard: Heard) -> Answer:
        """Do what is said, once, and return what to answer: the same to the same words."""
        async with self._database.reading(urgent=True) as look:
            known = await look.row(store.SQL["answer_to_words"], heard.key)
            found = await contacts.contacts_at(look, heard.number)
        if known is not None:
            return self._answer(Outcome(known["outcome"]), known["language"])
        said = read(heard.text)
        language = found[0][1] if found else self._settings.default_language
        line = _Line(number=heard.number, contacts=[each for each, _ in found], language=language)
        if not found:
            metrics.TELEPHONE_WORDS.count("unknown_number")
            log.warning("words_from_unknown_number")
            return self._answer(_to_strangers(said), language)
        match said:
            case CallForHelp():
                outcome = await self._call_for_help(heard, line, said)
            case Acceptance():
                outcome = await self._accept(heard, line, said)
            case None:
                outcome = Outcome.UNCLEAR
        metrics.TELEPHONE_WORDS.count(outcome)
        return await self._kept(heard, outcome, language)

    # Raising ----------------------------------------------------------------------------------------

    async def _call_for_help(self, heard: Heard, line: _Line, said: CallForHelp) -> Outcome:
        async with self._database.reading(urgent=True) as look:
            person = await self._caller(look, line, said.name)
            place = None if person is None else await self._place(look, person, said.codename)
        if person is not None and place is not None:
            try:
                await self._alerts.raise_(
                    person, place, derived_id("telephone", str(heard.key)), through=Through.TELEPHONE
                )
            except (NotFound, Conflict):
                # Closed, or left, at this very moment: somebody hears it all the same.
                log.warning("telephone_raise_refused", person_id=person.id)
            else:
                return Outcome.RAISED
        return await self._call_desks(heard, line, person)

    async def _caller(self, look: Reading, line: _Line, name: str) -> Person | None:
        """Return who calls: whose the number is, or who of those who share it says so."""
        owners = list((await directory.people(look, line.owners)).values())
        sharing = {each.id: each for each in [*owners, *await _officers(look, line.desks, self._clock.now())]}
        called_so = named(sharing.values(), name)
        if len(called_so) == 1:
            return called_so[0]
        return owners[0] if len(owners) == 1 else None

    async def _place(self, look: Reading, person: Person, codename: str | None) -> CompartmentId | None:
        """Return where to raise, as in the person's own room: what is named, else the only case there is."""
        cases = await case_store.cases_of_person(look, person.id)
        mine = [each for case in cases for each in rules.as_seen_by(case, person.id).compartments if each.open]
        place = [each for each in mine if each.codename == codename] or [each for each in mine if each.core]
        return place[0].id if len(place) == 1 else None

    async def _call_desks(self, heard: Heard, line: _Line, person: Person | None) -> Outcome:
        now = self._clock.now()
        async with self._database.transaction(urgent=True) as tx:
            if await once.done(tx, heard.key):
                return Outcome.DESK_CALLED
            people = list((await directory.people(tx, line.owners)).values()) if person is None else [person]
            agencies: set[AgencyId] = {each.agency_id for each in people}
            agencies |= {each.agency_id for each in await _desks(tx, line.desks, now)}
            maybe = [*people, *(await _officers(tx, line.desks, now) if person is None else ())]
            caller = Caller(
                person_id=None if person is None else person.id,
                agency_ids=agencies,
                contacts=[each.id for each in line.contacts],
                maybe={each.id for each in maybe},
            )
            called = await call_desks(tx, caller, now)
            if called is not Called.NOBODY:
                await once.first(tx, heard.key, now)
        return _OF_CALLED[called]

    # Accepting --------------------------------------------------------------------------------------

    async def _accept(self, heard: Heard, line: _Line, said: Acceptance) -> Outcome:
        now = self._clock.now()
        if now - heard.received > LATE:
            return Outcome.LATE
        async with self._database.transaction(urgent=True) as tx:
            found = await self._meant(tx, heard, line, said.number, now)
            if isinstance(found, Outcome):
                return found
            person = await self._who_answers(tx, found, line, said.name, now)
        if isinstance(person, Outcome):
            return person
        if not isinstance(found, Meant):
            return await self._answer_no_alert(person, found)
        try:
            view = await self._alerts.acknowledge(person, found.alert.id, key=found.key, by_telephone=True)
        except (NotFound, Conflict):
            return Outcome.NOT_ACCEPTED
        return _accepted(view.alert, person.id) if view.alert.has_acknowledged(person.id) else Outcome.USED

    async def _answer_no_alert(self, person: Person, found: RingMeant | DeskCallMeant) -> Outcome:
        """Do what a number means that is of no alert."""
        if isinstance(found, RingMeant):
            theirs = await answer_one(self._database, self._clock, person, found.ring.id, found.key)
            return Outcome.DUTY_ANSWERED if theirs else Outcome.NOT_ACCEPTED
        theirs = await take_one(self._database, self._clock, person, found.call.id, found.key)
        return Outcome.CALL_TAKEN if theirs else Outcome.NOT_ACCEPTED

    async def _meant(
        self, tx: Transaction, heard: Heard, line: _Line, number: str, now: datetime
    ) -> Meant | RingMeant | DeskCallMeant | Outcome:
        """Return which alert, test ring or call to a desk a number answers.

        Of wrong ones only so many are looked at, however many come at once.
        """
        of_line = {each.id: each for each in line.contacts}
        wrong = await tx.rows(store.SQL["hold_tries"], list(of_line), now, now - REMEMBERED)
        if max(row["wrong"] for row in wrong) >= WRONG_NUMBERS:
            return Outcome.REFUSED
        called = await tx.rows(store.SQL["alerts_of_contacts"], list(of_line), now - ENDED_LATELY)
        alerts = {each.id: each for each in await store.alerts(tx, {row["alert_id"] for row in called})}
        pairs = [(row["contact_id"], row["alert_id"]) for row in called]
        found = meant(self._key, number, pairs, of_line, alerts)
        if found is not None:
            standings = {Standing.ENDED: Outcome.ENDED, Standing.EXPIRED: Outcome.EXPIRED}
            return standings.get(found.standing, found)
        rings = await duty_rings.told_to_telephones(tx, line.owners, line.desks, now - ENDED_LATELY)
        ring = ring_meant(self._key, number, line.contacts, rings, now)
        if ring is not None:
            return Outcome.ENDED if ring.over else ring
        call = desk_call_meant(self._key, number, line.contacts, await of_late(tx, now - ENDED_LATELY))
        if call is not None:
            # Said once more it is answered as it was.
            return call if call.call.taken_at is None or await once.done(tx, call.key) else Outcome.ENDED
        if await once.first(tx, heard.key, now):
            await tx.run(store.SQL["count_wrong_number"], list(of_line))
            if max(row["wrong"] for row in wrong) + 1 == WRONG_NUMBERS:
                log.error("telephone_numbers_refused")
        return Outcome.WRONG

    async def _who_answers(
        self, tx: Reading, found: Meant | RingMeant | DeskCallMeant, line: _Line, name: str, now: datetime
    ) -> Person | Outcome:  # fmt: skip
        """Return who accepts: whose telephone it is; of one that several share, who says so and is one of them now."""
        contact = found.contact
        if contact.person_id is not None:
            owners = await directory.people(tx, {contact.person_id, *line.owners})
            sharing = {each.id: each for each in [*owners.values(), *await _officers(tx, line.desks, now)]}
            if len(sharing) == 1:
                return owners[contact.person_id]
            answering = named(sharing.values(), name)
            return answering[0] if len(answering) == 1 else Outcome.NAME_MISSING
        if isinstance(found, Meant):
            _, around = await reaching.around_alert(tx, found.alert.id, now)
            if not reaching.may_ring(found.alert, around, contact):
                # Somebody who must not know sits there, or nobody any more who could act.
                return Outcome.NOT_ACCEPTED
        answering = named(await _officers(tx, [contact.desk_id] if contact.desk_id else [], now), name)
        return answering[0] if len(answering) == 1 else Outcome.NAME_MISSING

    # Answering --------------------------------------------------------------------------------------

    async def _kept(self, heard: Heard, outcome: Outcome, language: str) -> Answer:
        """Keep what is answered; where the same words were answered meanwhile, that is the answer."""
        async with self._database.transaction(urgent=True) as tx:
            await tx.run(store.SQL["keep_answer"], heard.key, self._clock.now(), outcome, language)
            row = await tx.row(store.SQL["answer_to_words"], heard.key)
        return self._answer(outcome if row is None else Outcome(row["outcome"]), language)

    def _answer(self, outcome: Outcome, language: str) -> Answer:
        text = render(
            TEXTS[outcome], language, police=self._settings.police_number,
            panic=panic_words.OF_LANGUAGE.get(language, panic_words.OF_LANGUAGE["en"]),
        )  # fmt: skip
        return Answer(outcome=outcome, text=text, language=language)


def _accepted(alert: Alert, by: PersonId) -> Outcome:
    """Return what whoever has accepted is told: with the question of the police where it waits for them."""
    question = alert.police_question
    if alert.police is not Police.ASKED or question is None or question.person_id != by:
        return Outcome.ACCEPTED
    return Outcome.ACCEPTED_EXERCISE if alert.status is Status.EXERCISE else Outcome.ACCEPTED_POLICE


def _to_strangers(said: CallForHelp | Acceptance | None) -> Outcome:
    match said:
        case CallForHelp():
            return Outcome.NOT_RAISED
        case Acceptance():
            return Outcome.WRONG
        case None:
            return Outcome.UNCLEAR


async def _desks(tx: Reading, desk_ids: Sequence[DeskId], now: datetime) -> list[DutyDesk]:
    return (await directory.duty(tx, desk_ids=desk_ids, now=now)).desks if desk_ids else []


async def _officers(tx: Reading, desk_ids: Sequence[DeskId], now: datetime) -> list[Person]:
    """Return who sits at these desks, and who stands in there now."""
    desks = await _desks(tx, desk_ids, now)
    return list({each.id: each for desk in desks for each in (*desk.officers, *on_duty(desk, now))}.values())
