"""Running the `streha` command as a person at a terminal does."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from streha.cli import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the output as JSON."""
        return msgspec.json.decode(self.out)


async def streha(*arguments: object, environment: Mapping[str, str] | None = None, typed: str = "") -> Ran:
    """Run one command in this process, with these variables added to the environment and this piped into it."""
    return await asyncio.to_thread(_run, [str(each) for each in arguments], environment or {}, typed)


def _run(arguments: list[str], environment: Mapping[str, str], typed: str) -> Ran:
    before, typing = dict(os.environ), sys.stdin
    out, err = io.StringIO(), io.StringIO()
    os.environ.update(environment)
    try:
        sys.stdin = io.StringIO(typed)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(arguments)
    finally:
        sys.stdin = typing
        os.environ.clear()
        os.environ.update(before)
    return Ran(code=code, out=out.getvalue(), err=err.getvalue())
