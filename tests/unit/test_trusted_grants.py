"""Grants of keys: what stands in them in clear, and that one is worth nothing for anything else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from agencies.trust.directory import NotEmpowered
from cases.trust import grants
from cases.trust.grants import EpochGrant, HistoryGrant
from crypto.vault import log, statement
from crypto.vault.failures import NotAsWritten, OfAnotherPlace, SignatureWrong
from crypto.vault.labels import GRANT, HISTORY
from crypto.vault.log import Entry, Kind
from tests.unit.test_trusted_directory import NOW, Somebody

ANA, PETAR = Somebody(name="ana", agency="shelter"), Somebody(name="petar", agency="police")
NETWORK, COMPARTMENT = bytes([9]) * 32, bytes([1]) * 16


@pytest.fixture
def begun() -> Entry:
    body = log.body(
        log=COMPARTMENT, number=1, after=bytes(32), at=NOW, by=ANA.id, do="begin-epoch", particulars={}, seen=()
    )
    return log.read(statement.make(ANA.seed, Kind.MEMBERSHIP.purpose, NETWORK, body), Kind.MEMBERSHIP, NETWORK)


def a_grant(begun: Entry, **other: Any) -> EpochGrant:
    said: dict[str, Any] = {
        "log": COMPARTMENT, "epoch": 1, "member": PETAR.id, "entry": begun.head.hash, "by": ANA.id, "grant": b"sealed",
    }  # fmt: skip
    return EpochGrant(**{**said, **other})


def test_a_grant_is_read_as_it_was_signed(begun: Entry) -> None:
    grant = a_grant(begun)
    made = grants.write_epoch_grant(ANA.seed, NETWORK, grant)
    assert grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=PETAR.id) == grant
    with pytest.raises(SignatureWrong):
        grants.read_epoch_grant(made, bytes(32), begun=begun, epoch=1, member=PETAR.id)
    with pytest.raises(OfAnotherPlace):
        grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=2, member=PETAR.id)
    with pytest.raises(OfAnotherPlace):
        grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=ANA.id)


@pytest.mark.parametrize(
    "other", [{"log": bytes(16)}, {"epoch": 2}, {"member": ANA.id}, {"entry": bytes(32)}], ids=list
)
def test_a_grant_for_another_place_is_none(begun: Entry, other: dict[str, Any]) -> None:
    made = grants.write_epoch_grant(ANA.seed, NETWORK, a_grant(begun, **other))
    with pytest.raises(OfAnotherPlace):
        grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=PETAR.id)


def test_only_who_began_an_epoch_grants_it(begun: Entry) -> None:
    by_another = grants.write_epoch_grant(PETAR.seed, NETWORK, a_grant(begun))
    in_another_name = grants.write_epoch_grant(ANA.seed, NETWORK, a_grant(begun, by=PETAR.id))
    for made in (by_another, in_another_name):
        with pytest.raises(NotEmpowered):
            grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=PETAR.id)
    with pytest.raises(NotEmpowered):
        grants.read_epoch_grant(
            grants.write_epoch_grant(ANA.seed, NETWORK, a_grant(begun)), NETWORK,
            begun=msgspec.structs.replace(begun, key=PETAR.signing_key), epoch=1, member=PETAR.id,
        )  # fmt: skip


def a_history(**other: Any) -> HistoryGrant:
    said: dict[str, Any] = {
        "log": COMPARTMENT, "member": PETAR.id, "by": ANA.id, "at": NOW, "versions": [bytes(16), bytes([1]) * 16],
        "grant": b"sealed",
    }  # fmt: skip
    return HistoryGrant(**{**said, **other})


def test_a_history_lists_its_versions_in_one_order() -> None:
    made = grants.write_history_grant(ANA.seed, NETWORK, a_history())
    assert grants.read_history_grant(made, NETWORK, compartment=COMPARTMENT) == (a_history(), ANA.signing_key)
    with pytest.raises(OfAnotherPlace):
        grants.read_history_grant(made, NETWORK, compartment=bytes(16))
    for versions in ([bytes([1]) * 16, bytes(16)], [bytes(16), bytes(16)]):
        turned = grants.write_history_grant(ANA.seed, NETWORK, a_history(versions=versions))
        with pytest.raises(NotAsWritten):
            grants.read_history_grant(turned, NETWORK, compartment=COMPARTMENT)


@pytest.mark.parametrize("change", [{"more": 1}, {"member": b"short"}, {"epoch": 0}, {"grant": b""}, {"epoch": "1"}])
def test_what_is_written_otherwise_is_refused(begun: Entry, change: dict[str, Any]) -> None:
    body: dict[str, Any] = msgspec.to_builtins(a_grant(begun), builtin_types=(bytes,))
    made = statement.make(ANA.seed, GRANT, NETWORK, {**body, **change})
    with pytest.raises(NotAsWritten):
        grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=PETAR.id)


def test_a_statement_of_the_other_use_is_none(begun: Entry) -> None:
    body: dict[str, Any] = msgspec.to_builtins(a_grant(begun), builtin_types=(bytes,))
    made = statement.make(ANA.seed, HISTORY, NETWORK, body)
    with pytest.raises(SignatureWrong):
        grants.read_epoch_grant(made, NETWORK, begun=begun, epoch=1, member=PETAR.id)
