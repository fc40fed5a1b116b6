"""A one-to-one session that is kept in one statement lies on the disk exactly as nio would have laid it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import vodozemac
from nio.store.database import MatrixStore  # type: ignore[import-untyped]  # nio ships no types

from bots.olm.olm_machine import OlmMachine
from bots.olm.olm_store import OlmStore

ROWS = "SELECT account_id, sender_key, session_id, typeof(session), creation_time, last_usage_date FROM olmsessions"


def test_a_session_is_kept_as_nio_keeps_it(tmp_path: Path) -> None:
    store = OlmStore("@bot:streha.example", "BOT", tmp_path, b"an invented store key of 32 bytes")
    machine, other = OlmMachine("@bot:streha.example", "BOT", store), vodozemac.Account()
    other.generate_one_time_keys(1)
    (one_time_key,) = other.one_time_keys.values()
    curve25519 = other.curve25519_key.to_base64()
    session = machine.create_session(one_time_key.to_base64(), curve25519)

    def rows() -> list[Any]:
        return list(store.database.execute_sql(ROWS).fetchall())

    ours = rows()
    MatrixStore.save_session(store, curve25519, session)
    assert ours == rows()
    assert [(each.id, each.use_time) for each in store.load_sessions()] == [(session.id, session.use_time)]
    store.close()
