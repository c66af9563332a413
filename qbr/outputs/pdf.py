"""A review as a PDF: text and tables alone, with the fonts that stand beside this module. Pure.

``fpdf`` and its fonts are loaded when the first file is made, not when a web process starts.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from csm_portal.ports.documents import Block, Bullets, Callout, Heading, Paragraph, Table, Text, plain
from qbr.outputs import fitting
from qbr.outputs.handout import Handout, Shape, kept_together

MEDIA_TYPE: Final = "application/pdf"

_FONTS: Final = Path(__file__).parent / "fonts"
# The first and last code points that each further font is loaded for.
_SCRIPTS: Final = {
    "NotoSansHebrew": ((0x0590, 0x05FF),),
    "NotoSansArabic": ((0x0600, 0x06FF), (0x0750, 0x077F)),
    "NotoSansDevanagari": ((0x0900, 0x097F),),
    "NotoSansThai": ((0x0E00, 0x0E7F),),
    "DroidSansFallback": ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFFEF)),
}
_INK, _MUTED, _ACCENT = (30, 34, 42), (96, 104, 118), (37, 78, 140)
_RULE, _STRIPE = (208, 213, 221), (246, 247, 250)
_WARNING, _INFO = (253, 243, 220), (233, 240, 250)
_MARGIN: Final = 20.0
_SIZE: Final = 10.5
_CELL_SIDES: Final = 4.2
# A brief that does not fit its page is written smaller, then without its tables.
_BRIEF_SIZES: Final = (9.5, 8.5, 8.0)
# Scripts whose letters change beside each other, or run from the right.
_SHAPED: Final = frozenset({"NotoSansHebrew", "NotoSansArabic", "NotoSansDevanagari", "NotoSansThai"})


def render(handout: Handout, *, now: datetime) -> bytes:
    """Return the file. The same handout and moment give the same bytes."""
    ways = _ways_to_fit(handout) if handout.shape is Shape.BRIEF else [(handout, _SIZE)]
    for shorter, size in ways:
        body, pages = _written(shorter, size=size, now=now)
        if pages == 1:
            break
    return body


def _ways_to_fit(handout: Handout) -> Iterator[tuple[Handout, float]]:
    yield from ((handout, size) for size in _BRIEF_SIZES)
    bare = tuple(block for block in handout.document.blocks if not isinstance(block, Table))
    without_tables = replace(handout, document=replace(handout.document, blocks=bare))
    yield from ((without_tables, size) for size in _BRIEF_SIZES)


def _written(handout: Handout, *, size: float, now: datetime) -> tuple[bytes, int]:
    """Return the file and the number of its pages."""
    page = _Page(handout, size=size, now=now)
    page.title()
    for block in handout.document.blocks:
        page.block(block)
    page.stamp()
    body = bytes(page.pdf.output())
    # A font reads its letters from its file until the last page is written.
    for font in page.pdf.fonts.values():
        font.close()
    return body, page.pdf.pages_count


class _Page:
    """A pen on pages that break by themselves."""

    def __init__(self, handout: Handout, *, size: float, now: datetime) -> None:
        self.handout = handout
        self.size = size
        self.pdf = _document_class()(handout)
        self.pdf.set_creation_date(now)
        self.pdf.set_title(f"{handout.title}: {handout.account_name}, {handout.quarter}")
        self.pdf.set_author(handout.company)
        self.pdf.set_lang("en")
        self._load_fonts()
        self.pdf.set_margins(_MARGIN, 18, _MARGIN)
        self.pdf.set_auto_page_break(True, margin=22)
        self.pdf.add_page()

    def title(self) -> None:
        pdf, handout = self.pdf, self.handout
        pdf.set_fill_color(*_ACCENT)
        pdf.rect(0, 0, pdf.w, 4, style="F")
        pdf.set_text_color(*_MUTED)
        self._write(handout.title, size=11)
        pdf.set_text_color(*_INK)
        self._write(handout.account_name, size=22, style="B", leading=1.25)
        pdf.set_text_color(*_MUTED)
        meta = (handout.quarter, handout.period, handout.company)
        self._write(" · ".join(part for part in meta if part), size=10)
        pdf.ln(4)

    def block(self, block: Block) -> None:
        pdf = self.pdf
        pdf.set_text_color(*_INK)
        match block:
            case Heading():
                self._heading(block)
            case Paragraph():
                self._write(plain(block.spans))
                pdf.ln(1.8)
            case Bullets():
                for item in block.items:
                    self._bullet(item)
                pdf.ln(1.2)
            case Callout():
                pdf.set_fill_color(*(_WARNING if block.tone == "warning" else _INFO))
                self._write(plain(block.spans), fill=True, padding=(2, 3))
                pdf.ln(2.4)
            case Table():
                self._table(block)
                pdf.ln(3)

    def stamp(self) -> None:
        pdf = self.pdf
        pdf.ln(2)
        if pdf.will_page_break(14):
            pdf.add_page()
        pdf.set_draw_color(*_RULE)
        pdf.line(_MARGIN, pdf.get_y(), pdf.w - _MARGIN, pdf.get_y())
        pdf.ln(2)
        pdf.set_text_color(*_MUTED)
        self._write(self.handout.stamp, size=8)

    def _heading(self, heading: Heading) -> None:
        pdf, is_main = self.pdf, heading.level <= 2
        size = (self.size + 4) if is_main else (self.size + 1)
        pdf.ln(2.5 if self.handout.shape is Shape.BRIEF else 4)
        # A heading never stands alone at the foot of a page.
        if pdf.will_page_break(34 if is_main else 26):
            pdf.add_page()
        pdf.set_text_color(*(_ACCENT if is_main else _INK))
        pdf.start_section(heading.text, level=0 if is_main else 1, strict=False)
        self._write(heading.text, size=size, style="B")
        pdf.ln(1.2)

    def _bullet(self, item: Text) -> None:
        pdf = self.pdf
        height = self._leading(self.size)
        if pdf.will_page_break(height):
            pdf.add_page()
        pdf.set_font(size=self.size, style="")
        pdf.set_x(_MARGIN)
        pdf.cell(5, height, "•")
        # What wraps goes on under the words, not under the bullet.
        pdf.set_left_margin(_MARGIN + 5)
        self._write(plain(item))
        pdf.set_left_margin(_MARGIN)
        pdf.ln(0.8)

    def _table(self, table: Table) -> None:
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        pdf, size = self.pdf, self.size - 1
        pdf.set_font(size=size, style="")
        pdf.set_draw_color(*_RULE)
        pdf.set_x(_MARGIN)
        head = FontFace(emphasis="BOLD", color=_MUTED, fill_color=_STRIPE)
        # A fill that a box left behind would colour every cell.
        pdf.set_fill_color(255, 255, 255)
        widths = self._widths(table)
        with pdf.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=widths,
            headings_style=head,
            line_height=self._leading(size),
            padding=(1.1, 1.8),
            text_align="LEFT",
            width=pdf.epw,
        ) as drawn:
            drawn.row(table.header)
            for row in table.rows:
                drawn.row([plain(cell) for cell in row])

    def _widths(self, table: Table) -> tuple[float, ...]:
        """Return the widths of the columns: what fits on one line keeps it, what is longer shares the rest."""
        pdf = self.pdf
        columns = [[name, *(plain(row[at]) for row in table.rows)] for at, name in enumerate(table.header)]
        needed = [
            [pdf.get_string_width(words) * 1.06 + _CELL_SIDES for words in column] for column in columns
        ]
        return fitting.columns(needed, room=pdf.epw)

    def _write(
        self,
        words: str,
        *,
        size: float | None = None,
        style: str = "",
        leading: float = 1.0,
        fill: bool = False,
        padding: tuple[float, float] = (0, 0),
    ) -> None:
        size = size or self.size
        self.pdf.set_font(size=size, style=style)
        self.pdf.multi_cell(
            0,
            self._leading(size) * leading,
            kept_together(words),
            align="R" if _reads_from_the_right(words) else "L",
            fill=fill,
            padding=padding,
            new_x="LMARGIN",
            new_y="NEXT",
        )

    def _leading(self, size: float) -> float:
        """Return the height of a line in mm: 1.4 of the letters' size in points."""
        return size * 0.3528 * 1.4

    def _load_fonts(self) -> None:
        pdf = self.pdf
        pdf.add_font("NotoSans", "", _FONTS / "NotoSans-Regular.ttf")
        pdf.add_font("NotoSans", "B", _FONTS / "NotoSans-Bold.ttf")
        needed = _further_fonts(_letters(self.handout))
        for name in needed:
            pdf.add_font(name, "", _FONTS / f"{name}-Regular.ttf")
        pdf.set_fallback_fonts(needed, exact_match=False)
        pdf.set_font("NotoSans", size=self.size)
        pdf.set_text_shaping(not _SHAPED.isdisjoint(needed))


@cache
def _document_class() -> Any:
    from fpdf import FPDF

    class _Document(FPDF):  # type: ignore[misc]
        def __init__(self, handout: Handout) -> None:
            super().__init__(format="A4", unit="mm")
            self._handout = handout
            self.alias_nb_pages("{pages}")

        def footer(self) -> None:
            self.set_y(-15)
            self.set_font(size=8, style="")
            self.set_text_color(*_MUTED)
            self.set_x(_MARGIN)
            left = " · ".join(
                part
                for part in (self._handout.account_name, self._handout.quarter, self._handout.notice)
                if part
            )
            self.cell(self.epw - 25, 6, _shortened(self, left, self.epw - 27))
            self.set_x(self.w - _MARGIN - 10)
            self.cell(10, 6, f"{self.page_no()} / {{pages}}")

    return _Document


def _shortened(pdf: Any, words: str, width: float) -> str:
    """Cut a line that is wider than its place."""
    if pdf.get_string_width(words) <= width:
        return words
    while words and pdf.get_string_width(words + "…") > width:
        words = words[:-1]
    return words + "…"


def _further_fonts(letters: frozenset[str]) -> list[str]:
    codes = sorted(map(ord, letters))
    return [
        name
        for name, ranges in _SCRIPTS.items()
        if any(first <= code <= last for code in codes for first, last in ranges)
    ]


def _letters(handout: Handout) -> frozenset[str]:
    meta = (handout.account_name, handout.quarter, handout.company, handout.period, handout.stamp)
    return frozenset("".join((*meta, *handout.document.plain_lines())))


def _reads_from_the_right(words: str) -> bool:
    first = next((way for char in words if (way := unicodedata.bidirectional(char)) in {"L", "R", "AL"}), "L")
    return first != "L"
