"""A person of a network while their keys are unlocked: what every act of the vault on a machine begins with."""

from __future__ import annotations

from dataclasses import dataclass

from crypto import signing
from crypto.vault import sealed_box
from crypto.vault.bundle import Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """A person's keys while they are unlocked, and where they belong.

    The person's id has 16 bytes; the network is named by the 32 bytes of the genesis that the person trusts.
    """

    person: bytes
    network: bytes
    keys: Keys

    @property
    def signing_key(self) -> bytes:
        """The public half of what signs."""
        return signing.public_key(self.keys.seed)

    @property
    def box_key(self) -> bytes:
        """The public half of what opens."""
        return sealed_box.public_key(self.keys.secret)
