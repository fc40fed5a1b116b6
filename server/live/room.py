"""How many streams a process has room for: open files are shared with everybody who raises an alert."""

from __future__ import annotations

import resource


def room_for(streams: int) -> int:
    """Return how many of these streams may be open at once, so that as many files again are free for all else.

    The system's soft limit is raised where its hard limit lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return streams
    wanted = max(soft, 2 * streams)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        # Some systems let nobody change it: then there is room for as many as there was.
        wanted = soft
    return min(streams, wanted // 2)
