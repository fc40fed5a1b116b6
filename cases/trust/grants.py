"""What hands somebody a key: bodies of the statements for an epoch and for versions that are past.

The key itself is sealed inside (`crypto.vault.epoch`, `crypto.vault.history`). What stands in clear says for whom, of
what and by whom, so that a grant can be checked and counted by those who cannot open it, the server included.

Source: docs/protocol.md, *Epoch* and *History grant*.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from agencies.trust.directory import NotEmpowered
from crypto.vault import statement
from crypto.vault.deeds import Deed, Id, Key, Moment
from crypto.vault.failures import NotAsWritten, OfAnotherPlace
from crypto.vault.history import MOST_VERSIONS
from crypto.vault.labels import GRANT, HISTORY
from crypto.vault.log import Entry

Sealed = Annotated[bytes, msgspec.Meta(min_length=1, max_length=65_000)]
Some = TypeVar("Some", bound=Deed)


class EpochGrant(Deed, frozen=True, kw_only=True):
    """The key of an epoch for one member; `entry` is the hash of the entry that began it, by the same author."""

    log: Id
    epoch: Annotated[int, msgspec.Meta(ge=1)]
    member: Id
    entry: Key
    by: Id
    grant: Sealed


class HistoryGrant(Deed, frozen=True, kw_only=True):
    """The keys of versions that are past, for one member."""

    log: Id
    member: Id
    by: Id
    at: Moment
    versions: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=MOST_VERSIONS)]
    grant: Sealed


def write_epoch_grant(seed: bytes, network: bytes, grant: EpochGrant) -> bytes:
    """Return the signed statement of a grant."""
    return statement.make(seed, GRANT, network, msgspec.to_builtins(grant, builtin_types=(bytes,)))


def read_epoch_grant(data: bytes, network: bytes, *, begun: Entry, epoch: int, member: bytes) -> EpochGrant:
    """Return a member's grant of the epoch that an entry has begun; raise Refused where it is any other's."""
    said = statement.verified(data, GRANT, network)
    grant = _as(EpochGrant, said)
    if (grant.log, grant.epoch, grant.member, grant.entry) != (begun.head.log, epoch, member, begun.head.hash):
        raise OfAnotherPlace
    # Whoever began the epoch grants it: nobody else knows its key.
    if (grant.by, said.key) != (begun.by, begun.key):
        raise NotEmpowered
    return grant


def write_history_grant(seed: bytes, network: bytes, grant: HistoryGrant) -> bytes:
    """Return the signed statement of a grant."""
    return statement.make(seed, HISTORY, network, msgspec.to_builtins(grant, builtin_types=(bytes,)))


def read_history_grant(data: bytes, network: bytes, *, compartment: bytes) -> tuple[HistoryGrant, bytes]:
    """Return a grant of a compartment and the key that signed it; whose key that is, the directory says."""
    said = statement.verified(data, HISTORY, network)
    grant = _as(HistoryGrant, said)
    if grant.log != compartment:
        raise OfAnotherPlace
    if grant.versions != sorted(set(grant.versions)):
        raise NotAsWritten
    return grant, said.key


def _as(kind: type[Some], said: statement.Statement) -> Some:
    try:
        return msgspec.convert(said.body, type=kind, strict=True)
    except msgspec.ValidationError as error:
        raise NotAsWritten from error
