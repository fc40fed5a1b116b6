"""Linking a person to a Matrix identity: what may be said, who decides, what stands afterwards, and what cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agencies.attestation import EndReason, LinkState, code_of
from agencies.attestations import CHANNEL
from agencies.linking import (
    LAST_WRONG_CODE,
    LINKED_ALREADY,
    MOST_CLOCK_ERROR,
    NO_CLAIM,
    NOT_LINKED,
    NOT_SIGNED,
    NOT_YOURSELF,
)
from agencies.model import PersonId, Role
from agencies.service import NO_PERSON
from agencies.sign_in import SIGN_IN_FIRST
from core.database import Database
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from crypto import device_claim
from tests.clock import MovableClock
from tests.linked import MASTER_KEY, Shelter, acts, claims, column, note_changed, pin, standing, state
from tests.people import NETWORK, Network

pytest_plugins = ("tests.fixtures_linking",)


# The way that it goes --------------------------------------------------------------------------------


async def test_a_person_is_linked(network: Network, shelter: Shelter) -> None:
    worker = shelter.worker
    assert await state(network, worker) is LinkState.NOT_LINKED
    key = await network.claim(worker, device="GHTYAJCE")
    assert await state(network, worker) is LinkState.WAITING_FOR_CONFIRMATION
    assert await standing(network) == {}

    (waiting,) = await network.linking.pending(shelter.administrator)
    assert (waiting.person, waiting.device_id) == (worker, "GHTYAJCE")
    confirmed = await network.linking.confirm(shelter.administrator, worker.id, code_of(key).lower())
    assert await network.linking.pending(shelter.administrator) == []
    assert await standing(network) == {worker.matrix_user: confirmed}
    assert (confirmed.device_id, confirmed.device_key) == ("GHTYAJCE", key)
    # A master key is never taken from a claim.
    assert confirmed.master_key is None
    assert await state(network, worker) is LinkState.WAITING_FOR_IDENTITY

    assert await pin(network, confirmed.id)
    assert await state(network, worker) is LinkState.LINKED
    assert (await standing(network))[worker.matrix_user].master_key == MASTER_KEY
    assert await acts(network) == ["device_claimed", "device_confirmed", "matrix_identity_pinned"]


async def test_a_changed_identity_stays_changed_until_another_device_is_confirmed(
    network: Network, shelter: Shelter, database: Database
) -> None:
    first = await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
    assert not await note_changed(network, first), "nothing was pinned that could differ"
    await pin(network, first)
    assert await note_changed(network, first)
    assert await state(network, shelter.worker) is LinkState.CHANGED
    # A homeserver that shows the old identity again, and then another, has no effect any more.
    assert not await note_changed(network, first)
    assert not await pin(network, first, bytes(32))
    assert (await standing(network))[shelter.worker.matrix_user].master_key == MASTER_KEY

    key = await network.claim(shelter.worker, device="SECOND")
    assert await state(network, shelter.worker) is LinkState.CHANGED
    second = await network.confirm(shelter.worker, shelter.administrator, key)
    assert await state(network, shelter.worker) is LinkState.WAITING_FOR_IDENTITY
    assert not await pin(network, first)
    assert not await note_changed(network, first)
    assert await pin(network, second, bytes(32))
    assert await state(network, shelter.worker) is LinkState.LINKED
    reasons = await column(
        database, "SELECT end_reason AS value FROM matrix_attestations ORDER BY attested_at, ended_at"
    )
    assert sorted(reasons) == ["None", "replaced"]


async def test_a_link_that_works_is_not_replaced_but_ended(network: Network, shelter: Shelter) -> None:
    """A further device does not vouch for the identity: linking it would end a link for one that never works."""
    worker, administrator = shelter.worker, shelter.administrator
    first = await network.confirm(worker, administrator, await network.claim(worker))
    # Said while nothing works yet, and confirmed when it does.
    meanwhile = await network.claim(worker, device="SECOND")
    await pin(network, first)
    with pytest.raises(Conflict) as refused:
        await network.linking.confirm(administrator, worker.id, code_of(meanwhile))
    assert refused.value.reason == LINKED_ALREADY
    with pytest.raises(Conflict) as refused:
        await network.claim(worker, device="THIRD")
    assert refused.value.reason == LINKED_ALREADY
    (link,) = await network.linking.states(worker)
    assert (link.state, link.device_id) == (LinkState.LINKED, "GHTYAJCE")
    assert link.claimed_at == network.clock.now()
    await network.linking.refuse(administrator, worker.id)
    (link,) = await network.linking.states(worker)
    assert (link.state, link.claimed_at) == (LinkState.LINKED, None)
    assert (await standing(network))[worker.matrix_user].id == first

    await network.linking.end(worker, worker.id, EndReason.LOST_DEVICE)
    second = await network.confirm(worker, administrator, await network.claim(worker, device="SECOND"))
    assert await pin(network, second), "the identity was not given up"


@pytest.mark.parametrize("reason", [EndReason.COMPROMISED, EndReason.RESET])
async def test_an_identity_that_was_given_up_never_counts_again(
    network: Network, shelter: Shelter, reason: EndReason
) -> None:
    worker, administrator = shelter.worker, shelter.administrator
    first = await network.confirm(worker, administrator, await network.claim(worker))
    await pin(network, first)
    await network.linking.end(administrator, worker.id, reason)
    second = await network.confirm(worker, administrator, await network.claim(worker, device="SECOND"))
    # It still is what the homeserver shows, and a thief's device is signed with it.
    assert not await pin(network, second)
    assert await state(network, worker) is LinkState.WAITING_FOR_IDENTITY
    # Another's identity is no matter of theirs, and a new one is.
    other = await network.confirm(administrator, shelter.other_administrator, await network.claim(administrator))
    assert await pin(network, other)
    assert await pin(network, second, bytes(32))
    assert await state(network, worker) is LinkState.LINKED


async def test_whoever_obeys_the_links_is_woken_by_every_change(
    network: Network, shelter: Shelter, database: Database
) -> None:
    woken, ready = asyncio.Event(), asyncio.Event()
    said = [ready]

    async def wakes(act: Callable[[], Awaitable[object]]) -> bool:
        woken.clear()
        await act()
        # Notices come in the order of their commits: when this one is there, so is the other.
        last = asyncio.Event()
        said.append(last)
        async with database.transaction() as tx:
            await tx.wake("streha_last")
        async with asyncio.timeout(60):
            await last.wait()
        return woken.is_set()

    def last_heard() -> None:
        said[-1].set()

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(database.listen_to({CHANNEL: woken.set, "streha_last": last_heard}))
        while not ready.is_set():
            async with database.transaction() as tx:
                await tx.wake("streha_last")
            await asyncio.sleep(0.02)
        key = await network.claim(shelter.worker)
        linking, worker, administrator = network.linking, shelter.worker, shelter.administrator
        assert await wakes(lambda: linking.confirm(administrator, worker.id, code_of(key)))
        link = (await standing(network))[worker.matrix_user].id
        assert await wakes(lambda: pin(network, link))
        assert not await wakes(lambda: pin(network, link))
        assert await wakes(lambda: note_changed(network, link))
        assert not await wakes(lambda: network.claim(worker))
        assert await wakes(lambda: linking.end(worker, worker.id, EndReason.RESET))
        await network.confirm(worker, administrator, await network.claim(worker))
        assert await wakes(lambda: network.depart(worker))
        listening.cancel()


# What cannot be said ---------------------------------------------------------------------------------


async def test_a_claim_that_the_person_did_not_sign_is_refused(network: Network, shelter: Shelter) -> None:
    worker, other = shelter.worker, shelter.administrator
    key, now = bytes(range(32)), network.clock.now()
    said: dict[str, Any] = {
        "network": NETWORK, "person": worker.id.bytes, "matrix_user": worker.matrix_user, "device": "GHTYAJCE",
        "key": key, "at": int(now.timestamp()),
    }  # fmt: skip
    rightly = device_claim.sign(network.seeds[worker.id], **said)
    otherwise: list[dict[str, Any]] = [
        {"network": "another network"}, {"person": other.id.bytes}, {"matrix_user": other.matrix_user},
        {"device": "SECOND"}, {"key": bytes(32)}, {"at": int(now.timestamp()) + 1},
    ]  # fmt: skip
    forged = [device_claim.sign(network.seeds[worker.id], **{**said, **each}) for each in otherwise]
    # Another's key, over the same words: whoever has the session alone has nothing.
    forged += [device_claim.sign(network.seeds[other.id], **said), bytes(64), b"", rightly[:-1]]
    for signature in forged:
        with pytest.raises(InvalidInput) as refused:
            await network.linking.claim(worker, "GHTYAJCE", key, now, signature)
        assert refused.value.reason == NOT_SIGNED
    # What another signed for this very device is no claim of one's own.
    with pytest.raises(InvalidInput):
        await network.linking.claim(other, "GHTYAJCE", key, now, rightly)
    assert await claims(network) == []
    await network.linking.claim(worker, "GHTYAJCE", key, now, rightly)
    assert await claims(network) == ["waiting"]


@pytest.mark.parametrize("ahead", [timedelta(minutes=11), timedelta(minutes=-11), timedelta(days=400)])
async def test_a_clock_that_is_off_is_named(
    network: Network, clock: MovableClock, shelter: Shelter, ahead: timedelta
) -> None:
    here = clock.now()
    signed_at = here + ahead
    key = bytes(range(32))
    signature = device_claim.sign(
        network.seeds[shelter.worker.id], network=NETWORK, person=shelter.worker.id.bytes,
        matrix_user=shelter.worker.matrix_user, device="GHTYAJCE", key=key, at=int(signed_at.timestamp()),
    )  # fmt: skip
    with pytest.raises(InvalidInput) as refused:
        await network.linking.claim(shelter.worker, "GHTYAJCE", key, signed_at, signature)
    assert refused.value.parameters == {"minutes": round(abs(ahead).total_seconds() / 60)}
    assert await claims(network) == []
    # It is the clocks that must agree, not the hour.
    clock.set(signed_at + (MOST_CLOCK_ERROR if ahead < timedelta(0) else -MOST_CLOCK_ERROR))
    await network.linking.claim(shelter.worker, "GHTYAJCE", key, signed_at, signature)


async def test_a_moment_that_was_not_signed_is_refused(network: Network, shelter: Shelter) -> None:
    """What is kept must be what was signed: parts of a second are not."""
    now, key = network.clock.now(), bytes(range(32))
    signature = device_claim.sign(
        network.seeds[shelter.worker.id], network=NETWORK, person=shelter.worker.id.bytes,
        matrix_user=shelter.worker.matrix_user, device="GHTYAJCE", key=key, at=int(now.timestamp()),
    )  # fmt: skip
    with pytest.raises(InvalidInput):
        await network.linking.claim(shelter.worker, "GHTYAJCE", key, now + timedelta(microseconds=1), signature)


# Who decides -----------------------------------------------------------------------------------------


async def test_only_an_administrator_of_the_agency_decides(network: Network, shelter: Shelter) -> None:
    elsewhere = await network.office()
    stranger = await network.person(elsewhere.agency, Role.ADMINISTRATOR)
    key = await network.claim(shelter.worker)
    for asker in (shelter.office.officer, elsewhere.worker, stranger):
        assert await network.linking.pending(asker) == []
        for person_id in (shelter.worker.id, PersonId(uuid4())):
            for attempt in (
                lambda asker=asker, person_id=person_id: network.linking.confirm(asker, person_id, code_of(key)),
                lambda asker=asker, person_id=person_id: network.linking.refuse(asker, person_id),
            ):
                with pytest.raises(NotFound) as refused:
                    await attempt()
                assert refused.value.reason == NO_CLAIM
            with pytest.raises(NotFound) as refused:
                await network.linking.end(asker, person_id, EndReason.COMPROMISED)
            assert refused.value.reason == NO_PERSON
    assert await claims(network) == ["waiting"]
    await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(key))


async def test_nobody_confirms_or_refuses_themselves(network: Network, shelter: Shelter) -> None:
    key = await network.claim(shelter.administrator)
    assert await network.linking.pending(shelter.administrator) == []
    for attempt in (
        network.linking.confirm(shelter.administrator, shelter.administrator.id, code_of(key)),
        network.linking.refuse(shelter.administrator, shelter.administrator.id),
    ):
        with pytest.raises(Conflict) as refused:
            await attempt
        assert refused.value.reason == NOT_YOURSELF
    await network.linking.confirm(shelter.other_administrator, shelter.administrator.id, code_of(key))


async def test_where_an_agency_has_no_other_administrator_any_may(network: Network) -> None:
    small, large = await network.office(), await network.office()
    alone = await network.person(small.agency, Role.ADMINISTRATOR)
    outside = await network.person(large.agency, Role.ADMINISTRATOR)
    worker_key, own_key = await network.claim(small.worker), await network.claim(alone)
    # The worker's agency has an administrator; that one's own agency has no other.
    assert [each.person for each in await network.linking.pending(outside)] == [alone]
    assert [each.person for each in await network.linking.pending(alone)] == [small.worker]
    with pytest.raises(NotFound):
        await network.linking.confirm(outside, small.worker.id, code_of(worker_key))
    await network.linking.confirm(outside, alone.id, code_of(own_key))
    await network.depart(alone)
    assert [each.person for each in await network.linking.pending(outside)] == [small.worker]
    await network.linking.confirm(outside, small.worker.id, code_of(worker_key))
    # The list stays with the agency's own.
    assert small.worker not in [each.person for each in await network.linking.states(outside)]
    await network.linking.end(outside, small.worker.id, EndReason.COMPROMISED)


async def test_who_has_left_neither_says_nor_decides(network: Network, shelter: Shelter) -> None:
    key = await network.claim(shelter.worker)
    await network.depart(shelter.administrator)
    # Held by a request that began before.
    assert await network.linking.pending(shelter.administrator) == []
    assert await network.linking.states(shelter.administrator) == []
    with pytest.raises(NotFound):
        await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(key))
    with pytest.raises(NotFound):
        await network.linking.end(shelter.administrator, shelter.worker.id, EndReason.COMPROMISED)
    with pytest.raises(NotAuthenticated) as refused:
        await network.claim(shelter.administrator)
    assert refused.value.reason == SIGN_IN_FIRST


async def test_an_administrator_sees_the_agency_and_others_themselves(network: Network, shelter: Shelter) -> None:
    await network.claim(shelter.worker)
    everybody = await network.linking.states(shelter.administrator)
    assert {each.person.id for each in everybody} == {
        shelter.worker.id, shelter.office.officer.id, shelter.administrator.id, shelter.other_administrator.id,
    }  # fmt: skip
    assert [each.state for each in everybody if each.person == shelter.worker] == [LinkState.WAITING_FOR_CONFIRMATION]
    assert [each.person for each in await network.linking.states(shelter.office.officer)] == [shelter.office.officer]


# Codes -----------------------------------------------------------------------------------------------


def other_code(key: bytes) -> str:
    return code_of(bytes([key[0] ^ 0xFF]) + key[1:])


async def test_five_wrong_codes_end_a_claim(network: Network, shelter: Shelter) -> None:
    key = await network.claim(shelter.worker)
    for left in (4, 3, 2, 1):
        with pytest.raises(Conflict) as refused:
            await network.linking.confirm(shelter.administrator, shelter.worker.id, other_code(key))
        assert refused.value.parameters == {"left": left}
        # What cannot be a code is not counted.
        with pytest.raises(InvalidInput):
            await network.linking.confirm(shelter.administrator, shelter.worker.id, other_code(key)[:-1])
    with pytest.raises(Conflict) as refused:
        await network.linking.confirm(shelter.other_administrator, shelter.worker.id, other_code(key))
    assert refused.value.reason == LAST_WRONG_CODE
    with pytest.raises(NotFound):
        await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(key))
    assert await claims(network) == ["refused"]
    assert await standing(network) == {}
    assert await acts(network) == ["device_claimed", *["device_code_wrong"] * 5]
    # The person begins anew, with five tries again.
    await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker, key=key))


async def test_the_code_of_an_older_claim_fits_no_more(network: Network, shelter: Shelter) -> None:
    older = await network.claim(shelter.worker)
    newer = await network.claim(shelter.worker)
    with pytest.raises(Conflict):
        await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(older))
    assert await claims(network) == ["superseded", "waiting"]
    confirmed = await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(newer))
    assert confirmed.device_key == newer
    with pytest.raises(NotFound):
        await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(newer))


# The end ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", EndReason)
async def test_a_link_is_ended_by_the_person_or_an_administrator(
    network: Network, shelter: Shelter, reason: EndReason, database: Database
) -> None:
    for asker in (shelter.worker, shelter.administrator):
        await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
        await network.claim(shelter.worker)
        await network.linking.end(asker, shelter.worker.id, reason)
        assert await standing(network) == {}
        assert await state(network, shelter.worker) is LinkState.NOT_LINKED
        with pytest.raises(Conflict) as refused:
            await network.linking.end(asker, shelter.worker.id, reason)
        assert refused.value.reason == NOT_LINKED
    assert await column(database, "SELECT end_reason AS value FROM matrix_attestations") == [reason] * 2
    assert await claims(network) == ["confirmed", "confirmed", "withdrawn", "withdrawn"]


async def test_a_claim_that_waits_can_be_taken_back(network: Network, shelter: Shelter) -> None:
    key = await network.claim(shelter.worker)
    await network.linking.end(shelter.worker, shelter.worker.id, EndReason.COMPROMISED)
    with pytest.raises(NotFound):
        await network.linking.confirm(shelter.administrator, shelter.worker.id, code_of(key))


async def test_a_departure_ends_the_link_and_what_waits(network: Network, shelter: Shelter, database: Database) -> None:
    await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
    key = await network.claim(shelter.worker)
    left = await network.depart(shelter.worker)
    assert await standing(network) == {}
    assert await network.linking.pending(shelter.administrator) == []
    assert await claims(network) == ["confirmed", "withdrawn"]
    with pytest.raises(NotFound) as refused:
        await network.linking.confirm(shelter.administrator, left.id, code_of(key))
    assert refused.value.reason == NO_CLAIM
    with pytest.raises(NotAuthenticated):
        await network.claim(left)
    assert await column(database, "SELECT end_reason AS value FROM matrix_attestations") == ["left"]
    assert (await acts(network))[-2:] == ["device_withdrawn", "matrix_link_ended"]
