"""Whoever accepted first is asked in real rooms whether they still see to it, and replaced where they do not answer."""

from __future__ import annotations

from uuid import uuid4

import pytest

from alerts.model import OWNED, OWNER_ANSWERS_WITHIN, State
from alerts.vocabulary import StandDownReason
from deploy.witness import Message
from tests.acceptance.conftest import Town, rings

pytestmark = pytest.mark.slow


async def test_the_owner_is_asked_says_yes_once_and_loses_it_by_silence(town: Town) -> None:
    case = await town.open_case()
    room, alone = await town.channel(case), await town.direct_room("ana")
    ana, mila = await town.witness("ana"), await town.witness("mila")
    for witness in (ana, mila):
        await witness.joined(room, ana.user_id, mila.user_id)
    await ana.joined(alone)

    def asks_ana(message: Message) -> bool:
        return rings(message) and message.mentions == (ana.user_id,)

    raised = (await town.alerts.raise_(town.person("mila"), case.core.id, uuid4())).alert
    await ana.wait_for(rings, room)
    await ana.send(room, "ack")
    await mila.wait_for(f"{case.codename}: accepted", room)
    alert = (await town.alerts.see(town.person("ana"), raised.id)).alert
    officers = {each.person_id for each in alert.recipients if each.agency_id in alert.silent_agencies}
    for account in town.accounts.values():
        if account.person.id in officers:
            alert = (await town.alerts.acknowledge(account.person, alert.id)).alert
    assert (alert.state, alert.owner_id) == (State.ACCEPTED, town.person("ana").id)

    before = len(ana.messages)
    town.network.move_clock(OWNED)
    await ana.wait_for(asks_ana, room, after=before)
    question = await ana.wait_for("do you still see to this alert?", room, after=before)
    assert (question.mentions, question.shield) == ((), "none")
    assert town.person("ana").name in question.body
    # Alone with her the bot speaks the language of her agency.
    await ana.wait_for(lambda each: each.mentions == (ana.user_id,), alone, after=before)
    await ana.wait_for(lambda each: f"{case.codename}: {town.person('ana').name}" in each.body, alone, after=before)
    await ana.send(alone, f"ack {case.codename}")
    assert (await mila.wait_for("still sees to it", room)).mentions == ()

    asked = len(ana.messages)
    town.network.move_clock(OWNED)
    await ana.wait_for(asks_ana, room, after=asked)
    await ana.wait_for("do you still see to this alert?", room, after=asked)
    silent = len(mila.messages)
    town.network.move_clock(OWNER_ANSWERS_WITHIN)
    opened = await mila.wait_for("has not answered; the alert is open again", room, after=silent)
    assert (opened.mentions, town.person("ana").name in opened.body) == ((), True)
    stands = (await town.alerts.see(town.person("ana"), alert.id)).alert
    assert (stands.state, stands.owner_id, stands.ladder) == (State.OPEN, None, 2)

    # Whoever accepts now has it, and may end it.
    await ana.send(room, "ack")
    await mila.wait_for(f"{case.codename}: accepted", room, after=silent)
    ended = await town.alerts.stand_down(town.person("ana"), alert.id, StandDownReason.SAFE)
    assert ended.alert.ended
