"""Markdown, PDF and slides: the same words, nothing that acts, nothing beside its slide."""

import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace

import pptx as reader
import pytest
from lxml import etree
from markdown_it import MarkdownIt
from pptx.util import Inches

from csm_portal.integrations.notion import blocks as notion
from csm_portal.ports.documents import Document, Heading, Paragraph, Span, Table, plain
from qbr.document import Version
from qbr.outputs import fitting, handout, markdown, pdf, pptx, template
from qbr.outputs.handout import Shape
from tests.unit.qbr import paper
from tests.unit.qbr.hostile import samples

ACTS = ("/URI", "/Annots", "/JavaScript", "/JS ", "/OpenAction", "/Launch", "/EmbeddedFile", "/GoToR", "/AA ")


def words_of(slide) -> str:
    texts = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            texts.append(shape.text_frame.text)
        if shape.has_table:
            texts += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(texts).replace("\u00a0", " ")


def all_words(body: bytes) -> str:
    return "\n".join(words_of(slide) for slide in reader.Presentation(io.BytesIO(body)).slides)


def test_hostile_samples_come_out_inert():
    """CHECK 18: fifty samples, each in every kind of block, read back from the bytes."""
    hostile = samples(50)
    assert len(hostile) == 50

    for first in range(0, 50, 10):
        made = paper.saying(*hostile[first : first + 10])
        assert_markdown_is_inert(markdown.render(made))
        assert_pdf_is_inert(pdf.render(made, now=paper.NOW))
        assert_slides_are_inert(pptx.render(made, now=paper.NOW))
        assert_notion_is_inert(notion.render_qbr_blocks(made.document))


def assert_markdown_is_inert(body: bytes) -> None:
    text = body.decode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u202a-\u202e\u2066-\u2069]", text)
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    found = [inner for token in tokens for inner in (token, *(token.children or ()))]
    assert {one.type for one in found} & {
        "link_open",
        "image",
        "html_inline",
        "html_block",
        "fence",
        "code_block",
    } == set()
    assert len([one for one in found if one.type == "table_open"]) == 1
    for scheme in re.findall(r"([A-Za-z][\w+.-]+):(?=\S)", text):
        assert scheme.lower() in {"http", "https", "mailto"}
    assert not re.search(r"(?<!\\)\$", text)
    assert not re.search(r"\| *[=@]", text)


def assert_pdf_is_inert(body: bytes) -> None:
    outside = paper.objects(body)
    assert body.startswith(b"%PDF")
    assert "/Pages" in outside
    assert [name for name in ACTS if name in outside] == []


def assert_slides_are_inert(body: bytes) -> None:
    parts = paper.parts(body)
    assert not any("External" in text for name, text in parts.items() if name.endswith(".rels"))
    slides = [
        text for name, text in parts.items() if re.fullmatch(r"ppt/(slides|notesSlides)/\w+\.xml", name)
    ]
    assert len(slides) > 2
    for text in slides:
        elements = list(etree.fromstring(text.encode()).iter())
        assert len(elements) > 10
        names = {etree.QName(one).localname for one in elements}
        assert (
            names
            & {
                "hlinkClick",
                "hlinkHover",
                "hlinkMouseOver",
                "oleObj",
                "pic",
                "oMath",
                "blip",
                "video",
                "audio",
            }
            == set()
        )
        assert not any(
            etree.QName(name).localname in {"link", "embed"} for one in elements for name in one.attrib
        )
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)
    deck = reader.Presentation(io.BytesIO(body))
    cells = [
        cell.text for slide in deck.slides for shape in slide.shapes if shape.has_table
        for row in shape.table.rows for cell in row.cells
    ]  # fmt: skip
    assert cells
    assert [cell for cell in cells if re.match(r"\s*(?:[=@]|[+-][^\d\s])", cell)] == []


def assert_notion_is_inert(blocks) -> None:
    assert blocks
    kinds = {block["type"] for block in blocks}
    assert kinds <= {
        "heading_1",
        "heading_2",
        "heading_3",
        "paragraph",
        "bulleted_list_item",
        "callout",
        "table",
    }
    told = repr(blocks)
    assert [name for name in ("'link'", "'href'", "'equation'", "'mention'") if name in told] == []


@pytest.mark.parametrize("version", list(Version))
def test_every_format_says_every_word_and_who_approved_it(version):
    made = paper.harbour(version)
    lines = [line for line in made.document.plain_lines() if " | " not in line]

    slides = all_words(pptx.render(made, now=paper.NOW))
    text = re.sub(r"\\(.)", r"\1", markdown.render(made).decode())

    assert len(lines) > 15
    for line in (*lines, paper.STAMP):
        assert line in text
    missing = [line for line in lines if line not in slides and not any(
        line == block.text for block in made.document.blocks if isinstance(block, Heading))]  # fmt: skip
    assert missing == []
    assert paper.STAMP in slides


def test_a_full_review_takes_eight_to_twelve_slides():
    body = pptx.render(paper.harbour(), now=paper.NOW)

    assert 8 <= len(reader.Presentation(io.BytesIO(body)).slides) <= 12


def test_notes_say_where_figures_come_from_and_the_customers_hold_no_internal_fact():
    def notes(version):
        deck = reader.Presentation(io.BytesIO(pptx.render(paper.harbour(version), now=paper.NOW)))
        return "\n".join(
            slide.notes_slide.notes_text_frame.text for slide in deck.slides if slide.has_notes_slide
        )

    assert "Seats used: 1,240 seats (Notion, as of 30 June 2026)" in notes(Version.CUSTOMER)
    assert "Health score" in notes(Version.INTERNAL)
    assert "Health" not in notes(Version.CUSTOMER)


def test_nothing_runs_over_its_slide():
    """A paragraph of 900 words, one word of 3,000 letters, forty rows, a cell of 2,000 letters: all of it stays inside."""
    long = " ".join(f"word{n}" for n in range(900))
    table = Table(
        header=("What", "Figure"),
        rows=tuple(
            ((Span(text=f"row {n}"),), (Span(text="x " * (1000 if n == 5 else 3)),)) for n in range(40)
        ),
    )
    blocks = (
        Heading(text="Much"),
        Paragraph(spans=(Span(text=long),)),
        Paragraph(spans=(Span(text="W" * 3000),)),
        table,
    )
    made = replace(paper.harbour(), document=Document(title="x", blocks=blocks), account_name="Łódź " * 30)

    deck = reader.Presentation(io.BytesIO(pptx.render(made, now=paper.NOW)))

    said = ""
    rows = 0
    for slide in deck.slides:
        for shape in slide.shapes:
            assert 0 <= shape.left <= shape.left + shape.width <= deck.slide_width
            assert 0 <= shape.top <= shape.top + shape.height <= deck.slide_height
            if shape.has_table:
                rows += len(shape.table.rows) - 1
                continue
            needed = sum(
                fitting.height(
                    paragraph.text,
                    size=(paragraph.runs[0].font.size or 28 * 12700) / 12700 if paragraph.runs else 0,
                    width=shape.width / 12700 - 14.4,
                )
                for paragraph in shape.text_frame.paragraphs
            )
            assert needed <= shape.height / 12700, shape.text_frame.text[:50]
            said += " " + shape.text_frame.text.replace("\n", " ")
    assert rows == 40
    assert all(f"word{n}" in said for n in range(900))
    assert said.replace(" ", "").count("W") == 3000


@pytest.mark.parametrize("version", list(Version))
def test_a_brief_is_one_page_and_names_the_next_steps(version):
    made = paper.harbour(version, Shape.BRIEF)

    body = pdf.render(made, now=paper.NOW)

    assert body.count(b"/Type /Page\n") == 1
    assert made.document.blocks[-1] != paper.harbour(version).document.blocks[-1]
    full = paper.harbour(version).document.plain_lines()
    assert set(made.document.plain_lines()) <= set(full)
    assert [c.heading for c in made.chapters()] == [c.heading for c in paper.harbour(version).chapters()][:4]


def test_an_at_risk_review_has_the_same_words_with_the_plan_before_the_rest():
    full, at_risk = paper.harbour(Version.INTERNAL), paper.harbour(Version.INTERNAL, Shape.AT_RISK)

    assert sorted(full.document.plain_lines()) == sorted(at_risk.document.plain_lines())
    headings = [chapter.heading for chapter in at_risk.chapters()]
    assert headings[:2] == ["Account Health Summary", "Expansion & Next Steps"]


def test_figures_of_the_customers_version_are_those_of_the_internal_one():
    def shown(version):
        return {
            (span.fact, span.text)
            for block in paper.harbour(version).document.blocks
            for span in _spans(block)
            if span.fact
        }

    assert len(shown(Version.CUSTOMER)) > 15
    assert shown(Version.CUSTOMER) < shown(Version.INTERNAL)


def _spans(block):
    if isinstance(block, Table):
        return [span for row in block.rows for cell in row for span in cell]
    items = getattr(block, "items", None) or [getattr(block, "spans", ())]
    return [span for text in items for span in text]


def test_a_draft_says_so_in_every_format():
    made = paper.harbour(Version.INTERNAL, stamp="")

    assert made.notice == "For colleagues only · Draft"
    assert handout.NOT_APPROVED in markdown.render(made).decode()
    assert handout.NOT_APPROVED in all_words(pptx.render(made, now=paper.NOW))


def test_names_in_any_script_have_letters_in_the_pdf():
    made = paper.saying("Łódź Αθήνα Київ", "北川 美咲", "شركة النخيل", "חברה", "मुंबई", "ไทย", "한국")

    body = pdf.render(made, now=paper.NOW)

    fonts = set(
        re.findall(r"/BaseFont /[A-Z+]*?\+?(NotoSans\w*|Noto-?Sans\w*|DroidSans\w*)", paper.objects(body))
    )
    assert len(fonts) >= 6, fonts
    assert body == pdf.render(made, now=paper.NOW)


def test_a_companys_template_is_used_with_its_size_and_without_its_slides():
    theirs = reader.Presentation()
    theirs.slides.add_slide(theirs.slide_layouts[0]).shapes.title.text = "Sample slide"
    theirs.slide_width = Inches(10)
    file = io.BytesIO()
    theirs.save(file)

    body = pptx.render(paper.harbour(), now=paper.NOW, file=file.getvalue())

    deck = reader.Presentation(io.BytesIO(body))
    assert deck.slide_width == Inches(10)
    assert "Sample slide" not in all_words(body)
    assert "Sample slide" not in "".join(paper.parts(body).values())
    assert len(deck.slides) >= 8


def _package(**more: str) -> bytes:
    """The portal's own template with further parts."""
    held = io.BytesIO(template.own())
    with zipfile.ZipFile(held, "a", zipfile.ZIP_DEFLATED) as package:
        for name, text in more.items():
            package.writestr(name.replace("__", "/").replace("_DOT_", "."), text)
    return held.getvalue()


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (b"", "not a PowerPoint presentation"),
        (b"%PDF-1.7", "not a PowerPoint presentation"),
        (b"PK\x03\x04" + b"\x00" * 40, "not a PowerPoint presentation"),
        (template.own()[:-900], "not a PowerPoint presentation"),
        (b"\x00" * (template.MOST_BYTES + 1), "larger than 10 MB"),
        (_package(ppt__vbaProject_DOT_bin="x"), "macros"),
        (_package(ppt___rels__x_DOT_rels='<Relationship TargetMode="External"/>'), "outside"),
        (_package(ppt__x_DOT_xml="0" * 130_000_000), "unpacks"),
    ],
    ids=["empty", "pdf", "zip", "cut", "large", "macros", "external", "bomb"],
)
def test_what_cannot_be_a_template_is_refused_with_a_sentence(file, told):
    with pytest.raises(template.Unreadable, match=told) as refused:
        template.opened(file)

    assert str(refused.value).endswith(".")


def test_the_libraries_are_loaded_when_a_file_is_made_and_not_before():
    code = "import sys; import qbr.outputs.pdf, qbr.outputs.pptx; print({'fpdf', 'pptx', 'PIL', 'lxml'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_a_cell_that_a_spreadsheet_would_calculate_is_text():
    made = paper.saying("=1+1", "-2 points", "−4", "@x")

    cells = [
        plain(row[0]) for block in made.document.blocks if isinstance(block, Table) for row in block.rows
    ]
    assert cells == ["'=1+1", "-2 points", "−4", "'@x"]
