"""What a data directory keeps between two starts besides the data: its secrets and its ports."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

import msgspec

from deploy.errors import StackError


def _secret() -> str:
    return secrets.token_hex(32)


def _signing_key() -> str:
    """Return a new key in the form that homeservers keep: algorithm, version and unpadded seed."""
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"ed25519 a_{secrets.token_hex(2)} {seed}"


class Remembered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that must be the same at the next start."""

    owner_password: str = msgspec.field(default_factory=_secret)
    streha_password: str = msgspec.field(default_factory=_secret)
    homeserver_password: str = msgspec.field(default_factory=_secret)
    registration_secret: str = msgspec.field(default_factory=_secret)
    token_secret: str = msgspec.field(default_factory=_secret)
    form_secret: str = msgspec.field(default_factory=_secret)
    administrator_password: str = msgspec.field(default_factory=_secret)
    signing_key: str = msgspec.field(default_factory=_signing_key)
    postgres_port: int | None = None
    homeserver_port: int | None = None

    def __repr__(self) -> str:
        return "Remembered(hidden)"


def load(directory: Path) -> Remembered:
    """Return what the directory remembers, or new secrets for a new directory."""
    path = _file(directory)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except FileNotFoundError:
        return Remembered()
    except (OSError, msgspec.DecodeError):
        raise StackError("{path} cannot be read. Restore it, or choose another directory.", path=str(path)) from None


def save(directory: Path, remembered: Remembered) -> None:
    """Replace the file in one step, so that a crash leaves the old one or the new one."""
    path = _file(directory)
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(remembered)))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _file(directory: Path) -> Path:
    return directory / "remembered.json"
