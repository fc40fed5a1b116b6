"""Whose keys are whose: what an answer to a key query proves, and what it cannot undo."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vodozemac
from nio.crypto import DeviceStore  # type: ignore[import-untyped]  # nio ships no types

from bots.keys.attested import Standing
from bots.keys.key_directory import KeyDirectory
from bots.keys.published_keys import MOST_DEVICES, MOST_EXAMINED, MOST_UNSIGNED, UserKeys, read_user
from bots.olm.olm_store import OlmStore
from crypto import cross_signing
from tests.attesting import attest_all, attestation, by_user
from tests.clock import MovableClock
from tests.scraped import counted

ANA, BORIS, MALLORY = (f"@{name}:streha.example" for name in ("ana", "boris", "mallory"))
SEEDS = cross_signing.SigningSeeds(master=b"m" * 32, self_signing=b"s" * 32, user_signing=b"u" * 32)
OTHER_SEEDS = cross_signing.SigningSeeds(master=b"M" * 32, self_signing=b"S" * 32, user_signing=b"U" * 32)
NOTHING = UserKeys(user_id=ANA)
NOW = 1_700_000_000.0


def device_keys(
    device_id: str,
    *,
    signed: bool = True,
    user_id: str = ANA,
    account: vodozemac.Account | None = None,
    curve25519: str = "",
    seeds: cross_signing.SigningSeeds = SEEDS,
) -> dict[str, Any]:
    account = account or vodozemac.Account()
    document = {
        "algorithms": ["m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"],
        "device_id": device_id,
        "user_id": user_id,
        "keys": {
            f"curve25519:{device_id}": curve25519 or account.curve25519_key.to_base64(),
            f"ed25519:{device_id}": account.ed25519_key.to_base64(),
        },
    }
    signature = account.sign(cross_signing.signing_bytes(document)).to_base64()
    document = cross_signing.with_signature(document, user_id, device_id, signature)
    return cross_signing.signed(document, user_id, seeds.self_signing) if signed else document


def answer(user_id: str = ANA, /, seeds: Any = SEEDS, **devices: Any) -> dict[str, dict[str, Any]]:
    published = cross_signing.published_keys(user_id, seeds)
    return {
        "device_keys": {user_id: devices},
        "master_keys": {user_id: published["master_key"]},
        "self_signing_keys": {user_id: published["self_signing_key"]},
    }


def without_signatures(answered: dict[str, dict[str, Any]], part: str) -> dict[str, dict[str, Any]]:
    """Leave a part of an answer out, as a homeserver or a proxy before it could."""
    if part == "signatures":
        stripped = {
            name: {**keys, "signatures": {ANA: {f"ed25519:{name}": keys["signatures"][ANA][f"ed25519:{name}"]}}}
            for name, keys in answered["device_keys"][ANA].items()
        }
        return {**answered, "device_keys": {ANA: stripped}}
    return {**answered, part: {}}


@pytest.fixture
def directory(tmp_path: Path, clock: MovableClock) -> Iterator[KeyDirectory]:
    store = OlmStore("@bot:streha.example", "BOT", tmp_path, b"an invented store key of 32 bytes")
    store_directory = KeyDirectory(store, DeviceStore(), clock)
    yield store_directory
    store.close()


def test_only_a_device_signed_by_its_owner_is_cross_signed() -> None:
    keys = read_user(answer(ONE=device_keys("ONE"), TWO=device_keys("TWO", signed=False)), ANA, NOTHING, NOW)
    assert keys.identity == cross_signing.public_key(SEEDS.master)
    assert {name: device.cross_signed for name, device in keys.devices.items()} == {"ONE": True, "TWO": False}


@pytest.mark.parametrize("part", ["master_keys", "self_signing_keys"])
@pytest.mark.parametrize("value", [None, [], {}, {ANA: None}, {ANA: {}}, {ANA: 5}])
def test_without_a_chain_nothing_is_cross_signed(part: str, value: Any) -> None:
    keys = read_user({**answer(ONE=device_keys("ONE")), part: value}, ANA, NOTHING, NOW)
    assert keys.identity is None
    assert not keys.devices["ONE"].cross_signed


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "@other:streha.example"},
        {"device_id": "OTHER"},
        {"keys": {}},
        {"keys": []},
        {"keys": {"curve25519:ONE": 5, "ed25519:ONE": 5}},
        {"keys": {"curve25519:ONE": "short", "ed25519:ONE": "short"}},
        {"signatures": {}},
        {"signatures": None},
        {"algorithms": ["something else"]},
        {"weight": 1.5},
    ],
)
def test_a_malformed_or_altered_device_is_passed_over_and_its_neighbour_kept(change: dict[str, Any]) -> None:
    keys = read_user(answer(ONE={**device_keys("ONE"), **change}, TWO=device_keys("TWO")), ANA, NOTHING, NOW)
    assert set(keys.devices) == {"TWO"}


@pytest.mark.parametrize("poison", [None, 5, "text", [], {}])
def test_a_device_that_is_no_object_is_passed_over(poison: Any) -> None:
    assert set(read_user(answer(ONE=poison, TWO=device_keys("TWO")), ANA, NOTHING, NOW).devices) == {"TWO"}


def test_ghost_devices_are_bounded_and_hide_no_real_one() -> None:
    ghosts = {f"D{number}": device_keys(f"D{number}", signed=False) for number in range(MOST_DEVICES + 20)}
    keys = read_user(answer(**ghosts, REAL=device_keys("REAL")), ANA, NOTHING, NOW)
    assert [name for name, device in keys.devices.items() if device.cross_signed] == ["REAL"]
    assert len(keys.devices) == MOST_UNSIGNED + 1


def test_ghost_devices_that_claim_a_signature_hide_no_device_that_is_known() -> None:
    real = device_keys("REAL")
    known = read_user(answer(REAL=real), ANA, NOTHING, NOW)
    claimed = {"signatures": {ANA: {f"ed25519:{cross_signing.public_key(SEEDS.self_signing)}": "A" * 86}}}
    ghosts = {f"D{number}": claimed for number in range(MOST_EXAMINED + 20)}
    assert read_user(answer(**ghosts, REAL=real), ANA, known, NOW).devices["REAL"].cross_signed


def test_signed_devices_are_bounded_as_well() -> None:
    devices = {f"D{number}": device_keys(f"D{number}") for number in range(MOST_DEVICES + 5)}
    assert len(read_user(answer(**devices), ANA, NOTHING, NOW).devices) == MOST_DEVICES


def test_a_ghost_with_the_key_of_a_signed_device_does_not_make_it_nobody() -> None:
    account = vodozemac.Account()
    real = device_keys("REAL", account=account)
    ghost = device_keys("GHOST", signed=False, curve25519=account.curve25519_key.to_base64())
    keys = read_user(answer(GHOST=ghost, REAL=real), ANA, NOTHING, NOW)
    assert keys.device_with_key(account.curve25519_key.to_base64()) == keys.devices["REAL"]


def test_a_device_that_has_signed_its_owners_identity_is_known_by_that() -> None:
    account = vodozemac.Account()
    answered = answer(ONE=device_keys("ONE", account=account), TWO=device_keys("TWO"))
    master = answered["master_keys"][ANA]
    signature = account.sign(cross_signing.signing_bytes(master)).to_base64()
    answered["master_keys"][ANA] = cross_signing.with_signature(master, ANA, "ONE", signature)
    devices = read_user(answered, ANA, NOTHING, NOW).devices
    assert {name: device.vouches for name, device in devices.items()} == {"ONE": True, "TWO": False}


@pytest.mark.parametrize("part", ["master_keys", "self_signing_keys", "signatures"])
def test_what_an_answer_leaves_out_takes_nothing_away(directory: KeyDirectory, part: str) -> None:
    whole = answer(ONE=device_keys("ONE"))
    directory.learn(whole, [ANA], directory.asking())
    attest_all(directory, [ANA])
    before = directory.keys_of(ANA)
    directory.learn(without_signatures(whole, part), [ANA], directory.asking())
    after = directory.keys_of(ANA)
    assert (after.identity, after.devices) == (before.identity, before.devices)
    assert directory.believe(ANA, after.devices["ONE"].curve25519, after.devices["ONE"].ed25519).bound
    # Where the identity itself was left out, it is asked again until it is shown.
    assert directory.outdated([ANA]) == ([] if part == "signatures" else [ANA])
    directory.learn(whole, [ANA], directory.asking())
    assert directory.outdated([ANA]) == []


def test_while_an_identity_is_left_out_it_still_signs_a_new_device(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    later = answer(ONE=device_keys("ONE"), TWO=device_keys("TWO"))
    directory.learn(without_signatures(later, "master_keys"), [ANA], directory.asking())
    assert directory.keys_of(ANA).devices["TWO"].cross_signed


def test_another_identity_takes_the_place_of_the_first_only_when_it_is_proven(directory: KeyDirectory) -> None:
    one = device_keys("ONE")
    directory.learn(answer(ONE=one), [ANA], directory.asking())
    first = directory.keys_of(ANA).identity
    reset = answer(ONE=one, seeds=OTHER_SEEDS)
    directory.learn(without_signatures(reset, "self_signing_keys"), [ANA], directory.asking())
    assert directory.keys_of(ANA).identity == first
    directory.learn(reset, [ANA], directory.asking())
    assert directory.keys_of(ANA).identity == cross_signing.public_key(OTHER_SEEDS.master)
    # What the identity of before had signed, this one has not.
    assert not directory.keys_of(ANA).devices["ONE"].cross_signed


def test_an_answer_that_takes_every_device_away_is_obeyed_and_asked_again(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    directory.learn(answer(), [ANA], directory.asking())
    assert not directory.keys_of(ANA).devices
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(), [ANA], directory.asking())
    assert directory.outdated([ANA]) == []


def test_who_has_no_signed_device_can_be_asked_for_again(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    directory.doubt([ANA])
    assert directory.outdated([ANA]) == []
    directory.learn(answer(), [ANA], directory.asking())
    directory.learn(answer(), [ANA], directory.asking())
    directory.doubt([ANA, MALLORY])
    assert directory.outdated([ANA]) == [ANA]


def test_a_key_that_two_people_publish_is_told_and_is_its_owners(directory: KeyDirectory, logged: io.StringIO) -> None:
    account = vodozemac.Account()
    key = account.curve25519_key.to_base64()
    directory.learn(answer(ONE=device_keys("ONE", account=account)), [ANA], directory.asking())
    assert "device_key_claimed_twice" not in logged.getvalue()
    claimed = device_keys("EVIL", user_id=MALLORY, curve25519=key, seeds=OTHER_SEEDS)
    directory.learn(answer(MALLORY, seeds=OTHER_SEEDS, EVIL=claimed), [MALLORY], directory.asking())
    assert "device_key_claimed_twice" in logged.getvalue()
    fingerprint = account.ed25519_key.to_base64()
    attest_all(directory, [ANA, MALLORY])
    assert directory.believe(ANA, key, fingerprint).bound
    assert not directory.believe(MALLORY, key, fingerprint).bound


def test_records_of_before_are_read(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    record = directory._store.users()[ANA]
    del record["self_signing"], record["devices"]["ONE"]["vouches"]
    directory._store.keep_user(ANA, record)
    restored = KeyDirectory(directory._store, DeviceStore(), directory._clock).keys_of(ANA)
    assert restored.devices == directory.keys_of(ANA).devices


def test_whoever_watches_hears_of_changes_of_known_users_only(directory: KeyDirectory) -> None:
    heard: list[None] = []
    directory.watch(lambda: heard.append(None))
    directory.mark_changed([ANA])
    assert not heard
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    directory.mark_changed([ANA])
    assert len(heard) == 1


def test_a_device_does_not_change_its_keys_unless_its_owner_says_so() -> None:
    first = device_keys("ONE")
    known = read_user(answer(ONE=first), ANA, NOTHING, NOW)
    unsigned = read_user(answer(ONE=device_keys("ONE", signed=False)), ANA, known, NOW)
    assert unsigned.devices["ONE"].ed25519 == known.devices["ONE"].ed25519
    signed = read_user(answer(ONE=device_keys("ONE")), ANA, known, NOW)
    assert signed.devices["ONE"].ed25519 != known.devices["ONE"].ed25519
    assert signed.devices["ONE"].cross_signed


def test_two_devices_with_one_identity_key_are_nobody() -> None:
    keys = read_user(answer(ONE=device_keys("ONE")), ANA, NOTHING, NOW)
    key = keys.devices["ONE"].curve25519
    assert keys.device_with_key(key) == keys.devices["ONE"]
    doubled = UserKeys(user_id=ANA, devices={"ONE": keys.devices["ONE"], "TWO": keys.devices["ONE"]})
    assert doubled.device_with_key(key) is None


def test_what_was_learnt_is_kept_and_asked_again_when_it_changed(directory: KeyDirectory) -> None:
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    assert directory.outdated([ANA]) == []
    assert directory.believe(ANA, directory.keys_of(ANA).devices["ONE"].curve25519, "another").bound is False
    restored = KeyDirectory(directory._store, DeviceStore(), directory._clock)
    assert restored.keys_of(ANA) == directory.keys_of(ANA)
    directory.mark_changed([ANA, "@stranger:streha.example"])
    assert directory.outdated([ANA]) == [ANA]
    # An answer to a question from before the change does not count as the present state.
    asked_at = directory.asking()
    directory.mark_changed([ANA])
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], asked_at)
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    assert directory.outdated([ANA]) == []


def test_a_change_that_is_said_during_the_first_question_is_asked_about_again(directory: KeyDirectory) -> None:
    first, second = directory.asking(), directory.asking()
    directory.mark_changed([ANA])
    attested = attestation(ANA, cross_signing.public_key(SEEDS.master))
    directory.attest(by_user(attested))
    for asked_at in (first, second):
        directory.learn(answer(ONE=device_keys("ONE")), [ANA], asked_at)
        assert directory.outdated([ANA]) == [ANA]
    # Somebody else's change is nothing to an answer about a user who is known.
    asked_at = directory.asking()
    directory.mark_changed([MALLORY])
    directory.learn(answer(seeds=OTHER_SEEDS, ONE=device_keys("ONE", seeds=OTHER_SEEDS)), [ANA], asked_at)
    assert directory.outdated([ANA]) == []
    assert directory.attestations.to_note() == [attested]


@pytest.mark.parametrize(
    "empty", [{}, {"device_keys": None}, {"device_keys": {}}, {"failures": {"streha.example": {}}}]
)
def test_an_answer_that_does_not_mention_a_user_changes_nothing(directory: KeyDirectory, empty: dict[str, Any]) -> None:
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    before = directory.keys_of(ANA)
    directory.learn(empty, [ANA], directory.asking())
    assert directory.keys_of(ANA) == before


def test_a_device_that_is_gone_is_gone(directory: KeyDirectory) -> None:
    directory.learn(answer(ONE=device_keys("ONE"), TWO=device_keys("TWO")), [ANA], directory.asking())
    directory.learn(answer(TWO=device_keys("TWO")), [ANA], directory.asking())
    assert set(directory.keys_of(ANA).devices) == {"TWO"}
    assert set(directory._nio_devices[ANA]) == {"TWO"}


# Whose identity counts ------------------------------------------------------------------------------------------


def without_identity(answered: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a whole answer of a homeserver that knows of no identity."""
    return {**answered, "master_keys": {}, "self_signing_keys": {}, "failures": {}}


def bound(directory: KeyDirectory, device_id: str = "ONE") -> bool:
    device = directory.keys_of(ANA).devices[device_id]
    return directory.believe(ANA, device.curve25519, device.ed25519).bound


def test_only_the_confirmed_identity_is_believed_and_read_to(directory: KeyDirectory) -> None:
    whole = answer(ONE=device_keys("ONE"), TWO=device_keys("TWO", signed=False))
    directory.learn(whole, [ANA], directory.asking())
    assert (directory.standing_of(ANA), bound(directory), directory.readers(ANA)) == (Standing.UNLINKED, False, [])
    directory.attest(by_user(attestation(ANA)))
    assert (directory.standing_of(ANA), bound(directory), directory.readers(ANA)) == (Standing.WAITING, False, [])
    directory.attest(by_user(attestation(ANA, cross_signing.public_key(SEEDS.master))))
    assert (directory.standing_of(ANA), bound(directory)) == (Standing.ATTESTED, True)
    assert [device.device_id for device in directory.readers(ANA)] == ["ONE"]
    # Every further device that the identity signs counts, and the first may go.
    directory.learn(answer(NEW=device_keys("NEW")), [ANA], directory.asking())
    assert [device.device_id for device in directory.readers(ANA)] == ["NEW"]
    directory.attest({})
    assert (directory.standing_of(ANA), bound(directory, "NEW"), directory.readers(ANA)) == (
        Standing.UNLINKED, False, []
    )  # fmt: skip


def test_an_identity_that_changed_stays_so_when_the_first_comes_back_even_after_a_restart(
    directory: KeyDirectory,
) -> None:
    lost: list[str] = []
    directory.watch_losses(lost.append)
    one = device_keys("ONE")
    directory.learn(answer(ONE=one), [ANA], directory.asking())
    confirmed = attestation(ANA, cross_signing.public_key(SEEDS.master))
    directory.attest(by_user(confirmed))
    other = answer(seeds=OTHER_SEEDS, ONE=device_keys("ONE", seeds=OTHER_SEEDS))
    directory.learn(other, [ANA], directory.asking())
    assert (directory.standing_of(ANA), lost) == (Standing.CHANGED, [ANA])
    assert directory.attestations.to_note() == [confirmed]
    directory.learn(answer(ONE=one), [ANA], directory.asking())
    assert (directory.keys_of(ANA).identity, bound(directory)) == (cross_signing.public_key(SEEDS.master), False)
    # The row does not say so yet, for the database did not answer.
    restored = KeyDirectory(directory._store, DeviceStore(), directory._clock)
    restored.attest(by_user(confirmed))
    assert restored.standing_of(ANA) is Standing.CHANGED
    assert restored.attestations.to_note() == [confirmed]
    # Only another confirmation, of whatever identity, makes another link; nothing is remembered of the old one.
    restored.attest(by_user(attestation(ANA, cross_signing.public_key(SEEDS.master))))
    assert restored.standing_of(ANA) is Standing.ATTESTED
    assert restored.attestations.seen_changed == []


def test_an_identity_that_vanishes_from_whole_answers_has_changed_and_from_half_ones_has_not(
    directory: KeyDirectory, clock: MovableClock
) -> None:
    whole = answer(ONE=device_keys("ONE"))
    directory.learn(whole, [ANA], directory.asking())
    attest_all(directory, [ANA])
    for half in ("master_keys", "self_signing_keys"):
        for _ in range(3):
            directory.learn(without_signatures(whole, half), [ANA], directory.asking())
        assert directory.standing_of(ANA) is Standing.ATTESTED
    failing = {**without_identity(whole), "failures": {"streha.example": {}}}
    for _ in range(3):
        directory.learn(failing, [ANA], directory.asking())
    assert directory.standing_of(ANA) is Standing.ATTESTED
    # A single whole answer may be a hiccup: it is asked again at once.
    directory.learn(without_identity(whole), [ANA], directory.asking())
    assert (directory.standing_of(ANA), directory.outdated([ANA])) == (Standing.ATTESTED, [ANA])
    # So may be some within a few minutes: nothing is given meanwhile, and nothing is final.
    clock.move(timedelta(minutes=4))
    for _ in range(3):
        directory.learn(without_identity(whole), [ANA], directory.asking())
    assert (directory.standing_of(ANA), directory.readers(ANA)) == (Standing.WAITING, [])
    assert (directory.attestations.to_note(), directory.outdated([ANA])) == ([], [ANA])
    directory.learn(whole, [ANA], directory.asking())
    assert (directory.standing_of(ANA), bound(directory), directory.outdated([ANA])) == (Standing.ATTESTED, True, [])
    # Time that passed before the first absence is nothing to it; nor is time in which nobody looked again.
    clock.move(timedelta(days=1))
    directory.learn(without_identity(whole), [ANA], directory.asking())
    clock.move(timedelta(minutes=6))
    assert directory.standing_of(ANA) is Standing.ATTESTED
    directory.learn(without_identity(whole), [ANA], directory.asking())
    assert (directory.standing_of(ANA), directory.readers(ANA)) == (Standing.CHANGED, [])
    assert len(directory.attestations.to_note()) == 1


def test_who_had_no_identity_before_the_link_has_lost_none(directory: KeyDirectory, clock: MovableClock) -> None:
    whole = answer(ONE=device_keys("ONE"))
    for _ in range(3):
        directory.learn(without_identity(whole), [ANA], directory.asking())
        clock.move(timedelta(hours=1))
    attested = attestation(ANA, cross_signing.public_key(SEEDS.master))
    directory.attest(by_user(attested))
    assert (directory.standing_of(ANA), directory.outdated([ANA])) == (Standing.WAITING, [ANA])
    directory.learn(without_identity(whole), [ANA], directory.asking())
    assert (directory.standing_of(ANA), directory.outdated([ANA])) == (Standing.WAITING, [ANA])
    directory.learn(whole, [ANA], directory.asking())
    assert directory.standing_of(ANA) is Standing.ATTESTED


def test_where_the_identities_of_several_people_are_gone_it_is_the_answers_that_are_broken(
    directory: KeyDirectory, clock: MovableClock, logged: io.StringIO
) -> None:
    ana, boris = answer(ONE=device_keys("ONE")), answer(BORIS, TWO=device_keys("TWO", user_id=BORIS))
    whole = {part: {**ana[part], **boris[part]} for part in ana}
    directory.learn(whole, [ANA, BORIS], directory.asking())
    attest_all(directory, [ANA, BORIS])
    for _ in range(5):
        directory.learn(without_identity(whole), [ANA, BORIS], directory.asking())
        clock.move(timedelta(minutes=10))
    # Asked about one by one, they are still several.
    directory.learn(without_identity(ana), [ANA], directory.asking())
    directory.learn(without_identity(boris), [BORIS], directory.asking())
    assert [directory.standing_of(each) for each in (ANA, BORIS)] == [Standing.WAITING] * 2
    assert directory.attestations.to_note() == []
    assert logged.getvalue().count('"identities_missing"') == 1
    assert counted()("streha_bot_identities_missing") == 2
    # Another identity is no absence, whoever's is gone beside it.
    other = answer(seeds=OTHER_SEEDS, ONE=device_keys("ONE", seeds=OTHER_SEEDS))
    directory.learn(other, [ANA], directory.asking())
    assert [each.matrix_user for each in directory.attestations.to_note()] == [ANA]
    assert counted()("streha_bot_identities_missing") == 1
    # What is left is one person's own: it is final when some more minutes have passed.
    clock.move(timedelta(minutes=4))
    directory.learn(without_identity(boris), [BORIS], directory.asking())
    assert directory.standing_of(BORIS) is Standing.WAITING
    clock.move(timedelta(minutes=2))
    directory.learn(without_identity(boris), [BORIS], directory.asking())
    assert directory.standing_of(BORIS) is Standing.CHANGED
    assert counted()("streha_bot_identities_missing") == 0


def test_when_everybody_is_shown_again_everybody_reads_again(directory: KeyDirectory, clock: MovableClock) -> None:
    ana, boris = answer(ONE=device_keys("ONE")), answer(BORIS, TWO=device_keys("TWO", user_id=BORIS))
    whole = {part: {**ana[part], **boris[part]} for part in ana}
    directory.learn(whole, [ANA, BORIS], directory.asking())
    confirmed = by_user(*(attestation(each, cross_signing.public_key(SEEDS.master)) for each in (ANA, BORIS)))
    directory.attest(confirmed)
    lost: list[str] = []
    directory.watch_losses(lost.append)
    for _ in range(2):
        directory.learn(without_identity(whole), [ANA, BORIS], directory.asking())
        clock.move(timedelta(hours=1))
    assert sorted(lost) == [ANA, BORIS]
    # A restart makes nothing of it either.
    again = KeyDirectory(directory._store, DeviceStore(), clock)
    again.attest(confirmed)
    assert again.outdated([ANA, BORIS]) == [ANA, BORIS]
    again.learn(without_identity(whole), [ANA, BORIS], again.asking())
    assert [again.standing_of(each) for each in (ANA, BORIS)] == [Standing.WAITING] * 2
    again.learn(whole, [ANA, BORIS], again.asking())
    assert [again.standing_of(each) for each in (ANA, BORIS)] == [Standing.ATTESTED] * 2
    assert bound(again)


def test_whose_identity_was_never_shown_has_none_that_changed(directory: KeyDirectory) -> None:
    directory.attest(by_user(attestation(ANA, cross_signing.public_key(SEEDS.master))))
    assert directory.standing_of(ANA) is Standing.WAITING
    directory.learn(without_signatures(answer(ONE=device_keys("ONE")), "master_keys"), [ANA], directory.asking())
    assert directory.standing_of(ANA) is Standing.WAITING
    assert not directory.attestations.to_note()


def test_what_was_known_before_a_link_was_confirmed_says_nothing_against_it(directory: KeyDirectory) -> None:
    """Somebody began anew and was linked again; the bot on this disk has not heard of that yet."""
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    under_way = directory.asking()
    directory.attest(by_user(attestation(ANA, cross_signing.public_key(OTHER_SEEDS.master))))
    assert directory.standing_of(ANA) is not Standing.ATTESTED
    assert directory.outdated([ANA]) == [ANA]
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], under_way)
    assert not directory.attestations.to_note()
    renewed = answer(seeds=OTHER_SEEDS, ONE=device_keys("ONE", seeds=OTHER_SEEDS))
    directory.learn(renewed, [ANA], directory.asking())
    assert directory.standing_of(ANA) is Standing.ATTESTED


def test_an_answer_to_an_earlier_question_changes_nothing_that_is_known_better(directory: KeyDirectory) -> None:
    slow = directory.asking()
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    attest_all(directory, [ANA])
    directory.learn(answer(seeds=OTHER_SEEDS, ONE=device_keys("ONE", seeds=OTHER_SEEDS)), [ANA], slow)
    assert directory.standing_of(ANA) is Standing.ATTESTED


def test_whoever_watches_hears_of_links_that_begin_and_end(directory: KeyDirectory) -> None:
    heard: list[None] = []
    lost: list[str] = []
    directory.learn(answer(ONE=device_keys("ONE")), [ANA], directory.asking())
    directory.watch(lambda: heard.append(None))
    directory.watch_losses(lost.append)
    confirmed = by_user(attestation(ANA, cross_signing.public_key(SEEDS.master)))
    directory.attest(confirmed)
    assert (len(heard), lost) == (1, [])
    directory.attest(confirmed)
    assert len(heard) == 1
    directory.attest({})
    assert (len(heard), lost) == (2, [ANA])
