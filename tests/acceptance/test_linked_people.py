"""Only people whose identity was confirmed read and are obeyed: not linked, linked, on two devices, reset.

An identity that the homeserver swaps is among the attacks (`test_attacks`).
"""

from __future__ import annotations

import asyncio

import pytest

from alerts.vocabulary import Through
from deploy.demo_linking import Linked
from tests.acceptance.conftest import Town
from tests.acceptance.newcomers import newcomer
from tests.waiting import until

pytestmark = pytest.mark.slow


async def test_who_is_not_linked_reads_nothing_and_who_is_reads_and_acts_on_every_device(town: Town) -> None:
    zora = await newcomer(town, "zora")
    person = town.person(zora.account)
    before = len(zora.ana.messages)
    await zora.is_refused()
    await zora.coordinator_is_told(before)

    # The demo links whoever signs in; a person and an administrator do the same by hand.
    told: list[Linked] = []
    async with asyncio.TaskGroup() as tasks:
        accounts = {zora.account: town.accounts[zora.account]}
        watching = tasks.create_task(town.linking.watch(accounts, told.append))
        await until(lambda: bool(told))
        watching.cancel()
    assert told == [Linked(name=person.name, device_id=zora.client.device_id, changed=False)]
    await town.linking.until_pinned(person)
    view, ring = await zora.rings_at(zora.client)
    assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, person.id)
    read = await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)
    assert read.shield == "none"
    await zora.end()

    # One more device of the same identity needs no more confirming.
    password = town.accounts[zora.account].matrix_password
    phone = await town.clients.add(f"{zora.account}'s phone", person.matrix_user, password, identity_of=zora.client)
    await phone.joined(zora.room)
    view, ring = await zora.rings_at(phone)
    assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, person.id)
    await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)
    await phone.wait_for("ALERT", zora.room)
    await zora.end()


async def test_a_reset_identity_is_not_reached_until_it_is_linked_again(town: Town) -> None:
    zora = await newcomer(town, "zora")
    await zora.link(zora.client)
    view, ring = await zora.rings_at(zora.sara)
    await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)

    # During an alert: those who look at it see at once that she is not reached, and can ring her.
    before = len(zora.ana.messages)
    await zora.client.reset_identity()
    await zora.coordinator_is_told(before)
    await zora.is_unreached(view)
    await zora.end()
    await zora.is_refused()

    await zora.link(zora.client)
    view, ring = await zora.rings_at(zora.client)
    assert (view.alert.raised_through, view.alert.raised_by) == (Through.CHANNEL, town.person(zora.account).id)
    await zora.client.wait_for(lambda each: each.event_id == ring.event_id, zora.room)
    await zora.end()
