"""HTML that cannot be broken by what it holds: text is escaped by being text, and only markup is markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """HTML that was made here."""

    __slots__ = ()


Content = str | Iterable["Content"]


def element(name: str, *content: Content, **attributes: str) -> Markup:
    """Return an element. A trailing underscore of an attribute's name is dropped, as in `class_`."""
    given = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{given}>{joined(content)}</{name}>")


def joined(content: Content) -> Markup:
    """Return all of it one after the other."""
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return Markup(escape(content, quote=False))
    return Markup("".join(joined(each) for each in content))


def link(anchor: str, words: str) -> Markup:
    """Return a link to a place of the same page."""
    return element("a", words, href=f"#{anchor}")
