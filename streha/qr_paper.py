"""What travels on paper or by a camera: a QR code beside the same words, at the terminal and as a page to print.

Owns the page and the code (segno). What stands in it is whoever's paper it is. The page names no person in its
title, loads nothing and runs nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape

import segno

_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>Streha</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body {{ font: 12pt/1.4 sans-serif; max-width: 40em; margin: 2em auto }} pre {{ font: 12pt/1.5 monospace }}
svg {{ width: 70mm; height: 70mm }}</style>
<h1>{heading}</h1>
{paragraphs}
{code}
<pre>{rows}</pre>
</html>
"""
_SHEETS = """<!doctype html>
<html><meta charset="utf-8"><title>1</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>section {{ font: 11pt/1.4 sans-serif; max-width: 40em; margin: 2em auto; break-after: page }}
pre {{ font: 12pt/1.5 monospace }} svg {{ width: 70mm; height: 70mm }}</style>
{sheets}
</html>
"""
_SHEET = """<section><p>{number}</p>
{paragraphs}
{code}
<pre>{rows}</pre></section>"""


def at_terminal(text: str) -> str:
    """Return a QR code drawn with characters."""
    drawn = io.StringIO()
    segno.make_qr(text).terminal(drawn, compact=True)
    return drawn.getvalue()


def page(heading: str, paragraphs: Sequence[str], rows: Sequence[str], text: str, language: str) -> bytes:
    """Return a page to print: what it is, what to do with it, the code, and the same in words."""
    return _PAGE.format(
        language=escape(language),
        heading=escape(heading),
        paragraphs="\n".join(f"<p>{escape(each)}</p>" for each in paragraphs),
        code=segno.make_qr(text).svg_inline(omitsize=True),
        rows=escape("\n".join(rows)),
    ).encode()


def sheets(of: Sequence[tuple[Sequence[str], Sequence[str], str]]) -> bytes:
    """Return a page of numbered sheets to print: what to do, the code, and the same to type. No word says what of."""
    return _SHEETS.format(
        sheets="\n".join(
            _SHEET.format(
                number=number,
                paragraphs="\n".join(f"<p>{escape(each)}</p>" for each in paragraphs),
                code=segno.make_qr(text).svg_inline(omitsize=True),
                rows=escape("\n".join(rows)),
            )
            for number, (paragraphs, rows, text) in enumerate(of, start=1)
        )
    ).encode()
