"""`streha plan put`, `get` and `due` as people type them: sealed, held to the rules, and reminded of."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec

from core.clock import SystemClock
from core.database import Database
from safety_plans.plans.model import StaffPlan
from safety_plans.plans.parts import MeasureStatus, Status
from safety_plans.plans.reading import written
from tests.people import Scene
from tests.plan_files import STAFF
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

WHAT = "Marked measure Zdravka"


def plan_of(scene_now: Scene, status: Status, deadline: date, owner: object, today: date) -> StaffPlan:
    measure = msgspec.structs.replace(
        STAFF.measures[0], what=WHAT, owner=str(owner), deadline=deadline, status=MeasureStatus.ACCEPTED
    )  # fmt: skip
    exposed = msgspec.structs.replace(STAFF.staff[0], person=str(scene_now.member.id))
    signed = tuple(msgspec.structs.replace(each, on=today) for each in STAFF.signatories)
    return msgspec.structs.replace(
        STAFF, status=status, measures=(measure,), staff=(exposed,), signatories=signed
    )  # fmt: skip


async def test_from_a_draft_to_what_is_overdue(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    today = SystemClock().now().astimezone().date()
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    missing = await types(lead, "plan", "get", codename, "staff")
    assert (missing.code, "no such plan" in missing.err) == (1, True), missing

    def file(name: str, plan: StaffPlan) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_bytes(written(plan))
        return path

    agreed = file("agreed", plan_of(scene_now, Status.AGREED, today + timedelta(days=3), member.id, today))
    at_once = await types(lead, "plan", "put", codename, agreed)
    assert (at_once.code, "begins as a draft" in at_once.out) == (1, True), at_once
    draft = file("draft", plan_of(scene_now, Status.DRAFT, today + timedelta(days=3), member.id, today))
    first = await types(lead, "plan", "put", codename, draft, "--json")
    assert (first.code, first.json["due"]) == (0, []), first

    # Another of the kind is the next version of it; owners who could not read it are named with their place.
    outside = file("outside", plan_of(scene_now, Status.AGREED, today, scene_now.stranger.id, today))
    refused = await types(lead, "plan", "put", codename, outside)
    assert (refused.code, "measures 1: They are no member" in refused.out) == (1, True), refused
    put = await types(lead, "plan", "put", codename, agreed)
    assert (put.code, member.name in put.out, "reminds of 1 things" in put.out) == (0, True, True), put
    async with database.reading() as look:
        owed = [(row["owner_id"], row["deadline"]) for row in await look.rows("SELECT * FROM owed_measures")]
        kept = await look.rows("SELECT content FROM vault_contents")
    assert owed == [(member.id, today + timedelta(days=3))]
    assert not any(WHAT.encode() in row["content"] for row in kept)

    due = await types(member, "plan", "due", codename)
    assert (due.code, WHAT in due.out, member.name in due.out, "OVERDUE" in due.out) == (0, True, True, False), due
    out = tmp_path / "got.json"
    got = await types(member, "plan", "get", codename, "staff", "--out", out)
    assert (got.code, out.read_bytes(), "lacks" in got.out) == (0, agreed.read_bytes(), False), got

    # What somebody seals past the rules is stored, and every reader is told what it lacks.
    late = file("late", plan_of(scene_now, Status.ACTIVE, today - timedelta(days=1), member.id, today))
    raw = await types(member, "record", "put", codename, first.json["record"], "--file", late)
    assert (raw.code, "streha plan put" in raw.err) == (2, True), raw
    closed = file("closed", plan_of(scene_now, Status.CLOSED, today, member.id, today))
    odd = msgspec.json.decode(closed.read_bytes()) | {"nobody-knows": 1}
    closed.write_bytes(msgspec.json.encode(odd))
    sealed = await types(member, "record", "put", codename, first.json["record"], "--file", closed)
    assert sealed.code == 0, sealed
    warned = await types(lead, "plan", "get", codename, "staff", "--record", first.json["record"])
    assert (warned.code, "no plan as this program knows it" in warned.out) == (1, True), warned
