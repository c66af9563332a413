"""What stands on each slide of a review: cut so that nothing runs over its slide. Pure, and knows no file format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from csm_portal.ports.documents import Bullets, Callout, Heading, Paragraph, Table, Text, plain
from qbr.outputs import fitting
from qbr.outputs.handout import Chapter, Handout, kept_together

AFTER: Final = 8.0
CELL_SIDES, CELL_ENDS = 15.0, 8.0
GAP: Final = 14.0
TEXT_SIZES: Final = (20.0, 18.0, 16.0)
TABLE_SIZES: Final = (14.0, 12.0)
_BULLET_INDENT: Final = 22.0
# A cell that alone would fill a slide is cut; the whole text is in the other formats.
_CELL_LINES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One paragraph or bullet, and the ids of the facts whose figures it shows."""

    words: str
    is_bullet: bool = False
    is_note: bool = False
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table, or some of its rows: the words of its cells, widths and heights in points."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    heights: tuple[float, ...]
    size: float
    facts: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        return sum(self.heights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """Lines, and under them a table, in a body of a known size."""

    title: str
    lines: tuple[Line, ...] = ()
    size: float = TEXT_SIZES[0]
    text_height: float = 0
    grid: Grid | None = None

    @property
    def facts(self) -> tuple[str, ...]:
        """Return the ids of the facts that it shows, each once."""
        shown = [fact for line in self.lines for fact in line.facts]
        return tuple(dict.fromkeys((*shown, *(self.grid.facts if self.grid else ()))))


def of(handout: Handout, *, width: float, height: float) -> list[Slide]:
    """Return the slides after the title slide, for a body of ``width`` by ``height`` points."""
    found: list[Slide] = []
    for chapter in handout.chapters():
        found += _numbered(list(_chapter(chapter, width, height)))
    return found


def _numbered(slides: list[Slide]) -> list[Slide]:
    if len(slides) < 2:
        return slides
    return [
        replace(slide, title=f"{slide.title} ({number} of {len(slides)})")
        for number, slide in enumerate(slides, 1)
    ]


def _chapter(chapter: Chapter, width: float, height: float) -> Iterator[Slide]:
    waiting: list[Line] = []
    for block in chapter.blocks:
        match block:
            case Table():
                yield from _with_table(chapter.heading, waiting, block, width, height)
                waiting = []
            case Paragraph():
                waiting.append(_line(block.spans))
            case Callout():
                waiting.append(_line(block.spans, is_note=True))
            case Bullets():
                waiting += [_line(item, is_bullet=True) for item in block.items]
            case Heading():
                waiting.append(Line(words=block.text))
    yield from _texts(chapter.heading, waiting, width, height)


def _with_table(
    title: str, lines: Sequence[Line], table: Table, width: float, height: float
) -> Iterator[Slide]:
    """Yield one slide with the text above the table where both fit, else the text first and then the table."""
    size = TEXT_SIZES[1]
    text = sum(_height(line, size, width) for line in lines)
    for table_size in TABLE_SIZES:
        grid = _grid(table, table_size, width)
        if text + (GAP if lines else 0) + grid.height <= height:
            yield Slide(title=title, lines=tuple(lines), size=size, text_height=text, grid=grid)
            return
    yield from _texts(title, lines, width, height)
    yield from (
        Slide(title=title, grid=grid) for grid in _split(_grid(table, TABLE_SIZES[-1], width), height)
    )


def _texts(title: str, lines: Sequence[Line], width: float, height: float) -> Iterator[Slide]:
    if not lines:
        return
    for size in TEXT_SIZES:
        total = sum(_height(line, size, width) for line in lines)
        if total <= height:
            yield Slide(title=title, lines=tuple(lines), size=size, text_height=total)
            return
    size, taken, held = TEXT_SIZES[-1], 0.0, list[Line]()
    most = int((height - AFTER) // (size * fitting.LEADING))
    for line in [part for whole in lines for part in _cut(whole, size, width, most)]:
        needed = _height(line, size, width)
        if held and taken + needed > height:
            yield Slide(title=title, lines=tuple(held), size=size, text_height=taken)
            taken, held = 0.0, []
        held.append(line)
        taken += needed
    yield Slide(title=title, lines=tuple(held), size=size, text_height=taken)


def _cut(line: Line, size: float, width: float, lines: int) -> Iterator[Line]:
    room = width - (_BULLET_INDENT if line.is_bullet else 0)
    for number, words in enumerate(fitting.pieces(line.words, size=size, width=room, lines=lines)):
        yield replace(line, words=words, is_bullet=line.is_bullet and not number)


def _height(line: Line, size: float, width: float) -> float:
    room = width - (_BULLET_INDENT if line.is_bullet else 0)
    return fitting.height(line.words, size=size, width=room, after=AFTER)


def _grid(table: Table, size: float, width: float) -> Grid:
    rows = [tuple(plain(cell) for cell in row) for row in table.rows]
    widths = _widths([table.header, *rows], size, width)
    most = [
        tuple(_shortened(words, size, room) for words, room in zip(row, widths, strict=True)) for row in rows
    ]
    heights = [
        max(
            fitting.height(words, size=size, width=room - CELL_SIDES, after=CELL_ENDS)
            for words, room in zip(row, widths, strict=True)
        )
        for row in (table.header, *most)
    ]
    return Grid(
        header=table.header,
        rows=tuple(most),
        widths=widths,
        heights=tuple(heights),
        size=size,
        facts=tuple(span.fact for row in table.rows for cell in row for span in cell if span.fact),
    )


def _shortened(words: str, size: float, width: float) -> str:
    found = list(fitting.pieces(words, size=size, width=width - CELL_SIDES, lines=_CELL_LINES))
    return words if len(found) < 2 else f"{found[0].rstrip('.,;: ')[:-1]}…"


def _split(grid: Grid, height: float) -> Iterator[Grid]:
    head, *below = grid.heights
    taken, first = head, 0
    for at, needed in enumerate(below):
        if at > first and taken + needed > height:
            yield replace(grid, rows=grid.rows[first:at], heights=(head, *below[first:at]))
            taken, first = head, at
        taken += needed
    yield replace(grid, rows=grid.rows[first:], heights=(head, *below[first:]))


def _widths(rows: Sequence[Sequence[str]], size: float, room: float) -> tuple[float, ...]:
    needed = [
        [fitting.width(words, size=size) + CELL_SIDES + 1 for words in column]
        for column in zip(*rows, strict=True)
    ]
    return fitting.columns(needed, room=room)


def _line(text: Text, *, is_bullet: bool = False, is_note: bool = False) -> Line:
    return Line(
        words=kept_together(plain(text)),
        is_bullet=is_bullet,
        is_note=is_note,
        facts=tuple(span.fact for span in text if span.fact),
    )
