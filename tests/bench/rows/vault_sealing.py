"""What sealing, opening, re-keying and unlocking cost beside the calls of libsodium that they cannot do without.

The floor does the same primitives over as many bytes, by PyNaCl's bindings: a key is expanded from its seed wherever
the vault holds a seed. It knows no places, promises, encodings or checks.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nacl.bindings as sodium
import nacl.utils

from cases.trust import deeds as member_deeds
from cases.trust import grants, records
from cases.trust.deeds import BeginEpoch
from cases.trust.grants import EpochGrant
from cases.trust.records import Write
from crypto.vault import aead, bundle, content, deeds, epoch, log, statement, wrap
from crypto.vault.deeds import Deed
from crypto.vault.deterministic import Value
from crypto.vault.epoch import Epoch
from crypto.vault.labels import MEMBERSHIP, RECORD
from crypto.vault.log import Head, Kind
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row

TEXT_BYTES = 16 * 1024 - 4  # with its length just 16 KiB, as it is padded
TIMES, TINY_TIMES = 500, 2
MEMBERS, TINY_MEMBERS = 20, 2
RECORDS, TINY_RECORDS = 200, 3
PASSPHRASE = "reka most jabuka oblak"

SEAL, BARE_SEAL = "seal and sign 16 KiB", "bare seal and sign"
OPEN, BARE_OPEN = "check and open 16 KiB", "bare check and open"
REKEY, BARE_REKEY = "re-key 20 members and 200 records", "bare re-key"
UNLOCK, BARE_UNLOCK = "unlock a bundle", "bare Argon2id"

NOW = 1_900_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """Somebody with keys of the moment."""

    id: bytes
    keys: bundle.Keys

    @property
    def box_key(self) -> bytes:
        return sodium.crypto_scalarmult_base(self.keys.secret)


def _person() -> _Person:
    return _Person(id=nacl.utils.random(16), keys=bundle.new_keys())


class _Sealing:
    """The measures of one record."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._author = _person()
        self._network, self._compartment = nacl.utils.random(32), nacl.utils.random(16)
        self._text = nacl.utils.random(TEXT_BYTES)
        self._place = _place(self._network, self._compartment)
        self._key = aead.new_key()
        self._sealed, self._entry = self._written()
        self._public, secret = sodium.crypto_sign_seed_keypair(self._author.keys.seed)
        # What is signed: some bytes for the purpose and the network before the body.
        self._message = nacl.utils.random(len(self._entry) - 97 + 55)
        self._signed = sodium.crypto_sign(self._message, secret)
        self._padded = nacl.utils.random(TEXT_BYTES + 4)
        self._nonce = nacl.utils.random(24)
        self._beside = nacl.utils.random(97)
        self._cipher = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            self._padded, self._beside, self._nonce, self._key
        )

    async def seal(self) -> float:
        return _seconds(self._written, self._times)

    async def open(self) -> float:
        if self._read() != self._text:
            raise MeasurementFailed("what was opened is not what was sealed")
        return _seconds(self._read, self._times)

    async def bare_seal(self) -> float:
        return _seconds(self._bare_seal, self._times)

    async def bare_open(self) -> float:
        return _seconds(self._bare_open, self._times)

    def _written(self) -> tuple[content.Sealed, bytes]:
        place = self._place
        sealed = content.seal(self._key, place, self._text)
        write = Write(
            record=place.record, version=place.version, kind="plan", content=sealed.hash, promise=sealed.promise,
            follows=[self._network],
        )  # fmt: skip
        body = _entry(Kind.RECORDS, self._compartment, self._author, records.DEEDS, write)
        return sealed, statement.make(self._author.keys.seed, RECORD, self._network, body)

    def _read(self) -> bytes:
        entry = log.read(self._entry, Kind.RECORDS, self._network)
        write = deeds.read(records.DEEDS, entry.do, entry.particulars)
        if not isinstance(write, Write):
            raise MeasurementFailed("another deed")
        sealed = content.Sealed(content=self._sealed.content, hash=write.content, promise=write.promise)
        return content.open_(self._key, self._place, sealed)

    def _bare_seal(self) -> None:
        cipher = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            self._padded, self._beside, nacl.utils.random(24), self._key
        )
        for hashed in (cipher, self._beside):  # the content, and the promise of its key
            sodium.crypto_generichash_blake2b_salt_personal(hashed, digest_size=32)
        _public, secret = sodium.crypto_sign_seed_keypair(self._author.keys.seed)
        sodium.crypto_sign(self._message, secret)

    def _bare_open(self) -> None:
        sodium.crypto_sign_open(self._signed, self._public)
        for hashed in (self._signed, self._cipher, self._beside):  # the statement too
            sodium.crypto_generichash_blake2b_salt_personal(hashed, digest_size=32)
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(self._cipher, self._beside, self._nonce, self._key)


class _Rekeying:
    """The measures of one epoch: old wraps opened, new ones made, its key given to each member, its entry signed."""

    def __init__(self, members: int, versions: int) -> None:
        self._members = [_person() for _ in range(members)]
        self._author = self._members[0]
        self._network, self._compartment = nacl.utils.random(32), nacl.utils.random(16)
        self._places = [_place(self._network, self._compartment) for _ in range(versions)]
        self._old = aead.new_key()
        old = wrap.key_for_wraps(self._old)
        self._wraps = [wrap.wrap(old, 7, each, aead.new_key()) for each in self._places]
        self._box_keys = [each.box_key for each in self._members]
        self._beside, self._nonce = nacl.utils.random(112), nacl.utils.random(24)
        self._cipher = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
            nacl.utils.random(32), self._beside, self._nonce, self._old
        )
        (entry, given, _wraps) = self._rekeyed()
        self._signed_lengths = [len(each) - 97 + 55 for each in (entry, *given)]

    async def rekey(self) -> float:
        return _seconds(self._rekeyed, 1)

    async def bare(self) -> float:
        return _seconds(self._bare, 1)

    def _rekeyed(self) -> tuple[bytes, list[bytes], list[bytes]]:
        seed, key = self._author.keys.seed, aead.new_key()
        which = Epoch(network=self._network, compartment=self._compartment, number=8)
        begin = BeginEpoch(
            number=8, promise=epoch.promise(which, key), members=sorted(each.id for each in self._members)
        )
        body = _entry(Kind.MEMBERSHIP, self._compartment, self._author, member_deeds.DEEDS, begin)
        entry = statement.make(seed, MEMBERSHIP, self._network, body)
        begun = statement.hash_of(entry)
        given = [
            grants.write_epoch_grant(
                seed, self._network,
                EpochGrant(
                    log=self._compartment, epoch=8, member=each.id, entry=begun, by=self._author.id,
                    grant=epoch.grant(which, key, member=each.id, member_key=box_key),
                ),
            )
            for each, box_key in zip(self._members, self._box_keys, strict=True)
        ]  # fmt: skip
        old, new = wrap.key_for_wraps(self._old), wrap.key_for_wraps(key)
        wraps = [
            wrap.wrap(new, 8, place, wrap.unwrap(old, 7, place, wrapped))
            for place, wrapped in zip(self._places, self._wraps, strict=True)
        ]
        return entry, given, wraps

    def _bare(self) -> None:
        page = bytes(160)
        for box_key in self._box_keys:
            sodium.crypto_box_seal(page, box_key)
        for length in self._signed_lengths:
            _public, secret = sodium.crypto_sign_seed_keypair(self._author.keys.seed)
            sodium.crypto_sign(bytes(length), secret)
        for _ in self._places:
            key = sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(self._cipher, self._beside, self._nonce, self._old)
            sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(key, self._beside, nacl.utils.random(24), self._old)


class _Unlocking:
    """The measures of a bundle: as few passes and as little memory as a reader takes."""

    def __init__(self) -> None:
        person = _person()
        self._owner = bundle.owner(person.keys, network=nacl.utils.random(32), person=person.id)
        self._secret, self._salt = nacl.utils.random(32), nacl.utils.random(16)
        self._bundle = bundle.lock(
            person.keys, self._owner, kind=bundle.Kind.DEVICE, passphrase=PASSPHRASE, device_secret=self._secret
        )

    async def unlock(self) -> float:
        return _seconds(self._unlocked, 1)

    async def bare(self) -> float:
        return _seconds(self._bare, 1)

    def _unlocked(self) -> None:
        bundle.unlock(
            self._bundle, self._owner, kind=bundle.Kind.DEVICE, passphrase=PASSPHRASE, device_secret=self._secret
        )

    def _bare(self) -> None:
        sodium.crypto_pwhash_alg(
            32, PASSPHRASE.encode(), self._salt, bundle.PASSES, bundle.MEMORY_KIB * 1024,
            sodium.crypto_pwhash_ALG_ARGON2ID13,
        )  # fmt: skip


def _place(network: bytes, compartment: bytes) -> content.Place:
    return content.Place(
        network=network, compartment=compartment, record=nacl.utils.random(16), version=nacl.utils.random(16)
    )


def _entry(
    kind: Kind, compartment: bytes, author: _Person, named: Mapping[str, type[Deed]], deed: Deed
) -> dict[str, Value]:
    do, particulars = deeds.written(named, deed)
    seen = [Head(kind=Kind.DIRECTORY, log=bytes(16), number=90, hash=bytes(32))]
    if kind is Kind.RECORDS:
        seen.append(Head(kind=Kind.MEMBERSHIP, log=compartment, number=12, hash=bytes(32)))
    return log.body(
        log=compartment, number=40, after=bytes(32), at=NOW, by=author.id, do=do, particulars=particulars, seen=seen
    )


def _seconds(work: Callable[[], object], times: int) -> float:
    """Return the processor time of one of so many."""
    began = time.thread_time()
    for _ in range(times):
        work()
    return (time.thread_time() - began) / times


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: ARG001, FBT001 (see Row)
    sealing = _Sealing(TINY_TIMES if tiny else TIMES)
    rekeying = _Rekeying(TINY_MEMBERS if tiny else MEMBERS, TINY_RECORDS if tiny else RECORDS)
    unlocking = _Unlocking()
    yield {
        SEAL: sealing.seal,
        BARE_SEAL: sealing.bare_seal,
        OPEN: sealing.open,
        BARE_OPEN: sealing.bare_open,
        REKEY: rekeying.rekey,
        BARE_REKEY: rekeying.bare,
        UNLOCK: unlocking.unlock,
        BARE_UNLOCK: unlocking.bare,
    }


ROW = Row(
    name="vault-sealing",
    title="The vault: sealing, opening, re-keying and unlocking beside bare libsodium",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=SEAL, floor=BARE_SEAL, at_most=1.3),
        Comparison(measure=OPEN, floor=BARE_OPEN, at_most=1.3),
        Comparison(measure=REKEY, floor=BARE_REKEY, at_most=1.5),
        Comparison(measure=UNLOCK, floor=BARE_UNLOCK),
    ),
    notes=(
        "Seconds of processor time: nothing here waits for anything.",
        f"One record of 16 KiB, the mean of {TIMES} in each round; its entry of the log is made and read with it.",
        "Bare: encryption, hashes of content and promise, the key from its seed, the signature; backwards likewise.",
        "Re-keying opens the old wraps, makes new ones, seals and signs a grant for each member, and signs the entry.",
        "A bundle: 3 passes over 128 MiB, one lane.",
    ),
)
