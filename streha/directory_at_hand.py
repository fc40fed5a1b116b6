"""The network's directory for commands that need no unlocked keys: as the person's machine trusts and remembers it."""

from __future__ import annotations

from pathlib import Path

from agencies.trust.directory import Directory
from client import key_file
from client.api import ApiClient
from client.key_file import KeyFile
from client.vault import trusting
from client.vault.memory import Memory
from crypto.vault.statement import NO_NETWORK


async def directory_of(api: ApiClient, key_path: Path) -> Directory | None:
    """Return the directory, verified; nothing where the key file trusts no network. Raise StrehaError on any lie."""
    found = key_file.read(key_path)
    if isinstance(found, KeyFile) or found.genesis == NO_NETWORK:
        return None
    return (await trusting.fetched(api.keys_of_vault, Memory.beside(key_path, found.genesis), found.genesis)).now
