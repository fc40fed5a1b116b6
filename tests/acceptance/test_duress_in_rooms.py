"""Somebody forced calls off her alert in a real room: her strict client is sent what an all-clear is answered with."""

from __future__ import annotations

import asyncio
import re

import pytest

from alerts.duress.own import Standing
from alerts.vocabulary import Event, StandDownReason
from crypto import sentence_seal
from deploy.witness import Witness
from streha.personal import speaking_as
from tests.acceptance.conftest import Town, rings
from tests.forced import CLEAR, DURESS
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

LOOK_SECONDS = 0.2
_MOMENT = re.compile(r"\d\d:\d\d \(\d\d\.\d\d\.\)")


async def set_sentences(town: Town, name: str) -> None:
    """Set them as the command does, and wait until the bot has taken them up."""
    person = town.person(name)
    async with speaking_as(town.accounts[name].key_file) as api, asyncio.timeout(PATIENCE_SECONDS):
        while (key := (await api.sentences()).public_key) is None:  # noqa: ASYNC110 (what another process does)
            await asyncio.sleep(LOOK_SECONDS)
        await api.set_sentences(key, sentence_seal.seal(key, person.id.bytes, CLEAR, DURESS))
        while (await api.sentences()).standing != Standing.SET:  # noqa: ASYNC110 (as above)
            await asyncio.sleep(LOOK_SECONDS)


def heard(witness: Witness, after: int, room: str, codename: str) -> list[tuple[str, tuple[str, ...], str | None]]:
    """Return what a client was sent in a room, without when and of which case.

    What follows an alert, its review, comes with a round of the engine: before or after the end of the alert.
    """
    found = (
        (_MOMENT.sub("now", each.body).replace(codename, "codename"), each.mentions, each.shield)
        for each in witness.messages[after:]
        if each.room_id == room and each.sender != witness.user_id
    )
    return sorted(found, key=repr)


async def test_the_answer_is_that_of_an_all_clear_and_others_are_called_alone(town: Town) -> None:
    alone = {name: await town.direct_room(name) for name in ("mila", "sara")}
    mila, sara = await town.witness("mila"), await town.witness("sara")
    await mila.joined(alone["mila"])
    await sara.joined(alone["sara"])
    await set_sentences(town, "mila")

    answers = []
    for sentence in (CLEAR, DURESS):
        case = await town.open_case()
        room = await town.channel(case)
        await mila.joined(room, mila.user_id, sara.user_id)
        before, seen = len(mila.messages), len(sara.messages)
        await mila.send(room, "panic")
        await sara.wait_for("ALERT,", room, after=seen)
        asked = len(sara.messages)
        await mila.send(room, sentence)
        await sara.wait_for("says it is over. Ring back", room, after=asked)
        await mila.wait_for("says it is over. Ring back", room, after=before)
        if sentence == DURESS:
            told = await sara.wait_for("DURESS,", alone["sara"], after=seen)
            assert town.person("mila").name in told.body
            assert case.codename in told.body
            await sara.wait_for(rings, alone["sara"], after=seen)
            await sara.send(alone["sara"], f"ack {case.codename}")
            await sara.wait_for("accepted", alone["sara"], after=seen)
        await sara.send(room, "ack")
        await sara.wait_for(f"{case.codename}: accepted", room, after=asked)
        await mila.wait_for("has 192 been called", room, after=before)
        for view in await town.alerts.see_all(town.person("sara")):
            if view.alert.case_id == case.id and view.alert.event is Event.PANIC:
                await town.alerts.stand_down(town.person("sara"), view.alert.id, StandDownReason.SAFE)
        await mila.wait_for("the alert was ended", room, after=before)
        await mila.wait_for("the risk is to be assessed again", room, after=before)
        answers.append(heard(mila, before, room, case.codename))
        assert not heard(mila, before, alone["mila"], case.codename)
    assert answers[0] == answers[1]
    # It runs on, and she can find nothing of it.
    (view,) = [each for each in await town.alerts.see_all(town.person("sara")) if each.alert.case_id == case.id]
    assert (view.alert.event, view.alert.ended) == (Event.DURESS, False)
    assert not [each for each in await town.alerts.see_all(town.person("mila")) if each.alert.case_id == case.id]
    assert not [each for each in (*mila.messages, *sara.messages) if "DURESS" in each.body and each.room_id == room]
    await town.alerts.stand_down(town.person("sara"), view.alert.id, StandDownReason.SAFE)
