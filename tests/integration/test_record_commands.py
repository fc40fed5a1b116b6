"""`streha compartment` and `streha record` as people type them, from an opened vault to what a court is given."""

from __future__ import annotations

import stat
from pathlib import Path
from uuid import UUID

import pytest

from agencies.trust.deeds import Attest
from cases.ledger import sequence_all
from core.database import Database
from tests.commands import streha
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, attested
from tests.vault_people import People

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_typing")

MARKED = "Marked Sentence Zdravka"
PLAN = f"{MARKED}\nsecond line\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "plan.txt"
    path.write_text(PLAN, encoding="utf-8")
    return path


async def test_who_could_have_known_and_who_fetched_as_it_is_typed(
    types: People, founded_now: Founded, scene_now: Scene, text: Path, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    put = await types(lead, "record", "put", codename, "--kind", "plan", "--file", text, "--json")
    assert (await types(member, "record", "get", codename, put.json["record"][:8])).code == 0
    await sequence_all(database)
    refused = await types(member, "known", codename)
    assert (refused.code, "no such compartment" in refused.err) == (1, True), refused
    shown = await types(lead, "known", codename, "--record", put.json["record"][:8])
    assert (shown.code, member.name in shown.out, put.json["version"][:8] in shown.out) == (0, True, True), shown
    assert ("LOOK INTO THIS" in shown.out, "from their own device" in shown.out) == (False, True), shown
    earlier = await types(lead, "known", codename, "--until", "2001-01-01T00:00+00:00", "--json")
    assert (earlier.code, earlier.json["people"]) == (0, []), earlier
    wrong = await types(lead, "known", codename, "--until", "yesterday")
    assert (wrong.code, "time zone" in wrong.err) == (2, True), wrong

    out, reason = tmp_path / "known.streha", tmp_path / "order.txt"
    reason.write_text(f"Inquiry {MARKED}", encoding="utf-8")
    written = await types(lead, "known", codename, "--out", out, "--reason-file", reason)
    assert (written.code, stat.S_IMODE(out.stat().st_mode)) == (0, 0o600), written
    checked = await streha("record", "verify", out, "--network", founded_now.id.hex())
    assert (checked.code, member.name in checked.out, f"Inquiry {MARKED}" in checked.out) == (0, True, True), checked
    async with database.reading() as tx:
        assert not await tx.value("SELECT count(*) FROM ledger WHERE facts::text LIKE $1", f"%{MARKED}%")
    # Closed, it is listed no more, and still asked about by its codename on a machine that knows it, or by its id.
    assert (await types(lead, "case", "close", codename, "--yes")).code == 0
    await sequence_all(database)
    for words in (codename, scene_now.case.core.id):
        closed = await types(lead, "known", words, "--json")
        assert (closed.code, closed.json["until"], closed.json["missing"]) == (0, None, 0), closed
        assert member.name in str(closed.json["people"])
    assert (await types(member, "known", codename)).code == 1
    unknown = await types(lead, "known", "no-such-name")
    assert (unknown.code, "Name it by its id" in unknown.err) == (1, True), unknown


async def test_from_an_opened_vault_to_what_a_court_is_given(
    types: People, founded_now: Founded, scene_now: Scene, text: Path, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    early = await types(lead, "record", "put", codename, "--file", text)
    assert (early.code, "streha compartment open" in early.err) == (1, True), early
    opened = await types(lead, "compartment", "open", codename, "--yes")
    assert (opened.code, member.name in opened.out) == (0, True), opened
    shown = await types(member, "compartment", "show", codename)
    assert (shown.code, "coordinator" in shown.out, scene_now.deputy.name in shown.out) == (0, True, True), shown

    put = await types(lead, "record", "put", codename, "--kind", "plan", "--file", text, "--json")
    assert put.code == 0, put
    record = put.json["record"]
    got = await types(member, "record", "get", codename, record[:8])
    assert (got.code, MARKED in got.out, lead.name in got.out) == (0, True, True), got
    out = tmp_path / "got.txt"
    assert (await types(member, "record", "get", codename, record[:8], "--out", out)).code == 0
    assert (out.read_text(), stat.S_IMODE(out.stat().st_mode)) == (PLAN, 0o600)
    again = await types(member, "record", "get", codename, record[:8], "--out", out)
    assert (again.code, "exists already" in again.err) == (1, True)

    # Two at once: the second is told, loses nothing, and may let both stand.
    assert (await types(member, "record", "put", codename, record[:8], typed="by the member\n")).code == 0
    refused = await types(lead, "record", "put", codename, record[:8], typed="by the lead\n")
    assert (refused.code, "have not read" in refused.err, "Nothing was written" in refused.err) == (1, True, True)
    beside = await types(lead, "record", "put", codename, record[:8], "--beside", typed="by the lead\n")
    assert (beside.code, f"by {member.name}" in beside.out) == (0, True), beside
    both = await types(member, "record", "get", codename, record[:8])
    assert ("Several people wrote at once" in both.out, "by the member" in both.out, "by the lead" in both.out) == (
        True, True, True,
    )  # fmt: skip
    lines = (await types(member, "record", "diff", codename, record[:8])).out
    assert {"-by the member", "+by the lead"} <= set(lines.splitlines())
    listed = await types(member, "record", "list", codename)
    assert (listed.out.count("current, beside another"), MARKED in listed.out) == (2, False)
    history = (await types(lead, "record", "history", codename, record[:8], "--json")).json
    assert [each["current"] for each in history] == [False, True, True]
    offline = await types(lead, "record", "list", codename, "--offline")
    assert (offline.code, "Streha was not asked" in offline.out) == (0, True), offline

    package, reason = tmp_path / "court.streha", tmp_path / "order.txt"
    reason.write_text("Order K 12/26", encoding="utf-8")
    exported = await types(
        lead, "record", "export", codename, record[:8], "--version", put.json["version"], "--out", package,
        "--reason-file", reason,
    )  # fmt: skip
    assert exported.code == 0, exported
    verified = await streha("record", "verify", package, "--network", founded_now.id.hex())
    assert (verified.code, MARKED in verified.out, "Order K 12/26" in verified.out, lead.name in verified.out) == (
        0, True, True, True,
    ), verified  # fmt: skip
    other = await streha("record", "verify", package, "--network", bytes(32).hex())
    assert (other.code, other.out, "another network" in other.err) == (1, "", True)
    package.write_bytes(package.read_bytes()[:-1])
    cut = await streha("record", "verify", package, "--network", founded_now.id.hex())
    assert (cut.code, cut.out, "Do not rely on it" in cut.err) == (1, "", True)
    async with database.reading() as tx:
        stored = await tx.rows("SELECT content FROM vault_contents")
    assert len(stored) == 3
    assert not any(MARKED.encode() in bytes(each["content"]) for each in stored)


async def test_who_comes_and_goes(types: People, scene_now: Scene, text: Path) -> None:
    lead, member, newcomer, codename = (
        scene_now.coordinator,
        scene_now.member,
        scene_now.shelter.workers[1],
        scene_now.case.codename,
    )
    await types(lead, "compartment", "open", codename, "--yes")
    record = (await types(member, "record", "put", codename, "--file", text, "--json")).json["record"]
    await types(member, "record", "put", codename, record[:8], typed="newer\n")
    added = await types(lead, "compartment", "add", codename, newcomer.name)
    assert (added.code, newcomer.name in added.out, added.err) == (0, True, ""), added
    got = await types(newcomer, "record", "get", codename, record[:8])
    assert (got.code, "newer" in got.out) == (0, True), got
    past = (await types(newcomer, "record", "history", codename, record[:8], "--json")).json[0]["version"]
    unread = await types(newcomer, "record", "get", codename, record[:8], "--version", past)
    assert (unread.code, "streha record share" in unread.err) == (1, True), unread
    shared = await types(member, "record", "share", codename, record[:8], newcomer.name)
    assert (shared.code, "2" in shared.out) == (0, True), shared
    assert MARKED in (await types(newcomer, "record", "get", codename, record[:8], "--version", past)).out

    removed = await types(lead, "compartment", "remove", codename, newcomer.name)
    assert (removed.code, newcomer.name in removed.out) == (0, False), removed
    out = await types(newcomer, "record", "put", codename, record[:8], typed="too late\n")
    assert (out.code, out.out) == (1, "")
    twice = await types(lead, "compartment", "remove", codename, newcomer.name)
    assert twice.code == 1, twice
    excluded = await types(
        lead, "compartment", "exclude", codename, newcomer.name, "--reason-file", "-", typed="His sister works there\n"
    )
    assert excluded.code == 0, excluded
    assert "His sister works there" in (await types(scene_now.deputy, "compartment", "show", codename)).out
    assert "His sister" not in (await types(member, "compartment", "show", codename)).out
    barred = await types(lead, "compartment", "add", codename, newcomer.name)
    assert (barred.code, "Nothing was done" in barred.err) == (1, True), barred
    assert (await types(member, "compartment", "remove", codename, scene_now.ngo.worker.name)).code == 1
    erased = await types(lead, "record", "erase", codename, record[:8], "--yes")
    assert erased.code == 0, erased
    gone = await types(member, "record", "get", codename, record[:8])
    assert (gone.code, "was erased" in gone.err) == (1, True), gone


async def test_a_legal_hold_as_it_is_typed(types: People, scene_now: Scene, text: Path) -> None:
    lead, deputy, codename = scene_now.coordinator, scene_now.deputy, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    record = (await types(lead, "record", "put", codename, "--file", text, "--json")).json["record"]
    without = await types(lead, "compartment", "release", codename)
    assert (without.code, "no legal hold" in without.err) == (1, True), without
    assert (await types(scene_now.member, "compartment", "hold", codename)).code == 1
    held = await types(deputy, "compartment", "hold", codename)
    assert held.code == 0, held
    assert "already" in (await types(lead, "compartment", "hold", codename)).err
    for arguments in (("record", "erase", codename, record[:8], "--yes"), ("case", "close", codename, "--yes")):
        refused = await types(lead, *arguments)
        assert (refused.code, "under legal hold" in refused.err) == (1, True), refused
    assert (await types(lead, "compartment", "close", codename, "--yes")).code == 1

    assert (await types(lead, "compartment", "release", codename)).code == 0
    shown = await types(deputy, "compartment", "show", codename)
    assert ("Under legal hold" in shown.out, "release --approve" in shown.out) == (True, True), shown
    alone = await types(lead, "compartment", "release", codename, "--approve", "--yes")
    assert (alone.code, "Nobody of another agency" in alone.err) == (1, True), alone
    assert (await types(lead, "compartment", "release", codename, "--withdraw")).code == 0
    none = await types(deputy, "compartment", "release", codename, "--approve", "--yes")
    assert (none.code, "Nobody of another agency" in none.err) == (1, True), none
    assert (await types(lead, "compartment", "release", codename)).code == 0
    shown = await types(deputy, "compartment", "show", codename, "--json")
    assert (shown.json["held"], shown.json["releasing"]) == (True, [str(lead.id)]), shown
    assert (await types(deputy, "compartment", "release", codename, "--approve", "--yes")).code == 0
    short = await types(lead, "record", "erase", codename, record[:7], "--yes")
    assert (short.code, "Nothing was erased" in short.err) == (2, True), short
    assert (await types(lead, "record", "erase", codename, record[:8], "--yes")).code == 0


async def test_until_when_it_is_kept_as_it_is_typed_also_after_the_end(
    types: People, scene_now: Scene, text: Path
) -> None:  # fmt: skip
    lead, deputy, codename = scene_now.coordinator, scene_now.deputy, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    await types(lead, "record", "put", codename, "--file", text)
    for day, why in (("2001-02-03", "is over"), ("tomorrow", "Write the day"), ("2031-02-30", "Write the day")):
        wrong = await types(lead, "compartment", "keep", codename, day, "--yes")
        assert (wrong.code, why in wrong.err) == (2, True), wrong
    assert (await types(scene_now.member, "compartment", "keep", codename, "2081-05-14", "--yes")).code == 1
    assert (await types(lead, "compartment", "keep", codename, "2081-05-14", "--yes")).code == 0
    shown = await types(scene_now.member, "compartment", "show", codename)
    assert "is kept until" in shown.out, shown
    assert (await types(deputy, "compartment", "show", codename)).code == 0
    assert (await types(lead, "case", "close", codename, "--yes")).code == 0

    shorter = await types(deputy, "compartment", "keep", codename, "2081-05-13", "--yes")
    assert (shorter.code, "already" in shorter.err) == (1, True), shorter
    assert (await types(deputy, "compartment", "keep", codename, "2082-05-14", "--yes")).code == 0
    assert (await types(deputy, "compartment", "hold", codename)).code == 0
    assert (await types(deputy, "compartment", "release", codename)).code == 0
    assert (await types(lead, "compartment", "release", codename, "--approve", "--yes")).code == 0
    shown = await types(lead, "compartment", "show", codename, "--json")
    assert (shown.json["held"], shown.json["keep_until"][:4]) == (False, "2082"), shown
    assert (await types(scene_now.member, "compartment", "show", codename)).code == 1
    assert (await types(scene_now.member, "compartment", "hold", codename)).code == 1


async def test_whoever_leads_no_more_ends_no_hold(types: People, scene_now: Scene) -> None:
    lead, deputy, member, codename = scene_now.coordinator, scene_now.deputy, scene_now.member, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    assert (await types(lead, "compartment", "hold", codename)).code == 0
    assert (await types(deputy, "compartment", "release", codename)).code == 0
    shown = await types(lead, "compartment", "show", codename, "--json")
    assert shown.json["releasing"] == [str(deputy.id)], shown
    handed = await types(lead, "compartment", "lead", codename, lead.name, member.name)
    assert handed.code == 0, handed
    shown = await types(lead, "compartment", "show", codename, "--json")
    assert (shown.json["held"], shown.json["releasing"]) == (True, []), shown
    none = await types(lead, "compartment", "release", codename, "--approve", "--yes")
    assert (none.code, "Nobody of another agency" in none.err) == (1, True), none


async def test_what_was_refused_was_not_read(types: People, scene_now: Scene, text: Path, tmp_path: Path) -> None:
    lead, deputy, member, codename = scene_now.coordinator, scene_now.deputy, scene_now.member, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    record = (await types(lead, "record", "put", codename, "--file", text, "--json")).json["record"]
    for each in (deputy, member):
        assert (await types(each, "record", "get", codename, record)).code == 0
    assert (await types(deputy, "record", "put", codename, record, "--file", text)).code == 0
    beside = await types(member, "record", "put", codename, record, "--beside", typed="The other one\n")
    assert beside.code == 0, beside
    out = tmp_path / "out.txt"
    refused = await types(lead, "record", "get", codename, record, "--out", out)
    assert (refused.code, out.exists()) == (1, False), refused
    blind = await types(lead, "record", "put", codename, record, "--file", text)
    assert (blind.code, blind.out) == (1, ""), blind
    shown = await types(lead, "record", "get", codename, record)
    assert "The other one" in shown.out
    assert (await types(lead, "record", "put", codename, record, "--file", text)).code == 0


async def test_what_is_wrong_is_said_and_nothing_is_written(types: People, scene_now: Scene, tmp_path: Path) -> None:
    lead, codename = scene_now.coordinator, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    for arguments, typed, said in (
        (("--kind", "about Zdravka"), "text", "A record is one of these"),
        ((), " \n", "There is no text"),
        (("--file", tmp_path / "none.txt"), "", "cannot be read"),
        ((str(UUID(int=7)),), "text", "There is no such record"),
    ):
        refused = await types(lead, "record", "put", codename, *arguments, typed=typed)
        assert refused.code in {1, 2}, refused
        assert (said in refused.err, refused.out) == (True, ""), refused
    assert (await types(lead, "record", "list", codename, "--json")).json == []
    stranger = await types(scene_now.ngo.worker, "compartment", "show", "quiet-nothing")
    assert (stranger.code, stranger.out) == (1, "")
    unread = await streha("record", "verify", tmp_path / "none", "--network", "12")
    assert (unread.code, "64 digits" in unread.err) == (2, True)


async def test_two_logs_stop_work_until_it_is_cleared_up(types: People, scene_now: Scene, text: Path) -> None:
    lead, codename = scene_now.coordinator, scene_now.case.codename
    await types(lead, "compartment", "open", codename, "--yes")
    logs = types.key(lead).with_name(types.key(lead).name + ".logs")
    (kept_log,) = logs.glob("membership-*.log")
    proof = logs / f"forked-{kept_log.stem}-0.json"
    proof.write_text("{}")
    stopped = await types(lead, "record", "put", codename, "--file", text)
    assert (stopped.code, str(proof) in stopped.err) == (1, True), stopped
    assert (await types(lead, "compartment", "forget", codename)).code == 2
    forgotten = await types(lead, "compartment", "forget", codename, "--yes", "--json")
    assert forgotten.json["proofs"] == [str(proof.with_name("settled-" + proof.name))]
    assert (await types(lead, "record", "put", codename, "--file", text)).code == 0


async def test_what_the_server_alone_says_is_signed_only_by_whoever_has_looked(
    types: People, api: ServedApi, scene_now: Scene
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    unseen = await types(lead, "compartment", "open", codename)
    assert (unseen.code, "Add --yes" in unseen.err) == (2, True), unseen
    # Who would be in it: as the directory attests them.
    assert f"{member.name} (practitioner, {scene_now.police.agency.name})" in unseen.err
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    await api.network.cases.remove_member(lead, scene_now.case.core.id, member.id)
    for arguments in (("record", "put", codename), ("compartment", "keys", codename)):
        refused = await types(lead, *arguments, typed="text")
        assert (refused.code, f"{member.name} (practitioner" in refused.err, "--yes" in refused.err) == (1, True, True)
    signed = await types(lead, "compartment", "keys", codename, "--yes")
    assert (signed.code, f"Signed by you: no member any more, as the case has it: {member.name}" in signed.err) == (
        0, True,
    ), signed  # fmt: skip
    assert (await types(lead, "record", "put", codename, typed="text")).code == 0


async def test_a_leader_at_a_terminal_says_no_and_nothing_is_signed(
    types: People, api: ServedApi, scene_now: Scene
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    await api.network.cases.remove_member(lead, scene_now.case.core.id, member.id)
    shown = await types.at_terminal(lead, "Sign? [y/N]:", "n", "compartment", "keys", codename)
    assert ("Not signed" in shown, f"{member.name} (practitioner, {scene_now.police.agency.name})" in shown) == (
        True,
        True,
    )
    assert str(member.id) in (await types(lead, "compartment", "show", codename, "--json")).json["members"]
    shown = await types.at_terminal(lead, "Sign? [y/N]:", "y", "compartment", "keys", codename)
    assert "Signed by you" in shown
    assert str(member.id) not in (await types(lead, "compartment", "show", codename, "--json")).json["members"]


async def test_a_vault_is_shown_offline_without_streha(types: People, scene_now: Scene, database: Database) -> None:
    lead, codename = scene_now.coordinator, scene_now.case.codename
    unknown = await types(lead, "compartment", "show", codename, "--offline")
    assert (unknown.code, "remembers no compartment" in unknown.err) == (1, True), unknown
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    async with database.transaction() as tx:
        await tx.run("UPDATE compartments SET codename = 'other-heron' WHERE case_id = $1", scene_now.case.id)
    # Streha knows nothing of this name any more; this machine does.
    gone = await types(lead, "compartment", "show", codename)
    assert (gone.code, gone.out) == (1, ""), gone
    shown = await types(lead, "compartment", "show", codename, "--offline")
    assert (shown.code, "Streha was not asked" in shown.out) == (0, True), shown


async def test_of_two_with_one_name_it_is_asked_which(types: People, founded_now: Founded, scene_now: Scene) -> None:
    lead, codename, name = scene_now.coordinator, scene_now.case.codename, scene_now.shelter.workers[1].name
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    namesake = scene_now.welfare.workers[0]
    said = attested(namesake, founded_now.secrets[namesake.id])
    particulars = {each: getattr(said, each) for each in said.__struct_fields__}
    deed = Attest(**{**particulars, "name": name}, until=founded_now.now + 3600)
    answered = await founded_now.decide(founded_now.administrators[namesake.agency_id], deed)
    assert answered.status == 200, answered.body
    which = await types(lead, "compartment", "add", codename, name)
    assert (which.code, which.err.count(f"{name} (practitioner")) == (2, 2), which
    assert str(scene_now.shelter.workers[1].id) in which.err
    added = await types(lead, "compartment", "add", codename, scene_now.shelter.workers[1].id)
    assert (added.code, f"{name} (practitioner, {scene_now.shelter.agency.name})" in added.out) == (0, True), added


async def test_whoever_has_other_keys_is_out_until_somebody_who_leads_lets_them_in(
    types: People, scene_now: Scene
) -> None:
    lead, member, codename = scene_now.coordinator, scene_now.member, scene_now.case.codename
    assert (await types(lead, "compartment", "open", codename, "--yes")).code == 0
    record = (await types(lead, "record", "put", codename, typed="for all of us")).out.split("Record ")[1][:8]
    assert (await types(member, "record", "get", codename, record)).code == 0
    first = (await types(lead, "record", "history", codename, record, "--json")).json[0]["version"]
    assert (await types(lead, "record", "put", codename, record, typed="for all of us, newer")).code == 0
    assert (await types(lead, "record", "share", codename, record, member.name)).code == 0
    await types.rekey(member, by=(scene_now.police.agency, scene_now.shelter.agency))
    shown = await types(lead, "compartment", "show", codename)
    assert ("out until let in again" in shown.out, f"was away meanwhile: {member.name} (" in shown.out) == (True, True)
    assert (await types(member, "record", "get", codename, record)).code == 1
    # Whoever writes meanwhile writes for the others alone.
    assert (await types(lead, "record", "put", codename, typed="not for the old keys")).code == 0
    unsure = await types(lead, "compartment", "add", codename, member.name)
    assert (unsure.code, f"{member.name} (practitioner" in unsure.err, "Ring them" in unsure.err) == (2, True, True)
    added = await types(lead, "compartment", "add", codename, member.name, "--yes")
    assert (added.code, f"{member.name} (practitioner" in added.out) == (0, True), added
    got = await types(member, "record", "get", codename, record)
    assert (got.code, "for all of us, newer" in got.out) == (0, True), got
    # What their former keys were given, these were not: that is no alteration.
    past = await types(member, "record", "get", codename, record, "--version", first)
    assert (past.code, "streha record share" in past.err) == (1, True), past
