"""The private parts of nio that the bot replaces or leans on: any change of theirs must be looked at.

When one of these fails after a new nio, read the changed source, decide whether the hardening in
`bots.olm_machine` and `bots.olm_store` still holds, and only then write the new hash here.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from nio.crypto import DeviceStore, OlmAccount, Session, SessionStore  # type: ignore[import-untyped]  # untyped
from nio.crypto.olm_machine import Olm  # type: ignore[import-untyped]  # as above
from nio.crypto.sessions import InboundSession, derive_pickle_key  # type: ignore[import-untyped]  # as above
from nio.store.database import MatrixStore, SqliteStore  # type: ignore[import-untyped]  # as above

from bots.olm_machine import OlmMachine

REPLACED = {
    "load": "76e2bc6c07be0b5f",
    "_olm_encrypt": "d39136aa04e40d44",
    "_handle_olm_event": "ce9bce5a2c9f5730",
    "_handle_room_key_event": "76575dfde8e68a30",
}
LEANED_ON: dict[str, tuple[Callable[..., Any], str]] = {
    "Olm.__init__": (Olm.__init__, "ca4dd418bf2ec08a"),
    "Olm.decrypt": (Olm.decrypt, "a52af9f0720e7795"),
    "Olm.decrypt_event": (Olm.decrypt_event, "14d018b1c3414c3d"),
    "Olm._try_decrypt": (Olm._try_decrypt, "42fbc95efb61293a"),
    "Olm._verify_olm_payload": (Olm._verify_olm_payload, "be46089e6a9c5d72"),
    "Olm._create_inbound_session": (Olm._create_inbound_session, "c7b077241dacf73e"),
    "Olm._mark_device_for_unwedging": (Olm._mark_device_for_unwedging, "dcc4edda70e54cf2"),
    "Olm.create_session": (Olm.create_session, "cd65cb4fea9c66e4"),
    "Olm.save_account": (Olm.save_account, "434357772a477089"),
    "InboundSession.decrypt": (InboundSession.decrypt, "88ff99af1bbc5a78"),
    "Session.encrypt": (Session.encrypt, "9d8e39d0e2d9c01f"),
    "OlmAccount.pickle": (OlmAccount.pickle, "20861d7120ead75b"),
    "OlmAccount.one_time_keys": (OlmAccount.one_time_keys.fget, "d9d0105548d2ad7b"),
    "OlmAccount.mark_keys_as_published": (OlmAccount.mark_keys_as_published, "45e38c17b4a1b5aa"),
    "derive_pickle_key": (derive_pickle_key, "ff4819116e4d8430"),
    "SessionStore": (SessionStore, "197cf721df02807d"),
    "DeviceStore": (DeviceStore, "1ab504f9406b282a"),
    "MatrixStore.__post_init__": (MatrixStore.__post_init__, "5c34255230e2158f"),
    "MatrixStore.save_account": (MatrixStore.save_account, "205a27a6a893714e"),
    "MatrixStore.save_session": (MatrixStore.save_session, "c6fa0c820beedb62"),
    "MatrixStore.load_sessions": (MatrixStore.load_sessions, "a85b7e4a754df03d"),
    "SqliteStore.models": (SqliteStore, "81688025aea74f55"),
}


def fingerprint(part: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]


def test_nio_is_the_pinned_one() -> None:
    assert version("matrix-nio") == "0.26.0"


def test_everything_replaced_is_watched() -> None:
    replaced = {
        name for name in vars(OlmMachine) if name in vars(Olm) and name not in {"__init__", "__module__", "__doc__"}
    }
    assert replaced == set(REPLACED)


@pytest.mark.parametrize("name", REPLACED)
def test_a_replaced_part_is_as_it_was(name: str) -> None:
    assert fingerprint(getattr(Olm, name)) == REPLACED[name]


@pytest.mark.parametrize("name", LEANED_ON)
def test_a_part_leaned_on_is_as_it_was(name: str) -> None:
    part, expected = LEANED_ON[name]
    assert fingerprint(part) == expected
