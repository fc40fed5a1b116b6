"""Doing what somebody says: raising, accepting, ending, answering; or asking first, where a word may mean another.

Every effect is stored with the key of the words that brought it about, so that the same words have it once: alerts by
their raise, answers and questions by the event they answer, everything else by `core.once`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from alerts import store as alert_store
from alerts.duty import ringing
from alerts.service import Alerts, AlertView
from alerts.telephone import desk_calls
from alerts.vocabulary import Event, StandDownReason, Status, Through
from bots.talk import confirmations
from bots.talk.answers import Answers
from bots.talk.calls import Calls
from bots.talk.confirmations import Question
from bots.talk.heard import Heard, key_of
from bots.talk.passages import Passages
from bots.talk.safe_call_words import SafeCallWords
from bots.words.commands import Answer, Command, NearMiss, Verb
from bots.words.happenings import Happening
from bots.words.meaning import LATE, Doubt, candidates, doubt, late
from cases import rules as case_rules
from cases import store as case_store
from cases.model import Compartment, CompartmentId
from core import once
from core.clock import Clock
from core.database import Database, Reading
from core.ids import derived_id
from core.outbox import Lane, TargetKind
from core.settings import Settings


class Obeying:
    """Carries words out for somebody who may be believed to have said them."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, answers: Answers) -> None:
        self._database = database
        self._clock = clock
        self._answers = answers
        self._alerts = Alerts(database, clock)
        self._calls = Calls(database, clock, answers)
        self._passages = Passages(database, clock, settings, answers)
        self._safe_calls = SafeCallWords(database, clock, settings, answers)

    async def obey(self, heard: Heard) -> None:
        """Do what is said, or ask."""
        match heard.said:
            case Command():
                await self._carry_out(heard, heard.said)
            case NearMiss():
                await self._near(heard, heard.said)
            case Answer():
                await self._answered(heard, heard.said)
            case _:
                assert_never(heard.said)

    async def call_for_help(self, heard: Heard, said: Command) -> None:
        """Raise a real alert, as not verified where nobody can tell who wrote."""
        place = await self._place(heard, said)
        if place is None:
            await self._ask_which_case(heard, said.verb if said.what is None else f"{said.verb} {said.what}")
            return
        trusted = heard.message.trusted
        await self._raise(heard, said.verb, place, heard.message.event_id, said.what)
        if not trusted:
            await self._answers.say(heard, "reply_raised_unverified", lane=Lane.ALERT)

    async def _carry_out(self, heard: Heard, said: Command) -> None:
        match said.verb:
            case Verb.PANIC:
                await self.call_for_help(heard, said)
            case Verb.ALERT if said.what is not None:
                await self.call_for_help(heard, said)
            case Verb.ALERT:
                await self._answers.say(heard, "reply_alert_what", {"happenings": ""}, lane=Lane.ALERT)
            case Verb.DRILL:
                await self._drill(heard, said)
            case Verb.HERE:
                await self._answer_ring(heard)
                await self._take_desk_calls(heard)
            case Verb.ACK | Verb.STAND_DOWN:
                await self._answer_alert(heard, said)
            case Verb.OP:
                await self._passages.take(heard, said)
            case Verb.HEARD:
                await self._safe_calls.take(heard, said)
            case Verb.POLICE | Verb.AMBULANCE:
                await self._calls.note(heard, said, await self._meant(heard, said))
            case _:
                await self._inform(heard, said.verb)

    async def _inform(self, heard: Heard, verb: Verb) -> None:
        match verb:
            case Verb.DUE:
                await self._answers.due(heard)
            case Verb.HERE:
                await self._answer_ring(heard)
                await self._take_desk_calls(heard)
            case Verb.WHO:
                await self._answers.who(heard)
            case Verb.ROSTER:
                await self._answers.roster(heard)
            case Verb.OP:
                await self._passages.take(heard, Command(verb=verb))
            case _:
                await self._answers.help(heard)

    async def _drill(self, heard: Heard, said: Command) -> None:
        place = await self._place(heard, said)
        if place is None:
            await self._ask_which_case(heard, said.verb)
        elif late(heard.written_at, self._clock.now()):
            await self._ask_about_place(heard, said.verb, place, Doubt.LATE)
        else:
            await self._raise(heard, said.verb, place, heard.message.event_id)

    async def _raise(
        self, heard: Heard, verb: Verb, place: CompartmentId, event_id: str, what: Happening | None = None
    ) -> None:
        await self._alerts.raise_(
            heard.person,
            place,
            _raise_key(event_id),
            event=Event.PANIC if what is None else what.event,
            child=what is not None and what.child,
            status=Status.EXERCISE if verb is Verb.DRILL else Status.ACTUAL,
            through=Through.CHANNEL if heard.message.trusted else Through.UNVERIFIED,
        )

    async def _answer_ring(self, heard: Heard) -> int:
        """Answer the test ring of one's duty; without one the word is talk. Said twice, it finds nothing to answer."""
        return await ringing.answer(self._database, self._clock, heard.person, heard.written_at, heard.target)

    async def _take_desk_calls(self, heard: Heard) -> int:
        """Take the calls for help by telephone that one was rung for; without one the word is talk."""
        written_by = heard.written_at + ringing.CLOCKS_APART
        return await desk_calls.take_all(self._database, self._clock, heard.person, written_by)

    async def _answer_alert(self, heard: Heard, said: Command) -> None:
        """Accept or end the alert that is meant, or ask which, or whether."""
        alerts = await self._meant(heard, said)
        # Whoever accepts an alert is reached: that is all a test asks. It is never the other way round.
        rings = await self._answer_ring(heard) if said.verb is Verb.ACK and said.codename is None else 0
        # Of no case, it is not what is meant where an alert waits.
        bare = said.verb is Verb.ACK and said.codename is None and not alerts
        taken = await self._take_desk_calls(heard) if bare else 0
        if not alerts and (rings or taken):
            return
        if not alerts:
            await self._answers.say(heard, "reply_no_alert", lane=Lane.ALERT)
        elif len(alerts) > 1:
            await self._ask_which(heard, "reply_which_alert", said.verb, [each.codename for each in alerts])
        else:
            view = alerts[0]
            why = doubt(view.alert, said, heard.person.id, heard.written_at, self._clock.now())
            if why is not None:
                await self._ask_about_alert(heard, said, view, why)
            else:
                await self._act(heard, self._question(heard, said.verb, view, said.reason))

    async def _act(self, heard: Heard, question: Question) -> None:
        """Do what was meant from the beginning or has been confirmed."""
        if question.alert_id is not None and question.verb is Verb.ACK:
            await self._alerts.acknowledge(heard.person, question.alert_id, key=question.key, room=heard.target)
        elif question.alert_id is not None:
            reason = question.reason or StandDownReason.SAFE
            await self._alerts.stand_down(heard.person, question.alert_id, reason, key=question.key)
        elif question.compartment_id is not None:
            await self._raise(heard, question.verb, question.compartment_id, question.event_id)
        else:
            await self._inform(heard, question.verb)

    # Asking back ------------------------------------------------------------------------------------

    async def _near(self, heard: Heard, said: NearMiss) -> None:
        """Ask whether a word was meant that was nearly written; a yes then means what it would have meant."""
        verb = said.verb
        meant = Command(verb=verb)
        if verb is Verb.HERE and not await self._rung(heard):
            return
        if verb is Verb.ALERT:
            await self._near_alert(heard, said.what)
            return
        if verb in {Verb.PANIC, Verb.DRILL}:
            place = await self._place(heard, meant)
            if place is not None:
                await self._ask_about_place(heard, verb, place, Doubt.PANIC if verb is Verb.PANIC else Doubt.MEANT)
                return
        elif verb in {Verb.ACK, Verb.STAND_DOWN}:
            alerts = await self._meant(heard, meant)
            if len(alerts) == 1:
                ends_duress = verb is Verb.STAND_DOWN and alerts[0].alert.for_duress
                await self._ask_about_alert(heard, meant, alerts[0], Doubt.DURESS if ends_duress else Doubt.MEANT)
                return
        else:
            question = self._question(heard, verb)
            await self._answers.ask(heard, "reply_ask_meant", {"command": verb.value}, question)
            return
        await self._answers.say(heard, "reply_did_you_mean", {"command": verb.value}, lane=Lane.ALERT)

    async def _near_alert(self, heard: Heard, what: Happening | None) -> None:
        """Say that nothing was raised, and what to write."""
        if what is None:
            await self._answers.say(heard, "reply_alert_unknown", {"command": Verb.ALERT.value}, lane=Lane.ALERT)
        else:
            command = f"{Verb.ALERT} {what}"
            await self._answers.say(heard, "reply_alert_near", {"command": command}, lane=Lane.ALERT)

    async def _rung(self, heard: Heard) -> bool:
        """Whether a test ring, or a call for help by telephone, waits for somebody."""
        rung = await ringing.waits_for(self._database, self._clock, heard.person)
        return rung or await desk_calls.waits_for(self._database, self._clock, heard.person)

    async def _answered(self, heard: Heard, answer: Answer) -> None:
        """Carry out what this person was asked about in this room, once; without a question a yes is talk."""
        async with self._database.reading(urgent=True) as look:
            question = await confirmations.asked(look, heard.person.id, heard.target)
        if question is None:
            return
        now = self._clock.now()
        in_time = question.answered_in_time(heard.written_at, now)
        if in_time and answer is Answer.YES:
            await self._act(heard, question)
        elif in_time:
            await self._answers.say(heard, "reply_not_done")
        elif heard.written_at < question.asked_at:
            # Said before it was asked: talk.
            return
        elif answer is Answer.YES and now - question.asked_at <= LATE:
            await self._answers.say(heard, "reply_too_late", lane=Lane.ALERT)
        async with self._database.transaction(urgent=True) as tx:
            await confirmations.forget(tx, heard.person.id, heard.target, question)

    async def _ask_about_alert(self, heard: Heard, said: Command, view: AlertView, why: Doubt) -> None:
        named = f"{said.verb} {view.codename}" if _may_be_named(heard, view) else said.verb.value
        question = self._question(heard, said.verb, view, said.reason)
        await self._answers.ask(heard, f"reply_ask_{why}", {"command": named}, question)

    async def _ask_about_place(self, heard: Heard, verb: Verb, place: CompartmentId, why: Doubt) -> None:
        question = replace(self._question(heard, verb), compartment_id=place)
        await self._answers.ask(heard, f"reply_ask_{why}", {"command": verb.value}, question)

    def _question(
        self, heard: Heard, verb: Verb, view: AlertView | None = None, reason: StandDownReason | None = None
    ) -> Question:
        if view is not None and verb is Verb.STAND_DOWN and reason is None:
            drill = view.alert.status is Status.EXERCISE
            reason = StandDownReason.DRILL_OVER if drill else StandDownReason.SAFE
        return Question(
            event_id=heard.message.event_id,
            verb=verb,
            asked_at=self._clock.now(),
            alert_id=None if view is None else view.alert.id,
            reason=reason,
        )

    async def _ask_which_case(self, heard: Heard, command: str) -> None:
        codenames = [each.codename for each in await self._compartments(heard)]
        await self._ask_which(heard, "reply_which_case", command, codenames)

    async def _ask_which(self, heard: Heard, template: str, command: str, codenames: Sequence[str]) -> None:
        """Ask for a codename; list them only where the person is alone with the bot."""
        written = ",".join(sorted({f"{command} {each}" for each in codenames}))
        if heard.target.kind is not TargetKind.PERSON or not written:
            template, written = f"{template}_unlisted", str(command)
        await self._answers.say(heard, template, {"command": written}, lane=Lane.ALERT)

    # What is meant ----------------------------------------------------------------------------------

    async def _place(self, heard: Heard, said: Command) -> CompartmentId | None:
        """Return where to raise: the compartment named, else this channel's, else the only one there is."""
        here = CompartmentId(heard.target.id) if heard.target.kind is TargetKind.COMPARTMENT else None
        if said.codename is None and here is not None:
            return here
        mine = await self._compartments(heard)
        named = [each for each in mine if each.codename == said.codename]
        if len(named) == 1:
            return named[0].id
        if here is not None:
            # A mistyped codename must not keep anybody from help.
            return here
        cores = [each for each in mine if each.core]
        return cores[0].id if said.codename is None and len(cores) == 1 else None

    async def _compartments(self, heard: Heard) -> list[Compartment]:
        """Return the compartments that somebody is in, without waiting for what only reads."""
        async with self._database.reading(urgent=True) as look:
            found = await case_store.cases_of_person(look, heard.person.id)
        return [each for case in found for each in case_rules.as_seen_by(case, heard.person.id).compartments]

    async def _meant(self, heard: Heard, said: Command) -> list[AlertView]:
        """Return the open alerts that may be meant."""
        bare_in_channel = heard.target.kind is TargetKind.COMPARTMENT and said.codename is None
        here = [CompartmentId(heard.target.id)] if bare_in_channel else []
        found = [
            each
            for each in await self._alerts.open_for(heard.person, here)
            if said.codename in {None, each.codename}
            # Of duress nothing is answered, and nothing asked back, where anybody else reads it: in a room of several,
            # and to a sentence whose author may be forced.
            and ((heard.target.kind is TargetKind.PERSON and not said.sentence) or not each.alert.for_duress)
        ]
        return candidates(found, heard.person.id, said.verb, heard.written_at)


async def effects_of(look: Reading, event_ids: Sequence[str]) -> list[str]:
    """Return which of these events, calls for help, have raised an alert or been answered already."""
    raised = await alert_store.raised(look, [_raise_key(each) for each in event_ids])
    done = await once.all_done(look, [key_of(each) for each in event_ids])
    return [each for each in event_ids if _raise_key(each) in raised or key_of(each) in done]


def _raise_key(event_id: str) -> UUID:
    return derived_id("raise", event_id)


def _may_be_named(heard: Heard, view: AlertView) -> bool:
    """Whether a room may read an alert's codename: nobody else is there, or it was called to it."""
    return heard.target.kind is TargetKind.PERSON or any(each.target == heard.target for each in view.deliveries)
