"""A person's keys, locked for a device and unlocked again; what is wrong is told in one sentence that says what to do.

Owns the way from a key file and a passphrase to a person who can act, and back. Who types the passphrase is the
command's matter (`streha.passphrase_typing`); keys that stay open for a while are `client.vault.kept`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from client.key_file import KeyFile, LockedKeyFile
from client.vault.person import Unlocked
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import aead, bundle
from crypto.vault.bundle import Keys, Kind
from crypto.vault.failures import (
    NotWhole,
    OfAnotherPlace,
    Refused,
    SealBroken,
    TooEasyToGuess,
    TooHardToOpen,
    UnknownVersion,
)  # fmt: skip
from crypto.vault.passphrase import plain
from crypto.vault.statement import NO_NETWORK

WRONG_PASSPHRASE = mark("This passphrase does not open these keys. Look at the paper and type it again.")
_WHY: Mapping[type[Refused], str] = {
    SealBroken: WRONG_PASSPHRASE,
    TooEasyToGuess: mark(
        "These locked keys ask for too little work: somebody has changed them, to guess your passphrase. Nothing was "
        "opened. Tell the operator, and use your key file from another copy."
    ),
    TooHardToOpen: mark(
        "These locked keys ask for more work than any program of Streha: somebody has changed them. Nothing was "
        "opened. Tell the operator, and use your key file from another copy."
    ),
    UnknownVersion: mark("A later version of Streha has locked these keys. Update this program."),
    NotWhole: mark("The locked keys are not whole: the file was cut. Use your key file from another copy."),
    OfAnotherPlace: mark(
        "These keys are somebody else's or of another network. Nothing was opened. Use your own key file."
    ),
}


class WrongPassphrase(InvalidInput):
    """The one refusal after which typing again may help."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opened:
    """A person who can act: who signs in, and the keys of the vault."""

    key: KeyFile
    unlocked: Unlocked


def opened(locked: LockedKeyFile, passphrase: str) -> Opened:
    """Open locked keys; raise WrongPassphrase, or InvalidInput where typing again does not help."""
    try:
        keys = bundle.unlock(
            locked.bundle, locked.owner, kind=Kind.DEVICE, passphrase=plain(passphrase),
            device_secret=locked.device_secret,
        )  # fmt: skip
    except SealBroken as refused:
        raise WrongPassphrase(WRONG_PASSPHRASE) from refused
    except Refused as refused:
        raise InvalidInput(_WHY.get(type(refused), _WHY[NotWhole]), outcome=refused.outcome) from refused
    except (MemoryError, RuntimeError) as error:
        raise InvalidInput(
            mark("This machine has not enough free memory to open the keys. Close other programs.")
        ) from error
    return with_keys(locked, keys)


def with_keys(locked: LockedKeyFile, keys: Keys) -> Opened:
    """Return the person of a key file with keys that were opened."""
    return Opened(
        key=KeyFile(
            person_id=locked.person_id, network=locked.network, api_url=locked.api_url, seed=keys.seed,
            police_number=locked.police_number,
        ),
        unlocked=Unlocked(person=locked.person_id.bytes, network=locked.genesis, keys=keys),
    )  # fmt: skip


def locked_for_device(unlocked: Unlocked, passphrase: str, device_secret: bytes) -> bytes:
    """Return the bundle that opens with a passphrase and the secret of one device."""
    whose = bundle.owner(unlocked.keys, network=unlocked.network, person=unlocked.person)
    return bundle.lock(
        unlocked.keys, whose, kind=Kind.DEVICE, passphrase=plain(passphrase), device_secret=device_secret
    )  # fmt: skip


def sealed(
    key: KeyFile, keys: Keys, *, passphrase: str, words: str, genesis: bytes = NO_NETWORK, bundle_id: UUID | None = None
) -> LockedKeyFile:
    """Return a key file with its keys locked, for this device alone, once it was seen to open again."""
    unlocked = Unlocked(person=key.person_id.bytes, network=genesis, keys=keys)
    secret = aead.new_key()
    locked = LockedKeyFile(
        person_id=key.person_id, network=key.network, api_url=key.api_url, signing_key=unlocked.signing_key,
        box_key=unlocked.box_key, bundle_id=bundle_id or uuid4(), device_secret=secret,
        bundle=locked_for_device(unlocked, passphrase, secret), genesis=genesis, words=words,
        police_number=key.police_number,
    )  # fmt: skip
    # What replaces a seed that stands nowhere else is tried before anything is thrown away.
    if opened(locked, passphrase).unlocked != unlocked:
        raise AssertionError("what was locked opens as something else")
    return locked


def relocked(
    locked: LockedKeyFile, opened_: Opened, *, passphrase: str, words: str, genesis: bytes | None = None
) -> LockedKeyFile:
    """Return a key file locked anew: with another passphrase, or for the network that the person trusts from now on."""
    new = sealed(
        opened_.key, opened_.unlocked.keys, passphrase=passphrase, words=words,
        genesis=locked.genesis if genesis is None else genesis, bundle_id=locked.bundle_id,
    )  # fmt: skip
    # The address in the file is the person's, whatever the environment said for this once. Whoever waits to join, waits
    # on until the network is verified.
    return replace(new, api_url=locked.api_url, joining=locked.joining if genesis is None else None)
