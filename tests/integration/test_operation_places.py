"""Two coordinators plan the same place and day: both are told whom to ring, and the server knows no place."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from agencies.model import Person
from cases.model import Part
from client import places
from core.database import Database
from crypto.place_token import SECRET_BYTES
from tests import outgoing
from tests.integration.test_canary import all_rows
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

HERE, AS_OTHERS_WRITE = "Ulica Đorđa Primera 17, Šumograd", "шумоград, ђорђа примера 17"


class Two:
    """Two who lead cases of their agencies, and a circle in which they compare places."""

    def __init__(self, types: People, api: ServedApi, scene: Scene, folder: Path) -> None:
        self.types, self.api, self.scene, self.folder = types, api, scene, folder
        self.one, self.other = scene.coordinator, scene.police.worker
        self.circle = ""
        self.cases: dict[Person, tuple[str, tuple[str, ...]]] = {}

    async def begin(self) -> None:
        """Open the circle of both and a case of the other."""
        network = self.api.network
        shared = await network.cases.open(
            self.one, language="en", agencies={self.scene.police.agency.id: Part.RESPONDER}, member_ids=[],
            deputy_id=self.other.id,
        )  # fmt: skip
        theirs = await network.cases.open(
            self.other, language="en", agencies={self.scene.police.agency.id: Part.RESPONDER}, member_ids=[]
        )
        goes = self.scene.police.officers[:2]
        for each in goes:
            await network.cases.add_member(self.other, theirs.core.id, each.id)
        self.circle = shared.codename
        assert (await self.types(self.one, "compartment", "open", self.circle, "--yes")).code == 0
        mine = (self.scene.member.name, self.scene.deputy.name, self.one.name)
        self.cases = {
            self.one: (self.scene.case.codename, mine),
            self.other: (theirs.codename, (goes[0].name, goes[1].name, self.other.name)),
        }

    async def plan(self, who: Person, place: str, begins: datetime, *more: object) -> Any:
        case, (first, second, buddy) = self.cases[who]
        file = self.folder / "place.txt"
        file.write_text(place)
        ran = await self.types(
            who, "operation", "plan", case, "court_other", "--begins", begins.isoformat(), "--confirm", first,
            "--confirm", second, "--buddy", buddy, "--places", self.circle, "--place-file", file, "--json", *more,
        )  # fmt: skip
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.json

    async def told(self) -> set[str]:
        """Return whom people were told to ring."""
        said = await outgoing.said(self.api.network.database, "operation_same_place")
        return {each.parameters["other"] for each in said}


@pytest.fixture
async def two(types: People, api: ServedApi, scene_now: Scene, tmp_path: Path) -> Two:
    made = Two(types, api, scene_now, tmp_path)
    await made.begin()
    return made


async def test_the_same_place_on_the_same_day_is_told_to_both_and_known_to_nobody_else(
    two: Two, database: Database
) -> None:
    begins = (two.api.network.clock.now() + timedelta(days=9)).replace(hour=9, minute=0, second=0, microsecond=0)
    # Nobody has begun: it is said how, and nothing is planned.
    file = two.folder / "place.txt"
    file.write_text(HERE)
    case, (first, second, buddy) = two.cases[two.one]
    refused = await two.types(
        two.one, "operation", "plan", case, "court_other", "--begins", begins.isoformat(), "--confirm", first,
        "--confirm", second, "--buddy", buddy, "--places", two.circle, "--place-file", file,
    )  # fmt: skip
    assert refused.code == 1
    assert "streha operation places" in refused.err
    assert (await two.types(two.one, "operation", "places", two.circle)).code == 0
    again = await two.types(two.other, "operation", "places", two.circle)
    assert (again.code, "--anew" in again.err) == (1, True)

    mine = await two.plan(two.one, HERE, begins)
    assert mine["placed"]
    await two.plan(two.other, "Lipova 1, Šumograd", begins)
    await two.plan(two.other, AS_OTHERS_WRITE, begins + timedelta(days=1))
    assert await two.told() == set()
    theirs = await two.plan(two.other, AS_OTHERS_WRITE, begins + timedelta(hours=3))
    assert await two.told() == {str(two.one.id), str(two.other.id)}

    # Moved on the same day it still meets; on another it has no place until that is given again.
    later = await two.types(
        two.other, "operation", "plan", two.cases[two.other][0], "court_other",
        "--begins", (begins + timedelta(hours=5)).isoformat(), "--confirm", two.cases[two.other][1][0],
        "--confirm", two.cases[two.other][1][1], "--buddy", two.other.name, "--again", theirs["codename"], "--json",
    )  # fmt: skip
    assert later.json["placed"] is True
    moved = await two.types(
        two.other, "operation", "plan", two.cases[two.other][0], "court_other",
        "--begins", (begins + timedelta(days=30)).isoformat(), "--confirm", two.cases[two.other][1][0],
        "--confirm", two.cases[two.other][1][1], "--buddy", two.other.name, "--again", theirs["codename"], "--json",
    )  # fmt: skip
    assert moved.json["placed"] is False

    # The server has tokens, and neither the place nor the secret: a guess cannot be tried.
    rows = await all_rows(database)
    assert "Primera" not in rows
    assert "imograd" not in rows
    async with database.reading() as look:
        (token,) = {
            bytes(row["place_token"])
            for row in await look.rows("SELECT place_token FROM operations WHERE id = $1", mine["operation"])
        }
    for secret in (bytes(SECRET_BYTES), uuid4().bytes * 2):
        assert places.token_of(places.Kept(secret=secret), HERE, begins) != token


async def test_after_another_secret_what_was_planned_before_meets_nothing(two: Two) -> None:
    begins = (two.api.network.clock.now() + timedelta(days=9)).replace(hour=9, minute=0, second=0, microsecond=0)
    assert (await two.types(two.one, "operation", "places", two.circle)).code == 0
    await two.plan(two.one, HERE, begins)
    anew = await two.types(two.one, "operation", "places", two.circle, "--anew")
    assert (anew.code, "new secret" in anew.out) == (0, True), anew
    await two.plan(two.other, HERE, begins)
    assert await two.told() == set()
    await two.plan(two.one, HERE, begins + timedelta(hours=1))
    assert await two.told() == {str(two.one.id), str(two.other.id)}


async def test_who_is_not_in_the_circle_compares_nothing(two: Two) -> None:
    assert (await two.types(two.one, "operation", "places", two.circle)).code == 0
    stranger = two.scene.deputy
    ran = await two.types(stranger, "operation", "places", two.circle)
    assert ran.code == 1
    assert "compared" not in ran.err
    # A place without a circle is refused before anything is sent; so is one without words.
    file = two.folder / "place.txt"
    file.write_text(" ,. ")
    case, (first, second, buddy) = two.cases[two.one]
    arguments = (
        "operation", "plan", case, "court_other", "--begins", "2031-05-14T09:00:00Z", "--confirm", first,
        "--confirm", second, "--buddy", buddy, "--place-file", file,
    )  # fmt: skip
    assert "--places" in (await two.types(two.one, *arguments)).err
    assert "street and number" in (await two.types(two.one, *arguments, "--places", two.circle)).err
    assert (await two.types(two.one, "operation", "list", "--json")).json == []
