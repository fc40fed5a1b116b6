"""`streha duty` as an operator types it: hours, shifts, imports, gaps, what goes wrong, and what the doctor says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import SystemClock
from core.database import Database
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.people import Network, Office

MARK = "Gudalo-7731"


@pytest.fixture
def operator(database_url: str, tmp_path: Path, clock: MovableClock) -> dict[str, str]:
    """Return the operator's environment; the commands' clock begins where the test's stands."""
    ahead = tmp_path / "ahead"
    ahead.write_text(str(round((clock.now() - SystemClock().now()).total_seconds())))
    return {
        "STREHA_DATABASE_URL": database_url,
        "STREHA_NETWORK": "invented network",
        "STREHA_CLOCK_OFFSET_FILE": str(ahead),
    }


@pytest.fixture
async def office(network: Network) -> Office:
    """Admit an agency with two duty officers."""
    return await network.office(officers=2)


async def duty(operator: dict[str, str], *arguments: object) -> Ran:
    ran = await streha("duty", *arguments, environment=operator)
    assert "Traceback" not in ran.err
    return ran


async def ok(operator: dict[str, str], *arguments: object) -> Ran:
    ran = await duty(operator, *arguments)
    assert (ran.code, ran.err) == (0, ""), ran
    return ran


async def test_the_operator_sees_of_every_desk_who_is_on_duty_now(operator: dict[str, str], office: Office) -> None:
    name = office.agency.name
    ana, boris = office.officers

    async def shown(*arguments: object) -> Ran:
        ran = await streha("agency", *arguments, environment={**operator, "COLUMNS": "300"})
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    assert (await shown("desk", name)).out.splitlines()[0] in (
        f"On duty: {ana.name}, {boris.name}", f"On duty: {boris.name}, {ana.name}"
    )  # fmt: skip
    assert "seated" not in (await shown("list")).out
    await ok(operator, "add", name, ana.name, "2026-03-02 08:00", "2026-03-02 20:00")
    assert (await shown("desk", name)).out.splitlines() == [
        f"On duty: {ana.name}", f"Seated here, not on duty now: {boris.name}"
    ]  # fmt: skip
    told = (await shown("desk", name, "--json")).json
    assert told["on_duty"] == [str(ana.id)]
    assert set(told["officers"]) == {str(ana.id), str(boris.id)}
    assert f"{ana.name}; 1 more seated" in (await shown("list")).out
    assert (await shown("list", "--json")).json[0]["desk"]["on_duty"] == [str(ana.id)]
    # A desk where nobody is on duty is told from one where nobody sits.
    await ok(operator, "remove", name, "--all", "--yes")
    await ok(operator, "hours", name, "sun 08:00-09:00")
    assert "nobody; 2 more seated" in (await shown("list")).out
    for each in (ana, boris):
        await shown("desk", name, "--unseat", each.name)
    assert "seated" not in (await shown("list")).out


async def test_an_operator_keeps_a_roster(operator: dict[str, str], office: Office) -> None:
    name = office.agency.name
    ana, boris = office.officers
    assert (await ok(operator, "hours", name)).out == "No opening hours: open always.\n"
    hours = ("hours", name, "mon-fri 08:00-20:00", "sat 09:00-13:00")
    assert (await ok(operator, *hours)).out == "mon-fri 08:00-20:00\nsat 09:00-13:00\n"
    assert (await ok(operator, "hours", name, "--json")).json == ["mon-fri 08:00-20:00", "sat 09:00-13:00"]
    assert (await ok(operator, "gaps", name)).out == "No gaps within 14 days.\n"
    # It is Monday, ten o'clock there: open, and everybody is on duty.
    assert set((await ok(operator, "now", "--json")).json[0]["on_duty"]) == {str(ana.id), str(boris.id)}

    added = (await ok(operator, "add", name, ana.name, "2026-03-02 08:00", "2026-03-02 20:00", "--json")).json
    assert [(each["begins_at"], each["ends_at"]) for each in added] == [
        ("2026-03-02T07:00:00Z", "2026-03-02T19:00:00Z")
    ]
    rotate = ("rotate", name, boris.matrix_user, ana.id, "--begins", "3.3.2026 08:00", "--length", "12h", "--count", 2)
    assert "rotation" in (await ok(operator, *rotate)).out
    now = (await ok(operator, "now")).out
    assert ana.name in now
    assert boris.name not in now
    listed = (await ok(operator, "list", name, "--json")).json
    assert [(each["person"], each["came_by"]) for each in listed] == [
        (str(ana.id), "hand"), (str(boris.id), "rotation"), (str(ana.id), "rotation")
    ]  # fmt: skip
    assert "03.03.2026 08:00" in (await ok(operator, "list", name)).out
    assert len((await ok(operator, "list", name, "--days", 1, "--json")).json) == 2

    # Tuesday is there, Wednesday to Saturday are not: four gaps until Sunday, five more in the week after.
    gaps = await duty(operator, "gaps", "--days", 6, "--json")
    assert gaps.code == 1
    assert [each["begins_at"] for each in gaps.json] == [
        "2026-03-04T07:00:00Z", "2026-03-05T07:00:00Z", "2026-03-06T07:00:00Z", "2026-03-07T08:00:00Z"
    ]  # fmt: skip
    shown = await duty(operator, "gaps", name, "--days", 6)
    assert (shown.code, "04.03.2026 08:00" in shown.out) == (1, True)

    assert (await ok(operator, "remove", name, listed[0]["id"])).out == "Shifts removed: 1\n"
    assert (await ok(operator, "remove", name, "--all", "--yes", "--json")).json == {"removed": 2}
    assert (await ok(operator, "hours", name, "--none", "--json")).json == []
    assert (await ok(operator, "list", name, "--json")).json == []


async def test_a_roster_is_imported_from_a_table_and_from_a_calendar(
    operator: dict[str, str], office: Office, tmp_path: Path
) -> None:
    name = office.agency.name
    ana, boris = office.officers
    sheet, diary = tmp_path / "march.csv", tmp_path / "march.ics"
    sheet.write_text(
        "person;begins;ends\n"
        f"{ana.name};2.3.2026 08:00;2.3.2026 20:00\n"
        f"{boris.matrix_user};2.3.2026 20:00;3.3.2026 08:00\n"
    )
    tried = await ok(operator, "import", name, sheet, "--dry-run")
    assert tried.out == "Shifts in the file: 2; ended already and left out: 0\nNothing was written.\n"
    assert (await ok(operator, "list", name, "--json")).json == []
    assert "Imported, from 02.03.2026 08:00 to 03.03.2026 08:00." in (await ok(operator, "import", name, sheet)).out

    diary.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//invented//\r\nBEGIN:VEVENT\r\nUID:1\r\n"
        f"SUMMARY:{boris.name}\r\nDTSTART;TZID=Europe/Belgrade:20260302T180000\r\nDURATION:PT4H\r\n"
        "RRULE:FREQ=DAILY;COUNT=2\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    imported = (await ok(operator, "import", name, diary, "--json")).json
    assert imported == {"shifts": 2, "ended": 0, "replaced": 2, "written": True, "problems": []}
    left = (await ok(operator, "list", name, "--json")).json
    assert [(each["person"], each["begins_at"], each["ends_at"]) for each in left] == [
        (str(ana.id), "2026-03-02T07:00:00Z", "2026-03-02T17:00:00Z"),
        (str(boris.id), "2026-03-02T17:00:00Z", "2026-03-02T21:00:00Z"),
        (str(boris.id), "2026-03-03T17:00:00Z", "2026-03-03T21:00:00Z"),
    ]


async def test_every_problem_of_a_file_is_told_and_none_of_its_words(
    operator: dict[str, str], office: Office, tmp_path: Path, database: Database
) -> None:
    name = office.agency.name
    sheet = tmp_path / "march.csv"
    good = f"{office.officer.name},2026-03-02 08:00,2026-03-02 20:00"
    sheet.write_text(
        f"person,begins,ends\n{good}\n{MARK},2026-03-02 08:00,2026-03-02 20:00\n"
        f"{office.officer.name},{MARK},2026-03-02 20:00\n{good}\n"
        f"{office.worker.name},2026-03-02 08:00,2026-03-02 20:00\n"
    )
    for arguments in ((), ("--dry-run",)):
        ran = await duty(operator, "import", name, sheet, *arguments)
        assert ran.code == 2
        assert ran.out.splitlines()[:3] == [
            "Row 3, person: Nobody who sits at this desk is called so. Seat the person first.",
            "Row 4, begins: This is not a time. It looks like 2026-11-30 08:00, by the clock on the wall.",
            "Row 6, person: Nobody who sits at this desk is called so. Seat the person first.",
        ]
        assert ran.out.endswith("Nothing was written.\n")
        assert MARK not in ran.out + ran.err
        assert office.worker.name not in ran.out + ran.err
    told = (await duty(operator, "import", name, sheet, "--json")).json
    assert [(each["row"], each["column"]) for each in told["problems"]] == [(3, "person"), (4, "begins"), (6, "person")]
    assert told["written"] is False
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM shifts") == 0


async def test_what_goes_wrong_is_said_in_one_line(
    operator: dict[str, str], office: Office, network: Network, tmp_path: Path
) -> None:
    name, ana = office.agency.name, office.officer.name
    deskless = (await network.office(desk=False)).agency.name
    binary, absent = tmp_path / "binary", tmp_path / "absent.csv"
    binary.write_bytes(b"\xff\xfe\x00" + MARK.encode())
    shift = ("2026-03-02 08:00", "2026-03-02 20:00")
    rotation = ("rotate", name, ana, "--begins", "2026-03-02 08:00", "--count", 2, "--length")
    expected: list[tuple[int, str, tuple[object, ...]]] = [
        (1, "There is no such agency.", ("hours", "Nowhere")),
        (1, "There is no such duty desk.", ("hours", deskless)),
        (2, "Hours look like", ("hours", name, f"mon {MARK}")),
        (2, "Name hours, or --none.", ("hours", name, "mon 08:00-09:00", "--none")),
        (1, "There is no such person.", ("add", name, MARK, *shift)),
        (2, "does not sit at this desk", ("add", name, office.worker.name, *shift)),
        (2, "A shift ends after it begins.", ("add", name, ana, *reversed(shift))),
        (2, "This is not a time.", ("add", name, ana, MARK, shift[1])),
        (2, "A roster reaches at most 400 days ahead.", ("add", name, ana, "2028-03-02 08:00", "2028-03-02 20:00")),
        (2, "A length looks like", (*rotation, MARK)),
        (2, "A shift is at most 31 days long.", (*rotation, "5w")),
        (2, "Name shifts, or --all.", ("remove", name)),
        (2, "Add --yes", ("remove", name, "--all")),
        (1, "There is no such shift", ("remove", name, office.agency.id)),
        (2, "neither a table", ("import", name, binary)),
        (2, "This file cannot be read.", ("import", name, absent)),
        (2, "This file cannot be read.", ("import", name, tmp_path)),
    ]
    for code, words, arguments in expected:
        ran = await duty(operator, *arguments)
        assert ran.code == code, ran
        assert words in ran.err, ran
        assert ran.err.startswith("streha: ")
        assert ran.err.count("\n") == 1
        assert MARK not in ran.err
    strange = await streha("duty", "now", environment={**operator, "STREHA_TIME_ZONE": "Nowhere/Land"})
    assert (strange.code, strange.err.count("\n")) == (2, 1)


async def test_the_doctor_finds_gaps_of_a_desk_that_is_staffed_at_all_hours(
    operator: dict[str, str], office: Office, network: Network
) -> None:
    async def todo() -> str | None:
        found = (await streha("doctor", "--json", environment=operator)).json["checks"]
        said: str | None = next(
            each["todo"] for each in found if each["check"] == "one duty desk is staffed at all hours"
        )
        return said

    name = office.agency.name
    await network.agencies.open_desk(office.agency.id, always_staffed=True)
    assert await todo() is None
    # Of a desk that need not be staffed at all hours it is not asked.
    other = await network.office()
    await ok(operator, "add", other.agency.name, other.officer.name, "2026-03-02 08:00", "2026-03-02 20:00")
    assert await todo() is None
    people = [each.matrix_user for each in office.officers]
    rotate = ("rotate", name, *people, "--begins", "2026-03-02 08:00", "--length", "1d", "--count")
    await ok(operator, *rotate, 13)
    told = await todo()
    assert told is not None
    assert "staffed at all hours: 1, the first from 15.03.2026 08:00." in told
    first = (await ok(operator, "list", name, "--json")).json[3]
    await ok(operator, "remove", name, first["id"])
    told = await todo()
    assert told is not None
    assert "staffed at all hours: 2, the first from 05.03.2026 08:00." in told
    # Whoever covers fills it.
    await network.agencies.open_desk(office.agency.id, always_staffed=True, covered_by=(await network.office()).desk_id)
    assert await todo() is None
