"""A document as Notion blocks, and Notion blocks as the document's words again (SPEC 2.4, 2.6).

Notion limits each text item, each list and each request. A text or table that is too large for one block
goes on in the next one, in a way that can be told when it is read back: ``lines`` of what was published
equals ``Document.plain_lines`` of what was approved.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from csm_portal.integrations.notion import atoms
from csm_portal.ports.documents import Block, Bullets, Callout, Document, Heading, Paragraph, Table, plain
from csm_portal.ports.errors import PortError, Trouble

NotionBlock: TypeAlias = dict[str, Any]

UNITS_AN_ITEM = 2_000
BLOCKS_A_CALL = 100
BLOCKS_A_REQUEST = 1_000
# 500 KB a request, less what the properties of a new page and the frame around the blocks take.
BYTES_A_REQUEST = 440_000
"""Also of a table with all its rows, which cannot be cut by ``batch``."""
TABLE_ROWS = 100
TABLE_COLUMNS = 100
# At most six bytes a UTF-16 unit in JSON, so that a block of this size fits a request whatever it says.
UNITS_A_BLOCK = 60_000

_TONES = {"info": ("💡", "blue_background"), "warning": ("⚠️", "yellow_background")}


def render_qbr_blocks(document: Document) -> list[NotionBlock]:
    """Return every block of a document, in order; ``batch`` cuts the list into calls.

    Raises PortError where a table is too wide for Notion.
    """
    return [rendered for block in document.blocks for rendered in _render(block)]


def batch(blocks: Sequence[NotionBlock]) -> list[NotionBlock]:
    """Return as many of the first blocks as one call takes: 100, 1,000 with their children, 500 KB."""
    return _first_that_fit(blocks, at_most=BLOCKS_A_CALL)


def rich_text(text: str) -> list[dict[str, Any]]:
    """Return a text as rich text items of at most 2,000 UTF-16 units, no character cut in two."""
    return [{"type": "text", "text": {"content": piece}} for piece in _pieces(text, UNITS_AN_ITEM)]


def lines(blocks: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the words of a page's blocks, a line as in ``Document.plain_lines``.

    A table carries its rows, a block inside another stands in the ``children`` of its content. A block that
    a document cannot hold (a picture that somebody added) becomes a line in brackets, so that it counts
    as a difference.
    """
    found: list[str] = []
    unfinished: str | None = None
    for kind, content in _with_whole_tables(blocks):
        if kind == "table":
            found += _row_lines(content)
            unfinished = None
        elif "rich_text" in content:
            words = atoms.plain_text(content["rich_text"])
            if unfinished == kind:
                found[-1] += words
            else:
                found.append(words)
            unfinished = kind if _is_full(words, UNITS_A_BLOCK) else None
        else:
            found.append(f"[{kind}]")
            unfinished = None
        if kind != "table" and content.get("children"):
            found += lines(content["children"])
            unfinished = None
    return found


def fingerprint(block: Mapping[str, Any]) -> str:
    """Return a SHA-256 (hex) of all that a reader sees of a block: kind, words, formatting, and what it holds.

    Ids, times and addresses that Notion signs anew each hour are left out, and so is how the words are cut into
    items. A table carries its rows, a block inside another stands in the ``children`` of its content.
    """
    canonical = json.dumps(_seen(block), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


_APPEARANCE = ("color", "checked", "language", "title", "expression", "url", "is_toggleable", "has_column_header", "has_row_header")  # fmt: skip


def _seen(block: Mapping[str, Any]) -> list[Any]:
    kind = str(block.get("type"))
    held = block.get(kind)
    content = held if isinstance(held, Mapping) else {}
    icon = content.get("icon")
    appearance = {
        name: content[name] for name in _APPEARANCE if content.get(name) not in (None, False, "default")
    }
    return [
        kind,
        appearance,
        icon.get("emoji") if isinstance(icon, Mapping) else None,
        [_runs(content.get(name)) for name in ("rich_text", "caption")],
        [_runs(cell) for cell in content.get("cells") or ()],
        [_seen(child) for child in content.get("children") or ()],
    ]


def _runs(items: object) -> list[tuple[str, Any]]:
    """Return words with their formatting, neighbours of the same formatting as one."""
    runs: list[tuple[str, Any]] = []
    for item in items if isinstance(items, list) else ():
        marks = item.get("annotations") or {}
        shown = {name: value for name, value in marks.items() if value not in (False, None, "default")}
        look = [item.get("type"), item.get("href"), shown]
        words = atoms.plain_text([item])
        if runs and runs[-1][1] == look:
            runs[-1] = (runs[-1][0] + words, look)
        else:
            runs.append((words, look))
    return runs


def _render(block: Block) -> Iterator[NotionBlock]:
    match block:
        case Heading():
            yield from _texts(f"heading_{block.level}", block.text)
        case Paragraph():
            yield from _texts("paragraph", plain(block.spans))
        case Bullets():
            for item in block.items:
                yield from _texts("bulleted_list_item", plain(item))
        case Callout():
            icon, color = _TONES[block.tone]
            yield from _texts(
                "callout", plain(block.spans), icon={"type": "emoji", "emoji": icon}, color=color
            )
        case Table():
            yield from _tables(block)


def _texts(kind: str, text: str, **appearance: Any) -> Iterator[NotionBlock]:
    for part in _parts(text, UNITS_A_BLOCK):
        yield {"object": "block", "type": kind, kind: {"rich_text": rich_text(part), **appearance}}


def _tables(table: Table) -> Iterator[NotionBlock]:
    texts = [list(table.header), *([plain(cell) for cell in row] for row in table.rows)]
    width = max(1, max(len(row) for row in texts))
    if width > TABLE_COLUMNS:
        raise PortError(
            f"A table with {width} columns cannot be published: Notion takes {TABLE_COLUMNS}. Make it narrower.",
            trouble=Trouble.INVALID,
            permanent=True,
        )
    rows = [_row(cells) for row in texts for cells in _row_parts(row, width)]
    is_first = True
    while rows:
        part = _first_that_fit(rows, at_most=TABLE_ROWS)
        rows = rows[len(part) :]
        yield {
            "object": "block",
            "type": "table",
            "table": {
                "table_width": width,
                # Only the first part has a header: this is how a part that continues it is told from a new table.
                "has_column_header": is_first,
                "has_row_header": False,
                "children": part,
            },
        }
        is_first = False


def _row_parts(row: list[str], width: int) -> Iterator[list[str]]:
    """Yield a row and, while a cell is longer than a cell may be, the rows that continue it."""
    parts = [_parts(cell, _units_a_cell(width)) for cell in row] + [[""]] * (width - len(row))
    for place in range(max(len(part) for part in parts)):
        yield [part[place] if place < len(part) else "" for part in parts]


def _row(cells: list[str]) -> NotionBlock:
    return {
        "object": "block",
        "type": "table_row",
        "table_row": {"cells": [rich_text(cell) for cell in cells]},
    }


def _with_whole_tables(blocks: Iterable[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return type and content of each block, a table and the parts that continue it as one."""
    whole: list[tuple[str, dict[str, Any]]] = []
    for block in blocks:
        kind = str(block.get("type"))
        held = block.get(kind)
        content = dict(held) if isinstance(held, dict) else {}
        is_continuation = kind == "table" and not content.get("has_column_header")
        if is_continuation and whole and whole[-1][0] == "table":
            before = whole[-1][1]
            before["children"] = [*(before.get("children") or ()), *(content.get("children") or ())]
        else:
            whole.append((kind, content))
    return whole


def _row_lines(table: Mapping[str, Any]) -> list[str]:
    joined: list[list[str]] = []
    limit = _units_a_cell(max(1, int(table.get("table_width") or 1)))
    is_unfinished = False
    for row in table.get("children") or ():
        held = row.get("table_row") or {}
        cells = [atoms.plain_text(cell) for cell in held.get("cells") or ()]
        if is_unfinished:
            joined[-1] = [before + after for before, after in zip(joined[-1], cells, strict=False)]
        else:
            joined.append(cells)
        is_unfinished = any(_is_full(cell, limit) for cell in cells)
    return [" | ".join(cells) for cells in joined]


def _first_that_fit(blocks: Sequence[NotionBlock], *, at_most: int) -> list[NotionBlock]:
    taken: list[NotionBlock] = []
    count = size = 0
    for block in blocks[:at_most]:
        count += 1 + len(block.get("table", {}).get("children", ()))
        size += len(json.dumps(block, ensure_ascii=False, separators=(",", ":")).encode()) + 1
        if taken and (count > BLOCKS_A_REQUEST or size > BYTES_A_REQUEST):
            break
        taken.append(block)
    return taken


def _units_a_cell(width: int) -> int:
    return UNITS_A_BLOCK // width


def _parts(text: str, limit: int) -> list[str]:
    """Cut a text for several blocks, so that a part is followed by another if and only if it is full.

    Full is ``limit`` units, or one less where a character of two units stood at the cut. A text that ends
    with a full part is followed by an empty one.
    """
    pieces = _pieces(text, limit) or [""]
    return [*pieces, ""] if _is_full(pieces[-1], limit) else pieces


def _pieces(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most ``limit`` (2 or more) UTF-16 units without cutting a character."""
    if _units(text) == len(text):
        return [text[start : start + limit] for start in range(0, len(text), limit)]
    pieces: list[str] = []
    start = units = 0
    for place, character in enumerate(text):
        width = 2 if ord(character) > 0xFFFF else 1
        if units + width > limit:
            pieces.append(text[start:place])
            start, units = place, 0
        units += width
    return [*pieces, text[start:]] if text else []


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_full(text: str, limit: int) -> bool:
    return _units(text) >= limit - 1
