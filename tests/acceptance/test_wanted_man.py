"""Somebody who works among the assisted is recognised as an earlier trafficker: out at once, and everybody told.

Scenario 6, with invented people, on the real stack: rooms, sealed records, and the commands as people type them.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest

from agencies.model import AgencyKind
from core.outbox import Target, TargetKind
from deploy.witness import Witness
from tests.acceptance.founded_town import Typing, chained, founded_town
from tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

HIM = "Goran Primer"
BEFORE = "The flat behind the mill, from Tuesday on."
AFTER = "Another flat. Ask Sara alone."
# What those who shared a compartment with him hear, in English and in Serbian.
TOLD, TOLD_SR = "no longer may", "više ne može"


async def test_out_at_once_everybody_told_what_to_do_and_what_he_could_have_read_listed(tmp_path: Path) -> None:
    async with founded_town(tmp_path, {"goran": AgencyKind.NGO}) as (town, types):
        case = await town.open_case()
        name = case.codename
        await types.done("ana", "case", "member", "add", name, HIM)
        opened = await types.done("ana", "case", "compartment", "open", name, "--member", "Sara Kesten",
                                  "--member", HIM, "--json")  # fmt: skip
        circle = opened.json
        assert (await types("ana", "compartment", "open", name, "--yes")).code == 0
        await types.done("ana", "compartment", "open", circle["codename"], "--deputy", "Sara Kesten", "--yes")
        before = tmp_path / "before.txt"
        before.write_text(BEFORE)
        first = (await types.done("ana", "record", "put", name, "--file", before, "--json")).json
        inner = (await types.done("sara", "record", "put", circle["codename"], "--file", before, "--json")).json
        assert BEFORE in (await types.done("goran", "record", "get", name, first["record"])).out
        await types.done("ana", "review", "level", name, "low")

        room = await town.channel(case)
        smaller = await town.network.room_of(Target(kind=TargetKind.COMPARTMENT, id=UUID(circle["id"])))
        alone, alone_sr = await town.direct_room("sara"), await town.direct_room("nina")
        goran, sara, nina = await town.witness("goran"), await town.witness("sara"), await town.witness("nina")
        petar = await town.witness("petar")
        for witness, place in ((goran, room), (goran, smaller), (sara, room), (sara, smaller), (sara, alone),
                               (nina, room), (nina, alone_sr)):  # fmt: skip
            await witness.joined(place)
        await sara.send(room, "He drives on Friday.")
        await goran.wait_for("He drives on Friday.", room, PATIENCE_SECONDS)
        since = {each: len(each.messages) for each in (goran, sara, nina, petar)}
        mine = await types.done("goran", "case", "list", "--json")
        assert [each["codename"] for each in mine.json] == [name]

        # One command, signed on Ana's machine, with a reason that is sealed to her and Nina.
        why = tmp_path / "why.txt"
        why.write_text("Recognised by a beneficiary.")
        excluded_at = town.network.clock.now()
        done = (await types.done("ana", "compartment", "exclude", name, HIM, "--reason-file", why, "--json")).json
        assert done["keyed"]
        assert done["epoch"] == 2
        await goran.left(room, patience=PATIENCE_SECONDS)
        await goran.left(smaller, patience=PATIENCE_SECONDS)

        # Who shared a compartment with him is rung alone, and told what to do; it names neither him nor a reason.
        for witness, place, words in ((sara, alone, TOLD), (nina, alone_sr, TOLD_SR)):
            rung = await witness.wait_for(lambda each: bool(each.mentions), place, PATIENCE_SECONDS,
                                          after=since[witness])  # fmt: skip
            told = await witness.wait_for(words, place, PATIENCE_SECONDS, after=since[witness])
            assert name not in rung.body
            assert name in told.body
            assert "Ana Breza" in told.body
            assert not any(each in told.body for each in ("Goran", "Recognised", "mill"))
            assert {rung.shield, told.shield} == {"none"}

        # What is said from now on he does not hear, and nobody outside was told.
        await sara.send(room, "We move tonight.")
        await nina.wait_for("We move tonight.", room, PATIENCE_SECONDS)
        await sara.send(smaller, "By the other road.")
        for witness in (goran, petar):
            heard = [each.body for each in witness.messages[since[witness] :]]
            assert not any(words in body for words in (TOLD, TOLD_SR, name, "tonight", "road") for body in heard), heard

        # Nor does he see or learn anything: what was his answers as what never was.
        for asked in (("case", "list"), ("review", "list"), ("alert", "list")):
            assert (await types.done("goran", *asked, "--json")).json == [], asked
        await _as_if_absent(types, "case", "show", case.id)
        await _as_if_absent(types, "record", "get", circle["id"], inner["record"])

        # The next version, and the next key of the smaller circle, are for those who are in it.
        after = tmp_path / "after.txt"
        after.write_text(AFTER)
        await types.done("ana", "record", "put", name, first["record"], "--file", after)
        assert (await types.done("ana", "compartment", "keys", circle["codename"], "--yes", "--json")).json[
            "epoch"
        ] == 2
        read = await types("goran", "record", "get", name, first["record"])
        assert (read.code, AFTER in read.out) == (1, False), read
        assert AFTER in (await types.done("sara", "record", "get", name, first["record"])).out

        # What he could have read is listed, in each compartment; so is that he asked again.
        row = await chained(types, "ana", name, HIM)
        assert list(row["could_have_known"]) == [first["version"]]
        assert [each["until"] is not None for each in row["stays"]] == [True]
        assert "record_fetched" in {each["act"] for each in row["fetched"]}
        assert {each["act"] for each in row["refused"]} == {"asked_while_barred"}
        assert not row["against_the_logs"]
        assert list((await chained(types, "ana", circle["codename"], HIM))["could_have_known"]) == [inner["version"]]

        # The risk is to be assessed again within a day; within two hours where somebody says so.
        assert await _due(types, name, "staff_changed") <= excluded_at + timedelta(hours=24, minutes=1)
        await types.done("ana", "review", "event", name, "2h")
        assert await _due(types, name, "event_2h") <= town.network.clock.now() + timedelta(hours=2)
        await _told(nina, room, since)


async def _as_if_absent(types: Typing, group: str, word: str, wanted: object, *more: object) -> None:
    """See that what is kept from him and what never was are answered in the same words."""
    kept, never = await types("goran", group, word, wanted, *more), await types("goran", group, word, uuid4(), *more)
    assert kept.code == 1, kept
    assert (kept.code, kept.out, kept.err) == (never.code, never.out, never.err)


async def _due(types: Typing, codename: str, reason: str) -> datetime:
    """Return when the case is assessed again, once that is for this reason."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            (found,) = [
                each for each in (await types.done("ana", "review", "list", "--json")).json
                if each["codename"] == codename
            ]  # fmt: skip
            if found["reason"] == reason:
                return msgspec.convert(found["due_at"], datetime)


async def _told(witness: Witness, room: str, since: dict[Witness, int]) -> None:
    await witness.wait_for("to be assessed again by", room, PATIENCE_SECONDS, after=since[witness])
