"""The content of a review: its versions, its JSON, its hash."""

from dataclasses import replace

import pytest

from csm_portal.ports.documents import Bullets, Callout, Heading, Span, Table
from qbr import drafting, schemas
from qbr.document import Audience, Content, SectionKey, TextBlock, Version
from qbr.facts import FactSheet
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft


def _answer(**sections):
    section = {"narrative": ["Nothing to say."]}
    steps = {"narrative": ["Next."], "steps": [{"what": "Meet."}]}
    whole = {
        "account_health_summary": section,
        "roi_business_impact": section,
        "feature_adoption_scorecard": section,
        "expansion_next_steps": steps,
        **sections,
    }
    return schemas.QBRAnswer.model_validate(whole)


def _words(content, key=SectionKey.HEALTH):
    return [block.words for block in content.section(key).text]


def test_the_internal_version_has_the_four_sections_in_order():
    document = template_draft(portfolio.harbour()).document()

    headings = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 2]
    assert headings == [
        "Account Health Summary",
        "ROI & Business Impact",
        "Feature Adoption Scorecard",
        "Expansion & Next Steps",
    ]
    assert document.title == "QBR - Harbour Logistics - Q2 2026"


def test_the_customers_version_has_no_score_no_risk_and_no_expansion():
    lines = "\n".join(template_draft(portfolio.studio54()).document(Version.CUSTOMER).plain_lines())

    for word in ("health score", "Health score", "Red", "Amber", "Expansion", "expansion", "Points", "ARR"):
        assert word not in lines, word
    assert "12 of 40 seats" in lines


def test_citations_become_the_figures_of_their_facts():
    answer = _answer(account_health_summary={"narrative": ["{{account.name}} holds {{ seats.used }} seats."]})

    block = drafting.draft(answer, portfolio.harbour()).section(SectionKey.HEALTH).text[0]

    assert block.words == "Harbour Logistics holds 1,240 seats."
    assert [span.fact for span in block.spans] == ["account.name", None, "seats.used", None]


def test_a_citation_of_nothing_is_plain_to_see():
    answer = _answer(account_health_summary={"narrative": ["They saved {{roi.millions}} and {{}}."]})

    assert _words(drafting.draft(answer, portfolio.harbour())) == [
        "They saved [no such fact: roi.millions] and [no such fact: empty]."
    ]


def test_a_paragraph_that_shows_an_internal_fact_is_internal():
    answer = _answer(
        account_health_summary={"narrative": ["The score is {{health.score_now}}.", "Seats: {{seats.used}}."]}
    )

    blocks = drafting.draft(answer, portfolio.harbour()).section(SectionKey.HEALTH).text

    assert [block.audience for block in blocks] == [Audience.INTERNAL, Audience.BOTH]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**Bold** and __strong__ and `code`", "Bold and strong and code"),
        ("# A heading\n\nand text", "A heading and text"),
        ("- a bullet", "a bullet"),
        ("* [internal] sly", "sly"),
        ("> quoted", "quoted"),
        ("See [our page](https://evil.example/?q=1)", "See our page"),
        ("![pixel](https://evil.example/p.png) Good quarter.", "Good quarter."),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("in\u200bvisible\u202e", "invisible"),
        ("-5 points", "-5 points"),
    ],
)
def test_what_a_model_writes_is_text(written, shown):
    answer = _answer(account_health_summary={"narrative": [written]})

    assert _words(drafting.draft(answer, portfolio.harbour())) == [shown]


def test_a_paragraph_of_marks_alone_is_left_out():
    answer = _answer(account_health_summary={"narrative": ["**", "Text."]})

    assert _words(drafting.draft(answer, portfolio.harbour())) == ["Text."]


def test_a_step_names_its_owner_and_its_day():
    step = {"what": "Train the night shift", "owner": "owner.name", "due": "{{plan.first_step_by}}"}
    answer = _answer(
        expansion_next_steps={"narrative": ["Next."], "steps": [step, {"what": "Ask.", "owner": "no.body"}]}
    )

    words = _words(drafting.draft(answer, portfolio.harbour()), SectionKey.NEXT_STEPS)

    assert words[1] == "Train the night shift. Owner: Alice Moreno. By: 14 July 2026."
    assert words[2] == "Ask. Owner: [no such fact: no.body]."


def test_without_roi_facts_the_review_lists_what_to_fill_in():
    section = template_draft(portfolio.kitsune()).section(SectionKey.ROI)

    callout, bullets = (locked.block for locked in section.below)
    assert isinstance(callout, Callout)
    assert "fill it in" in callout.spans[0].text
    assert isinstance(bullets, Bullets)
    assert all(locked.audience is Audience.INTERNAL for locked in section.below)


def test_roi_facts_stand_in_a_table_with_period_and_source():
    (locked,) = template_draft(portfolio.harbour()).section(SectionKey.ROI).below

    assert isinstance(locked.block, Table)
    assert [cell[0].text for cell in locked.block.rows[0]] == [
        "Planning hours saved",
        "2,300 hours",
        "Q2 2026",
        "Notion",
    ]


def test_earlier_commitments_stand_above_the_new_ones():
    (locked,) = template_draft(portfolio.harbour()).section(SectionKey.NEXT_STEPS).above

    assert isinstance(locked.block, Table)
    assert [cell[0].text for cell in locked.block.rows[1]] == [
        "Train the night shift",
        "Jonas Weber",
        "5 June 2026",
        "open",
    ]


def test_a_stale_figure_is_tagged_in_the_sources():
    facts = portfolio.harbour()
    stale = FactSheet(replace(fact, is_stale=fact.id == "seats.used") for fact in facts.values())

    lines = template_draft(stale).document().plain_lines()

    assert "Seats used | 1,240 seats | Notion | 30 June 2026 (out of date)" in lines


def test_equal_contents_have_equal_hashes_and_any_change_shows():
    content = template_draft(portfolio.harbour())
    section = content.section(SectionKey.ROI)
    block = section.text[0]
    changed = (
        replace(block, audience=Audience.INTERNAL),
        replace(block, spans=(Span(text=block.words),)),
        TextBlock(spans=(*block.spans, Span(text=" "))),
    )

    assert Content.from_json(content.to_json()).canonical_hash() == content.canonical_hash()
    hashes = {
        content.with_section(replace(section, text=(other, *section.text[1:]))).canonical_hash()
        for other in changed
    }
    assert len(hashes | {content.canonical_hash()}) == 4


def test_the_published_document_is_a_function_of_the_content():
    content = template_draft(portfolio.harbour())

    again = Content.from_json(content.to_json())

    assert again.document().canonical_hash() == content.document().canonical_hash()
