"""The editor's form, there and back; figures find their facts again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_portal.ports.documents import Span, plain
from qbr import editing
from qbr.document import Audience, Section, SectionKey, TextBlock, TextKind
from qbr.facts import FactSheet
from qbr.grounding import check
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft

HARBOUR = portfolio.harbour()
EMPTY = Section(key=SectionKey.ADOPTION)


def edit(text, facts=HARBOUR, previous=EMPTY):
    return editing.from_editable(text, facts, previous).text


def cited(block):
    return {span.text: span.fact for span in block.spans if span.fact}


def test_the_form_reads_as_documented():
    text = "One line\ngoes on.\n\n- A point.\n- [internal] Another.\n\n[internal] For us.\n* Star."

    blocks = edit(text)

    assert [(block.kind.value, block.audience.value, block.words) for block in blocks] == [
        ("paragraph", "both", "One line goes on."),
        ("bullet", "both", "A point."),
        ("bullet", "internal", "Another."),
        ("paragraph", "internal", "For us."),
        ("bullet", "both", "Star."),
    ]
    assert editing.to_editable(Section(key=SectionKey.ADOPTION, text=blocks)) == (
        "One line goes on.\n\n- A point.\n- [internal] Another.\n\n[internal] For us.\n\n- Star."
    )


@settings(deadline=None)
@given(st.text())
def test_any_text_settles_after_one_round(text):
    once = editing.from_editable(text, FactSheet(), EMPTY)

    assert editing.from_editable(editing.to_editable(once), FactSheet(), EMPTY) == once


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["- ", "[internal] ", "* ", "\n", "\n\n", "text", " ", "{{", "}}", "1,240", "**", "#"]
        )
    )
)
def test_marks_in_any_order_settle_too(parts):
    once = editing.from_editable("".join(parts), HARBOUR, EMPTY)

    assert editing.from_editable(editing.to_editable(once), HARBOUR, EMPTY) == once
    assert all(block.words.strip() for block in once.text)


def test_a_typed_figure_finds_its_fact():
    (block,) = edit("Harbour Logistics uses 1,240 of 1,550 seats; adoption rose from 46 % to 58 %.")

    assert cited(block) == {
        "Harbour Logistics": "account.name",
        "1,240": "seats.used",
        "1,550": "seats.purchased",
        "46 %": "input.feature_adoption_rate.at_start",
        "58 %": "input.feature_adoption_rate.now",
    }


def test_a_figure_in_other_words_is_traced_but_not_tied():
    (block,) = edit("About 1.2k seats are in use.")

    assert cited(block) == {}
    assert check.read(block, check.prepare(HARBOUR)).untraced == ()


def test_a_typed_citation_is_resolved():
    (block,) = edit("ARR is {{contract.arr}}, not {{contract.art}}.")

    assert block.words == "ARR is € 186,000, not [no such fact: contract.art]."


def test_a_typed_score_makes_the_paragraph_internal():
    (block,) = edit("The health score is 67.")

    assert block.audience is Audience.INTERNAL


def test_an_unchanged_block_keeps_its_ties():
    section = template_draft(HARBOUR).section(SectionKey.HEALTH)
    text = editing.to_editable(section).replace("17 support tickets are open.", "Support is calm.")

    after = editing.from_editable(text, HARBOUR, section)

    assert after.text[0] == section.text[0]
    assert [block.words for block in after.text if block.kind is TextKind.BULLET][0] == "Support is calm."  # noqa: RUF015


def test_refreshing_brings_cited_figures_up_to_date_and_leaves_prose():
    before = template_draft(HARBOUR)
    facts = FactSheet(
        fact if fact.id != "seats.used" else portfolio.newer(fact, 1300) for fact in HARBOUR.values()
    )

    after = editing.refreshed(before, facts)

    words = after.section(SectionKey.HEALTH).text[0].words
    assert words.startswith("In Q2 2026, Harbour Logistics had 1,300 of 1,550 seats in use.")
    assert "Seats used | 1,300 seats | Notion | 30 June 2026" in after.document().plain_lines()
    assert check.check(after, facts) == []


def test_a_fact_that_is_gone_leaves_its_figure_marked():
    before = template_draft(HARBOUR)
    facts = FactSheet(fact for fact in HARBOUR.values() if fact.id != "seats.used")

    findings = check.check(editing.refreshed(before, facts), facts)

    assert [(finding.text, finding.kind.value) for finding in findings if "1,240" in finding.text][:1] == [
        ("1,240", "citation")
    ]


@pytest.mark.parametrize(
    "spans",
    [
        (Span(text="1"), Span(text="1,240", fact="seats.used"), Span(text=" seats")),
        (Span(text="1,240", fact="seats.used"), Span(text="0 seats")),
        (Span(text="1,240", fact="seats.used"), Span(text=" million seats")),
        (Span(text="1,240", fact="seats.used"), Span(text=" days")),
        (Span(text="-"), Span(text="1,240", fact="seats.used"), Span(text=" seats")),
        (Span(text="58 %", fact="input.feature_adoption_rate.now"), Span(text="-points more seats")),
        (Span(text="1,241", fact="seats.used"), Span(text=" seats")),
        (Span(text="1,240", fact="seats.gone"), Span(text=" seats")),
        (Span(text="1 December 2026", fact="contract.renewal_on"), Span(text="7 is the renewal.")),
        (
            Span(text="2"),
            Span(text="1 December 2026", fact="contract.renewal_on"),
            Span(text=" is the renewal."),
        ),
    ],
)
def test_a_tie_does_not_excuse_what_is_put_around_it(spans):
    block = TextBlock(spans=spans)

    untraced = check.read(block, check.prepare(HARBOUR)).untraced

    assert untraced, plain(spans)
