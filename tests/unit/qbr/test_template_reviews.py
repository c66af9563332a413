"""Whatever is known of an account, the templates write a review that the number check has nothing against."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from qbr import audience, catalogue, editing
from qbr.document import Content, Version
from qbr.facts import FactSheet
from qbr.grounding import check
from qbr.modes import Mode
from tests.unit.qbr import portfolio
from tests.unit.qbr.drafts import template_draft
from tests.unit.qbr.sheets import sheets

_settings = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@_settings
@pytest.mark.parametrize("mode", Mode)
@given(facts=sheets())
def test_template_reviews_hold_no_finding(mode, facts):
    content = template_draft(facts, mode=mode)

    assert [(finding.text, finding.message) for finding in check.check(content, facts)] == []


@_settings
@given(sheets())
def test_reviews_survive_json_and_the_editor(facts):
    content = template_draft(facts)

    assert Content.from_json(content.to_json()) == content
    for section in content.sections:
        assert editing.from_editable(editing.to_editable(section), facts, section) == section
    assert editing.refreshed(content, facts) == content


@_settings
@given(sheets())
def test_what_was_typed_is_traced_as_well_as_what_was_cited(facts):
    """Text that lost its citations (a person retyped it) is still told from the same facts."""
    content = template_draft(facts)
    retyped = content
    for section in content.sections:
        bare = section.__class__(key=section.key)
        found = editing.from_editable(editing.to_editable(section), facts, bare)
        retyped = retyped.with_section(
            section.__class__(key=section.key, above=section.above, text=found.text, below=section.below)
        )

    found = [
        (finding.text, retyped.section(finding.section).text[finding.block].words)
        for finding in check.check(retyped, facts)
    ]
    assert found == []


@_settings
@pytest.mark.parametrize("mode", Mode)
@given(facts=sheets())
def test_the_customer_gets_nothing_internal(mode, facts):
    content = template_draft(facts, mode=mode)

    lines = "\n".join(content.document(Version.CUSTOMER).plain_lines()).casefold()

    assert "health score" not in lines
    assert "what costs" not in lines
    assert "weeks this quarter" not in lines


@_settings
@given(facts=sheets())
def test_a_review_of_an_account_at_risk_is_another_text_and_offers_nothing(facts):
    """What it is for shows in its words: the repairs come with owner and date, and no expansion is brought up."""
    content = template_draft(facts, mode=Mode.AT_RISK)

    words = "\n".join(block.words for section in content.sections for block in section.text)
    assert words != "\n".join(
        block.words for section in template_draft(facts).sections for block in section.text
    )
    assert "Listen: a call with the people" in words
    assert "more people need a seat" not in words
    assert audience.leaks(content, facts, notes="") == ()


@pytest.mark.parametrize(("days_to_notice", "due"), [(-1, "14 February 2027"), (20, "1 May 2026")])
def test_a_notice_date_that_has_passed_is_told_as_past_and_nothing_is_due_on_it(days_to_notice, due):
    """The review looks back at a quarter, and is written weeks after its end."""
    contract = {
        "contract.notice_on": date(2026, 5, 1),
        "contract.days_to_notice": days_to_notice,
        "contract.days_to_renewal": 40,
    }
    more = [
        catalogue.fact(key, value, source="Notion", as_of=date(2026, 4, 1)) for key, value in contract.items()
    ]

    content = template_draft(FactSheet([*portfolio.kitsune().values(), *more]))

    text = " ".join(content.document(Version.INTERNAL).plain_lines())
    step = text.split("Agree what the next term")[1]
    assert ("has passed" in text) is (days_to_notice < 0)
    assert ("Notice has to be given by" in text) is (days_to_notice >= 0)
    assert step.split("By: ")[1].startswith(due)
