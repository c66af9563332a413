"""The writer that needs no model: good sentences, every figure a citation, nothing invented."""

import json
import re

import pytest

from csm_portal.integrations.llm.templates import TemplateWriter
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.writer import WritingTask
from qbr.prompts import review
from qbr.schemas import QBRAnswer
from tests.unit.qbr import portfolio


def answer_for(facts):
    writing = TemplateWriter().write(review.writing_task(facts))
    assert (writing.author, writing.is_template) == ("templates", True)
    return QBRAnswer.model_validate_json(writing.text)


def prose_of(answer):
    for section in (
        answer.account_health_summary,
        answer.roi_business_impact,
        answer.feature_adoption_scorecard,
    ):
        yield from (*section.narrative, *section.bullets, *section.internal)
    steps = answer.expansion_next_steps
    yield from (*steps.narrative, *steps.internal, *(step.what for step in steps.steps))


@pytest.mark.parametrize("name", list(portfolio.EVERYBODY))
def test_every_figure_is_a_citation_of_a_known_fact(name):
    facts = portfolio.EVERYBODY[name]()
    answer = answer_for(facts)

    for line in prose_of(answer):
        cited = re.findall(r"\{\{(.+?)\}\}", line)
        assert all(facts.known(fact_id) for fact_id in cited), line
        assert not re.search(r"\d", re.sub(r"\{\{.+?\}\}", "", line)), line
    for step in answer.expansion_next_steps.steps:
        assert all(facts.known(fact_id) for fact_id in (step.owner, step.due) if fact_id)


@pytest.mark.parametrize("name", list(portfolio.EVERYBODY))
def test_sentences_are_whole(name):
    for line in prose_of(answer_for(portfolio.EVERYBODY[name]())):
        assert line[0].isupper() or line[0] in "{“", line
        assert line[-1] in ".!?”", line
        assert "  " not in line
        assert ".." not in line


def test_an_honest_difficulty_is_always_named():
    said = [answer_for(make()).account_health_summary.narrative[1] for make in portfolio.EVERYBODY.values()]

    assert [line.split(":")[0] for line in said] == ["What needs attention"] * 3
    assert len(set(said)) == 3


def test_each_account_gets_steps_of_its_own_with_owner_and_date():
    steps = answer_for(portfolio.studio54()).expansion_next_steps.steps

    assert steps[0].what.startswith("Clear up the open invoice")
    assert all(step.owner == "owner.name" and step.due for step in steps)
    assert 2 <= len(steps) <= 8


def test_no_expansion_is_proposed_to_an_account_in_difficulty():
    internal = answer_for(portfolio.studio54()).expansion_next_steps.internal

    assert internal[-1] == "No expansion is proposed while the account is in difficulty."


def test_nothing_known_is_said_plainly():
    answer = answer_for(portfolio.kitsune())

    assert "we hold no figures" in answer.account_health_summary.narrative[0]
    assert answer.feature_adoption_scorecard.narrative[0] == "Feature adoption is not known for this account."


def test_a_task_without_sentences_is_told():
    task = WritingTask(kind="poem", system="", prompt="", schema={}, material={})

    with pytest.raises(PortError, match="no sentences for “poem”") as caught:
        TemplateWriter().write(task)

    assert caught.value.trouble is Trouble.NOT_CONFIGURED


def test_the_answer_is_json_in_the_script_of_its_facts():
    text = TemplateWriter().write(review.writing_task(portfolio.kitsune())).text

    assert json.loads(text)
    assert "\\u" not in text
