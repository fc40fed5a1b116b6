"""Telephones in tests: what people text and key in reaches a served API as the example gateway hands it on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from uuid import uuid4

import msgspec

from agencies.contacts import ContactId, Contacts, Means
from agencies.model import Person
from alerts.model import AlertId
from alerts.telephone.answer_numbers import key_of
from core.clock import Clock
from core.settings import Secret, Settings
from crypto import webhook_signature
from crypto.answer_number import answer_number
from deploy.gateway_inward import PATH
from tests.clock import MovableClock
from tests.people import Network, Office
from tests.served import Answered, ServedApi, serve_api

INWARD = "whsec_bm90IHRoZSBvdXR3YXJkIGtleSBidXQgaXRzIG93bg=="
OTHER = "whsec_YW5vdGhlciBrZXkgdGhhdCBub2JvZHkga25vd3MgaGVyZQ=="
# Nobody's.
STRANGE = "+381699999999"
_numbers = count(620_000_000)


@dataclass(slots=True, kw_only=True)
class Line:
    """An API that hears telephones, and whose they are."""

    api: ServedApi
    clock: MovableClock
    contacts: Contacts
    key: bytes = field(default_factory=lambda: webhook_signature.read_key(INWARD))

    async def of(self, person: Person, means: Means = Means.TEXT, number: str = "") -> tuple[str, ContactId]:
        """Note a telephone of a person; return its number, and the contact."""
        number = number or _number()
        return number, await self.contacts.add(person.id, means, number, of_desk=False)

    async def of_desk(self, office: Office, means: Means = Means.TEXT, number: str = "") -> tuple[str, ContactId]:
        """Note a telephone of an agency's desk."""
        assert office.desk_id is not None
        number = number or _number()
        return number, await self.contacts.add(office.desk_id, means, number, of_desk=True)

    async def say(
        self, number: str, text: str, *, id_: str = "", received: datetime | None = None, means: str = "text"
    ) -> str:
        """Say something from a number; return what became of it."""
        body = self.body(number, text, received=received, means=means)
        answered = await self.post(body, id_=id_ or f"msg_{uuid4().hex}")
        assert answered.status == 200, answered.body
        return str(answered.json["outcome"])

    async def post(
        self, body: bytes, *, key: bytes | None = None, id_: str = "msg_1", moment: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answered:  # fmt: skip
        """Send these bytes, signed with a key."""
        moment = int(self.clock.now().timestamp()) if moment is None else moment
        signed = {
            "webhook-id": id_, "webhook-timestamp": str(moment),
            "webhook-signature": webhook_signature.sign(key or self.key, id_, moment, body), **(headers or {}),
        }  # fmt: skip
        return await self.api.ask("POST", PATH, raw=body, headers=signed)

    def body(self, number: str, text: str, *, received: datetime | None = None, means: str = "text") -> bytes:
        """Return what the gateway would send."""
        return msgspec.json.encode(
            {"from": number, "means": means, "text": text, "received": received or self.clock.now()}
        )

    def number(self, contact: ContactId, alert_id: AlertId, ladder: int = 1) -> str:
        """Return the number that a call told to a contact; a test with real letters holds that it is this one."""
        return answer_number(self.key, contact.bytes, alert_id.bytes, ladder)


def signature(settings: Settings, clock: Clock, body: bytes, *, id_: str = "msg_1") -> dict[str, str]:
    """Return the headers with which the gateway of these settings sends a body now."""
    key, moment = webhook_signature.read_key(settings.gateway_inward_key.reveal()), int(clock.now().timestamp())
    return {
        "webhook-id": id_, "webhook-timestamp": str(moment),
        "webhook-signature": webhook_signature.sign(key, id_, moment, body),
    }  # fmt: skip


def _number() -> str:
    return f"+381{next(_numbers)}"


def telephoning(settings: Settings) -> Settings:
    """Return settings with which telephones are heard."""
    heard = replace(settings, gateway_inward_key=Secret(INWARD))
    assert key_of(heard)
    return heard


@asynccontextmanager
async def line_over(network: Network, settings: Settings, clock: MovableClock, directory: Path) -> AsyncIterator[Line]:
    """Serve an API that hears telephones."""
    async with serve_api(network, telephoning(settings), directory) as api:
        yield Line(api=api, clock=clock, contacts=Contacts(network.database, clock))
