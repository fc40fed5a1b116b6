"""Who may know of what happened to reviews: whoever `safety_plans.service.Reviews.due` tells of them."""

from __future__ import annotations

from cases.news import Standing


def may_know(standing: Standing) -> bool:
    """Whether somebody with this standing in a case may know of its reviews."""
    return standing.open and standing.in_core
