"""What a person's machine remembers of the vault's logs: entries, when they were last compared, and proofs of forks.

It lies beside the key file (`ana.key` has the folder `ana.key.logs`), for its owner's eyes only. A server that shows
less than is remembered, or something else, is found out by it; so nothing here is ever forgotten to please a server,
only by a person's own command (`forget`).

Of each log there is one file, to which rows are added at its end:

    row  length of the statement (4, big-endian) | statement

`heads.json` says how much of each file counts, and is replaced at once and whole, after the rows have reached the disk:
a machine that dies at any instant has what it had before or after. Two processes that add the same entries add them
once; other entries at the same positions are a fork. Which versions of a record were read here stands there too, so
that a next version never follows what nobody has looked at.

Which compartment a codename meant when it was first used here is remembered too: a server that shows another under
the same codename is refused.

No text of a record is kept here, and no key.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from core import private_files
from core.errors import Conflict, InvalidInput, NotFound
from core.texts import mark
from crypto.vault.log import Kind

VERSION = 1
LENGTH_BYTES = 4
# Of all rows of one log together, and of what says how much of them counts.
LARGEST_LOG = 512 * 1024 * 1024
LARGEST_HEADS = 16 * 1024 * 1024
MOST_SETTLED = 1000
DAMAGED = mark(
    "What this machine remembered of the vault in {path} is damaged. Nothing was done. Look who changed it; if it was "
    "the disk, forget it with: streha compartment forget CASE; where that says the same, with --all"
)
NOT_YOURS = mark(
    "The folder {path} belongs to somebody else, or others on this machine can write there. Nothing was done. Look who "
    "changed it; if it is all yours, run: chmod 700 {path}"
)
NO_ROOM = mark(
    "What was checked cannot be remembered in {path}: the disk is full, or may not be written. Make room, and look how "
    "things stand before you do anything again."
)
OTHER_NETWORK = mark("The folder {path} belongs to another network. Use the key file that you had it from.")
PROOF_KEPT = mark(
    "You were shown two different logs before; the proof is in {path}. Nothing was done. Ring whoever leads the case "
    "and the operator. Once it is cleared up: streha compartment forget"
)


class LogName(NamedTuple):
    """Which log: its kind and its id of 16 bytes."""

    kind: Kind
    log: bytes

    @property
    def text(self) -> str:
        """As files are named: nothing of a case stands in it but its random id."""
        return f"{self.kind.name.lower()}-{self.log.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Two statements that cannot both stand in one log at `number`, or what names another entry than ours there."""

    name: LogName
    number: int
    ours: bytes
    theirs: bytes


class _Length(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a log's file counts."""

    entries: Annotated[int, msgspec.Meta(ge=0)]
    size: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_LOG)]


class _Heads(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    network: bytes
    logs: dict[str, _Length] = {}
    # When each compartment was last compared with the server, in seconds since 1970, by id in hexadecimal.
    refreshed: dict[str, int] = {}
    # The versions of each record that were last read here, by compartment and record.
    read: dict[str, list[bytes]] = {}
    # How far the ledger of each compartment was read, and a hash of all of that, by compartment in hexadecimal.
    ledgers: dict[str, tuple[int, bytes]] = {}
    # Which compartment each codename meant when it was first used here, by codename, in hexadecimal.
    names: dict[str, str] = {}


class Memory:
    """The logs of one network (named by its 32 bytes) as one machine remembers them."""

    def __init__(self, folder: Path, network: bytes) -> None:
        self.folder = folder
        self._network = network

    @classmethod
    def beside(cls, key_path: Path, network: bytes) -> Memory:
        """Return what the owner of a key file remembers; nothing yet where there is no such folder."""
        return cls(key_path.with_name(key_path.name + ".logs"), network)

    def entries(self, name: LogName) -> list[bytes]:
        """Return the statements of a log, the first first."""
        return self.together(name)[name]

    def together(self, *names: LogName) -> dict[LogName, list[bytes]]:
        """Return the statements of several logs as they stood at one moment, whatever another process adds."""
        logs = self._heads().logs
        return {each: self._rows(each, logs[each.text]) if each.text in logs else [] for each in names}

    def named(self, codename: str) -> bytes | None:
        """Return which compartment a codename meant when it was first used here."""
        found = self._heads().names.get(codename)
        return None if found is None else bytes.fromhex(found)

    def remember_name(self, codename: str, compartment: bytes) -> None:
        """Remember what a codename means; what it meant before stays, until a person has it forgotten."""
        with self._alone():
            heads = self._heads()
            self._write(msgspec.structs.replace(heads, names={codename: compartment.hex(), **heads.names}))

    def refreshed(self, compartment: bytes) -> int:
        """Return when a compartment's logs were last compared with the server, in seconds since 1970; 0 for never."""
        return self._heads().refreshed.get(compartment.hex(), 0)

    def compartments(self) -> list[bytes]:
        """Return the ids of the compartments of which anything is remembered."""
        return [bytes.fromhex(each) for each in self._heads().refreshed]

    def ledger(self, compartment: bytes) -> tuple[int, bytes] | None:
        """Return up to which position a compartment's ledger was read here, and the hash of all that was read."""
        return self._heads().ledgers.get(compartment.hex())

    def remember_ledger(self, compartment: bytes, position: int, hashed: bytes) -> None:
        """Remember how far a compartment's ledger was read; of two that read at once, whoever read further."""
        with self._alone():
            heads = self._heads()
            known = heads.ledgers.get(compartment.hex())
            if known is None or known[0] < position:
                ledgers = {**heads.ledgers, compartment.hex(): (position, hashed)}
                self._write(msgspec.structs.replace(heads, ledgers=ledgers))

    def read(self, compartment: bytes, record: bytes) -> frozenset[bytes]:
        """Return the hashes of the versions of a record that were last read or written here."""
        return frozenset(self._heads().read.get(_of_record(compartment, record), ()))

    def remember_read(self, compartment: bytes, record: bytes, versions: frozenset[bytes]) -> None:
        """Remember which versions of a record were read or written."""
        with self._alone():
            heads = self._heads()
            read = {**heads.read, _of_record(compartment, record): sorted(versions)}
            self._write(msgspec.structs.replace(heads, read=read))

    def remember(
        self, added: Mapping[LogName, tuple[int, Sequence[bytes]]], *, compartment: bytes | None, at: int
    ) -> None:  # fmt: skip
        """Add verified entries, each log's from a position on, and that a compartment was compared at a moment.

        Where only the directory was compared there is no compartment. The last comparison counts, whatever the clock
        said at an earlier one: a clock that once ran ahead makes nothing look fresh for ever.

        What another process has added meanwhile must be the same; raise Conflict and keep a proof where it is not.
        """
        with self._alone():
            heads = self._heads()
            logs = dict(heads.logs)
            for name, (start, statements) in added.items():
                logs[name.text] = self._added(name, logs.get(name.text, _Length(entries=0, size=0)), start, statements)
            refreshed = {**heads.refreshed} if compartment is None else {**heads.refreshed, compartment.hex(): at}
            self._write(msgspec.structs.replace(heads, logs=logs, refreshed=refreshed))

    def keep(self, proof: Proof) -> Path:
        """Keep what shows that people were given different logs; from here on work on it stops."""
        with self._alone():
            return self._kept(proof)

    def proofs(self, *names: LogName) -> list[Path]:
        """Return the proofs that some logs were forked, which nobody has cleared up."""
        return [path for each in names for path in sorted(self.folder.glob(f"forked-{each.text}-*.json"))]

    def require_no_proof(self, *names: LogName) -> None:
        """Refuse to work with a log that was forked, until somebody says that it is cleared up."""
        for path in self.proofs(*names):
            raise Conflict(PROOF_KEPT, path=str(path))

    def forget(self, *names: LogName) -> list[Path]:
        """Forget some logs, because a person says so; proofs of forks stay, under another name. Return those."""
        with self._alone():
            heads = self._heads()
            kept = self._settled(self.proofs(*names))
            texts = {each.text for each in names}
            gone = {each.log.hex() for each in names}
            logs = {each: length for each, length in heads.logs.items() if each not in texts}
            refreshed = {each: at for each, at in heads.refreshed.items() if each not in gone}
            called = {each: which for each, which in heads.names.items() if which not in gone}
            ledgers = {each: read for each, read in heads.ledgers.items() if each not in gone}
            forgotten = msgspec.structs.replace(heads, logs=logs, refreshed=refreshed, names=called, ledgers=ledgers)
            self._write(forgotten)
            for name in names:
                (self.folder / f"{name.text}.log").unlink(missing_ok=True)
        return kept

    def forget_all(self) -> list[Path]:
        """Forget every log, what codenames meant and what was read, because a person says so; proofs stay.

        For what is damaged beyond reading; what is another network's, or open to others, is not touched.
        """
        with self._alone():
            try:
                self._heads()
            except InvalidInput as refused:
                if refused.reason != DAMAGED:
                    raise
            kept = self._settled(sorted(self.folder.glob("forked-*.json")))
            self._write(_Heads(version=VERSION, network=self._network))
            for path in self.folder.glob("*.log"):
                path.unlink()
        return kept

    @staticmethod
    def _settled(proofs: Iterable[Path]) -> list[Path]:
        kept = []
        for path in proofs:
            settled = _free(path.with_name("settled-" + path.name))
            private_files.move(path, settled)
            kept.append(settled)
        return kept

    def _added(self, name: LogName, length: _Length, start: int, statements: Sequence[bytes]) -> _Length:
        """Add the rows that are not there yet; refuse where others are."""
        known = length.entries - start
        if known < 0:
            raise InvalidInput(DAMAGED, path=str(self.folder))
        if known:
            mine = self._rows(name, length)[start:]
            for number, (ours, theirs) in enumerate(zip(mine, statements, strict=False), start):
                if ours != theirs:
                    # Another process was shown another log.
                    path = self._kept(Proof(name=name, number=number, ours=ours, theirs=theirs))
                    raise Conflict(PROOF_KEPT, path=str(path))
        new = statements[known:]
        if not new:
            return length
        rows = b"".join(len(each).to_bytes(LENGTH_BYTES) + each for each in new)
        path = self.folder / f"{name.text}.log"
        fresh = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, private_files.MODE)
        with os.fdopen(descriptor, "wb") as file:
            # What a process that died had begun to add is not counted and goes.
            file.truncate(length.size)
            file.seek(length.size)
            file.write(rows)
            file.flush()
            os.fsync(file.fileno())
        if fresh:
            # Its name has to be on the disk before anything counts on it.
            private_files.keep_names(self.folder)
        return _Length(entries=length.entries + len(new), size=length.size + len(rows))

    def _rows(self, name: LogName, length: _Length) -> list[bytes]:
        try:
            data = private_files.read(self.folder / f"{name.text}.log", largest=length.size)
        except NotFound:
            data = b""
        found, place = [], 0
        while place < len(data):
            end = place + LENGTH_BYTES + int.from_bytes(data[place : place + LENGTH_BYTES])
            found.append(data[place + LENGTH_BYTES : end])
            place = end
        if place != length.size or len(data) != length.size or len(found) != length.entries:
            raise InvalidInput(DAMAGED, path=str(self.folder))
        return found

    def _kept(self, proof: Proof) -> Path:
        path = self.folder / f"forked-{proof.name.text}-{proof.number}.json"
        if not path.exists():
            written = {"number": proof.number, "ours": proof.ours, "theirs": proof.theirs}
            private_files.write(path, msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
        return path

    def _heads(self) -> _Heads:
        path = self.folder / "heads.json"
        self._require_own()
        try:
            data = private_files.read(path, largest=LARGEST_HEADS)
        except NotFound:
            return _Heads(version=VERSION, network=self._network)
        try:
            heads = msgspec.json.decode(data, type=_Heads)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InvalidInput(DAMAGED, path=str(self.folder)) from None
        if heads.version != VERSION:
            raise InvalidInput(DAMAGED, path=str(self.folder))
        if heads.network != self._network:
            raise InvalidInput(OTHER_NETWORK, path=str(self.folder))
        return heads

    def _write(self, heads: _Heads) -> None:
        private_files.write(self.folder / "heads.json", msgspec.json.encode(heads) + b"\n")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time change what is remembered."""
        try:
            if not self.folder.exists():
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                private_files.keep_names(self.folder.parent)
            self._require_own()
            with private_files.alone(self.folder / "lock"):
                yield
        except OSError as error:
            raise InvalidInput(NO_ROOM, path=str(self.folder)) from error

    def _require_own(self) -> None:
        """Refuse a folder in which somebody else could make what is remembered less."""
        try:
            found = self.folder.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
            raise InvalidInput(NOT_YOURS, path=str(self.folder))


def _free(path: Path) -> Path:
    """Return a name that nothing has yet: no proof takes the place of another."""
    names = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, MOST_SETTLED))
    return next((each for each in (path, *names) if not each.exists()), path)


def _of_record(compartment: bytes, record: bytes) -> str:
    return f"{compartment.hex()}-{record.hex()}"
