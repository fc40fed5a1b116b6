"""A device's token rests sealed, and other bots have it only with the same store key and under the right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.account.credentials import Credentials
from core.errors import Conflict

SECRET, OTHER = b"an invented store key of 32 bytes", b"quite another store key, 32 bytes"
BOT = "@streha:streha.localhost"


@pytest.fixture
def kept(tmp_path: Path) -> Credentials:
    credentials = Credentials(tmp_path / "device", SECRET)
    assert not credentials.exist
    credentials.keep(BOT, "FIRST", "a-marked-token")
    return credentials


def test_a_device_remembers_who_it_is(kept: Credentials, tmp_path: Path) -> None:
    assert kept.exist
    assert kept.load() == (BOT, "FIRST", "a-marked-token")
    assert b"marked" not in b"".join(each.read_bytes() for each in (tmp_path / "device").iterdir())
    with pytest.raises(Conflict):
        Credentials(tmp_path / "device", OTHER).load()


def test_another_bot_with_the_same_store_key_has_the_token(kept: Credentials, tmp_path: Path) -> None:
    sealed = kept.token_for_bots()
    assert b"marked" not in sealed
    other_bot = Credentials(tmp_path / "elsewhere", SECRET)
    assert other_bot.token_of(BOT, "FIRST", sealed) == "a-marked-token"


@pytest.mark.parametrize(
    ("secret", "user", "device"),
    [(OTHER, BOT, "FIRST"), (SECRET, BOT, "SECOND"), (SECRET, "@other:streha.localhost", "FIRST")],
)
def test_nobody_else_has_it_and_no_token_passes_for_another_devices(
    kept: Credentials, tmp_path: Path, secret: bytes, user: str, device: str
) -> None:
    assert Credentials(tmp_path / "elsewhere", secret).token_of(user, device, kept.token_for_bots()) is None


def test_what_is_no_sealed_token_is_none(kept: Credentials) -> None:
    for broken in (b"", b"\x01", kept.token_for_bots()[:-1], kept.token_for_bots() + b"x"):
        assert kept.token_of(BOT, "FIRST", broken) is None
