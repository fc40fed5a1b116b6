"""Private files: their owner's alone from the first moment, and nobody's link is followed."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import private_files
from core.errors import InvalidInput, Unavailable


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_its_owners_alone_whatever_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "passwords"
    private_files.write(path, b"first")
    path.chmod(0o666)
    with path.open("rb") as opened_before:
        private_files.write(path, b"second")
        assert opened_before.read() == b"first"
    assert path.read_bytes() == b"second"
    assert (_mode(path), _mode(path.parent)) == (0o600, 0o700)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_somebody_put_there_before_gets_nothing(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "passwords", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"theirs")
    elsewhere.chmod(0o666)
    for trap in (path, path.with_name("passwords.draft")):
        trap.symlink_to(elsewhere)
        private_files.write(path, b"ours")
        assert (elsewhere.read_bytes(), _mode(elsewhere)) == (b"theirs", 0o666)
        assert not path.is_symlink()
        assert (path.read_bytes(), _mode(path)) == (b"ours", 0o600)
    # A draft that another could write to before is not written into.
    draft = path.with_name("passwords.draft")
    draft.touch(mode=0o666)
    with draft.open("rb") as kept_open:
        private_files.write(path, b"ours")
        assert kept_open.read() == b""


def test_a_file_that_is_moved_takes_the_others_place(tmp_path: Path) -> None:
    old, new = tmp_path / "seed", tmp_path / "seed.next"
    private_files.write(old, b"old")
    private_files.write(new, b"new")
    private_files.move(new, old)
    assert (old.read_bytes(), _mode(old), new.exists()) == (b"new", 0o600, False)


def test_what_is_destroyed_is_overwritten_first(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "seed", tmp_path / "elsewhere"
    private_files.write(path, b"a marked seed")
    path.with_name("seed.draft").write_bytes(b"half a marked")
    with path.open("rb") as opened_before, path.with_name("seed.draft").open("rb") as draft:
        private_files.destroy(path)
        assert opened_before.read() == bytes(13)
        assert draft.read() == bytes(13)
    assert list(tmp_path.iterdir()) == []
    # Again, where nothing is; and never through somebody's link.
    private_files.destroy(path)
    elsewhere.write_bytes(b"theirs")
    path.symlink_to(elsewhere)
    private_files.destroy(path)
    assert elsewhere.read_bytes() == b"theirs"
    assert not path.is_symlink()


def test_many_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "seed"
    texts = [bytes([number]) * 100_000 for number in range(6)]

    def write_often(text: bytes) -> None:
        for _ in range(10):
            private_files.write(path, text)
            assert path.read_bytes() in texts

    with ThreadPoolExecutor(len(texts)) as writers:
        for each in [writers.submit(write_often, text) for text in texts]:
            each.result()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_half_a_new_file_does_not_stay_where_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "offer"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(InvalidInput, match="cannot be written"):
            private_files.write_new(path, bytes(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not path.exists()


def test_who_has_a_directory_alone_writes_in_it_and_others_wait(tmp_path: Path) -> None:
    """The bot's identity holds its folder while it writes: waiting for itself it would never start."""
    written: list[str] = []

    def other() -> None:
        private_files.write(tmp_path / "other", b"2")
        written.append("other")

    thread = threading.Thread(target=other, daemon=True)
    with private_files.alone_in(tmp_path):
        thread.start()
        private_files.write(tmp_path / "one", b"1")
        written.append("one")
        with private_files.alone_in(tmp_path):
            private_files.write(tmp_path / "one", b"1 again")
        # Not free before the outer one is.
        assert not (tmp_path / "other").exists()
    thread.join(10)
    assert written == ["one", "other"]
    assert (tmp_path / "one").read_bytes() == b"1 again"


def test_who_never_gets_a_directory_or_a_lock_is_told_so_and_nothing_was_written(tmp_path: Path) -> None:
    """A program that hangs with it holds nobody up without a word."""
    met: list[str] = []

    def other() -> None:
        for waiting in (
            private_files.alone_in(tmp_path, seconds=0.05), private_files.alone(tmp_path / "lock", seconds=0.05)
        ):  # fmt: skip
            try:
                with waiting:
                    met.append("let in")
            except Unavailable as error:
                met.append(str(error))

    with private_files.alone_in(tmp_path), private_files.alone(tmp_path / "lock"):
        thread = threading.Thread(target=other, daemon=True)
        thread.start()
        thread.join(10)
    assert [str(tmp_path) in each and "does not let go" in each for each in met] == [True, True], met
    # Let go of, it is there for the next.
    with private_files.alone_in(tmp_path, seconds=0), private_files.alone(tmp_path / "lock", seconds=0):
        private_files.write(tmp_path / "one", b"1")


@pytest.mark.parametrize("refusal", [errno.ENOLCK, errno.ENOTSUP, errno.EBADF])
def test_where_a_file_system_knows_no_locks_writing_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int
) -> None:
    monkeypatch.setattr(fcntl, "flock", _refusing(refusal))
    private_files.write(tmp_path / "one", b"1")
    assert (tmp_path / "one").read_bytes() == b"1"


def test_a_lock_that_fails_for_another_reason_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fcntl, "flock", _refusing(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        private_files.write(tmp_path / "one", b"1")
    assert list(tmp_path.iterdir()) == []


def _refusing(number: int) -> Callable[[int, int], None]:
    """Return a system that refuses a lock: the file systems that do so are not at hand."""

    def flock(_descriptor: int, _how: int) -> None:
        raise OSError(number, os.strerror(number))

    return flock
