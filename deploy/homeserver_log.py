"""How the homeserver logs: when, where and what kind of trouble, never the text of a message.

Its warnings name people and rooms, so only the place in its source is written, which is enough to look the
message up. The homeserver's process loads this class through its logging configuration.
"""

from __future__ import annotations

import logging

from core import logs


class PlaceOnly(logging.Formatter):
    """Writes the time, the level, the place and, for an exception, its class and frames."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line without any of the record's text."""
        line = f"{self.formatTime(record)} {record.levelname} {record.name}:{record.lineno}"
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return line
        described = " ".join(f"{name}={value}" for name, value in logs.describe(error).items())
        return f"{line} {described}"


def configuration(path: str) -> dict[str, object]:
    """Return the logging configuration that writes warnings to the file."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"place": {"()": f"{__name__}.{PlaceOnly.__name__}"}},
        "handlers": {
            "file": {
                "class": "logging.handlers.RotatingFileHandler",
                "formatter": "place",
                "filename": path,
                "maxBytes": 10_000_000,
                "backupCount": 2,
            }
        },
        "root": {"level": "WARNING", "handlers": ["file"]},
    }
