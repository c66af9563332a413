"""A review as slides, made from a template: native text and tables that people can go on working with. Pure."""

import io
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

from qbr.outputs import fitting, slides, template
from qbr.outputs.handout import Handout
from qbr.outputs.slides import Grid, Line, Slide

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"

_POINT: Final = 12_700
# What a text box keeps free at each side, in points.
_SIDES, _ENDS = 14.4, 7.2


def render(handout: Handout, *, now: datetime, file: bytes | None = None) -> bytes:
    """Return the file, made from a company's template or from the portal's own. Raises template.Unreadable."""
    layouts = template.opened(file)
    deck = layouts.presentation
    _title(deck, layouts.title, handout)
    left, top, width, height = _body(layouts.content)
    for slide in slides.of(handout, width=width - _SIDES, height=height - _ENDS):
        _slide(deck, layouts.content, slide, handout, (left, top, width, height))
    about = deck.core_properties
    about.title = f"{handout.title}: {handout.account_name}, {handout.quarter}"
    about.author, about.last_modified_by = handout.company, ""
    about.comments, about.subject, about.keywords = handout.stamp, "", ""
    about.created = about.modified = now.replace(tzinfo=None)
    held = io.BytesIO()
    deck.save(held)
    return held.getvalue()


def _title(deck: Any, layout: Any, handout: Handout) -> None:
    slide = deck.slides.add_slide(layout)
    meta = " · ".join(part for part in (handout.quarter, handout.period, handout.company) if part)
    under = [handout.title, meta, *([handout.notice] if handout.notice else [])]
    for shape in list(slide.placeholders):
        kind = shape.placeholder_format.type.name
        if kind in {"TITLE", "CENTER_TITLE"}:
            size = _size(handout.account_name, width=shape.width / _POINT - _SIDES)
            _fill(shape, [(handout.account_name, size)])
        elif kind == "SUBTITLE":
            _fill(shape, [(words, 18) for words in under])
        else:
            shape.element.getparent().remove(shape.element)
    _footer(slide, layout, handout.stamp)
    _notes(slide, [handout.stamp])


def _slide(
    deck: Any, layout: Any, made: Slide, handout: Handout, body: tuple[float, float, float, float]
) -> None:
    left, top, width, _ = body
    slide = deck.slides.add_slide(layout)
    holder = None
    for shape in list(slide.placeholders):
        kind = shape.placeholder_format.type.name
        if kind == "TITLE":
            _fill(shape, [(made.title, 0)])
        elif kind in {"OBJECT", "BODY"} and holder is None and made.lines:
            holder = shape
        else:
            # An empty box would show its prompt to whoever opens the file.
            shape.element.getparent().remove(shape.element)
    if holder is not None:
        _lines(holder, made)
        if made.grid is not None:
            _frame(holder, left, top, width, made.text_height + _ENDS)
    if made.grid is not None:
        offset = made.text_height + _ENDS + slides.GAP - slides.AFTER if made.lines else 0
        _grid(slide, made.grid, left + _SIDES / 2, top + offset)
    line = " · ".join(p for p in (handout.account_name, handout.quarter, handout.notice) if p)
    _footer(slide, layout, line)
    _notes(slide, [handout.sources[fact] for fact in made.facts if fact in handout.sources])


def _lines(shape: Any, made: Slide) -> None:
    frame = shape.text_frame
    frame.word_wrap = True
    for number, line in enumerate(made.lines):
        paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
        _paragraph(paragraph, line, made.size)


def _paragraph(paragraph: Any, line: Line, size: float) -> None:
    from pptx.oxml.ns import qn
    from pptx.util import Pt

    run = paragraph.add_run()
    run.text = line.words
    run.font.size = Pt(size)
    run.font.italic = True if line.is_note else None
    paragraph.space_before, paragraph.space_after = Pt(0), Pt(slides.AFTER)
    paragraph.line_spacing = 1.0
    looks = paragraph._p.get_or_add_pPr()
    indent = 18 * _POINT if line.is_bullet else 0
    looks.set("marL", str(indent))
    looks.set("indent", str(-indent))
    mark = looks.makeelement(qn("a:buChar" if line.is_bullet else "a:buNone"), {})
    if line.is_bullet:
        mark.set("char", "•")
    looks.append(mark)


def _grid(slide: Any, grid: Grid, left: float, top: float) -> None:
    from pptx.util import Pt

    shape = slide.shapes.add_table(
        len(grid.rows) + 1, len(grid.header), Pt(left), Pt(top), Pt(sum(grid.widths)), Pt(grid.height)
    )
    table = shape.table
    for at, width in enumerate(grid.widths):
        table.columns[at].width = Pt(width)
    for number, (row, height) in enumerate(zip((grid.header, *grid.rows), grid.heights, strict=True)):
        table.rows[number].height = Pt(height)
        for at, words in enumerate(row):
            cell = table.cell(number, at)
            cell.margin_top = cell.margin_bottom = Pt(slides.CELL_ENDS / 2)
            run = cell.text_frame.paragraphs[0].add_run()
            run.text = words
            run.font.size = Pt(grid.size)


def _fill(shape: Any, lines: list[tuple[str, int]]) -> None:
    from pptx.util import Pt

    frame = shape.text_frame
    for number, (words, size) in enumerate(lines):
        paragraph = frame.paragraphs[0] if not number else frame.add_paragraph()
        run = paragraph.add_run()
        run.text = words
        if size:
            run.font.size = Pt(size)


def _size(name: str, *, width: float) -> int:
    """Return how large a name is written so that it takes two lines at most."""
    return next((size for size in (36, 28, 22) if fitting.line_count(name, size=size, width=width) <= 2), 16)


def _footer(slide: Any, layout: Any, words: str) -> None:
    """Fill the template's own footer and slide number; a template without a footer gets none."""
    for shape in layout.placeholders:
        kind = shape.placeholder_format.type.name
        if kind not in {"FOOTER", "SLIDE_NUMBER"}:
            continue
        element = deepcopy(shape.element)
        slide.shapes._spTree.append(element)
        copied = slide.shapes[-1]
        if kind == "FOOTER":
            copied.text_frame.clear()
            _fill(copied, [(words, 9)])


def _notes(slide: Any, lines: list[str]) -> None:
    if lines:
        slide.notes_slide.notes_text_frame.text = "\n".join(lines)


def _body(layout: Any) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the content, in points."""
    shape = next(
        shape for shape in layout.placeholders if shape.placeholder_format.type.name in {"OBJECT", "BODY"}
    )
    return tuple(value / _POINT for value in (shape.left, shape.top, shape.width, shape.height))


def _frame(shape: Any, left: float, top: float, width: float, height: float) -> None:
    from pptx.util import Pt

    shape.left, shape.top, shape.width, shape.height = map(Pt, (left, top, width, height))
