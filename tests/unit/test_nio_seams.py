"""The private parts of nio that the bot replaces or leans on: any change of theirs must be looked at.

When one of these fails after a new nio, read the changed source, decide whether the hardening in
`bots.olm.olm_machine` and `bots.olm.olm_store` still holds, and only then write the new hash here. What of plain nio is
wrong at all is shown by `test_plain_nio.py`. Beside it stands the rule that nothing but sealed events leaves.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from nio.crypto import DeviceStore, OlmAccount, Session, SessionStore  # type: ignore[import-untyped]  # untyped
from nio.crypto.olm_machine import Olm  # type: ignore[import-untyped]  # as above
from nio.crypto.sessions import (  # type: ignore[import-untyped]  # as above
    InboundSession,
    OutboundSession,
    derive_pickle_key,
)
from nio.events import OlmEvent  # type: ignore[import-untyped]  # as above
from nio.schemas import Schemas, validate_json  # type: ignore[import-untyped]  # as above
from nio.store.database import MatrixStore, SqliteStore, use_database  # type: ignore[import-untyped]  # as above
from nio.store.models import Accounts, OlmSessions  # type: ignore[import-untyped]  # as above

import bots
from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore

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
    "InboundSession.__init__": (InboundSession.__init__, "e407a7f48b699958"),
    "OutboundSession.__init__": (OutboundSession.__init__, "8066cc8585153b54"),
    "Session.encrypt": (Session.encrypt, "9d8e39d0e2d9c01f"),
    "Session.decrypt": (Session.decrypt, "04cc5e522b6f3837"),
    "Session.matches": (Session.matches, "bba529fb0a2d2fc6"),
    "Session.pickle": (Session.pickle, "3714eb368403d290"),
    "Session.from_pickle": (Session.from_pickle, "5b3d8ff615c0875e"),
    "OlmAccount.from_pickle": (OlmAccount.from_pickle, "81ef914431fa2574"),
    "OlmAccount.create_inbound_session": (OlmAccount.create_inbound_session, "572b7d13d2be6132"),
    "OlmAccount.create_outbound_session": (OlmAccount.create_outbound_session, "c17bd7d153438ef9"),
    "OlmAccount.sign": (OlmAccount.sign, "9d22211bfcefdb69"),
    "OlmEvent": (OlmEvent, "b080fc833dcd4619"),
    "validate_json": (validate_json, "a6a13a5ecd2a20fc"),
    "OlmAccount.pickle": (OlmAccount.pickle, "20861d7120ead75b"),
    "OlmAccount.one_time_keys": (OlmAccount.one_time_keys.fget, "d9d0105548d2ad7b"),
    "OlmAccount.mark_keys_as_published": (OlmAccount.mark_keys_as_published, "45e38c17b4a1b5aa"),
    "derive_pickle_key": (derive_pickle_key, "ff4819116e4d8430"),
    "SessionStore": (SessionStore, "197cf721df02807d"),
    "DeviceStore": (DeviceStore, "1ab504f9406b282a"),
    "MatrixStore.__post_init__": (MatrixStore.__post_init__, "5c34255230e2158f"),
    "MatrixStore.save_account": (MatrixStore.save_account, "205a27a6a893714e"),
    "MatrixStore.save_session": (MatrixStore.save_session, "c6fa0c820beedb62"),
    "MatrixStore.load_account": (MatrixStore.load_account, "1553c6b405915d11"),
    "MatrixStore._get_account": (MatrixStore._get_account, "7ccfb7d6ad82fec6"),
    "MatrixStore.load_sessions": (MatrixStore.load_sessions, "a85b7e4a754df03d"),
    "use_database": (use_database, "c4bcbbdca4c74d43"),
    "Accounts": (Accounts, "caae82c927943feb"),
    "OlmSessions": (OlmSessions, "6869451fc4b3f242"),
    "SqliteStore.models": (SqliteStore, "81688025aea74f55"),
}


def fingerprint(part: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(part).encode()).hexdigest()[:16]


@pytest.mark.parametrize(("library", "pinned"), [("matrix-nio", "0.26.0"), ("vodozemac", "0.10.0")])
def test_a_library_is_the_pinned_one(library: str, pinned: str) -> None:
    assert version(library) == pinned


def test_everything_replaced_is_watched() -> None:
    def replaced(ours: type, theirs: type) -> set[str]:
        return {name for name in vars(ours) if name in vars(theirs) and not name.startswith("__")}

    assert replaced(OlmMachine, Olm) == set(REPLACED)
    assert replaced(OlmStore, SqliteStore) | replaced(OlmStore, MatrixStore) == {"load_sessions", "save_session"}


def test_what_a_one_to_one_message_must_hold_is_as_it_was() -> None:
    assert hashlib.sha256(repr(Schemas.olm_event).encode()).hexdigest()[:16] == "b22297562c5c8ffb"


@pytest.mark.parametrize("name", REPLACED)
def test_a_replaced_part_is_as_it_was(name: str) -> None:
    assert fingerprint(getattr(Olm, name)) == REPLACED[name]


@pytest.mark.parametrize("name", LEANED_ON)
def test_a_part_leaned_on_is_as_it_was(name: str) -> None:
    part, expected = LEANED_ON[name]
    assert fingerprint(part) == expected


# Nothing but sealed events leaves -------------------------------------------------------------------------


# Sends now, or later.
DOORS = frozenset({"put_event", "leave_event"})


def sent_by(source: str) -> list[str]:
    """Return what kinds of event a module sends into rooms, as it says them."""
    return [
        ast.unparse(node.args[1]) if len(node.args) > 1 else "?"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in DOORS
    ]


def test_only_sealed_events_are_sent() -> None:
    for door in DOORS:
        assert sent_by(f"homeserver.{door}(room, 'm.room.message', key, content)") == ["'m.room.message'"]
    sources = sorted(Path(bots.__path__[0]).rglob("*.py"))
    assert len(sources) > 50
    sent = {path.name: kinds for path in sources if (kinds := sent_by(path.read_text(encoding="utf-8")))}
    assert {kind for kinds in sent.values() for kind in kinds} == {"ENCRYPTED"}
    # Room events can be sent through no other door.
    doors = {path.name for path in sources if "/send/" in path.read_text(encoding="utf-8")}
    assert doors == {"homeserver.py"}
