"""Calendar files as courts and lawyers send them; everybody in them is invented."""

from __future__ import annotations


def entry(uid: str, *lines: str, at: str = "DTSTART;TZID=Europe/Belgrade:20310514T093000") -> str:
    """Return one entry; without `at` it has no beginning."""
    return "\r\n".join(filter(None, ["BEGIN:VEVENT", f"UID:{uid}", at, *lines, "END:VEVENT"]))


def calendar(*entries: str, method: str = "") -> bytes:
    """Return a file of one calendar."""
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}" if method else ""]
    return ("\r\n".join(filter(None, [*head, *entries, "END:VCALENDAR"])) + "\r\n").encode()
