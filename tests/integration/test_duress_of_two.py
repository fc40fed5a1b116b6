"""Two people are forced: whoever may be forced too hears nothing of the other's call, and nothing tells why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agencies.contacts import Contacts, Means
from agencies.model import Person
from alerts.model import AlertId
from alerts.store import RESTING
from alerts.sweep import escalate_due
from alerts.vocabulary import StandDownReason
from core.database import Database
from tests.forced import CLEAR, DURESS, duress_alerts, of_duress, reaching
from tests.people import Network, Scene
from tests.talk import Talk

pytest_plugins = ("tests.fixtures_duress",)

MINUTE = timedelta(minutes=1)
SENTENCES = pytest.mark.parametrize("sentence", [CLEAR, DURESS], ids=["all-clear", "duress"])


async def hears(database: Database, person: Person, alert_id: AlertId) -> int:
    """Return how much was said of an alert to somebody, in their room and at their telephone."""
    async with database.reading() as look:
        return int(
            await look.value(
                "SELECT count(*) FROM outbox WHERE alert_id = $2 "
                "AND (target_id = $1 OR target_id IN (SELECT id FROM contacts WHERE person_id = $1))",
                person.id, alert_id,
            )
        )  # fmt: skip


@SENTENCES
async def test_whoever_wrote_either_sentence_is_rung_about_nobody_elses_duress(
    talk: Talk, scene: Scene, database: Database, network: Network, sentence: str
) -> None:
    second = scene.ngo.worker
    await Contacts(database, talk.clock).add(second.id, Means.VOICE, "+381600000001", of_desk=False)
    await talk.say(scene.member, scene.case.core.id, DURESS)
    (first,) = map(AlertId, await duress_alerts(database))
    before = await hears(database, second, first)
    assert before
    talk.clock.move(MINUTE)
    await talk.say(second, second.id, sentence)
    for _ in range(4):
        talk.clock.move(11 * MINUTE)
        await escalate_due(database, talk.clock)
    await talk.say(scene.member, scene.case.core.id, DURESS)
    await network.alerts.acknowledge(scene.deputy, first)
    await network.alerts.note_conversation(scene.deputy, first, scene.coordinator.id)
    assert await hears(database, second, first) == before
    # It is on their board as before, and others are called still.
    assert first in {each.alert.id for each in await network.alerts.see_all(second)}
    assert [each for each in await of_duress(database) if each["target_id"] == scene.coordinator.id]
    # Who accepts it all the same hears how it goes on.
    await network.alerts.acknowledge(second, first)
    await network.alerts.note_conversation(scene.deputy, first, scene.coordinator.id)
    talk.clock.move(MINUTE)
    await network.alerts.note_conversation(scene.coordinator, first, scene.deputy.id)
    assert await hears(database, second, first) > before


@SENTENCES
async def test_after_a_while_they_are_rung_again(
    talk: Talk, scene: Scene, database: Database, network: Network, sentence: str
) -> None:
    second = scene.coordinator
    await talk.say(second, second.id, sentence)
    for alert_id in map(AlertId, await duress_alerts(database)):
        await network.alerts.acknowledge(scene.deputy, alert_id)
        await network.alerts.stand_down(scene.deputy, alert_id, StandDownReason.SAFE)
    talk.clock.move(RESTING)
    await talk.say(scene.member, scene.case.core.id, DURESS)
    last = AlertId((await duress_alerts(database))[-1])
    assert await hears(database, second, last)


async def test_where_nobody_else_could_act_they_are_told_all_the_same(
    talk: Talk, scene: Scene, database: Database
) -> None:
    first = scene.member
    others = [
        scene.coordinator, scene.deputy, scene.ngo.worker, scene.ngo.officer, scene.shelter.officer,
        scene.shelter.deputies[0], scene.welfare.officer, scene.welfare.deputies[0], *scene.police.officers,
        scene.police.deputies[0],
    ]  # fmt: skip
    async with database.transaction() as tx:
        for each in others:
            await tx.run(
                "INSERT INTO own_sentences (person_id, public_key, sealed_at, written_at) VALUES ($1, $2, $3, $3) "
                "ON CONFLICT (person_id) DO UPDATE SET written_at = EXCLUDED.written_at",
                each.id, bytes(32), talk.clock.now(),
            )  # fmt: skip
    await talk.say(first, scene.case.core.id, DURESS)
    (alert_id,) = map(AlertId, await duress_alerts(database))
    for each in (scene.coordinator, scene.deputy, scene.police.officer):
        assert await hears(database, each, alert_id)
    assert [template for template, *_ in await reaching(database, first)] == ["reply_no_alert"]
