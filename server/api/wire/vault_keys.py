"""People's locked keys over the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import PersonId
from agencies.vault.bundles import MOST, Found, Kept
from crypto.vault.bundle import BUNDLE_BYTES
from server.api.wire import Moment, Wire
from server.api.wire.directory import exactly

# 1: opened with a secret that the device keeps; 2: with what a passkey gives.
BundleKind = Annotated[int, msgspec.Meta(ge=1, le=2, examples=[1])]
Bundle = Annotated[bytes, exactly(BUNDLE_BYTES)]


class PutBundle(Wire, frozen=True, kw_only=True):
    """Keys, locked with a passphrase and a device's random secret (1) or what a passkey gives (2)."""

    kind: BundleKind
    bundle: Bundle


class BundleAnswer(Wire, frozen=True, kw_only=True):
    """Locked keys, and whose they say to be."""

    person: PersonId
    kind: BundleKind
    bundle: Bundle

    @classmethod
    def of(cls, found: Found) -> Self:
        """Return them as they are sent."""
        return cls(person=found.person_id, kind=found.kind, bundle=found.bundle)


class KeptBundle(Wire, frozen=True, kw_only=True):
    """That somebody's keys are kept for a device."""

    bundle: UUID
    kind: BundleKind
    made_at: Moment


class BundlesAnswer(Wire, frozen=True, kw_only=True):
    """The asker's own."""

    bundles: Annotated[list[KeptBundle], msgspec.Meta(max_length=MOST)]

    @classmethod
    def of(cls, kept: Iterable[Kept]) -> Self:
        """Return them as they are sent."""
        return cls(bundles=[KeptBundle(bundle=each.id, kind=each.kind, made_at=each.made_at) for each in kept])
