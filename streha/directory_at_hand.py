"""The network's directory for commands that need no unlocked keys: as the person's machine trusts and remembers it."""

from __future__ import annotations

from pathlib import Path

from agencies.trust.directory import Directory
from client import key_file
from client.api import ApiClient
from client.key_file import KeyFile
from client.vault import trusting
from client.vault.memory import LogName, Memory
from crypto.vault.log import ID_BYTES, Kind
from crypto.vault.statement import NO_NETWORK

DIRECTORY = LogName(Kind.DIRECTORY, bytes(ID_BYTES))


async def directory_of(api: ApiClient, key_path: Path) -> Directory | None:
    """Return the directory, verified; nothing where the key file trusts no network. Raise InvalidInput on any lie."""
    found = key_file.read(key_path)
    if isinstance(found, KeyFile) or found.genesis == NO_NETWORK:
        return None
    memory = Memory.beside(key_path, found.genesis)
    memory.require_no_proof(DIRECTORY)
    remembered = memory.entries(DIRECTORY)
    network, entries = await trusting.fetched(api.keys_of_vault, found.genesis, remembered=remembered)
    if len(entries) > len(remembered):
        added = {DIRECTORY: (len(remembered), entries[len(remembered) :])}
        memory.remember(added, compartment=None, at=0)
    return network.now
