"""A bot that was installed with a network goes by its signed directory, whatever else stands in the database."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agencies.attestation import Attestation, AttestationId
from agencies.model import Person, PersonId, Role
from agencies.trust.deeds import Approve, Rekey, Revoke, Suspend
from bots.device.device import MatrixDevice
from bots.device.received import Received
from bots.keys.vouched import FILE_NAME, Vouched
from bots.rooms import probe
from bots.rooms.probe import Party
from bots.talk import heard
from bots.talk.heard import hear, said_in
from bots.watching.identity_watch import IdentityWatch
from core.errors import Conflict, InvalidInput
from core.ids import new_id
from crypto import cross_signing, signing
from crypto.vault import statement
from tests.signed_directory import SignedDirectory, sign_directory
from tests.watched_town import Town, made_room, shared

pytest_plugins = ("tests.fixtures_watched_town",)


@dataclass(kw_only=True)
class Place:
    """A linked member of a case, a bot that goes by the directory, and those who sign there."""

    town: Town
    signed: SignedDirectory
    member: Person
    own: Person
    others: list[Person]
    vouched: Vouched
    device: MatrixDevice
    watch: IdentityWatch

    @property
    def master(self) -> bytes:
        """The master key that the member's homeserver shows, and the bot has pinned."""
        return master_of(self.town, self.member)

    async def attest(self, master: bytes | None = None) -> None:
        """Attest the member's Matrix identity."""
        await self.signed.decide(self.own, self.signed.attesting(self.member, master or self.master))

    async def readers(self) -> set[str]:
        """Return who holds the channel's key once the bot has looked."""
        await self.watch.look()
        return await shared(self.device, self.member)

    async def believed(self) -> bool:
        """Tell whether the member's words count, asked of rows and directory at the last moment."""
        message = Received(
            event_id=f"${new_id()}", room_id="!core:streha.localhost", sender=self.member.matrix_user,
            event_type="m.room.message", content={"msgtype": "m.text", "body": "ack"},
            sent_at=self.town.network.clock.now(),
            bound=True, sender_identity=cross_signing.encode_unpadded(self.master),
            sender_device_id="PHONE",
        )  # fmt: skip
        said = said_in(message)
        assert said is not None
        told = await hear(self.town.database, self.town.network.clock, message, said, self.vouched)
        assert told is not None
        return told.message.trusted


def master_of(town: Town, person: Person) -> bytes:
    seeds = town.server.identities[person.matrix_user]
    return cross_signing.decode_unpadded(cross_signing.public_key(seeds.master))


@pytest.fixture
async def place(town: Town) -> Place:
    scene, network = town.scene, town.network
    offices = (scene.shelter, scene.police, scene.ngo)
    administrators = [await network.person(each.agency, Role.ADMINISTRATOR) for each in offices]
    member = scene.member
    own = next(each for each in administrators if each.agency_id == member.agency_id)
    signed = await sign_directory(network, [[each, member] if each is own else [each] for each in administrators])
    await town.confirmed(member)
    device, _watch = town.bot()
    async with network.database.transaction() as tx:
        await made_room(tx, town)
    vouched = Vouched(town.directory, signed.fingerprint)
    watch = IdentityWatch(network.database, network.clock, device, vouched)
    others = [each for each in administrators if each is not own]
    return Place(
        town=town, signed=signed, member=member, own=own, others=others, vouched=vouched, device=device, watch=watch
    )  # fmt: skip


async def test_a_linked_person_counts_from_the_moment_that_the_directory_attests_the_identity(place: Place) -> None:
    await place.watch.look()
    # Linked by the rows, which were enough before the bot was given a network.
    assert await place.readers() == set()
    assert not await place.believed()
    await place.attest()
    # Nobody has woken the bot: what is said is held against the newest entries.
    assert await place.believed()
    assert await place.readers() == {place.member.matrix_user}


async def test_nobodys_word_waits_for_a_directory_that_is_long_in_reading(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.watch.look()
    await place.attest()
    assert await place.believed()
    monkeypatch.setattr(heard, "LONGEST_LOOK", 0.05)
    # Somebody else is reading it, and does not come to an end.
    async with place.vouched._turn, asyncio.timeout(10):
        assert await place.believed()


async def test_without_a_network_the_rows_are_enough_as_before(place: Place, tmp_path: Path) -> None:
    place.vouched = Vouched(tmp_path / "elsewhere")
    place.watch = IdentityWatch(place.town.database, place.town.network.clock, place.device, place.vouched)
    await place.watch.look()
    assert await place.readers() == {place.member.matrix_user}
    assert await place.believed()
    assert not (tmp_path / "elsewhere").exists()


async def test_who_writes_to_the_database_makes_nobody_believed(place: Place) -> None:
    await place.watch.look()
    await place.attest()
    assert await place.readers() == {place.member.matrix_user}
    # The thief has an account, an identity and a row for it in the member's place.
    thief = replace(place.town.scene.shelter.worker, matrix_user="@thief:streha.localhost")
    phone = place.town.signs_in(thief)
    async with place.town.database.transaction() as tx:
        await tx.run(
            "UPDATE matrix_attestations SET matrix_user = $1, master_key = $2, device_key = $3 WHERE person_id = $4",
            thief.matrix_user, master_of(place.town, thief), phone.session_key, place.member.id,
        )  # fmt: skip
    await place.watch.look()
    assert await shared(place.device, place.member, thief) == set()
    # Nor with another identity for the member's own account.
    async with place.town.database.transaction() as tx:
        await tx.run(
            "UPDATE matrix_attestations SET matrix_user = $1 WHERE person_id = $2",
            place.member.matrix_user, place.member.id,
        )  # fmt: skip
    place.town.server.identities[place.member.matrix_user] = place.town.server.identities[thief.matrix_user]
    await place.watch.look()
    assert await shared(place.device, place.member, thief) == set()
    assert not await place.believed()


async def test_an_attested_identity_of_somebody_else_does_not_speak_for_a_person(place: Place) -> None:
    """Rows that give an insider's own, attested account to the person who leads."""
    await place.attest()
    await place.watch.look()
    async with place.town.database.transaction() as tx:
        leader = place.town.scene.coordinator
        await tx.run("UPDATE matrix_attestations SET person_id = $1", leader.id)
        await tx.run("UPDATE people SET matrix_user = '@nobody:streha.localhost' WHERE id = $1", place.member.id)
        await tx.run("UPDATE people SET matrix_user = $1 WHERE id = $2", place.member.matrix_user, leader.id)
    assert not await place.believed()
    assert await place.readers() == set()


async def revoked(place: Place) -> None:
    await place.signed.decide(place.own, Revoke(person=place.member.id.bytes))


async def suspended(place: Place) -> None:
    until = int(place.town.network.clock.now().timestamp()) + 60
    first, second = place.others
    made = await place.signed.decide(first, Suspend(agency=place.own.agency_id.bytes, until=until))
    await place.signed.decide(second, Approve(proposal=statement.hash_of(made)))


async def other_identity(place: Place) -> None:
    await place.attest(os.urandom(32))


async def no_identity(place: Place) -> None:
    await place.signed.decide(place.own, place.signed.attesting(place.member, b""))


@pytest.mark.parametrize("ending", [revoked, suspended, other_identity, no_identity])
async def test_what_ends_in_the_directory_ends_at_once_whatever_the_tables_say(
    place: Place, ending: Callable[[Place], Awaitable[None]]
) -> None:
    await place.watch.look()
    await place.attest()
    assert await place.readers() == {place.member.matrix_user}
    # The tables say as before: an honest server would have ended the link too.
    await ending(place)
    assert not await place.believed()
    assert await place.readers() == set()


async def test_other_keys_for_a_person_are_not_another_identity(place: Place) -> None:
    await place.watch.look()
    await place.attest()
    seed, until = signing.new_seed(), int(place.town.network.clock.now().timestamp()) + 60
    deed = Rekey(
        person=place.member.id.bytes, signing_key=signing.public_key(seed), box_key=os.urandom(32), until=until
    )  # fmt: skip
    made = await place.signed.decide(place.own, deed)
    await place.signed.decide(place.others[0], Approve(proposal=statement.hash_of(made)))
    assert place.signed.kept.now.people[place.member.id.bytes].signing_key == deed.signing_key
    assert await place.believed()


async def shorter(place: Place) -> None:
    await place.signed.cut(len(place.signed.statements) - 1)


async def nothing(place: Place) -> None:
    await place.signed.cut(0)


async def another_network(place: Place) -> None:
    other = await sign_directory(place.town.network, [[place.own, place.member]])
    for _ in place.signed.statements:
        await other.decide(place.own, other.attesting(place.member, place.master))


async def forked(place: Place) -> None:
    kept = place.signed
    branch = SignedDirectory(
        network=kept.network, genesis=kept.genesis, kept=type(kept.kept)(kept.genesis), statements=[kept.genesis]
    )  # fmt: skip
    await branch.decide(place.own, branch.attesting(place.member, place.master))
    await branch.decide(place.own, branch.attesting(place.member, place.master))


LIES = [
    (shorter, "behind", "behind"), (nothing, "behind", "behind"), (another_network, "forked", "other-network"),
    (forked, "forked", "forked"),
]  # fmt: skip


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(("lie", "running", "started"), LIES)
async def test_a_shorter_forked_or_other_directory_is_refused_and_brings_nobody_back(
    place: Place,
    logged: io.StringIO,
    lie: Callable[[Place], Awaitable[None]],
    running: str,
    started: str,
    *,
    again: bool,
) -> None:
    await place.watch.look()
    await place.attest()
    await revoked(place)
    assert await place.signed.looked(place.vouched) == ""
    await lie(place)
    vouched = Vouched(place.town.directory) if again else place.vouched
    assert await place.signed.looked(vouched) == (started if again else running)
    assert await place.signed.looked(vouched) == (started if again else running)
    place.vouched = vouched
    assert not await place.believed()
    assert logged.getvalue().count('"directory_refused"') == 1
    # Cleared up, it goes on.
    await place.signed.restore()
    assert await place.signed.looked(vouched) == ""
    assert '"directory_followed_again"' in logged.getvalue()


async def test_what_was_verified_last_stands_while_the_directory_is_refused(place: Place) -> None:
    await place.watch.look()
    await place.attest()
    assert await place.believed()
    await place.signed.cut(0)
    for vouched in (place.vouched, Vouched(place.town.directory)):
        place.vouched = vouched
        assert await place.believed()
        assert vouched.refused == "behind"


async def test_an_entry_that_breaks_a_rule_is_refused_and_what_came_before_it_counts(place: Place) -> None:
    await place.watch.look()
    await place.attest()
    assert await place.believed()
    await revoked(place)
    # By somebody whom the directory gives no say.
    forged = place.signed.signed(place.member, place.signed.attesting(place.own, os.urandom(32)))
    await place.signed.put(len(place.signed.statements), forged)
    assert not await place.believed()
    assert place.vouched.refused == "not-empowered"


async def test_before_the_first_look_and_without_a_directory_nobody_counts(place: Place, tmp_path: Path) -> None:
    await place.watch.look()
    await place.attest()
    await place.signed.cut(0)
    place.vouched = Vouched(tmp_path / "new", place.signed.fingerprint)
    assert not await place.believed()
    assert place.vouched.refused == "other-network"


def test_a_setting_that_is_no_fingerprint_or_of_another_network_is_refused(tmp_path: Path) -> None:
    for wrong in ("no", "00" * 31, "00" * 33):
        with pytest.raises(InvalidInput, match="STREHA_VAULT_NETWORK"):
            Vouched(tmp_path, wrong)
    grouped = " ".join(["00ff"] * 16)
    assert Vouched(tmp_path, grouped).required
    assert not Vouched(tmp_path).required


async def test_the_network_on_the_disk_is_not_changed_by_a_setting(place: Place) -> None:
    await place.watch.look()
    with pytest.raises(Conflict, match="installed with another network"):
        Vouched(place.town.directory, "11" * 32)
    # Taken from the settings, it still holds.
    assert Vouched(place.town.directory).required
    file = place.town.directory / FILE_NAME
    file.write_bytes(b"{}")
    with pytest.raises(InvalidInput, match="cannot be read"):
        Vouched(place.town.directory, place.signed.fingerprint)


async def test_the_prober_is_who_was_seen_first_and_nobody_of_the_directory(place: Place, logged: io.StringIO) -> None:
    now, database = place.town.network.clock.now(), place.town.database
    await place.watch.look()
    await place.attest()
    await probe.introduce(database, Party.PROBER, "@prober:streha.localhost", bytes(range(32)), now)
    await place.watch.look()
    found = place.device.attestations
    assert found.confirmed("@prober:streha.localhost")
    # Whoever writes to the database names an account of their own as the prober, and staffs it into a case.
    await probe.introduce(database, Party.PROBER, "@thief:streha.localhost", os.urandom(32), now)
    await place.watch.look()
    assert not found.confirmed("@thief:streha.localhost")
    assert '"prober_replaced"' in logged.getvalue()
    again = Vouched(place.town.directory)
    attestation = Attestation(
        id=AttestationId(new_id()), person_id=PersonId(new_id()), matrix_user="@prober:streha.localhost",
        device_id="", device_key=b"", master_key=bytes(range(32)),
    )  # fmt: skip
    assert again.is_prober(attestation)
    assert not again.is_prober(replace(attestation, matrix_user=place.member.matrix_user))
