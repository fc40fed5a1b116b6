"""Logging that cannot tell anything personal: an event name and allow-listed fields, one JSON line each.

Exception texts are never written (database errors quote rows): only the class, the frames and the
SQLSTATE. What libraries log is reduced to the library's name, its level and the exception's class.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO
from uuid import UUID

FIELDS = frozenset(
    {
        "action", "agency_id", "alert_id", "attempts", "case_id", "child", "compartment_id", "count",
        "desk_id", "device_id", "duration_ms", "error", "exit_code", "failed", "frames", "incident_id",
        "lane", "library", "method", "outbox_id", "person_id", "pid", "port", "position", "review_id",
        "role", "route", "row_id", "seconds", "signal", "sqlstate", "state", "status", "step", "version",
    }
)  # fmt: skip

PACKAGES = ("core", "agencies", "cases", "alerts", "safety_plans", "server", "bots", "deploy", "streha")

_ENCODER = json.JSONEncoder(default=str)

FieldValue = str | int | float | bool | UUID | None


class EventLogger:
    """Writes events with allow-listed fields; anything else is a programming error and raises."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: FieldValue) -> None:
        """Record what helps while looking for a fault."""
        self._write(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: FieldValue) -> None:
        """Record what happened."""
        self._write(logging.INFO, event, fields)

    def warning(self, event: str, **fields: FieldValue) -> None:
        """Record what an operator should look at."""
        self._write(logging.WARNING, event, fields)

    def error(self, event: str, **fields: FieldValue) -> None:
        """Record what must be mended."""
        self._write(logging.ERROR, event, fields)

    def failure(self, event: str, error: BaseException, **fields: FieldValue) -> None:
        """Record an exception by class, frames and SQLSTATE, never by its text."""
        self._write(logging.ERROR, event, {**fields, **describe(error)})

    def _write(self, level: int, event: str, fields: dict[str, FieldValue]) -> None:
        unknown = fields.keys() - FIELDS
        if unknown:
            raise ValueError(f"log fields are not on the allow-list: {', '.join(sorted(unknown))}")
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"streha_event": event, "streha_fields": fields})


def get(name: str) -> EventLogger:
    """Return the logger of a module."""
    return EventLogger(name)


def describe(error: BaseException) -> dict[str, FieldValue]:
    """Return what may be written about an exception."""
    if isinstance(error, BaseExceptionGroup) and error.exceptions:
        return describe(error.exceptions[0])
    described: dict[str, FieldValue] = {
        "error": type(error).__name__,
        "frames": _frames(error.__traceback__),
    }
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        described["sqlstate"] = sqlstate
    return described


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-6:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


class _ContentFree(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        event = getattr(record, "streha_event", None)
        if event is not None:
            line |= {"event": event, **getattr(record, "streha_fields", {})}
        else:
            line |= {"event": "library_message", "library": record.name}
            if record.exc_info and record.exc_info[1] is not None:
                line |= describe(record.exc_info[1])
        return _ENCODER.encode(line)


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every event to the stream (standard error); libraries speak from warning on."""
    # What is never written need not be gathered for each line either.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 (the documented way to leave out from where a line was written)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_ContentFree())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for package in PACKAGES:
        logging.getLogger(package).setLevel(level.upper())
