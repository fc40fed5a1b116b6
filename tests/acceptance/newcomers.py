"""Somebody new in the channel of a case: what the stories of linked people share, whoever may read and act in them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from alerts.service import AlertView
from alerts.vocabulary import StandDownReason, Through
from cases.model import Case
from deploy.witness import Message, Witness
from tests.acceptance.conftest import Town, rings

PATIENCE = 60.0
HELP = "Write one of these"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """A person whom nobody has linked yet, with a strict client, in a channel that Ana leads and Sara writes in."""

    town: Town
    account: str
    case: Case
    room: str
    client: Witness
    ana: Witness
    sara: Witness

    async def link(self, client: Witness) -> None:
        """Link the person to the identity of a client."""
        await self.town.link(self.account, client.device_id, await client.session_key())

    async def rings_at(self, by: Witness) -> tuple[AlertView, Message]:
        """Let somebody press; return the alert, and its ring as Ana reads it."""
        before = len(self.ana.messages)
        await by.send(self.room, "panic")
        ring = await self.ana.wait_for(rings, self.room, after=before)
        await self.ana.wait_for("ALERT", self.room, after=before)
        return await self.open(), ring

    async def is_refused(self) -> None:
        """See that the client reads nothing, that its panic is not verified, and that its other words are none."""
        before = len(self.ana.messages)
        await self.client.send(self.room, "panic")
        told = await self.ana.wait_for("NOT VERIFIED", self.room, after=before)
        await self.client.wait_for_failure(told.event_id)
        await self.client.send(self.room, "ack")
        await self.sara.send(self.room, "help")
        await self.ana.wait_for(HELP, self.room, after=before)
        view = await self.open()
        assert (view.alert.raised_through, view.alert.raised_by) == (Through.UNVERIFIED, None)
        assert not any(each.acknowledged_at for each in view.alert.recipients)
        await self.end()

    async def coordinator_is_told(self, after: int) -> None:
        """Wait until the coordinator reads something of the person, alone with the bot and in her own language."""
        name = self.town.person(self.account).name
        await self.ana.wait_for(name, await self.town.direct_room("ana"), PATIENCE, after=after)

    async def is_unreached(self, view: AlertView) -> None:
        """Wait until those who look at the alert see that the person is not reached by it."""
        wanted, ana = self.town.person(self.account).id, self.town.person("ana")
        async with asyncio.timeout(PATIENCE):
            while not any(wanted in each.unreached for each in view.deliveries):
                await asyncio.sleep(0.05)
                view = await self.town.alerts.see(ana, view.alert.id)

    async def open(self) -> AlertView:
        """Return the open alert of the case."""
        (view,) = await self.town.alerts.open_for(self.town.person("ana"), [self.case.core.id])
        return view

    async def end(self) -> None:
        """End the open alert."""
        alert_id, petar = (await self.open()).alert.id, self.town.person("petar")
        await self.town.alerts.acknowledge(petar, alert_id)
        await self.town.alerts.stand_down(petar, alert_id, StandDownReason.FALSE_ALARM)


async def newcomer(town: Town, name: str) -> Newcomer:
    """Let somebody begin to work, sign in, and come into a channel."""
    account = await town.newcomer(name)
    case = await town.open_case()
    ana, sara = await town.witness("ana"), await town.witness("sara")
    client = await town.witness(account, linked=False)
    await town.cases.add_member(town.person("ana"), case.core.id, town.person(account).id)
    room = await town.channel(case)
    for each in (ana, sara, client):
        await each.joined(room, ana.user_id, sara.user_id, client.user_id, patience=PATIENCE)
    await ana.joined(await town.direct_room("ana"))
    return Newcomer(town=town, account=account, case=case, room=room, client=client, ana=ana, sara=sara)
