"""What members take out of a compartment's vault: granted keys and sealed versions. Every time is in the ledger."""

from __future__ import annotations

from typing import Any

from cases.model import CompartmentId
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire import Nothing
from server.api.wire.vault_contents import (
    GrantAnswer,
    GrantQuery,
    HistoryAnswer,
    HistoryQuery,
    PutExport,
    PutHistory,
    VersionAnswer,
    VersionsAnswer,
    VersionsQuery,
)


async def show_grant(call: Call[GrantQuery]) -> GrantAnswer:
    """Return one's own grant of an epoch's key."""
    epoch, statement = await call.services.fetching.grant(call.actor, _compartment(call), call.asked.epoch)
    return GrantAnswer(epoch=epoch, statement=statement)


async def show_version(call: Call[Nothing]) -> VersionAnswer:
    """Return a version as it is stored."""
    return VersionAnswer.of(
        await call.services.fetching.version(call.actor, _compartment(call), call.ids["version"])
    )  # fmt: skip


async def show_versions(call: Call[VersionsQuery]) -> VersionsAnswer:
    """Return versions, as many as fit into an answer."""
    asked = call.asked
    found = await call.services.fetching.versions(
        call.actor, _compartment(call), current=asked.current, after=asked.after, contents=asked.contents
    )
    return VersionsAnswer(versions=[VersionAnswer.of(each) for each in found])


async def give_history(call: Call[PutHistory]) -> Nothing:
    """Grant a member the keys of versions that are past."""
    asked = call.asked
    await call.services.fetching.give_history(call.actor, _compartment(call), asked.member, asked.statement)
    return Nothing()


async def show_history(call: Call[HistoryQuery]) -> HistoryAnswer:
    """Return the grants of past versions that one was given."""
    given = await call.services.fetching.history(call.actor, _compartment(call), call.asked.version)
    return HistoryAnswer(statements=given)


async def tell_export(call: Call[PutExport]) -> Nothing:
    """Write down that one takes versions out for a court."""
    await call.services.fetching.tell_export(call.actor, _compartment(call), call.asked.versions)
    return Nothing()


def _compartment(call: Call[Any]) -> CompartmentId:
    return CompartmentId(call.ids["compartment"])


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}/grant",
        summary="One's own grant of an epoch's key",
        call=show_grant,
        access=Access.IN_VAULT,
        takes=GrantQuery,
        gives=GrantAnswer,
    ),
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}/versions",
        summary="Versions of the records, sealed",
        call=show_versions,
        access=Access.IN_VAULT,
        takes=VersionsQuery,
        gives=VersionsAnswer,
    ),
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}/versions/{version}",
        summary="One version, sealed",
        call=show_version,
        access=Access.IN_VAULT,
        takes=Nothing,
        gives=VersionAnswer,
    ),
    Route(
        method="POST",
        path="/api/vault/compartments/{compartment}/history",
        summary="Grant a member the keys of past versions",
        call=give_history,
        access=Access.IN_VAULT,
        takes=PutHistory,
        status=204,
        longest_body=128 * 1024,
    ),
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}/history",
        summary="The grants of past versions that one was given",
        call=show_history,
        access=Access.IN_VAULT,
        takes=HistoryQuery,
        gives=HistoryAnswer,
    ),
    Route(
        method="POST",
        path="/api/vault/compartments/{compartment}/exports",
        summary="Write down that one takes versions out for a court",
        call=tell_export,
        access=Access.IN_VAULT,
        takes=PutExport,
        status=204,
    ),
)
