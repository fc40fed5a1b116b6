"""What the bot does with what it receives: binds the sender to a person, runs the command, answers.

Handling the same arrival twice has one effect: alerts are keyed by the event that raised them, answers by
the event they answer. Raising fails open: a panic whose sender cannot be bound raises an unverified alert.
Everything else fails closed and invisibly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies.model import Person
from agencies.service import Agencies
from alerts.model import Event, StandDownReason, Status, Through
from alerts.service import Alerts, AlertView
from bots import rooms
from bots.commands import Command, NearMiss, Verb, parse
from bots.occupants import Occupants
from bots.received import Arrival, MembershipChange, Received, Undecryptable
from cases.model import CompartmentId
from cases.service import Cases
from core import logs, outbox
from core.clock import Clock
from core.database import Database
from core.errors import StrehaError, Unavailable
from core.ids import derived_id
from core.outbox import Lane, Message, Target, TargetKind
from core.settings import Settings
from safety_plans.service import Reviews

log = logs.get(__name__)


class Handling:
    """Acts on arrivals. Raises Unavailable when nothing could be stored, so that the arrival comes again."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, occupants: Occupants, bot: str) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(settings.time_zone)
        self._occupants = occupants
        self._bot = bot
        self._agencies = Agencies(database, clock)
        self._alerts = Alerts(database, clock)
        self._cases = Cases(database, clock)
        self._reviews = Reviews(database, clock)

    async def handle(self, arrival: Arrival) -> None:
        """Act on one arrival, once."""
        match arrival:
            case MembershipChange():
                await self._moved(arrival)
            case Undecryptable():
                await self._unreadable(arrival)
            case Received() if arrival.sender != self._bot:
                await self._received(arrival)

    async def _moved(self, change: MembershipChange) -> None:
        """Notice drift: somebody in a room who does not belong there, or a member who has gone from it.

        The stranger is removed by the next round. Who went by themselves is not dragged back: the operator
        is told, and every alert tells its raiser whom it cannot reach.
        """
        self._occupants.notice(change)
        if change.user_id == self._bot and change.membership in {"leave", "ban"}:
            log.error("bot_removed_from_room")
            async with self._database.transaction() as tx:
                await rooms.lost(tx, change.room_id, self._clock.now())
        if self._bot in {change.by, change.user_id}:
            return
        async with self._database.transaction() as tx:
            target = await rooms.target_of(tx, change.room_id)
            if target is None:
                return
            belongs = change.user_id in (await rooms.rooms(tx, [target]))[target].members
            if change.membership in {"join", "knock"} and not belongs:
                log.error("stranger_in_room", state=target.kind)
                await rooms.drifted(tx, change.room_id, self._clock.now())
            elif change.membership in {"leave", "ban"} and belongs:
                log.error("member_left_room", state=target.kind)

    async def _unreadable(self, arrival: Undecryptable) -> None:
        """Say in the room that a message of a member could not be read: it may have been a panic."""
        target = await self._target(arrival.room_id)
        person = await self._agencies.person_by_matrix_user(arrival.sender)
        if target is not None and person is not None:
            await self._say(arrival.event_id, target, "reply_cannot_read", {}, person)

    async def _received(self, message: Received) -> None:
        said = _said(message)
        if said is None:
            return
        target = await self._target(message.room_id)
        person = await self._agencies.person_by_matrix_user(message.sender)
        if target is None or person is None:
            log.warning("command_from_stranger")
            return
        if not message.bound:
            log.error("command_not_bound", person_id=person.id)
            if not isinstance(said, Command) or said.verb is not Verb.PANIC:
                return
        try:
            await self._obey(said, message, target, person)
        except Unavailable:
            raise
        except StrehaError as error:
            said_why = {"text": error.reason, **{name: str(value) for name, value in error.parameters.items()}}
            await self._say(message.event_id, target, "reply_refused", said_why, person)

    async def _obey(self, said: Command | NearMiss, message: Received, target: Target, person: Person) -> None:
        if isinstance(said, NearMiss):
            await self._say(message.event_id, target, "reply_did_you_mean", {"words": said.verb.value}, person)
            return
        match said.verb:
            case Verb.PANIC | Verb.DRILL:
                await self._raise(said, message, target, person)
            case Verb.ACK:
                alert = await self._alert(said, message, target, person)
                if alert is not None:
                    await self._alerts.acknowledge(person, alert.alert.id)
            case Verb.STAND_DOWN:
                alert = await self._alert(said, message, target, person)
                if alert is not None:
                    reason = said.reason or (
                        StandDownReason.DRILL_OVER if alert.alert.status is Status.EXERCISE else StandDownReason.SAFE
                    )
                    await self._alerts.stand_down(person, alert.alert.id, reason)
            case Verb.DUE:
                await self._due(message, target, person)
            case Verb.HELP:
                await self._say(message.event_id, target, "reply_help", {}, person)

    async def _raise(self, said: Command, message: Received, target: Target, person: Person) -> None:
        compartment_id = await self._compartment(said, message, target, person)
        if compartment_id is None:
            return
        await self._alerts.raise_(
            person,
            compartment_id,
            derived_id("raise", message.event_id),
            event=Event.PANIC,
            status=Status.EXERCISE if said.verb is Verb.DRILL else Status.ACTUAL,
            through=Through.CHANNEL if message.bound else Through.UNVERIFIED,
        )
        if not message.bound:
            await self._say(message.event_id, target, "reply_raised_unverified", {}, person, lane=Lane.ALERT)

    async def _compartment(
        self, said: Command, message: Received, target: Target, person: Person
    ) -> CompartmentId | None:
        """Return where to raise: the compartment named, else this channel's, else the only one there is."""
        here = CompartmentId(target.id) if target.kind is TargetKind.COMPARTMENT else None
        if said.codename is None and here is not None:
            return here
        mine = [compartment for case in await self._cases.see_all(person) for compartment in case.compartments]
        named = [each for each in mine if each.codename == said.codename]
        if len(named) == 1:
            return named[0].id
        if here is not None:
            # A mistyped codename must not keep anybody from help.
            return here
        cores = [each for each in mine if each.core]
        if said.codename is None and len(cores) == 1:
            return cores[0].id
        await self._ask_which("reply_which_case", said.verb, [each.codename for each in mine], message, target, person)
        return None

    async def _alert(self, said: Command, message: Received, target: Target, person: Person) -> AlertView | None:
        """Return the open alert that is meant, or ask which."""
        here = [CompartmentId(target.id)] if target.kind is TargetKind.COMPARTMENT and said.codename is None else []
        alerts = _most_urgent(
            [each for each in await self._alerts.open_for(person, here) if said.codename in {None, each.codename}],
            person,
            said.verb,
        )
        if len(alerts) == 1:
            return alerts[0]
        if not alerts:
            await self._say(message.event_id, target, "reply_no_alert", {}, person, lane=Lane.ALERT)
        else:
            codenames = [each.codename for each in alerts]
            await self._ask_which("reply_which_alert", said.verb, codenames, message, target, person)
        return None

    async def _ask_which(
        self, template: str, verb: Verb, codenames: Sequence[str], message: Received, target: Target, person: Person
    ) -> None:
        """Ask for a codename; list them only where the person is alone with the bot."""
        words = ", ".join(sorted({f"{verb} {each}" for each in codenames}))
        if target.kind is not TargetKind.PERSON or not words:
            template, words = f"{template}_unlisted", verb.value
        await self._say(message.event_id, target, template, {"words": words}, person, lane=Lane.ALERT)

    async def _due(self, message: Received, target: Target, person: Person) -> None:
        """List what is due: in a channel only that case, so that no room learns of another."""
        views = await self._reviews.due(person)
        if target.kind is TargetKind.COMPARTMENT:
            here = {
                case.codename
                for case in await self._cases.see_all(person)
                if case.compartment(CompartmentId(target.id)) is not None
            }
            views = [each for each in views if each.codename in here]
        elif target.kind is TargetKind.DESK:
            views = []
        words = "\n".join(f"{each.codename}: {self._local(each.review.due_at)}" for each in views)
        template = "reply_due" if words else "reply_nothing_due"
        await self._say(message.event_id, target, template, {"words": words}, person)

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%d.%m.%Y. %H:%M")

    async def _target(self, room_id: str) -> Target | None:
        async with self._database.transaction() as tx:
            return await rooms.target_of(tx, room_id)

    async def _say(
        self, event_id: str, target: Target, template: str, parameters: dict[str, str], person: Person,
        *, lane: Lane = Lane.ORDINARY,
    ) -> None:  # fmt: skip
        answer = Message(
            key=f"reply:{event_id}:{template}",
            target=target,
            template=template,
            parameters=parameters,
            mentions=[person.id],
            lane=lane,
        )
        async with self._database.transaction() as tx:
            await outbox.post(tx, [answer], self._clock.now())


def _most_urgent(alerts: Sequence[AlertView], person: Person, verb: Verb) -> Sequence[AlertView]:
    """Return those that a bare word can mean: what is still to be accepted first, and the real before a drill."""
    open_to_accept = [each for each in alerts if not each.alert.has_acknowledged(person.id)]
    if verb is Verb.ACK and open_to_accept:
        alerts = open_to_accept
    return [each for each in alerts if each.alert.status is Status.ACTUAL] or alerts


def _said(message: Received) -> Command | NearMiss | None:
    """Return the command in a message. Edits command nothing: what was sent first is what was meant."""
    relation = message.content.get("m.relates_to")
    edited = isinstance(relation, dict) and relation.get("rel_type") == "m.replace"
    if message.event_type != "m.room.message" or message.msgtype != "m.text" or edited:
        return None
    return parse(message.body)


def is_panic(arrival: Arrival) -> bool:
    """Whether an arrival raises a real alert; asked when nothing can be stored."""
    if not isinstance(arrival, Received):
        return False
    said = _said(arrival)
    return isinstance(said, Command) and said.verb is Verb.PANIC
