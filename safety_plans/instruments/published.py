"""The instruments that come with Streha, each version as it was published: none of them ever changes.

What is in the files is data; that a file of a published version is still what it was, a test holds against the
fingerprints that were written down when it was published.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from safety_plans.instruments.model import Instrument, Subject
from safety_plans.instruments.reading import read


@cache
def shipped() -> Sequence[Instrument]:
    """Return every version of every one, by name and version."""
    directory = resources.files("safety_plans.instruments.shipped")
    files = [each.read_bytes() for each in directory.iterdir() if each.name.endswith(".toml")]
    return sorted(map(_whole, files), key=lambda each: (each.id, each.version))


def newest(subject: Subject) -> Instrument:
    """Return the newest version of the one that is about such a subject."""
    return max((each for each in shipped() if each.subject is subject), key=lambda each: each.version)


def _whole(data: bytes) -> Instrument:
    found = read(data)
    if found.instrument is None:
        raise ValueError(f"an instrument that was shipped is wrong: {found.problems}")
    return found.instrument
