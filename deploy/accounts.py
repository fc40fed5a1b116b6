"""Which account PostgreSQL runs under: it refuses to be root."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

from deploy.errors import StackError
from deploy.process import Account

UNPRIVILEGED = "nobody"


def for_postgres(*paths: Path) -> Account | None:
    """Return the account to change to before using the paths, or None to stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise StackError(
            "This machine has no account named {account}. Add it, or run as an ordinary user.",
            account=UNPRIVILEGED,
        ) from None
    closed = any(not _open_to_others(path) for path in paths)
    return Account(user=entry.pw_uid, group=entry.pw_gid, reach=closed)


def _open_to_others(path: Path) -> bool:
    """Return whether every directory above the path lets any account walk through."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
