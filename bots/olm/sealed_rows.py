"""Rows on the device's own disk: SQL in one line, values sealed under the name of their place, names hashed.

Owns how; which rows there are is `bots.olm.olm_tables`, and who opens the file and makes the keys `bots.olm.olm_store`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from crypto import local_seal


class SealedRows:
    """What every part of the store writes and reads with."""

    database: Any
    _seal_key: bytes
    _hash_key: bytes

    def _sealed(self, name: str, value: Any) -> bytes:
        return local_seal.seal(self._seal_key, name, json.dumps(value).encode())

    def _unsealed(self, name: str, sealed: bytes) -> Any:
        return json.loads(local_seal.unseal(self._seal_key, name, sealed))

    def _hash(self, name: str) -> bytes:
        return hashlib.blake2b(name.encode(), key=self._hash_key, digest_size=16).digest()

    def _changes(self) -> int:
        return int(self._one("SELECT changes()")[0])

    def _do(self, statement: str, *values: Any) -> None:
        self.database.execute_sql(statement, values)

    def _one(self, statement: str, *values: Any) -> Any:
        return self.database.execute_sql(statement, values).fetchone()

    def _all(self, statement: str, *values: Any) -> list[Any]:
        return list(self.database.execute_sql(statement, values).fetchall())
