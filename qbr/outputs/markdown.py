"""A review as Markdown (CommonMark with tables): nothing in it is a link, a picture, HTML or a formula. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from csm_portal.ports.documents import Block, Bullets, Callout, Heading, Paragraph, Table, plain
from qbr.outputs.handout import Handout

MEDIA_TYPE: Final = "text/markdown; charset=utf-8"

# What begins something anywhere in a line. A dollar sign begins a formula for some readers.
_ANYWHERE = re.compile(r"[\\`*_\[\]<>|~$&]")
# What begins something only at the start of a line: headings, lists, rules, tables, front matter.
_AT_START = re.compile(r"^(?:[#+=:-]|\d{1,9}(?=[.)]))")
# Some readers make a link of a bare address; only these may be one. Others lose their colon's meaning.
_SCHEME = re.compile(r"\b(?!https?:|mailto:)([A-Za-z][A-Za-z0-9+.-]{1,30}):(?=\S)")


def render(handout: Handout) -> bytes:
    """Return the file, in UTF-8 with a line end at its end."""
    lines = [f"# {_text(handout.title)}: {_text(handout.account_name)}", ""]
    meta = " · ".join(part for part in (handout.quarter, handout.period, handout.company) if part)
    lines += [_text(meta), ""]
    if handout.notice:
        lines += [f"**{_text(handout.notice)}**", ""]
    for block in handout.document.blocks:
        lines += [*_block(block), ""]
    lines += ["---", "", _line(handout.stamp)]
    return ("\n".join(lines) + "\n").encode()


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'#' * max(block.level, 2)} {_text(block.text)}"
        case Paragraph():
            yield _line(plain(block.spans))
        case Bullets():
            yield from (f"- {_line(plain(item))}" for item in block.items)
        case Callout():
            yield f"> {_line(plain(block.spans))}"
        case Table():
            yield _row(map(_text, block.header))
            yield _row("---" for _ in block.header)
            yield from (_row(_text(plain(cell)) for cell in row) for row in block.rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(words: str) -> str:
    stripped = _text(words).strip()
    found = _AT_START.match(stripped)
    if found is None:
        return stripped
    # Of a number it is the mark behind it that makes a list.
    at = found.end() if found[0][-1].isdigit() else 0
    return f"{stripped[:at]}\\{stripped[at:]}"


def _text(words: str) -> str:
    return _SCHEME.sub(r"\1\\:", _ANYWHERE.sub(r"\\\g<0>", words))
