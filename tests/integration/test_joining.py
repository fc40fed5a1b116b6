"""Coming in by paper: an administrator invites, a newcomer offers keys, a voice says the code; and whoever cheats.

All through the served API and the commands as people type them; passphrases come by a descriptor.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agencies.model import AgencyKind, Person, Role
from agencies.trust import offers
from agencies.trust.deeds import Approve, Attest, Attested, Suspend
from agencies.trust.directory import Proposal
from agencies.vault.invitations import LASTS, MOST, OFFER_WAITS
from client import key_file
from client.key_file import LockedKeyFile
from client.vault.attesting import AGREED_WITHIN_SECONDS
from core.clock import SystemClock
from core.errors import Conflict
from crypto.vault import invitation
from tests.at_terminal import Terminal
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.passphrases import OWN, piped, with_passphrases
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, attested, data, found
from tests.vault_machines import locked_file

pytest_plugins = ("tests.fixtures_api",)


@dataclass(kw_only=True)
class Town:
    """A founded network, and whoever types in it."""

    founded: Founded
    scene: Scene
    clock: MovableClock
    folder: Path

    @property
    def bosses(self) -> list[Person]:
        """The administrators, one of each agency: of the shelter, the police and the welfare centre."""
        return list(self.founded.administrators.values())

    async def boss(self, *arguments: object, typed: str = "", which: int = 0) -> Ran:
        """Run a command as an administrator."""
        key = locked_file(self.founded, self.bosses[which], self.folder)
        with piped(OWN) as descriptor:
            return await streha("--passphrase-fd", descriptor, *arguments, "--key", key, typed=typed)

    async def invite(self, *arguments: object, which: int = 0) -> str:
        """Return the text of an invitation's paper."""
        made = await self.boss("invite", *arguments, "--json", which=which)
        assert made.code == 0, made
        text: str = made.json[0]["text"]
        return text

    async def join(self, paper: str, name: str = "Vera Primer", *, file: str = "") -> Ran:
        """Join with a paper, as somebody of this name."""
        given = self.folder / f"{name}.paper"
        given.write_text(paper)
        user = f"@{name.split(maxsplit=1)[0].lower()}-joins:streha.test"
        return await with_passphrases(
            (OWN,), "join", self.key(file or name), "--paper", given, "--name", name, "--matrix", user, "--json"
        )

    async def go_on(self, name: str = "Vera Primer") -> Ran:
        """Look whether somebody is attested."""
        return await with_passphrases((OWN,), "join", self.key(name), "--continue", "--json")

    def key(self, name: str) -> Path:
        """Return where somebody's new keys are."""
        return self.folder / f"{name}.key"

    def locked(self, name: str = "Vera Primer") -> LockedKeyFile:
        """Return somebody's new keys."""
        found = key_file.read(self.key(name))
        assert isinstance(found, LockedKeyFile)
        return found


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock, tmp_path: Path) -> Town:
    clock.set(SystemClock().now())
    scene = await api.network.scene()
    founded = await found(api, scene.shelter, scene.police, scene.welfare)
    return Town(founded=founded, scene=scene, clock=clock, folder=tmp_path)


async def test_a_newcomer_comes_in_by_paper_and_by_voice(town: Town) -> None:
    paper = await town.invite("Vera Primer")
    # What is on paper is not on the server, and no name is on the paper.
    assert "Vera" not in paper
    joined = await town.join(paper)
    # The role is the paper's, and is shown before anything is signed.
    assert (joined.code, "invites you as: practitioner" in joined.err) == (0, True), joined
    code = joined.json["code"]
    early = await town.go_on()
    assert (early.code, code in early.err) == (1, True), early
    # The offer is told; its code is shown nowhere.
    waiting = await town.boss("attest", "waiting")
    assert ("@vera-joins:streha.test" in waiting.out, code in waiting.out) == (True, False), waiting

    wrong = await town.boss("attest", "person", "vera primer", typed="00000 00000 00000 00000\n")
    assert (wrong.code, "NOT the same" in wrong.err, code in wrong.err) == (2, True, False), wrong
    right = await town.boss("attest", "person", "Vera Primer", "--json", typed=f"{code.lower().replace(' ', '-')}\n")
    assert (right.code, right.json["waits"]) == (0, False), right
    done = await town.go_on()
    told = {"entries": 2, "network": town.founded.id.hex(), "kept_at_server": True}
    assert (done.code, done.json) == (0, told), done
    assert (town.locked().genesis, town.locked().joining) == (town.founded.id, None)
    assert (await with_passphrases((OWN,), "case", "list", "--key", town.key("Vera Primer"))).code == 0
    devices = await with_passphrases((OWN,), "keys", "devices", "--key", town.key("Vera Primer"), "--json")
    assert [each["bundle"] for each in devices.json] == [str(town.locked().bundle_id)]
    # Nothing is left of it; the paper opens nothing.
    assert (await town.boss("attest", "waiting", "--json")).json["invitations"] == []
    assert (await town.join(paper, "Mara Primer")).code == 1
    assert (await town.go_on()).code == 2


async def test_where_an_agency_has_three_administrators_a_second_one_hears_the_code_too(town: Town) -> None:
    first = town.bosses[0]
    agency = next(iter(town.founded.administrators))
    others: list[str] = []
    for name in ("Mara Primer", "Zora Primer"):
        joined = await town.join(await town.invite(name, "--role", "administrator"), name)
        attested = await town.boss("attest", "person", name, "--json", typed=joined.json["code"] + "\n")
        assert (attested.code, attested.json["waits"]) == (0, False), attested
        assert (await town.go_on(name)).code == 0
        others.append(name)
    assert first.agency_id == agency
    code = (await town.join(await town.invite("Vera Primer"))).json["code"]
    one = await town.boss("attest", "person", "Vera Primer", "--json", typed=code + "\n")
    assert (one.code, one.json["waits"]) == (0, True), one
    assert (await town.go_on()).code == 1

    async def second(typed: str) -> Ran:
        with piped(OWN) as descriptor:
            return await streha(
                "--passphrase-fd", descriptor, "attest", "person", "Vera Primer", "--key", town.key(others[0]),
                "--json", typed=typed,
            )  # fmt: skip

    assert (await second("11111 11111 11111 11111\n")).code == 2
    two = await second(code + "\n")
    assert (two.code, two.json["waits"]) == (0, False), two
    assert (await town.go_on()).code == 0


async def test_an_agency_joins_with_whom_others_invited_once_most_agree(town: Town) -> None:
    agency = await town.founded.api.network.agencies.add_agency(
        name="Shelter Breza", kind=AgencyKind.SHELTER, country="RS", language="sr-Latn"
    )
    only = await town.boss("invite", "Vera Primer", "--agency", "Shelter Breza")
    assert (only.code, "administers it" in only.err) == (2, True), only
    code = (await town.join(await town.invite("Vera Primer", "--agency", agency.id, "--role", "administrator"))).json[
        "code"
    ]
    # Somebody whose agency is not there yet is attested by joining alone.
    alone = await town.boss("attest", "person", "Vera Primer", typed=code + "\n")
    assert alone.code == 1, alone
    assert (await town.boss("attest", "join-agency", "Shelter Breza", typed="0\n")).code == 2
    proposed = await town.boss("attest", "join-agency", "Shelter Breza", "--json", typed=code + "\n")
    assert (proposed.code, proposed.json["waits"]) == (0, True), proposed
    assert (await town.go_on()).code == 1
    seen = (await town.boss("attest", "waiting", "--json", which=1)).json
    assert seen["invitations"] == []
    assert [each["people"] for each in seen["waiting"]] == [
        ["Shelter Breza (shelter)", "Vera Primer, administrator, @vera-joins:streha.test"]
    ]
    agreed = await town.boss("attest", "approve", proposed.json["id"][:16], "--yes", "--json", which=1)
    assert (agreed.code, agreed.json["waits"]) == (0, False), agreed
    # Nobody agrees to people whom they were not shown.
    assert "Vera Primer (administrator) @vera-joins:streha.test" in agreed.err
    assert (await town.go_on()).code == 0
    # From now on she invites for her own agency, and nobody else does.
    for other in (0, 1):
        refused = await town.boss(
            "invite", "Mara Primer", "--agency", agency.id, "--role", "administrator", which=other
        )  # fmt: skip
        assert (refused.code, "administrators of its own" in refused.err) == (1, True), refused
    own = await with_passphrases((OWN,), "invite", "Mara Primer", "--key", town.key("Vera Primer"), "--json")
    assert own.code == 0, own


async def test_whoever_finds_the_paper_is_given_away_by_the_code(town: Town) -> None:
    paper = await town.invite("Vera Primer")
    thief = await town.join(paper, "Vera Primer", file="thief")
    assert thief.code == 0
    late = await town.join(paper, "Vera Primer")
    # The keys stand for nothing: nobody made any before the paper was seen to be used.
    assert (late.code, "somebody else may have" in late.err, town.key("Vera Primer").exists()) == (1, True, False), late
    heard = "ABCDE FGHJK MNPQR STVWX"
    refused = await town.boss("attest", "person", "Vera Primer", typed=f"{heard}\n")
    assert (refused.code, "dismiss" in refused.err) == (2, True), refused
    (there,) = (await town.boss("attest", "waiting", "--json")).json["invitations"]
    assert (await town.boss("attest", "dismiss", there["invitation"][:8])).code == 0
    assert (await town.boss("attest", "dismiss", there["invitation"][:8])).code == 1
    gone = await with_passphrases((OWN,), "join", town.key("thief"), "--continue")
    assert (gone.code, "keeps no offer of yours" in gone.err) == (1, True), gone


async def test_an_older_paper_holds_an_ended_or_foreign_one_does_not(town: Town) -> None:
    early, late = await town.invite("Vera Primer"), await town.invite("Mara Primer", "--hours", 200)
    joined = await town.join(late, "Mara Primer")
    assert (await town.boss("attest", "person", "Mara Primer", typed=joined.json["code"] + "\n")).code == 0
    # The log has gone on since.
    joined = await town.join(early)
    assert joined.code == 0, joined
    assert (await town.boss("attest", "person", "Vera Primer", typed=joined.json["code"] + "\n")).code == 0
    assert (await town.go_on()).code == 0

    right = invitation.read(await town.invite("Zora Primer"))
    for other, said in (
        (replace(right, genesis=bytes(32)), "another network"), (replace(right, token=bytes(16)), "opens nothing"),
    ):  # fmt: skip
        refused = await town.join(invitation.text(other), "Zora Primer")
        assert (refused.code != 0, said in refused.err) == (True, True), (said, refused)
        assert not town.key("Zora Primer").exists()
    typo = await town.join("A" + (await town.invite("Zora Primer"))[1:], "Zora Primer")
    assert (typo.code, "Row 1" in typo.err) == (2, True), typo

    paper = await town.invite("Zora Primer", "--hours", 1)
    town.clock.move(timedelta(hours=2))
    over = await town.join(paper, "Zora Primer")
    assert (over.code, "has ended" in over.err) == (1, True), over


async def test_a_directory_without_the_paper_s_entry_is_not_taken_in(town: Town) -> None:
    """A newcomer sees none of it before they are attested, and so holds it against the paper then."""
    other = replace(invitation.read(await town.invite("Vera Primer")), head=bytes(32))
    joined = await town.join(invitation.text(other))
    assert (await town.boss("attest", "person", "Vera Primer", typed=joined.json["code"] + "\n")).code == 0
    before = town.key("Vera Primer").read_bytes()
    refused = await town.go_on()
    assert (refused.code, "entry that your paper names" in refused.err) == (2, True), refused
    assert town.key("Vera Primer").read_bytes() == before


async def test_what_was_offered_is_kept_while_a_second_administrator_is_waited_for(town: Town) -> None:
    founded, clock = town.founded, town.clock
    first, second = await with_three_administrators(town)
    code = (await town.join(await town.invite("Vera Primer"))).json["code"]

    async def kept() -> list[dict[str, Any]]:
        founded.tokens.clear()
        await founded.api.services.sign_in.forget_expired()
        found: list[dict[str, Any]] = (await founded.ask(second, "GET", "invitations")).json["invitations"]
        return found

    # The first comes on the last day, the second a week later.
    clock.move(OFFER_WAITS - timedelta(hours=1))
    (there,) = await kept()
    offered = offers.read(data(there["offer"]), founded.id)
    await attest(founded, first, offered.attested())
    assert len(await proposed(founded, first)) == 1
    clock.move(timedelta(days=7))
    assert [each["offer"] for each in await kept()] == [there["offer"]]
    # Whoever asks meanwhile is told that it waits, and the code once more.
    early = await town.go_on()
    assert (early.code, code in early.err) == (1, True), early
    founded.tokens.clear()
    (waiting,) = await proposed(founded, first)
    assert (await founded.decide(second, Approve(proposal=waiting.hash))).status == 200


async def test_what_was_offered_is_forgotten_once_nobody_can_agree_any_more(town: Town) -> None:
    founded = town.founded
    first, _second = await with_three_administrators(town)
    await town.join(await town.invite("Vera Primer"))
    (there,) = (await founded.ask(first, "GET", "invitations")).json["invitations"]
    offered = offers.read(data(there["offer"]), founded.id)
    # What a proposal says of its end is its author's word: nothing is kept for a thousand years by it.
    await attest(founded, first, offered.attested(), until=founded.now + 1000 * 365 * 24 * 3600)
    town.clock.move(OFFER_WAITS + timedelta(hours=1))
    founded.tokens.clear()
    assert (await founded.ask(first, "GET", "invitations")).json["invitations"] == []
    gone = await town.go_on()
    assert (gone.code, "it only waits for others to agree" in gone.err) == (1, True), gone


async def with_three_administrators(town: Town) -> tuple[Person, Person]:
    """Return two of three who administer the shelter."""
    founded, first = town.founded, town.bosses[0]
    for each in town.scene.shelter.workers:
        said = attested(each, founded.secrets[each.id])
        await attest(founded, first, msgspec.structs.replace(said, role=Role.ADMINISTRATOR))
    return first, replace(town.scene.shelter.worker, role=Role.ADMINISTRATOR)


async def proposed(founded: Founded, person: Person) -> list[Proposal]:
    return list((await founded.directory(person)).now.proposals.values())


async def attest(founded: Founded, by: Person, said: Attested, *, until: int | None = None) -> None:
    particulars = {name: getattr(said, name) for name in said.__struct_fields__}
    deed = Attest(**particulars, until=until or founded.now + AGREED_WITHIN_SECONDS)
    answered = await founded.decide(by, deed)
    assert answered.status == 200, answered.body


async def test_what_was_not_offered_for_want_of_an_answer_is_offered_again(town: Town) -> None:
    paper = await town.invite("Vera Primer")
    code = (await town.join(paper)).json["code"]
    # As if the answer, and the offer itself, had been lost.
    async with town.founded.api.network.database.transaction() as tx:
        await tx.run("UPDATE vault_invitations SET offer = NULL, offered_at = NULL")
    again = await town.go_on()
    assert (again.code, code in again.err) == (1, True), again
    (there,) = (await town.boss("attest", "waiting", "--json")).json["invitations"]
    assert there["offered"]
    # Another passphrase, chosen meanwhile, loses nothing of it.
    other = "osam crnih vrana na snegu zimi"
    changed = await with_passphrases((OWN, other), "keys", "passphrase", "--key", town.key("Vera Primer"))
    assert changed.code == 0, changed
    assert town.locked().joining is not None


async def test_paper_and_page_say_nothing_to_a_finder(town: Town) -> None:
    page = town.folder / "page.html"
    made = await town.boss("invite", "Vera Primer", "Mara Primer", "--page", page, "--json")
    assert made.code == 0, made
    written = page.read_text()
    for each in made.json:
        assert all(row in written for row in each["text"].splitlines())
    for word in ("Vera", "Mara", "Primer", "Streha", "Shelter", "network", "mreža", "invit"):
        assert word not in written, word
    assert written.count("<svg") == 2
    # All three scripts stand on it.
    assert all(each in written for each in ("For whoever", "Za onoga", "За онога"))
    assert (await town.boss("invite", "Zora Primer", "--page", page)).code != 0
    shown = await town.boss("invite", "Zora Primer")
    assert ("█" in shown.out, "Zora Primer" in shown.out) == (True, True)


async def test_only_administrators_invite_and_each_agency_sees_its_own(town: Town) -> None:
    founded = town.founded
    await town.invite("Vera Primer")
    (there,) = (await founded.ask(town.bosses[0], "GET", "invitations")).json["invitations"]
    assert (await founded.ask(town.bosses[1], "GET", "invitations")).json["invitations"] == []
    taken = await founded.ask(town.bosses[1], "DELETE", f"invitations/{there['invitation']}")
    taken.require_problem(404)
    async with founded.api.network.database.reading() as tx:
        kept = await tx.row("SELECT * FROM vault_invitations")
    assert kept is not None
    assert kept["role"] == Role.PRACTITIONER


async def test_a_token_is_known_to_the_server_by_its_hash_and_tells_no_more_than_one_thing(town: Town) -> None:
    api, paper = town.founded.api, invitation.read(await town.invite("Vera Primer"))
    async with api.network.database.reading() as tx:
        row = await tx.row("SELECT * FROM vault_invitations")
    assert row is not None
    assert paper.token not in [*row.values()]  # type: ignore[attr-defined]

    async def opened(token: bytes) -> Any:
        return await api.ask("POST", "/api/vault/invitations/opened", {"token": token})

    right = await opened(paper.token)
    # Whoever has a paper learns no name of anybody, and nothing of the directory that is not on it.
    assert (right.status, b"Primer" in right.body, b"Vera" in right.body) == (200, False, False)
    assert right.json.keys() == {"network", "agency", "expires_at", "service", "police_number"}
    (await api.ask("POST", "/api/vault/invitations/opened", {"token": paper.token, "number": 0})).require_problem(400)
    joined = await town.join(invitation.text(paper))
    assert joined.code == 0
    used, unknown = await opened(paper.token), await opened(bytes(16))
    assert used.require_problem(404)["detail"] == unknown.require_problem(404)["detail"]
    waiting = town.locked().joining
    assert waiting is not None
    same = {"token": paper.token, "offer": waiting.offer}
    assert (await api.ask("POST", "/api/vault/invitations/offers", same)).status == 204
    other = {"token": paper.token, "offer": waiting.offer[:-1] + b"\0"}
    (await api.ask("POST", "/api/vault/invitations/offers", other)).require_problem(404)


async def test_offers_that_are_none_and_floods_of_invitations_are_refused(town: Town) -> None:
    api, paper = town.founded.api, invitation.read(await town.invite("Vera Primer"))
    for offer in (b"\1", bytes(300)):
        nonsense = {"token": paper.token, "offer": offer}
        (await api.ask("POST", "/api/vault/invitations/offers", nonsense)).require_problem(400)
    boss = town.bosses[0]
    for number in range(49):
        another = {"token_hash": bytes([number]) * 32, "name": "Vera Primer"}
        assert (await town.founded.ask(boss, "POST", "invitations", another)).status == 201
    many = await town.founded.ask(boss, "POST", "invitations", {"token_hash": b"m" * 32, "name": "Vera Primer"})
    assert "open already" in many.require_problem(409)["detail"]
    # What is over is forgotten, and makes room.
    town.clock.move(timedelta(hours=73))
    await api.services.sign_in.forget_expired()
    async with api.network.database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM vault_invitations") == 0


async def test_two_administrators_at_once_do_not_pass_the_limit_together(town: Town) -> None:
    founded, first = town.founded, town.bosses[0]
    invitations, second = founded.api.services.invitations, replace(town.scene.shelter.worker, role=Role.ADMINISTRATOR)
    await attest(founded, first, attested(second, founded.secrets[second.id]))

    async def invites(actor: Person, token: int) -> None:
        with suppress(Conflict):
            await invitations.invite(
                actor, token.to_bytes(32), name="Vera Primer", role=Role.PRACTITIONER, agency_id=None, lasts=LASTS
            )

    for token in range(MOST - 4):
        await invites(first, token)
    async with asyncio.TaskGroup() as tasks:
        for token in range(MOST, MOST + 16):
            tasks.create_task(invites((first, second)[token % 2], token))
    assert len(await invitations.waiting(first)) == MOST


async def test_whose_word_counts_no_more_invites_nobody(town: Town) -> None:
    paper, founded = await town.invite("Vera Primer"), town.founded
    suspend = Suspend(agency=town.bosses[0].agency_id.bytes, until=founded.now + 3600)
    assert (await founded.decide(town.bosses[1], suspend)).status == 200
    (waiting,) = (await founded.directory(town.bosses[1])).now.proposals
    assert (await founded.decide(town.bosses[2], Approve(proposal=waiting))).status == 200
    refused = await town.join(paper)
    assert (refused.code, "opens nothing" in refused.err) == (1, True), refused


async def test_at_a_terminal_a_slip_is_named_by_its_row_and_the_rest_is_not_typed_again(town: Town) -> None:
    *rows, address = (await town.invite("Vera Primer")).splitlines()
    code = await asyncio.to_thread(typed_in, town, rows, address)
    attested = await town.boss("attest", "person", "Vera Primer", "--json", typed=code + "\n")
    assert (attested.code, attested.json["waits"]) == (0, False), attested


def typed_in(town: Town, rows: list[str], address: str) -> str:
    """Type a paper as somebody does who slips once; return the code that is shown."""
    with closing(
        Terminal("join", str(town.key("Vera Primer")), "--own", environment={"STREHA_LANGUAGE": "en"})
    ) as person:
        person.sees("Row 1")
        person.types("A" + rows[0][1:])
        person.sees("Row 1 is not right")
        for number, row in enumerate(rows, start=1):
            person.sees(f"Row {number}")
            person.types(row.lower())
        for question, answer in (
            ("The address below the rows", address), ("Your name", "Vera Primer"),
            ("Your Matrix user", "@vera-joins:streha.test"), ("Your new passphrase:", OWN), ("Once more:", OWN),
        ):  # fmt: skip
            person.sees(question)
            person.types(answer)
        person.sees("read them this code")
        (code,) = re.findall(r"(?:[0-9A-Z]{5} ){3}[0-9A-Z]{5}", person.rest())
    return str(code)
