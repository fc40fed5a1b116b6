"""A malicious server against whoever asks who fetched what: a lie is found, or it is said what the answer lacks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cases.ledger import sequence_all
from client.vault import acts, refusals
from client.vault.knowing import Answer, Asked, known
from core.errors import StrehaError
from core.settings import Settings
from tests.malice.town import Town, malicious_town
from tests.people import Network
from tests.vault_machines import Machine


@pytest.fixture
async def town(network: Network, settings: Settings, tmp_path: Path) -> AsyncIterator[Town]:
    async with malicious_town(network, settings, tmp_path) as made:
        yield made


async def ask(town: Town, machine: Machine) -> Answer:
    await sequence_all(town.api.network.database)
    return (await known(machine.reader, town.core.bytes, Asked())).answer


# To a machine that has asked before.
ASKED_AGAIN = [
    ("acts-of-another", acts.LEDGER_ALTERED),
    ("acts-renumbered", acts.LEDGER_ALTERED),
    ("acts-reordered", acts.LEDGER_ALTERED),
    ("acts-doubled", acts.LEDGER_ALTERED),
    ("acts-without-fetches", acts.LEDGER_OTHER),
    ("acts-without-entries", acts.LEDGER_OTHER),
    ("acts-withheld", acts.LEDGER_OTHER),
    ("acts-endless", refusals.ALTERED),
]


async def test_whoever_lies_about_who_fetched_is_found_out(town: Town) -> None:
    scene = town.scene
    coordinator, member = await town.machine(scene.coordinator), await town.machine(scene.member)
    await coordinator.open_(scene.case, scene.case.core.id, scene.deputy)
    put = await coordinator.records.put(town.core.bytes, b"First words")
    await member.records.get(town.core.bytes, put.record.bytes)
    honest = await ask(town, coordinator)
    fetched = {each.person for each in honest.rows if any(act.act == "record_fetched" for act in each.fetched)}
    assert (fetched, honest.missing) == ({scene.member.id.bytes}, 0)

    said = []
    for attack, _sentence in ASKED_AGAIN:
        remembered = coordinator.memory.ledger(town.core.bytes)
        await town.malice.begin(attack, str(scene.deputy.id))
        with pytest.raises(StrehaError) as refused:
            await ask(town, coordinator)
        said.append((attack, refused.value.reason))
        assert coordinator.memory.ledger(town.core.bytes) == remembered, attack
    assert said == ASKED_AGAIN

    # A machine that asks for the first time is told of entries without an act. A fetch that nobody ever was shown is
    # not found out (docs/threat-model.md, *Ledger*).
    deputy = await town.machine(scene.deputy)
    await town.malice.begin("acts-without-entries")
    assert (await ask(town, deputy)).missing > 0
    await town.malice.begin("acts-without-fetches")
    hidden = await ask(town, await town.machine(scene.deputy))
    told = {act.act for each in hidden.rows if each.person == scene.member.id.bytes for act in each.fetched}
    assert (hidden.missing, told) == (0, {"grant_fetched"})

    # Nothing was spoilt.
    await town.malice.begin("honest")
    assert (await ask(town, coordinator)).missing == 0
