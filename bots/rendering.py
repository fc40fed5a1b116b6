"""From an outbox message to what stands in the room: catalogue text in the room's language.

Ids in the parameters become the names of staff and agencies here and only here, and leave encrypted.
Everything is escaped: a name can never become markup.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies import store as directory
from agencies.model import AgencyId, PersonId
from alerts import messages as alert_messages
from bots import replies
from core.database import Transaction
from core.outbox import Message
from core.settings import Settings
from core.texts import mark, render
from safety_plans import messages as review_messages

TEMPLATES = {**alert_messages.TEXTS, **review_messages.TEXTS, **replies.TEXTS}
REPEATED = mark("Sent again, in case you have not seen it: {text}")
SOMEBODY = mark("somebody whose device could not be checked")


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
        people |= {PersonId(each) for each in _ids(message.parameters.get("person", ""))}
        agencies |= {AgencyId(each) for each in _ids(message.parameters.get("agencies", ""))}
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
        return text_content(body, mentions)

    def text(self, message: Message, language: str, names: Names) -> str:
        """Return the plain text of a message."""
        shown = {name: self._shown(name, value, language, names) for name, value in message.parameters.items()}
        if "text" in shown:
            shown["text"] = render(shown["text"], language, **shown)
        return render(TEMPLATES[message.template], language, **{**self._numbers, **shown})

    def _shown(self, name: str, value: str, language: str, names: Names) -> str:
        match name:
            case "person":
                return ", ".join(names.people[each] for each in _ids(value)) or render(SOMEBODY, language)
            case "agencies":
                return ", ".join(names.agencies[each] for each in _ids(value))
            case "time":
                return datetime.fromisoformat(value).astimezone(self._zone).strftime("%H:%M (%d.%m.)")
            case "event":
                return render(alert_messages.EVENT_TEXTS[value], language)
            case "reason":
                return render(alert_messages.REASON_TEXTS[value], language)
            case _:
                return value


def text_content(body: str, mentions: Iterable[str] = ()) -> dict[str, Any]:
    """Return the content of a text message that mentions exactly these users."""
    return {
        "msgtype": "m.text",
        "body": body,
        "format": "org.matrix.custom.html",
        "formatted_body": html.escape(body).replace("\n", "<br>"),
        "m.mentions": {"user_ids": sorted(mentions)},
    }


def _ids(value: str) -> list[UUID]:
    return [UUID(part) for part in value.split(",") if part]
