"""Whether the brief of a way is filled in: seen by whoever has the keys of the circle, and by nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.commands import streha
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")


async def test_before_go_the_brief_is_opened_here_and_what_is_empty_is_said(
    types: People, api: ServedApi, scene_now: Scene, tmp_path: Path
) -> None:
    scene, network = scene_now, api.network
    circle, who = scene.case.codename, scene.coordinator

    async def done(*arguments: object) -> str:
        ran = await types(who, *arguments)
        assert ran.code == 0, ran
        return ran.out

    await done("compartment", "open", circle, "--yes")
    begins = (network.clock.now() + timedelta(days=9)).replace(microsecond=0)
    ran = await types(
        who, "operation", "plan", circle, "court_testimony", "--begins", begins.isoformat(), "--confirm",
        scene.member.name, "--confirm", scene.deputy.name, "--buddy", who.name, "--json",
    )  # fmt: skip
    name = ran.json["codename"]

    async def brief() -> dict[str, object]:
        ran = await types(who, "operation", "ready", name, "--brief", "--json")
        assert ran.code == 0, ran
        found: dict[str, object] = ran.json["brief"]
        return found

    assert "--brief" in await done("operation", "ready", name)
    # What programs keep in the same kind of record is none.
    await done("operation", "places", circle)
    assert await brief() == {"found": False, "empty": []}
    assert f"--of {name}" in await done("operation", "ready", name, "--brief")
    text = tmp_path / "brief.txt"
    written = await streha("operation", "brief", "court_testimony", "--of", name, "--out", text)
    assert (written.code, name in text.read_text()) == (0, True)
    record = (await types(who, "record", "put", circle, "--kind", "brief", "--file", text, "--json")).json["record"]
    found = await brief()
    assert (found["found"], len(found["empty"])) == (True, 5)  # type: ignore[arg-type]
    assert "Do, and do not" in await done("operation", "ready", name, "--brief")
    text.write_text(text.read_text().replace(":\n", ": written\n"))
    await done("record", "put", circle, record, "--kind", "brief", "--file", text)
    assert await brief() == {"found": True, "empty": []}
    assert "filled in" in await done("operation", "ready", name, "--brief")

    # Whoever is not in the circle learns nothing.
    outside = await types(scene.police.officer, "operation", "ready", name, "--brief")
    assert (outside.code, "written" in outside.out + outside.err) == (1, False)
