"""`streha taskforce pack` as people type it: levels and clocks of the server, plans opened on the person's machine."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from core.clock import SystemClock
from core.database import Database
from safety_plans.plans.model import StaffPlan
from safety_plans.plans.parts import MeasureStatus, Status
from safety_plans.plans.reading import written
from safety_plans.taskforce.decisions import Decision, read
from safety_plans.taskforce.decisions import written as decided
from streha.commands.taskforce import clocks_of
from tests.commands import streha
from tests.people import Scene
from tests.plan_files import STAFF
from tests.served import ServedApi
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

WHAT = "Marked measure Zdravka"


async def test_a_pack_says_what_is_due_and_what_could_not_be_read(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    today = SystemClock().now().astimezone().date()

    # Before anything is sealed: the case is in the pack, and said to have no plan.
    empty = await types(lead, "taskforce", "pack")
    assert (empty.code, codename in empty.out, "No plan is sealed here." in empty.out) == (0, True, True), empty
    wrong = await types(lead, "taskforce", "pack", "--month", "March")
    assert (wrong.code, "A month looks like" in wrong.err) == (2, True), wrong

    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    assert (await types(lead, "review", "level", codename, "high")).code == 0
    exposed = msgspec.structs.replace(STAFF.staff[0], person=str(member.id))
    signed = tuple(msgspec.structs.replace(each, on=today) for each in STAFF.signatories)

    def plan(status: Status, days: int) -> Path:
        measure = msgspec.structs.replace(
            STAFF.measures[0], what=WHAT, owner=str(member.id), deadline=today + timedelta(days=days),
            status=MeasureStatus.ACCEPTED,
        )  # fmt: skip
        made: StaffPlan = msgspec.structs.replace(
            STAFF, status=status, measures=(measure,), staff=(exposed,), signatories=signed
        )  # fmt: skip
        path = tmp_path / f"{status}{days}.json"
        path.write_bytes(written(made))
        return path

    draft = await types(lead, "plan", "put", codename, plan(Status.DRAFT, 0), "--json")
    assert draft.code == 0, draft
    assert (await types(lead, "plan", "put", codename, plan(Status.AGREED, 0))).code == 0
    page = tmp_path / "page.html"
    packed = await types(member, "taskforce", "pack", "--out", page)
    assert (packed.code, "1 cases are on it" in packed.out, WHAT in packed.out) == (0, True, False), packed
    assert page.stat().st_mode & 0o077 == 0
    told = page.read_text()
    assert all(each in told for each in (codename, WHAT, member.name, today.isoformat())), told
    again = await types(member, "taskforce", "pack", "--out", page)
    assert (again.code, page.read_text()) == (1, told), again

    # Its day has passed: its owner is late.
    assert (await types(lead, "plan", "put", codename, plan(Status.AGREED, -1))).code == 0
    late = await types(lead, "taskforce", "pack", "--json")
    assert late.code == 0, late
    [case] = late.json["cases"]
    assert (case["codename"], case["level"], case["plans"], case["unread"]) == (codename, "high", 1, [])
    measures = [each for each in case["due"] if each["kind"] == "measure"]
    assert [(each["what"], each["owner"], each["overdue"]) for each in measures] == [(WHAT, member.name, True)]
    shown = await types(lead, "taskforce", "pack")
    assert (shown.code, f"{member.name}: 1 overdue" in shown.out, "OVERDUE" in shown.out) == (0, True, True), shown

    # Whoever owes it leaves: nobody does it now, which the pack says, and everything was read.
    assert (await types(lead, "compartment", "remove", codename, member.name)).code == 0
    left = await types(lead, "taskforce", "pack")
    assert (left.code, f"{codename}: a plan lacks something" in left.out, WHAT in left.out) == (0, True, True), left

    # Of a plan that cannot be read the pack says so, in place of saying that nothing is due.
    odd = plan(Status.CLOSED, 0)
    odd.write_bytes(msgspec.json.encode(msgspec.json.decode(odd.read_bytes()) | {"nobody-knows": 1}))
    sealed = await types(lead, "record", "put", codename, draft.json["record"], "--file", odd)
    assert sealed.code == 0, sealed
    unread = await types(lead, "taskforce", "pack")
    assert (unread.code, f"NOT READ: {codename}" in unread.out) == (1, True), unread
    assert ("Not everything could be read" in unread.err, "Nothing is due" in unread.out) == (True, False), unread

    # Whoever has no part in the case has no pack of it, and the server has seen nothing of the content.
    other = await types(scene_now.ngo.officer, "taskforce", "pack")
    assert (other.code, codename in other.out, "no open case" in other.out) == (0, False, True), other
    async with database.reading() as look:
        kept = await look.rows("SELECT content FROM vault_contents")
    assert kept
    assert not any(WHAT.encode() in row["content"] for row in kept)


async def test_what_a_meeting_decided_is_sealed_reminded_of_and_read_again(
    types: People, scene_now: Scene, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    today = SystemClock().now().astimezone().date()
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    assert (await types(lead, "taskforce", "template", codename, "--out", tmp_path / "blank.json")).code == 0
    blank = read((tmp_path / "blank.json").read_bytes()).meeting
    assert blank is not None
    assert {each.person for each in blank.present} >= {str(lead.id), str(member.id)}

    def meeting(**changes: Any) -> Path:
        decision = Decision(what=WHAT, by=(str(lead.id),), owner=str(member.id), deadline=today + timedelta(days=5))
        made = msgspec.structs.replace(blank, decisions=(msgspec.structs.replace(decision, **changes),))
        path = tmp_path / f"meeting{len(list(tmp_path.iterdir()))}.json"
        path.write_bytes(decided(made))
        return path

    bad: list[dict[str, Any]] = [
        {"owner": str(scene_now.stranger.id)}, {"by": (str(scene_now.stranger.id),)}, {"status": "dropped"},
        {"deadline": today - timedelta(days=1)},
    ]  # fmt: skip
    for wrong in bad:
        assert (await types(lead, "taskforce", "decide", codename, meeting(**wrong))).code == 1
    assert (await streha("taskforce", "check", meeting())).code == 0
    first = await types(lead, "taskforce", "decide", codename, meeting(), "--json")
    assert first.code == 0, first
    async with database.reading() as look:
        owed = [(row["owner_id"], row["deadline"]) for row in await look.rows("SELECT * FROM owed_measures")]
    assert owed == [(member.id, today + timedelta(days=5))]
    read_again = await types(member, "taskforce", "decisions", codename)
    assert (read_again.code, WHAT in read_again.out, lead.name in read_again.out) == (0, True, True), read_again
    packed = await types(lead, "taskforce", "pack", "--month", f"{today + timedelta(days=5):%Y-%m}", "--json")
    due = [each for case in packed.json["cases"] for each in case["due"] if each["what"] == WHAT]
    assert [each["owner"] for each in due] == [member.name]

    # Whoever writes a file of their own for the same day leaves out nothing that is open.
    other = await types(lead, "taskforce", "decide", codename, meeting(what="Something else"))
    assert (other.code, f'"{WHAT}" is sealed for this day, still open' in other.out) == (1, True), other
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM owed_measures") == 1
    # Who goes round that is seen by every reader, and the pack says so.
    round_ = await types(
        lead, "record", "put", codename, first.json["record"], "--file",
        meeting(what="Something else"),
    )  # fmt: skip
    assert round_.code == 0, round_
    seen = await types(lead, "taskforce", "decisions", codename)
    assert (seen.code, f'"{WHAT}" is sealed for this day' in seen.out) == (1, True), seen
    packed = await types(lead, "taskforce", "pack")
    assert f"{codename}: what a meeting decided lacks something" in packed.out, packed
    both = read(meeting().read_bytes()).meeting
    assert both is not None
    further = msgspec.structs.replace(both.decisions[0], what="Something else", status="done")
    path = tmp_path / "both.json"
    path.write_bytes(decided(msgspec.structs.replace(both, decisions=(*both.decisions, further))))
    assert (await types(lead, "taskforce", "decide", codename, path)).code == 0
    assert (await types(member, "taskforce", "decisions", codename)).code == 0

    # Whoever owes it leaves: that is no fault of whoever wrote it then, and somebody must decide anew.
    assert (await types(lead, "compartment", "remove", codename, member.name)).code == 0
    left = await types(lead, "taskforce", "decisions", codename)
    assert (left.code, "is no member of this compartment now" in left.out) == (1, True), left

    # Done: the next version of the same record, and nobody is reminded any more.
    path.write_bytes(path.read_bytes().replace(b'"open"', b'"done"'))
    done = await types(lead, "taskforce", "decide", codename, path, "--json")
    assert (done.code, done.json["record"]) == (0, first.json["record"]), done
    async with database.reading() as look:
        assert await look.value("SELECT count(*) FROM owed_measures") == 0
        everything = str([row["content"] for row in await look.rows("SELECT content FROM vault_contents")])
    assert WHAT not in everything


async def test_that_streha_says_something_is_closed_or_not_there_is_in_the_pack(
    types: People, scene_now: Scene, tmp_path: Path, database: Database, api: ServedApi
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    assert (await types(lead, "taskforce", "template", codename, "--out", tmp_path / "meeting.json")).code == 0
    assert (await types(lead, "taskforce", "decide", codename, tmp_path / "meeting.json")).code == 0
    assert (await types(member, "taskforce", "pack")).code == 0
    async with database.transaction() as tx:
        await tx.run("UPDATE compartments SET closed_at = $1", api.network.clock.now())
    said = f"NOT READ: {codename}: Streha says that this was closed"
    for person in (lead, member):
        packed = await types(person, "taskforce", "pack")
        assert (packed.code, said in packed.out, "Nothing is due" in packed.out) == (1, True, False), packed
    # What its members have signed to be over is left out without a word.
    async with database.transaction() as tx:
        await tx.run("UPDATE compartments SET closed_at = NULL")
    assert (await types(lead, "compartment", "close", codename, "--yes")).code == 0
    packed = await types(lead, "taskforce", "pack")
    assert (packed.code, said in packed.out) == (0, False), packed

    # Clocks are denied to strangers; somebody to whom the core is listed is none.
    async with api.client(lead) as honest, api.client(scene_now.stranger) as denied:
        (case,) = await honest.cases()
        unread: list[str] = []
        assert await clocks_of(honest, case, unread) == []
        assert unread == []
        assert await clocks_of(denied, case, unread) == []
        assert [each.startswith(codename) for each in unread] == [True]
        assert await clocks_of(denied, msgspec.structs.replace(case, compartments=[]), unread) == []
        assert len(unread) == 1
