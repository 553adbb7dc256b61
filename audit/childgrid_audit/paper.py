"""A page that is written twice: as Markdown for reading, as HTML for printing.

A page is a list of blocks: headings, paragraphs, tables and lines to fill in by hand.
It holds no scripts, no pictures and no address of anything outside of itself.
The rule: both spellings say the same words, and no text can become markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = (
    "@page{size:A4;margin:20mm}"
    "body{font:11pt/1.45 serif;max-width:46em;margin:2em auto;padding:0 1em;"
    "color:#000;background:#fff}"
    "h1{font-size:1.5em}h2{font-size:1.2em;margin-top:1.6em;break-after:avoid}"
    "table{border-collapse:collapse;width:100%;margin:1em 0}"
    "th,td{border:1px solid #555;padding:.3em .5em;text-align:left;"
    "vertical-align:top;overflow-wrap:break-word}"
    "td.hash{font:9pt monospace;overflow-wrap:anywhere}tr{break-inside:avoid}"
    "table.blanks{table-layout:fixed}table.blanks th{width:38%}"
    ".warning{border:3px solid #000;padding:.6em .8em;font-weight:bold}"
    "table.blanks td{height:2.2em;overflow-wrap:anywhere}code{font:10pt monospace}"
)


@dataclass(frozen=True)
class Heading:
    """A heading of the first or second level."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Text:
    """A paragraph; a warning stands in a box."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a head; a cell that is a hash is set in a narrow letter."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Blanks:
    """Lines to be filled in by hand: label and what is known already, or nothing."""

    lines: Sequence[tuple[str, str]]


Block = Heading | Text | Table | Blanks


def markdown(blocks: Sequence[Block]) -> str:
    """The page as Markdown."""
    return "\n".join(_plain(block) for block in blocks)


def _plain(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_flat(block.text)}\n"
    if isinstance(block, Text):
        return f"> **{_flat(block.text)}**\n" if block.warning else f"{block.text}\n"
    if isinstance(block, Blanks):
        return "".join(
            f"- {_flat(label)}: {_flat(known) or '_' * 40}\n"
            for label, known in block.lines
        )
    return "".join(
        f"| {' | '.join(map(_flat, row))} |\n"
        for row in (block.head, ["---"] * len(block.head), *block.rows)
    )


def _flat(text: str) -> str:
    """One line, in which nothing ends a table's cell."""
    return " ".join(text.split()).replace("|", "\\|")


def html(title: str, blocks: Sequence[Block]) -> str:
    """The page as one HTML file, to be printed."""
    body = "\n".join(_marked(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def _marked(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Text):
        kind = ' class="warning"' if block.warning else ""
        return f"<p{kind}>{_coded(block.text)}</p>"
    if isinstance(block, Blanks):
        rows = "".join(
            f'<tr><th scope="row">{escape(label)}</th><td>{escape(known)}</td></tr>'
            for label, known in block.lines
        )
        return f'<table class="blanks">{rows}</table>'
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in block.head)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in block.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _coded(text: str) -> str:
    """Escaped; what stands between backticks is set as code, as Markdown does."""
    pieces = escape(text).split("`")
    return "".join(
        f"<code>{piece}</code>" if number % 2 else piece
        for number, piece in enumerate(pieces)
    )


def _cell(text: str) -> str:
    kind = ' class="hash"' if len(text) >= 64 and text.isalnum() else ""
    return f"<td{kind}>{escape(text)}</td>"
