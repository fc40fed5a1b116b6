"""From an outbox message to what stands in the room: catalogue text in the room's language.

Ids in the parameters become the names of staff and agencies here and only here, and leave encrypted.
Everything is escaped: a name can never become markup.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import passkey_messages
from agencies import store as directory
from agencies.model import AgencyId, PersonId
from alerts import cap
from alerts import texts as alert_texts
from alerts.cards import messages as card_messages
from alerts.devices import places as device_places
from alerts.duress import own as own_sentences
from alerts.duress import texts as duress_texts
from alerts.duty import messages as duty_messages
from alerts.incidents import messages as incident_messages
from alerts.police import messages as police_messages
from alerts.proof import proving
from alerts.telephone import desk_calls
from alerts.vocabulary import Event
from bots.words import absence_words, commands, happenings, replies, room_messages
from bots.words.bundling import Bundle, due
from bots.words.commands import Verb
from bots.words.happenings import Happening
from cases import excluding, hold
from cases.vault import messages as vault_messages
from core.database import Transaction
from core.key_holders import Holding, KeyState
from core.outbox import Message
from core.settings import Settings
from core.texts import mark, render
from operations import messages as operation_messages
from operations.safe_calls import messages as safe_call_messages
from safety_plans import messages as review_messages
from safety_plans.digests import messages as digest_messages
from safety_plans.rings import sweep as rings

TEMPLATES = {
    **alert_texts.TEXTS, **police_messages.TEXTS, **incident_messages.TEXTS, **desk_calls.TEXTS,
    **card_messages.TEXTS,
    **device_places.TEXTS, **duty_messages.TEXTS, **review_messages.TEXTS, **replies.TEXTS, **room_messages.TEXTS,
    **vault_messages.TEXTS,
    **operation_messages.TEXTS, **operation_messages.DRILLS, **replies.DRILLS,
    **safe_call_messages.TEXTS,
    **digest_messages.TEXTS, **rings.TEXTS, **hold.TEXTS, **excluding.TEXTS, **proving.TEXTS,
    **absence_words.TEXTS, **duress_texts.TEXTS,
    **own_sentences.TEXTS, **passkey_messages.TEXTS,
}  # fmt: skip
REPEATED = mark("Sent again, in case you have not seen it: {text}")
AWAY = mark("Streha was away {time}. What happened meanwhile:\n{text}")
AWAY_IN_DRILL = mark("EXERCISE. Streha was away {time}. What happened meanwhile:\n{text}")
SOMEBODY = mark("somebody whose device could not be checked")
NOBODY = mark("nobody")
RELATION = "m.relates_to"
# What also says what to do first: what an alert is about, never an exercise; for duress there are words of its own.
INSTRUCTED = frozenset(each for each in alert_texts.TEXTS if each.startswith("alert_details"))
# These begin with the words of an exercise.
PRACTISED = (frozenset(operation_messages.DRILLS) | frozenset(replies.DRILLS)) - {operation_messages.DRILL_RING}
# The parameters that hold ids of people.
PEOPLE = ("person", "absent", "other")
_ROOM = re.compile("@(?=room)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names that messages need, by id."""

    people: Mapping[UUID, str]
    agencies: Mapping[UUID, str]


async def names_for(tx: Transaction, messages: Iterable[Message]) -> Names:
    """Look up the names behind the ids in these messages."""
    people: set[PersonId] = set()
    agencies: set[AgencyId] = set()
    for message in messages:
        for name in PEOPLE:
            people |= {PersonId(each) for each in _ids(message.parameters.get(name, ""))}
        agencies |= {AgencyId(each) for each in _ids(message.parameters.get("agencies", ""))}
        for agency_id, on_duty in _roster(message.parameters.get("roster", "")):
            agencies.add(AgencyId(agency_id))
            people |= {PersonId(each) for each in on_duty}
        people |= {PersonId(person_id) for person_id, _ in _holdings(message.parameters.get("who", ""))}
    found = await directory.people(tx, people)
    agencies |= {each.agency_id for each in found.values()}
    by_id: dict[UUID, str] = {each.id: each.name for each in await directory.agencies(tx, agencies)}
    return Names(
        people={each.id: f"{each.name} ({by_id[each.agency_id]})" for each in found.values()},
        agencies=dict(by_id),
    )


class Renderer:
    """Renders messages for one installation: its numbers to ring, its local time."""

    def __init__(self, settings: Settings) -> None:
        self._zone = ZoneInfo(settings.time_zone)
        self._numbers = {"police": settings.police_number, "ambulance": settings.ambulance_number}

    def content(
        self, message: Message, language: str, names: Names, mentions: Iterable[str], *, repeated: bool = False
    ) -> dict[str, Any]:
        """Return the content of an `m.room.message`. Always `m.text`: notices never ring."""
        body = self.text(message, language, names)
        if repeated:
            body = render(REPEATED, language, text=body)
        content = text_content(body, mentions)
        if message.thread is not None:
            content[RELATION] = _thread(message.thread)
        return content

    def together(
        self, bundle: Bundle, language: str, names: Names, mentions: Iterable[str], now: datetime, *, repeated: bool
    ) -> dict[str, Any]:
        """Return the content of what is said late: one ring for all of an alert's, or one account of what happened."""
        if bundle.ring:
            return self.content(bundle.rows[-1].message, language, names, mentions, repeated=repeated)
        lines = [f"{self._hour(due(each))} {self.text(each.message, language, names)}" for each in bundle.rows]
        body = render(
            AWAY_IN_DRILL if bundle.drill else AWAY, language, time=self._span(bundle.since, now), text="\n".join(lines)
        )
        return text_content(render(REPEATED, language, text=body) if repeated else body, ())

    def text(self, message: Message, language: str, names: Names) -> str:
        """Return the plain text of a message."""
        shown = {name: self._shown(name, value, language, names) for name, value in message.parameters.items()}
        beneath = duress_texts.TOLD.get(message.template)
        if beneath is not None:
            shown["text"] = render(TEMPLATES[beneath], language, **{**self._numbers, **shown})
        elif "text" in shown:
            shown["text"] = render(shown["text"], language, **shown)
        told = render(TEMPLATES[message.template], language, **{**self._numbers, **shown})
        if message.template in PRACTISED:
            told = render(operation_messages.DRILL, language, text=told)
        if message.template in INSTRUCTED:
            told += "\n" + render(cap.INSTRUCTIONS[Event(message.parameters["event"])], language)
        return told

    def _shown(self, name: str, value: str, language: str, names: Names) -> str:
        match name:
            case "person" | "absent" | "other":
                shown = ", ".join(names.people[each] for each in _ids(value)) or render(SOMEBODY, language)
            case "agencies":
                shown = ", ".join(names.agencies[each] for each in _ids(value))
            case "roster":
                shown = "\n".join(self._on_duty(each, language, names) for each in _roster(value))
            case "who":
                shown = "\n".join(self._in_room(*each, language, names) for each in _holdings(value))
            case "command":
                shown = ", ".join(_command(each, language) for each in value.split(","))
            case "happenings":
                shown = _all_alerts(language)
            case "time" | "begins" | "ends":
                shown = self._moment(datetime.fromisoformat(value))
            case "event":
                shown = render(alert_texts.EVENT_TEXTS[value], language)
            case "reason":
                shown = render(alert_texts.REASON_TEXTS[value], language)
            case _:
                shown = value
        return shown

    def _moment(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%H:%M (%d.%m.)")

    def _hour(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%H:%M")

    def _span(self, begin: datetime, end: datetime) -> str:
        same_day = begin.astimezone(self._zone).date() == end.astimezone(self._zone).date()
        return f"{self._hour(begin) if same_day else self._moment(begin)}–{self._moment(end)}"

    def _in_room(self, person_id: UUID, holding: Holding, language: str, names: Names) -> str:
        seen = "" if holding.seen_at is None else self._moment(holding.seen_at)
        return f"{names.people[person_id]}: {render(replies.KEY_TEXTS[holding.state], language, time=seen)}"

    def _on_duty(self, desk: tuple[UUID, list[UUID]], language: str, names: Names) -> str:
        agency_id, people = desk
        return f"{names.agencies[agency_id]}: " + (
            ", ".join(names.people[each] for each in people) or render(NOBODY, language)
        )


def text_content(body: str, mentions: Iterable[str] = ()) -> dict[str, Any]:
    """Return the content of a text message that mentions exactly these users."""
    # Older clients take this word for a call to everybody, whoever is mentioned.
    body = _ROOM.sub("@\N{WORD JOINER}", body)
    return {
        "msgtype": "m.text",
        "body": body,
        "format": "org.matrix.custom.html",
        "formatted_body": html.escape(body).replace("\n", "<br>"),
        "m.mentions": {"user_ids": sorted(mentions)},
    }


def roster(desks: Mapping[AgencyId, Iterable[PersonId]]) -> str:
    """Return who is on duty for which agency as a parameter of a message."""
    return ";".join(f"{agency_id}={','.join(map(str, people))}" for agency_id, people in desks.items())


def who(people: Mapping[PersonId, Holding]) -> str:
    """Return who can read on in a room as a parameter of a message."""
    return ",".join(
        f"{person_id}={each.state}={'' if each.seen_at is None else each.seen_at.isoformat()}"
        for person_id, each in people.items()
    )


def _holdings(value: str) -> list[tuple[UUID, Holding]]:
    found = [each.split("=") for each in value.split(",") if each]
    return [
        (UUID(person_id), Holding(state=KeyState(state), seen_at=datetime.fromisoformat(seen) if seen else None))
        for person_id, state, seen in found
    ]


def _roster(value: str) -> list[tuple[UUID, list[UUID]]]:
    desks = [each.partition("=") for each in value.split(";") if each]
    return [(UUID(agency_id), _ids(people)) for agency_id, _, people in desks]


def _command(written: str, language: str) -> str:
    """Return what is to be written, such as "ack quiet-heron", in a language."""
    verb, *rest = written.split(" ")
    if Verb(verb) is Verb.ALERT and rest and rest[0] in set(Happening):
        rest[0] = happenings.word(Happening(rest[0]), language)
    return " ".join([commands.word(Verb(verb), language), *rest])


def _all_alerts(language: str) -> str:
    """Return everything that may be raised by a word, and what it means."""
    # Whoever needs the word for panic must not have to look for it in a list.
    listed = [each for each in Happening if each is not Happening.PANIC]
    return "\n".join(f"{_command(f'{Verb.ALERT} {each}', language)}: {_meaning(each, language)}" for each in listed)


def _meaning(what: Happening, language: str) -> str:
    return render(replies.CHILD_TEXT if what.child else alert_texts.EVENT_TEXTS[what.event], language)


def _thread(root: str) -> dict[str, Any]:
    """Return what puts an answer into a thread, and beneath its question for clients that know no threads."""
    return {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}


def _ids(value: str) -> list[UUID]:
    return [UUID(part) for part in value.split(",") if part]
