"""The guard around one step with other people's words: whatever it brings about ends with it.

Owns what counts as the step's own failure. The library of the ratchets panics with an exception that is no
ordinary one; it is a failure like any other. A store that cannot be written is nobody's failure but ours: it
passes, and so does the end of the process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from peewee import PeeweeException

# The library's panics have this name and no importable type.
PANIC = "PanicException"


@contextmanager
def alone(failed: Callable[[BaseException], None]) -> Iterator[None]:
    """Run one step; tell `failed` what went wrong with it, and go on."""
    try:
        yield
    except PeeweeException:
        raise
    except Exception as error:  # noqa: BLE001 (a poison event must not take its neighbours along)
        failed(error)
    except BaseException as error:
        if type(error).__name__ != PANIC:
            raise
        failed(error)
