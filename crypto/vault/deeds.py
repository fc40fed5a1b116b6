"""What every deed of a log has in common: a name, and particulars of just its fields.

Ids are 16 bytes, keys and hashes 32, moments whole seconds since 1970. The deeds themselves belong to their logs
(`agencies.trust.deeds`, `cases.trust.deeds`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from crypto.vault.deterministic import Value
from crypto.vault.failures import NotAsWritten

Id = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Moment = Annotated[int, msgspec.Meta(ge=0)]


class Deed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Just its fields, and no others."""


Some = TypeVar("Some", bound=Deed)


def read(deeds: Mapping[str, type[Some]], do: str, particulars: Mapping[str, Value]) -> Some:
    """Return the deed of an entry, by the names of its log; raise NotAsWritten."""
    if do not in deeds:
        raise NotAsWritten
    try:
        return msgspec.convert(particulars, type=deeds[do], strict=True)
    except msgspec.ValidationError as error:
        raise NotAsWritten from error


def written(deeds: Mapping[str, type[Some]], deed: Some) -> tuple[str, dict[str, Value]]:
    """Return what stands in an entry for a deed: `do` and `with`."""
    (name,) = [name for name, kind in deeds.items() if kind is type(deed)]
    built: dict[str, Any] = msgspec.to_builtins(deed, builtin_types=(bytes,))
    return name, built
