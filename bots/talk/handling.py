"""What the bot does with what it receives: binds the sender to a person, has the words obeyed, answers.

Handling the same arrival twice has one effect, whatever has happened in between. Raising fails open: a panic whose
sender cannot be bound raises an unverified alert, and nothing is counted, looked up slowly or asked before it.
Everything else fails closed, invisibly in the room; those who lead the case are told.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from agencies import store as directory
from agencies.model import PersonId
from alerts.duress.raising import Duress
from alerts.duress.sentences import Meaning
from alerts.service import Alerts
from alerts.vocabulary import StandDownReason, Through
from bots.device.received import Arrival, MembershipChange, Received, SettingChange, Undecryptable, Unencrypted
from bots.keys.vouched import Vouched
from bots.rooms import probe, rooms
from bots.rooms.occupants import Occupants
from bots.rooms.probe import Party
from bots.rooms.room_state import is_as_made
from bots.talk.answers import Answers
from bots.talk.flood import Flood, Seldom
from bots.talk.heard import Heard, hear, key_of, said_in, written_at
from bots.talk.obeying import Obeying
from bots.talk.own_sentences import OwnSentences
from bots.talk.who_is_here import WhoIsHere
from bots.words.commands import ASKING, NUMBERS, Answer, Command, Said, Verb, answers_duty, calls_for_help
from bots.words.meaning import LATE
from cases import store as case_store
from cases.model import Case, CompartmentId
from cases.service import CHANNEL
from core import logs, metrics, once, outbox
from core.clock import Clock
from core.database import Database
from core.errors import StrehaError, Unavailable
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings

log = logs.get(__name__)

# Once of each cause: whoever cannot be understood must know, and nobody may fill a room by it.
SAID_ONCE_IN = timedelta(minutes=1)
LEADERS_TOLD_ONCE_IN = timedelta(minutes=10)
# What a person's own sentence seems to say; and so long others wait for that to be done before they are called.
ALL_CLEAR = Command(verb=Verb.STAND_DOWN, reason=StandDownReason.SAFE, sentence=True)
SEEMING_SECONDS = 2.0


class NotYet(StrehaError):
    """Nobody can tell yet whether the sender is who it seems: the arrival is to be handled again, behind no other."""


class Handling:
    """Acts on arrivals. Raises Unavailable when nothing could be stored, so that the arrival comes again."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, occupants: Occupants, bot: str,
        own: OwnSentences | None = None, vouched: Vouched | None = None,
    ) -> None:  # fmt: skip
        """Without `own` nobody has sentences of their own; without `vouched` no directory is asked."""
        self._vouched = vouched
        self._database = database
        self._clock = clock
        self._occupants = occupants
        self._bot = bot
        self._alerts = Alerts(database, clock)
        self._answers = Answers(database, clock, settings, WhoIsHere(database, clock, occupants))
        self._obeying = Obeying(database, clock, settings, self._answers)
        self._own = own
        self._duress = Duress(database, clock)
        self._numbers = {
            **NUMBERS, settings.police_number: Verb.POLICE, settings.ambulance_number: Verb.AMBULANCE
        }  # fmt: skip
        self._flood = Flood(clock)
        self._flood_said = Seldom(clock, SAID_ONCE_IN)
        self._unencrypted_said = Seldom(clock, SAID_ONCE_IN)
        self._unreadable_said = Seldom(clock, SAID_ONCE_IN)
        self._leaders_told = Seldom(clock, LEADERS_TOLD_ONCE_IN)

    async def handle(self, arrival: Arrival) -> None:
        """Act on one arrival, once. Raises NotYet where it is too early to say whose it is."""
        match arrival:
            case MembershipChange():
                await self._moved(arrival)
            case SettingChange():
                await self._set(arrival)
            case Undecryptable():
                await self._unreadable(arrival)
            case Unencrypted():
                await self._unencrypted(arrival)
            case Received() if arrival.sender != self._bot and not await self._proved(arrival):
                await self._received(arrival)

    # Rooms ------------------------------------------------------------------------------------------

    async def _moved(self, change: MembershipChange) -> None:
        """Notice that somebody came or went whom the bot did not move, and have the room looked at.

        What is heard here came in clear and may be forged, the bot's own removal too: nothing is done at it. Who went
        by themselves is not dragged back: those who lead are told, and every alert tells whom it cannot reach.
        """
        self._occupants.notice(change)
        own = change.user_id == self._bot
        if (own and change.membership == "join") or (change.by == self._bot and not own):
            return
        came = change.membership in {"join", "knock", "invite"}
        async with self._database.transaction() as tx:
            target = await rooms.target_of(tx, change.room_id)
            if target is None:
                return
            belongs = own or change.user_id in (await rooms.rooms(tx, [target]))[target].members
            if came and not belongs:
                log.error("stranger_in_room", state=target.kind)
            if came != belongs:
                await rooms.drifted(tx, change.room_id, self._clock.now())
                await tx.wake(CHANNEL)

    async def _set(self, change: SettingChange) -> None:
        """Have a room looked at in which a setting is said to have become another."""
        async with self._database.transaction() as tx:
            target = await rooms.target_of(tx, change.room_id)
            if target is None:
                return
            room = (await rooms.rooms(tx, [target]))[target]
            if not is_as_made(room, self._bot, (change.kind, change.key), change.content):
                await rooms.drifted(tx, change.room_id, self._clock.now(), setting=True)
                await tx.wake(CHANNEL)

    async def _unreadable(self, arrival: Undecryptable) -> None:
        """Say in the room that a message of a member could not be read: it may have been a panic."""
        async with self._database.reading(urgent=True) as look:
            target = await rooms.target_of(look, arrival.room_id)
            members = {} if target is None else (await rooms.rooms(look, [target]))[target].members
        cause = (arrival.room_id, arrival.sender)
        if target is not None and arrival.sender in members and self._unreadable_said.due(cause):
            reply = _reply(arrival.event_id, target, "reply_cannot_read", members[arrival.sender], lane=Lane.ALERT)
            await self._post(reply)
            self._unreadable_said.was_said(cause)

    async def _unencrypted(self, arrival: Unencrypted) -> None:
        """Say in the room that a call for help came in clear: anybody at the homeserver can have written it."""
        metrics.COMMANDS_IGNORED.count("unencrypted")
        if not self._unencrypted_said.due(arrival.room_id):
            return
        async with self._database.reading(urgent=True) as look:
            target = await rooms.target_of(look, arrival.room_id)
            person = await directory.person_by_matrix_user(look, arrival.sender)
        if target is None:
            return
        log.error("command_unencrypted", state=target.kind)
        mentioned = [] if person is None else [person.id]
        # The homeserver names the event, and may name many: they are one where they come at one time.
        cause = f"{arrival.room_id}:{self._clock.now().isoformat(timespec='minutes')}"
        await self._post(_reply(cause, target, "reply_unencrypted", *mentioned, lane=Lane.ALERT))
        self._unencrypted_said.was_said(arrival.room_id)

    async def _proved(self, message: Received) -> bool:
        """Note that the prober has answered; False where the words are anybody else's."""
        code = probe.code_in(message)
        if code is None:
            return False
        async with self._database.transaction(urgent=True) as tx:
            if not await probe.is_said_by(tx, message, Party.PROBER):
                return False
            if not message.current:
                raise NotYet("The sender's keys are not known yet.")
            await probe.note_proven(tx, code, self._clock.now())
        return True

    # Words ------------------------------------------------------------------------------------------

    async def _received(self, message: Received) -> None:
        said = said_in(message, self._numbers)
        own = self._own
        meaning = None if own is None or calls_for_help(said) else await own.meaning(message)
        if own is None or meaning is None:
            await self._obey(message, said)
        else:
            await self._own_sentence(message, own, forced=meaning is Meaning.DURESS)

    async def _own_sentence(self, message: Received, own: OwnSentences, *, forced: bool) -> None:
        """Do what the sentence seems to say, an end; and where its author is forced, call others as well.

        The first comes first, and is the same in either case: nothing that its author can see, and not when, tells one
        from the other. Whatever becomes of it, others are called; and nothing stands in the way of that.
        """
        try:
            async with asyncio.timeout(SEEMING_SECONDS if forced else None):
                await own.note(message)
                await self._obey(message, ALL_CLEAR)
        except Exception as error:
            if not forced:
                raise
            await self._call_others(message, own)
            if not isinstance(error, TimeoutError):
                raise
            await self._obey(message, ALL_CLEAR)
        else:
            if forced:
                await self._call_others(message, own)

    async def _call_others(self, message: Received, own: OwnSentences) -> None:
        """Raise for duress, as not verified where nobody can tell who wrote. What fails is tried again for ever."""
        try:
            heard = await hear(self._database, self._clock, message, ALL_CLEAR, self._vouched)
            async with self._database.reading(urgent=True) as look:
                person = await directory.person_by_matrix_user(look, message.sender)
            if person is None:
                return
            trusted = heard is not None and heard.message.trusted
            in_channel = heard is not None and heard.target.kind is TargetKind.COMPARTMENT
            here = CompartmentId(heard.target.id) if heard is not None and in_channel else None
            # What could not be verified at first and can be later is worse, and calls anew.
            cause = own.cause_of(message.event_id if trusted else f"{message.event_id} unverified")
            through = Through.CHANNEL if trusted else Through.UNVERIFIED
            await self._duress.raise_(person, cause, here, through=through)
        except Unavailable:
            raise
        except Exception as error:
            log.failure("duress_not_raised", error)
            raise NotYet("It could not be stored that somebody is forced.") from error

    async def _obey(self, message: Received, said: Said | None) -> None:
        if said is None or (_may_be_talk(said) and not message.bound):
            return
        if not calls_for_help(said) and not await self._may_pass(message, said):
            return
        heard = await hear(self._database, self._clock, message, said, self._vouched)
        if heard is None:
            log.warning("command_from_stranger")
            metrics.COMMANDS_IGNORED.count("stranger")
            return
        if not heard.message.trusted and _may_be_talk(said):
            return
        if not heard.message.trusted:
            log.error("command_not_bound", person_id=heard.person.id)
            if not calls_for_help(said):
                metrics.COMMANDS_IGNORED.count("unbound")
                await self._tell_leaders(heard)
                return
        if heard.done and not calls_for_help(said):
            return
        try:
            await self._obeying.obey(heard)
        except Unavailable:
            raise
        except StrehaError as error:
            said_why = {"text": error.reason, **{name: str(value) for name, value in error.parameters.items()}}
            await self._answers.say(heard, "reply_refused", said_why, lane=Lane.ALERT)

    async def _may_pass(self, message: Received, said: Said) -> bool:
        """Whether to look at words that can wait: no more than somebody can mean, and not before it is known whose."""
        where = (message.event_id, message.sender, message.room_id)
        if not self._flood.admits(*where, checked=message.trusted):
            metrics.COMMANDS_IGNORED.count("flood")
            if message.trusted and not _may_be_talk(said) and self._flood_said.due(message.sender):
                await self._tell_flooder(message, said)
            return False
        # What another bot had done before it died takes nothing from what is said to this one.
        async with self._database.reading(urgent=True) as look:
            if await once.done(look, key_of(message.event_id)):
                return False
        self._flood.count(*where, checked=message.trusted)
        if not message.current and abs(self._clock.now() - written_at(message, self._clock)) < LATE:
            raise NotYet("The sender's keys are not known yet.")
        return True

    async def _tell_flooder(self, message: Received, said: Said) -> None:
        heard = await hear(self._database, self._clock, message, said, self._vouched)
        if heard is not None and heard.message.trusted:
            log.warning("command_flood", person_id=heard.person.id)
            await self._answers.say(heard, "reply_flood", {"command": Verb.PANIC.value})
        self._flood_said.was_said(message.sender)

    # Those who lead ---------------------------------------------------------------------------------

    async def _tell_leaders(self, heard: Heard) -> None:
        """Tell those who lead the case, each alone, that somebody seems to have answered and was not heard.

        In the room nothing shows: whoever pretends to be somebody must not learn that it was noticed.
        """
        if isinstance(heard.said, Command) and heard.said.verb in ASKING:
            return
        if not self._leaders_told.due(heard.person.id):
            return
        messages = [
            each
            for case in await self._concerned(heard)
            for leader in ({*case.leaders} - {heard.person.id} or {*case.leaders})
            for each in _warning(heard, case, leader)
        ]
        await self._post(*messages)
        if messages:
            self._leaders_told.was_said(heard.person.id)

    async def _concerned(self, heard: Heard) -> list[Case]:
        """Return the cases that unchecked words may be about: the channel's, else those of one's open alerts."""
        if heard.target.kind is TargetKind.COMPARTMENT:
            async with self._database.transaction(urgent=True) as tx:
                return [await case_store.case_of_compartment(tx, CompartmentId(heard.target.id))]
        open_alerts = await self._alerts.open_for(heard.person, [])
        async with self._database.reading() as look:
            # Of duress not everybody who leads may know.
            return await case_store.cases(
                look, {each.alert.case_id for each in open_alerts if not each.alert.for_duress}
            )

    async def _post(self, *messages: Message) -> None:
        async with self._database.transaction(urgent=True) as tx:
            await outbox.post(tx, messages, self._clock.now())


def _may_be_talk(said: Said) -> bool:
    """Whether these words mean something only to whoever was asked something; everybody says them to each other."""
    return isinstance(said, Answer) or answers_duty(said) or (isinstance(said, Command) and said.bare)


def _reply(cause: str, target: Target, template: str, *mentions: PersonId, lane: Lane = Lane.ORDINARY) -> Message:
    key = f"reply:{cause}:{template}"
    return Message(key=key, target=target, template=template, mentions=mentions, lane=lane)


def _warning(heard: Heard, case: Case, leader: PersonId) -> list[Message]:
    """Return the neutral sentence that rings one leader, and the warning itself."""
    target = Target(kind=TargetKind.PERSON, id=leader)
    cause = f"unbound:{heard.message.event_id}:{leader}:{case.id}"
    parameters = {"codename": case.codename, "person": str(heard.person.id)}
    ring = Message(
        key=f"{cause}:ring", target=target, template="reply_look_ring", mentions=[leader], lane=Lane.ALERT,
        case_id=case.id,
    )  # fmt: skip
    told = Message(
        key=cause, target=target, template="reply_unbound", parameters=parameters, lane=Lane.ALERT, case_id=case.id
    )
    return [ring, told]


def is_panic(arrival: Arrival) -> bool:
    """Whether an arrival raises a real alert; asked when nothing can be stored."""
    return isinstance(arrival, Received) and calls_for_help(said_in(arrival))
