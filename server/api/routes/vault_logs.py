"""The vault's logs: read by those who are of them, and appended to by whoever may."""

from __future__ import annotations

from typing import Any

from cases.model import CompartmentId
from core.errors import Conflict, NotFound
from server.api.access import Access
from server.api.route import Call, Route
from server.api.wire.vault_logs import (
    DirectoryAnswer,
    DirectoryQuery,
    LengthAnswer,
    LogsAnswer,
    LogsQuery,
    PutEntry,
    PutMemberEntry,
    PutRecordEntry,
)

# An entry in Base64.
LONGEST_ENTRY = 128 * 1024
# A content of 1 MiB in Base64 with its entry; five thousand wraps; grants for two hundred.
LONGEST_BODY = 2 * 1024 * 1024


async def show_directory(call: Call[DirectoryQuery]) -> DirectoryAnswer:
    """Return entries of the directory."""
    entries, length = await call.services.directory_log.entries(call.actor, call.asked.after)
    return DirectoryAnswer(entries=entries, length=length)


async def put_directory_entry(call: Call[PutEntry]) -> LengthAnswer:
    """Append to the directory. Where another entry came first, nothing is stored."""
    return LengthAnswer(length=await call.services.directory_log.append(call.actor, call.asked.entry))


async def show_logs(call: Call[LogsQuery]) -> LogsAnswer:
    """Return entries of a compartment's logs and of the directory, and what is due."""
    asked = call.asked
    snapshot = await call.services.vault.see(
        call.actor, _compartment(call), directory=asked.directory, members=asked.members, records=asked.records
    )
    return LogsAnswer.of(snapshot)


async def put_member_entry(call: Call[PutMemberEntry]) -> LengthAnswer:
    """Append to the members of a compartment; an epoch comes with grants and wraps, all or nothing."""
    asked = call.asked
    length = await call.services.vault.append_to_members(
        call.actor,
        _compartment(call),
        asked.entry,
        given=[(each.member, each.statement) for each in asked.grants],
        wrapped=[(each.version, each.wrap) for each in asked.wraps],
    )
    return LengthAnswer(length=length)


async def put_record_entry(call: Call[PutRecordEntry]) -> LengthAnswer:
    """Append to the records of a compartment, with the version that is written and what is told of it."""
    asked = call.asked
    tells = None if asked.tells is None else asked.tells.tells()
    length = await call.services.saving.put(
        call.actor, _compartment(call), asked.entry, asked.content, asked.wrap, tells
    )  # fmt: skip
    return LengthAnswer(length=length)


def _compartment(call: Call[Any]) -> CompartmentId:
    return CompartmentId(call.ids["compartment"])


ROUTES: tuple[Route[Any], ...] = (
    Route(
        method="GET",
        path="/api/vault/directory",
        summary="The directory of the network: agencies, people and their keys, as they were signed",
        call=show_directory,
        access=Access.STAFF,
        takes=DirectoryQuery,
        gives=DirectoryAnswer,
        refuses=(NotFound,),
    ),
    Route(
        method="POST",
        path="/api/vault/directory",
        summary="Append to the directory",
        call=put_directory_entry,
        access=Access.ADMINISTRATOR,
        takes=PutEntry,
        gives=LengthAnswer,
        longest_body=LONGEST_ENTRY,
        refuses=(Conflict, NotFound),
    ),
    Route(
        method="GET",
        path="/api/vault/compartments/{compartment}",
        summary="The logs of a compartment and the directory, at one moment",
        call=show_logs,
        access=Access.IN_VAULT,
        takes=LogsQuery,
        gives=LogsAnswer,
    ),
    Route(
        method="POST",
        path="/api/vault/compartments/{compartment}/members",
        summary="Append to the members of a compartment",
        call=put_member_entry,
        access=Access.IN_VAULT,
        takes=PutMemberEntry,
        gives=LengthAnswer,
        longest_body=LONGEST_BODY,
    ),
    Route(
        method="POST",
        path="/api/vault/compartments/{compartment}/records",
        summary="Append to the records of a compartment",
        call=put_record_entry,
        access=Access.IN_VAULT,
        takes=PutRecordEntry,
        gives=LengthAnswer,
        longest_body=LONGEST_BODY,
    ),
)
