"""`streha operation import` as it is typed, with a real server and a vault: planned, moved, called off, and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.database import Database
from tests.commands import Ran
from tests.court_calendars import calendar, entry
from tests.integration.test_canary import all_rows
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

MARKED = "Zdravka Marked"
UID = "hearing-of-zdravka-marked@court.example"


class Importing:
    """The coordinator of a case, with calendar files."""

    def __init__(self, types: People, api: ServedApi, scene: Scene, folder: Path) -> None:
        self.types, self.api, self.scene, self.folder = types, api, scene, folder
        self.who = scene.coordinator
        self.people: tuple[str, ...] = ()

    def at(self, days: int) -> datetime:
        """Return an hour at which a court expects somebody, so many days from now."""
        return (self.api.network.clock.now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)

    async def run(self, content: bytes, *more: object) -> Ran:
        path = self.folder / "court.ics"
        path.write_bytes(content)
        ran = await self.types(self.who, "operation", "import", self.scene.case.codename, path, *self.people, *more)
        assert "Traceback" not in ran.err
        return ran

    async def json(self, content: bytes, *more: object) -> Any:
        ran = await self.run(content, *more, "--json")
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.json

    async def operations(self) -> list[Any]:
        ran = await self.types(self.who, "operation", "list", "--json")
        assert ran.code == 0, ran
        return list(ran.json)


def hearing(at: datetime, *lines: str, uid: str = UID) -> str:
    return entry(uid, f"SUMMARY:{MARKED}", *lines, at=f"DTSTART:{at:%Y%m%dT%H%M%SZ}")


def turns(told: Any) -> list[str]:
    return [each["turn"] for each in told["changes"]]


@pytest.fixture
async def imports(types: People, api: ServedApi, scene_now: Scene, tmp_path: Path) -> Importing:
    made = Importing(types, api, scene_now, tmp_path)
    assert (await types(scene_now.coordinator, "compartment", "open", scene_now.case.codename, "--yes")).code == 0
    made.people = (
        "--confirm", scene_now.member.name, "--confirm", scene_now.deputy.name, "--buddy", scene_now.coordinator.name,
    )  # fmt: skip
    return made


async def test_a_day_is_planned_moved_called_off_and_on_again(imports: Importing, database: Database) -> None:
    first, later = imports.at(20), imports.at(40)
    file = calendar(hearing(first))
    dry = await imports.json(file, "--dry-run")
    assert (turns(dry), dry["done"], await imports.operations()) == (["new"], False, [])

    planned = await imports.json(file)
    (operation,) = await imports.operations()
    assert planned["changes"][0]["codename"] == operation["codename"]
    assert datetime.fromisoformat(operation["begins_at"]) == first - timedelta(minutes=90)
    assert (operation["status"], len(operation["steps"])) == ("planned", 8)
    shown = await imports.run(file)
    assert "unchanged" in shown.out
    assert MARKED in shown.out

    # Moved, it keeps its name and people, and is to be approved again.
    name = operation["codename"]
    assert (await imports.types(imports.who, "operation", "approve", name)).code == 0
    imports.people = ()
    assert turns(await imports.json(calendar(hearing(later, "SEQUENCE:1")))) == ["moved"]
    (moved,) = await imports.operations()
    assert (moved["operation"], moved["status"]) == (operation["operation"], "planned")
    assert datetime.fromisoformat(moved["begins_at"]) == later - timedelta(minutes=90)
    assert [each["confirmers"] for each in moved["steps"]] == [each["confirmers"] for each in operation["steps"]]

    # The file that came first says nothing any more.
    old = await imports.run(file)
    assert (old.code, "older" in old.out, "Nothing was done" in old.out) == (1, True, True), old

    off = calendar(hearing(later, "SEQUENCE:2", "STATUS:CANCELLED"))
    assert turns(await imports.json(off)) == ["cancelled"]
    assert [each["status"] for each in await imports.operations()] == ["postponed"]
    assert turns(await imports.json(off)) == ["unchanged"]
    on = calendar(hearing(later, "SEQUENCE:3"))
    assert turns(await imports.json(on)) == ["moved"]
    assert [each["status"] for each in await imports.operations()] == ["planned"]

    # Put off by hand, it stays so until the court says something new.
    assert (await imports.types(imports.who, "operation", "postpone", name)).code == 0
    assert turns(await imports.json(on)) == ["unchanged"]
    assert [each["status"] for each in await imports.operations()] == ["postponed"]

    # Nothing of the file is stored, neither as text nor as bytes, which are written in hexadecimal.
    stored = await all_rows(database)
    assert operation["operation"] in stored
    for word in ("zdravka", "hearing-of", "court dates"):
        assert word not in stored
        assert word.encode().hex() not in stored


async def test_somebody_else_of_the_circle_imports_the_next_file(imports: Importing) -> None:
    await imports.json(calendar(hearing(imports.at(20))))
    imports.who = imports.scene.deputy
    assert turns(await imports.json(calendar(hearing(imports.at(30), "SEQUENCE:1")))) == ["moved"]
    assert len(await imports.operations()) == 1


async def test_what_was_cut_off_goes_on_and_plans_nothing_twice(imports: Importing, database: Database) -> None:
    file = calendar(hearing(imports.at(20)), hearing(imports.at(21), uid="other"))
    await imports.json(file)
    before = {each["operation"] for each in await imports.operations()}
    # As if the second had never reached the server: kept, and not planned.
    async with database.transaction() as tx:
        gone = await tx.value("SELECT id FROM operations ORDER BY begins_at DESC LIMIT 1")
        await tx.run("DELETE FROM milestones WHERE operation_id = $1", gone)
        await tx.run("DELETE FROM operations WHERE id = $1", gone)
    assert turns(await imports.json(file)) == ["unchanged", "new"]
    assert {each["operation"] for each in await imports.operations()} == before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda at: entry("b", at=f"DTSTART:{at:%Y%m%dT%H%M%S}"), "no time zone"),
        (lambda at: hearing(at, "RRULE:FREQ=YEARLY"), "not followed here"),
        (lambda at: hearing(at - timedelta(days=20, hours=-1)), "begins in the past"),
    ],
)
async def test_with_one_entry_wrong_nothing_is_done_and_the_others_can_be_taken(
    imports: Importing, make: Callable[[datetime], str], words: str
) -> None:
    at = imports.at(20)
    file = calendar(hearing(at, uid="good"), make(at))
    refused = await imports.run(file)
    assert (refused.code, words in refused.out, "2 (:" in refused.out) == (1, True, True), refused
    assert await imports.operations() == []
    assert turns(await imports.json(file, "--entry", 1)) == ["new"]
    assert len(await imports.operations()) == 1
    alone = imports.people
    imports.people = ()
    lacking = await imports.run(calendar(hearing(at, uid="more")))
    assert (lacking.code, "--buddy" in lacking.err) == (2, True), lacking
    imports.people = alone


async def test_whoever_is_under_way_is_not_put_off_by_a_file(imports: Importing) -> None:
    await imports.json(calendar(hearing(imports.at(20))))
    (operation,) = await imports.operations()
    for word, *more in (("approve",), ("go", "--despite", "seen_to"), ("ok",)):
        assert (await imports.types(imports.who, "operation", word, operation["codename"], *more)).code == 0, word
    refused = await imports.run(calendar(hearing(imports.at(20), "SEQUENCE:1", "STATUS:CANCELLED")))
    assert (refused.code, "on the way" in refused.out) == (1, True), refused
    assert [each["status"] for each in await imports.operations()] == ["in_progress"]
