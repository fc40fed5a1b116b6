"""Two alerts have one codename, one of them for duress: to look or to note something asks which, and nothing shows."""

from __future__ import annotations

from alerts.duress.raising import Duress
from alerts.model import AlertId
from alerts.vocabulary import StandDownReason
from tests.commands import Ran, streha
from tests.forced import duress_alerts
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def test_who_may_see_both_is_asked_which_and_who_is_forced_sees_what_they_saw(api: ServedApi) -> None:
    network, scene = api.network, await api.network.scene()
    codename, forced = scene.case.codename, scene.member
    officer, hers = api.key_path(scene.police.officer), api.key_path(forced)
    assert (await streha("alert", "raise", codename, "--once", "--key", hers)).code == 0

    async def looked() -> list[Ran]:
        name = scene.police.officer.name
        return [
            await streha("alert", "show", codename, "--key", hers),
            await streha("alert", "spoke", codename, name, "--at", "03:12", "--json", "--key", hers),
            await streha("incident", "show", codename, "--key", hers),
        ]

    await looked()
    before = await looked()
    await Duress(network.database, network.clock).raise_(forced, "an event", scene.case.core.id)
    assert await looked() == before

    (duress,) = map(AlertId, await duress_alerts(network.database))
    for words in (
        ("show", codename), ("spoke", codename, scene.deputy.name), ("police", codename, "no"),
    ):  # fmt: skip
        asked = await streha("alert", *words, "--key", officer)
        assert asked.code != 0
        assert f"For duress: {duress}." in asked.err
    spoken = await network.alerts.see(scene.deputy, duress)
    assert not spoken.alert.conversations
    assert not spoken.alert.emergency_calls
    shown = await streha("alert", "show", str(duress), "--key", officer)
    assert shown.code == 0

    # Of the one that is open still nothing is asked.
    await network.alerts.acknowledge(scene.deputy, duress)
    await network.alerts.stand_down(scene.deputy, duress, StandDownReason.SAFE)
    one = await streha("alert", "show", codename, "--json", "--key", officer)
    assert (one.code, one.json["id"] != str(duress)) == (0, True)
    assert await looked() == before
