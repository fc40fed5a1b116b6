"""The bot's identity at a homeserver that does not say what is there: the true one is never replaced."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.account import identity
from bots.account.identity import MASTER_SEED_FILE, SEALED_FILE, DeviceUnsigned, Identity, IdentityMissing
from bots.account.identity_files import IdentityFiles, made
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore
from core.errors import InvalidInput, StrehaError, Temporary
from crypto import cross_signing
from tests.conftest import START
from tests.own_account import BOT, PASSWORD, SECRET, Account, homeserver_of

Answer = dict[str, Any]
OTHER = cross_signing.published_keys(BOT, cross_signing.new_seeds())


def machine(directory: Path, account: Account, device_id: str) -> OlmMachine:
    """Return a new device whose keys are published, as they are before anything is asked."""
    directory.mkdir()
    made = OlmMachine(BOT, device_id, OlmStore(BOT, device_id, directory, SECRET))
    account.devices[device_id] = made.device_keys
    return made


async def established(account: Account, directory: Path, olm: OlmMachine, seed: bytes | None = None) -> None:
    async with homeserver_of(account) as homeserver:
        await Identity(directory, SECRET).establish(homeserver, olm, user_id=BOT, signing_seed=seed)


async def restored(account: Account, directory: Path, master_seed: bytes, password: str = PASSWORD) -> None:
    async with homeserver_of(account) as homeserver:
        await Identity(directory, SECRET).restore(homeserver, user_id=BOT, password=password, master_seed=master_seed)


def master_seed_in(directory: Path) -> bytes:
    return base64.b64decode((directory / MASTER_SEED_FILE).read_bytes())


def take_offline(directory: Path) -> None:
    IdentityFiles(directory, SECRET).take_offline(START)


async def test_the_first_identity_is_published_without_the_password(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    assert not identity.rests_in(quick_path / "identity")
    await established(account, quick_path / "identity", olm)
    assert identity.rests_in(quick_path / "identity")
    assert len(account.uploads) == 1
    assert "auth" not in account.uploads[0]
    assert account.is_signed("FIRST")
    assert account.master == cross_signing.public_key(master_seed_in(quick_path / "identity"))
    assert cross_signing.is_signed(account.published["master_key"], BOT, olm.ed25519, key_name="FIRST")
    # Every message carries the signature too.
    assert cross_signing.is_signed(olm.device_keys, BOT, account.signing or "")
    # Again, with what is there: nothing is published a second time.
    account.requests.clear()
    await established(account, quick_path / "identity", olm)
    assert account.requests == ["POST /keys/query"]
    olm.store.close()


async def test_one_answer_without_the_identity_does_not_replace_it(quick_path: Path) -> None:
    account = Account()
    first, second = machine(quick_path / "first", account, "FIRST"), machine(quick_path / "second", account, "SECOND")
    await established(account, quick_path / "identity", first)
    true = account.published
    account.lie = without("master_keys", "self_signing_keys", "user_signing_keys")
    with pytest.raises(IdentityMissing):
        await established(account, quick_path / "elsewhere", second)
    assert account.published == true
    assert account.asked_for_password == 1
    assert all("auth" not in each for each in account.uploads)
    # What was made in vain does not stand in the way of the true one, which is brought here as the page says.
    assert not identity.rests_in(quick_path / "elsewhere")
    assert not (quick_path / "elsewhere" / MASTER_SEED_FILE).exists()
    account.lie = None
    (quick_path / "elsewhere" / SEALED_FILE).write_bytes((quick_path / "identity" / SEALED_FILE).read_bytes())
    await established(account, quick_path / "elsewhere", second)
    assert account.is_signed("SECOND")
    first.store.close()
    second.store.close()


async def test_a_wrong_answer_at_a_first_start_leaves_nothing_in_the_way(quick_path: Path) -> None:
    account = Account()
    first, second = machine(quick_path / "first", account, "FIRST"), machine(quick_path / "second", account, "SECOND")
    await established(account, quick_path / "identity", first)
    seed, elsewhere = master_seed_in(quick_path / "identity"), quick_path / "elsewhere"
    # It shows no identity, and then does not answer: what was made is not known to be published.
    account.lie, account.publishing = without("master_keys", "self_signing_keys", "user_signing_keys"), False
    with pytest.raises(Temporary):
        await established(account, elsewhere, second)
    assert not identity.rests_in(elsewhere)
    account.lie, account.publishing = None, True
    with pytest.raises(IdentityMissing, match="it is not on this machine"):
        await established(account, elsewhere, second)
    assert not IdentityFiles(elsewhere, SECRET).is_unfinished
    # What the sentence says is enough: the true seeds, and nothing beside them, are what is to go on paper.
    await restored(account, elsewhere, seed)
    files = IdentityFiles(elsewhere, SECRET)
    assert (files.master_seed(), _kept(quick_path, "elsewhere").signing) == (None, account.signing)
    assert account.master == cross_signing.public_key(seed)
    first.store.close()
    second.store.close()


async def test_a_first_start_that_is_not_answered_goes_on_with_what_it_made(quick_path: Path) -> None:
    account = Account(publishing=False)
    olm = machine(quick_path / "device", account, "FIRST")
    directory = quick_path / "identity"
    prepared = []
    for _ in range(2):
        with pytest.raises(Temporary):
            await established(account, directory, olm)
        prepared.append(IdentityFiles(directory, SECRET).next())
    assert prepared[0] is not None
    assert prepared[0] == prepared[1]
    account.publishing = True
    await established(account, directory, olm)
    assert account.master == prepared[0][0].master == cross_signing.public_key(master_seed_in(directory))
    assert account.is_signed("FIRST")
    olm.store.close()


async def test_a_master_seed_that_is_here_is_never_overwritten(quick_path: Path) -> None:
    account = Account()
    first, second = machine(quick_path / "first", account, "FIRST"), machine(quick_path / "second", account, "SECOND")
    await established(account, quick_path / "identity", first)
    seed = master_seed_in(quick_path / "identity")
    # The sealed file is lost, and the homeserver shows nothing: it looks like a first start.
    (quick_path / "identity" / SEALED_FILE).unlink()
    account.lie = without("master_keys", "self_signing_keys", "user_signing_keys")
    for _ in range(2):
        with pytest.raises(IdentityMissing):
            await established(account, quick_path / "identity", second)
        assert master_seed_in(quick_path / "identity") == seed
    assert account.master == cross_signing.public_key(seed)
    first.store.close()
    second.store.close()


async def test_what_cannot_be_read_as_a_master_seed_is_not_overwritten_either(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    (quick_path / "identity").mkdir()
    (quick_path / "identity" / MASTER_SEED_FILE).write_bytes(b"half a see")
    await established(account, quick_path / "identity", olm)
    assert account.master == cross_signing.public_key(master_seed_in(quick_path / "identity"))
    assert (quick_path / "identity" / f"{MASTER_SEED_FILE}.before").read_bytes() == b"half a see"
    olm.store.close()


def without(*parts: str) -> Callable[[Answer], Answer]:
    return lambda answer: {name: part for name, part in answer.items() if name not in parts}


def instead(**parts: Any) -> Callable[[Answer], Answer]:
    return lambda answer: {**answer, **{name: {BOT: part} for name, part in parts.items()}}


ALL = ("master_keys", "self_signing_keys", "user_signing_keys")
LIES: dict[str, Callable[[Answer], Answer]] = {
    "empty": lambda _: {},
    "nothing of the account": lambda _: {"device_keys": {}, "master_keys": {}, "self_signing_keys": {}, "failures": {}},
    "no identity": without(*ALL),
    "no master key": without("master_keys"),
    "no self-signing key": without("self_signing_keys"),
    "no device": without("device_keys"),
    "another identity": instead(
        master_keys=OTHER["master_key"],
        self_signing_keys=OTHER["self_signing_key"],
        user_signing_keys=OTHER["user_signing_key"],
    ),
    "another master key alone": instead(master_keys=OTHER["master_key"]),
    "another self-signing key alone": instead(self_signing_keys=OTHER["self_signing_key"]),
    "another person's keys": lambda answer: {
        **answer, **{part: {BOT: {**answer[part].get(BOT, {}), "user_id": "@ana:streha.localhost"}} for part in ALL
                     if part in answer}
    },
    "a list for an object": instead(master_keys=[]),
    "a text for keys": instead(master_keys={"user_id": BOT, "usage": ["master"], "keys": "none"}),
    "nothing for keys": instead(master_keys=None, self_signing_keys=None),
    "lists for everything": lambda _: {"device_keys": [], "master_keys": [], "self_signing_keys": []},
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("when", ["at work", "new device", "offline", "elsewhere"])
async def test_no_wrong_answer_makes_the_bot_replace_its_identity(quick_path: Path, lie: str, when: str) -> None:
    account = Account()
    first = machine(quick_path / "first", account, "FIRST")
    directory = quick_path / "identity"
    await established(account, directory, first)
    seed = master_seed_in(directory)
    true, uploads = account.published, len(account.uploads)
    kept = (directory / SEALED_FILE).read_bytes()
    olm = first if when == "at work" else machine(quick_path / "second", account, "SECOND")
    if when == "offline":
        take_offline(directory)
        kept = (directory / SEALED_FILE).read_bytes()
    place = quick_path / "elsewhere" if when == "elsewhere" else directory
    account.lie = LIES[lie]
    for _ in range(2):
        # It may go on with what it has, or end, or ask again; whatever it does, it takes nobody's identity away.
        with suppress(IdentityMissing, Temporary, DeviceUnsigned):
            await established(account, place, olm)
        assert account.published.keys() == true.keys()
        assert {name: key["keys"] for name, key in account.published.items()} == {
            name: key["keys"] for name, key in true.items()
        }
    assert all("auth" not in each for each in account.uploads[uploads:])
    assert (directory / SEALED_FILE).read_bytes() == kept
    if when in {"at work", "new device"}:
        assert master_seed_in(directory) == seed
    # Once the truth is told again, it works, with the same identity.
    account.lie = None
    if when in {"at work", "new device"}:
        await established(account, place, olm)
        assert account.is_signed(olm.device_id)
    elif when == "offline":
        with pytest.raises(DeviceUnsigned):
            await established(account, place, olm)
    else:
        with pytest.raises(IdentityMissing):
            await established(account, place, olm)
    assert account.master == cross_signing.public_key(seed)
    first.store.close()
    olm.store.close()


@pytest.mark.parametrize("lie", ["no identity", "no self-signing key"])
async def test_a_bot_at_work_goes_on_although_its_identity_is_left_out(quick_path: Path, lie: str) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    account.lie = LIES[lie]
    await established(account, quick_path / "identity", olm)
    # Also when no seed rests here any more.
    take_offline(quick_path / "identity")
    await established(account, quick_path / "identity", olm)
    olm.store.close()


async def test_an_identity_that_somebody_replaced_is_not_accepted(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    account.published = dict(OTHER)
    with pytest.raises(IdentityMissing, match="replaced by somebody"):
        await established(account, quick_path / "identity", olm)
    assert account.published == OTHER
    # Nor where the homeserver hides it: what it has is not given up for what is here.
    account.lie = without(*ALL)
    with pytest.raises(IdentityMissing):
        await established(account, quick_path / "identity", olm)
    assert account.published == OTHER
    assert identity.rests_in(quick_path / "identity")
    olm.store.close()


# With the seeds offline -----------------------------------------------------------------------------


async def test_a_signed_device_needs_no_seed(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    take_offline(quick_path / "identity")
    assert not list((quick_path / "identity").glob("*seed*"))
    assert IdentityFiles(quick_path / "identity", SECRET).kept() == replace(
        _kept(quick_path), self_signing=None, offline_at=START
    )
    account.requests.clear()
    await established(account, quick_path / "identity", olm)
    assert account.requests == ["POST /keys/query"]
    # A homeserver that has lost the device's signature gets it again.
    account.devices["FIRST"] = OlmMachine(BOT, "FIRST", olm.store)._make_device_keys()
    await established(account, quick_path / "identity", olm)
    assert account.is_signed("FIRST")
    # And where it was lost here, between the signing and the keeping, it is taken from there.
    olm.keep_device_keys(olm._make_device_keys())
    await established(account, quick_path / "identity", olm)
    assert cross_signing.is_signed(olm.device_keys, BOT, account.signing or "")
    olm.store.close()


async def test_a_new_device_waits_for_the_signing_paper(quick_path: Path) -> None:
    account = Account()
    first, second = machine(quick_path / "first", account, "FIRST"), machine(quick_path / "second", account, "SECOND")
    await established(account, quick_path / "identity", first)
    kept = IdentityFiles(quick_path / "identity", SECRET).kept()
    assert kept is not None
    take_offline(quick_path / "identity")
    with pytest.raises(DeviceUnsigned):
        await established(account, quick_path / "identity", second)
    with pytest.raises(InvalidInput, match="signing seed"):
        await established(account, quick_path / "identity", second, cross_signing.new_seed())
    assert not account.is_signed("SECOND")
    await established(account, quick_path / "identity", second, kept.self_signing)
    assert account.is_signed("SECOND")
    assert account.is_signed("FIRST")
    # The seed was used and not kept.
    assert _kept(quick_path).self_signing is None
    await established(account, quick_path / "identity", second)
    first.store.close()
    second.store.close()


# From the master seed -------------------------------------------------------------------------------


async def test_a_restore_makes_new_keys_below_the_same_master_key(quick_path: Path) -> None:
    account = Account()
    first, second = machine(quick_path / "first", account, "FIRST"), machine(quick_path / "second", account, "SECOND")
    await established(account, quick_path / "identity", first)
    seed, master, signing = master_seed_in(quick_path / "identity"), account.master, account.signing
    await restored(account, quick_path / "other", seed)
    assert account.master == master
    assert account.signing not in {None, signing}
    # The master key itself is never sent with the password.
    assert all("master_key" not in each for each in account.uploads if "auth" in each)
    # The master seed is not written down again, and devices of before are signed no more.
    assert not (quick_path / "other" / MASTER_SEED_FILE).exists()
    assert not account.is_signed("FIRST")
    await established(account, quick_path / "other", second)
    assert account.is_signed("SECOND")
    # What lay elsewhere is of the same identity, and its seed signs nothing any more.
    with pytest.raises(DeviceUnsigned):
        await established(account, quick_path / "identity", first)
    await established(account, quick_path / "identity", first, _kept(quick_path, "other").self_signing)
    assert account.is_signed("FIRST")
    assert account.is_signed("SECOND")
    # Messages do not carry signatures of a key that is no more.
    assert set(first.device_keys["signatures"][BOT]) == {"ed25519:FIRST", f"ed25519:{account.signing}"}
    first.store.close()
    second.store.close()


@pytest.mark.parametrize("lie", LIES)
async def test_no_wrong_answer_makes_a_restore_replace_the_identity(quick_path: Path, lie: str) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    seed, master = master_seed_in(quick_path / "identity"), account.master
    account.lie = LIES[lie]
    try:
        await restored(account, quick_path / "other", seed)
    except StrehaError:
        assert not identity.rests_in(quick_path / "other")
    assert account.master == master
    account.lie = None
    await restored(account, quick_path / "other", seed)
    assert account.master == master
    await established(account, quick_path / "other", olm)
    assert account.is_signed("FIRST")
    olm.store.close()


async def test_a_wrong_seed_or_password_changes_nothing(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    seed, published = master_seed_in(quick_path / "identity"), account.published
    with pytest.raises(InvalidInput):
        await restored(account, quick_path / "other", cross_signing.new_seed())
    for _ in range(2):
        with pytest.raises(StrehaError):
            await restored(account, quick_path / "other", seed, "a wrong password")
    assert account.published == published
    assert not identity.rests_in(quick_path / "other")
    # What was prepared is used the next time: seeds that nobody was shown do not pile up.
    assert [each.name for each in (quick_path / "other").iterdir()] == [f"{SEALED_FILE}.next"]
    olm.store.close()


async def test_a_restore_after_a_new_identity_was_begun_in_vain(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    directory = quick_path / "identity"
    await established(account, directory, olm)
    seed, master = master_seed_in(directory), account.master
    take_offline(directory)
    # Killed before, and after, all of it was prepared; nothing was published.
    files, seeds = IdentityFiles(directory, SECRET), cross_signing.new_seeds()
    files.prepare(made(BOT, seeds), seeds.master)
    for left in ((), (f"{SEALED_FILE}.next",)):
        for name in left:
            (directory / name).unlink()
        await restored(account, directory, seed)
        assert account.master == master
        # The seed of what never was does not become the master seed.
        assert not (directory / MASTER_SEED_FILE).exists()
        await established(account, directory, olm)
        assert account.is_signed("FIRST")
        files.prepare(made(BOT, seeds), seeds.master)
    olm.store.close()


async def test_an_identity_that_the_homeserver_lost_is_published_again(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    await established(account, quick_path / "identity", olm)
    seed, master = master_seed_in(quick_path / "identity"), account.master
    account.published = {}
    await restored(account, quick_path / "other", seed)
    assert account.master == master
    assert not [each for each in account.uploads if "auth" in each]
    olm.store.close()


async def test_a_new_identity_is_made_only_where_the_seed_is_lost(quick_path: Path) -> None:
    account = Account()
    olm = machine(quick_path / "device", account, "FIRST")
    directory = quick_path / "identity"
    await established(account, directory, olm)
    master = account.master

    async def make_anew() -> None:
        async with homeserver_of(account) as homeserver:
            await Identity(directory, SECRET).make_anew(homeserver, user_id=BOT, password=PASSWORD)

    with pytest.raises(StrehaError, match="nothing is lost"):
        await make_anew()
    assert account.master == master
    take_offline(directory)
    await make_anew()
    assert account.master == cross_signing.public_key(master_seed_in(directory))
    assert account.master != master
    await established(account, directory, olm)
    assert account.is_signed("FIRST")
    olm.store.close()


def _kept(directory: Path, name: str = "identity") -> Any:
    kept = IdentityFiles(directory / name, SECRET).kept()
    assert kept is not None
    return kept
