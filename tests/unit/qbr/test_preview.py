"""What a page shows of a review holds the words that are published, and nothing else."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_portal.integrations.llm.templates import TemplateWriter
from qbr import drafting, editing, preview, schemas
from qbr.document import SectionKey, Version
from qbr.facts import FactSheet
from qbr.grounding import check
from qbr.prompts import review
from qbr.schemas import QBRAnswer
from tests.unit.qbr import portfolio

SHEETS = {"harbour": portfolio.harbour()}


def content_of(facts: FactSheet):
    answer = schemas.parse(TemplateWriter().write(review.writing_task(facts)).text, QBRAnswer).answer
    return drafting.draft(answer, facts)


def shown(content, version, facts):
    found = check.check(content, facts)
    parts = preview.parts(content, version, known=check.prepare(facts), findings=found)
    return [line for part in parts for line in part.plain_lines()]


@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("name", sorted(SHEETS))
def test_the_page_says_what_is_published(name, version):
    facts = SHEETS[name]
    content = content_of(facts)

    assert len(content.document(version).plain_lines()) > 20
    assert shown(content, version, facts) == content.document(version).plain_lines()


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=60),
            st.sampled_from(
                [
                    "- 12 tickets",
                    "[internal] Red since 3 May",
                    "Marta Silva said 87 %",
                    "{{nope}}",
                    "67 of 100",
                ]
            ),
        ),
        max_size=8,
    )
)
def test_the_page_says_what_is_published_whatever_a_person_writes(lines):
    facts = SHEETS["harbour"]
    content = editing.edited(content_of(facts), {SectionKey.HEALTH: "\n".join(lines)}, facts)

    for version in Version:
        assert shown(content, version, facts) == content.document(version).plain_lines()


def test_a_figure_is_tied_to_its_fact_and_a_finding_is_marked():
    facts = SHEETS["harbour"]
    text = "There are 17 open tickets. Marta Silva said 87 %."
    content = editing.edited(content_of(facts), {SectionKey.HEALTH: text}, facts)
    found = check.check(content, facts)

    part = preview.parts(content, Version.INTERNAL, known=check.prepare(facts), findings=found)[0]

    runs = part.groups[0].pieces[0].lines[0]
    tied = {run.text: run.fact.id for run in runs if run.fact}
    assert tied["17"] == "input.support_ticket_volume.now"
    assert {run.text for run in runs if run.finding} == {"Marta Silva", "87 %"}
    assert part.open_findings == 2


def test_neighbouring_blocks_for_colleagues_stand_together():
    facts = SHEETS["harbour"]
    parts = preview.parts(content_of(facts), Version.INTERNAL, known=check.prepare(facts))

    flags = [group.is_internal for group in parts[0].groups]
    assert flags == [False, True]
