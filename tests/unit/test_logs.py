"""The log: an event and allow-listed fields, never the text of an exception."""

from __future__ import annotations

import io
import json
import logging
from uuid import UUID, uuid4

import asyncpg
import pytest

from core import logs

NAME = "Zlatokrila Neponovljivić"


def lines(logged: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def test_an_event_is_one_line(logged: io.StringIO) -> None:
    person_id = uuid4()
    log = logs.get("cases.service")
    log.info("case_opened", person_id=person_id, count=3, seconds=0.5, failed=False, error=None)
    (line,) = lines(logged)
    assert line.pop("at")
    assert line == {
        "level": "info", "event": "case_opened", "person_id": str(person_id), "count": 3, "seconds": 0.5,
        "failed": False, "error": None,
    }  # fmt: skip


@pytest.mark.parametrize("field", ["name", "text", "body", "matrix_user", "room_id", "url", "codename"])
def test_a_field_that_is_not_allowed_is_a_fault_of_the_program(logged: io.StringIO, field: str) -> None:
    log = logs.get("cases")
    for write in (log.debug, log.info, log.warning, log.error):
        with pytest.raises(ValueError, match=field):
            write("event", **{field: NAME})
    with pytest.raises(ValueError, match=field):
        log.failure("event", ValueError(NAME), **{field: NAME})
    assert logged.getvalue() == ""


def test_what_is_allowed_stays_opaque() -> None:
    """Whoever adds a field adds it here too, and thinks about what it may hold."""
    assert not logs.FIELDS & {"name", "text", "body", "matrix_user", "room_id", "room", "url", "codename", "message"}


def test_an_exception_is_told_without_its_text(logged: io.StringIO) -> None:
    log = logs.get("core.sweep")
    for error in (
        ValueError(NAME),
        KeyError(NAME),
        asyncpg.UniqueViolationError(NAME),
        ExceptionGroup(NAME, [ExceptionGroup(NAME, [ValueError(NAME)])]),
    ):
        try:
            raise error
        except Exception as caught:  # noqa: BLE001 (every kind of error is tried)
            log.failure("sweep_failed", caught)
    assert NAME not in logged.getvalue()
    assert "Zlatokrila" not in logged.getvalue()
    written = lines(logged)
    assert [line["error"] for line in written] == ["ValueError", "KeyError", "UniqueViolationError", "ValueError"]
    assert str(written[0]["frames"]).startswith("test_logs.py:")


def test_the_sqlstate_is_told() -> None:
    error = asyncpg.PostgresError.new({"C": "23505", "M": NAME, "D": NAME, "S": "ERROR"})
    described = logs.describe(error)
    assert described["sqlstate"] == "23505"
    assert NAME not in str(described)
    # What only looks like one is not passed on.
    strange = ValueError()
    strange.sqlstate = ["23505"]  # type: ignore[attr-defined]
    assert "sqlstate" not in logs.describe(strange)


def test_of_libraries_only_the_source_is_told(logged: io.StringIO) -> None:
    library = logging.getLogger("nio.client")
    try:
        raise ValueError(NAME)
    except ValueError:
        library.exception("Something about %s", NAME)
    library.warning("Something about %s", NAME, extra={"user": NAME}, stack_info=True)
    library.info("Not from warning on: %s", NAME)
    first, second = lines(logged)
    assert NAME not in logged.getvalue()
    assert (first["event"], first["library"], first["error"]) == ("library_message", "nio.client", "ValueError")
    assert second.keys() == {"at", "level", "event", "library"}


def test_every_package_that_speaks_is_heard(logged: io.StringIO) -> None:
    for package in logs.PACKAGES:
        logs.get(f"{package}.somewhere").debug("heard")
    assert len(lines(logged)) == len(logs.PACKAGES)


def test_levels_are_obeyed() -> None:
    written = io.StringIO()
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", *logs.PACKAGES)}
    try:
        logs.configure("warning", written)
        logs.get("core.x").info("quiet")
        logs.get("core.x").warning("loud", outbox_id=UUID(int=1))
    finally:
        root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    assert [line["event"] for line in lines(written)] == ["loud"]
