"""A writer's answer is found in whatever it stands in, and refused in words that help."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qbr.schemas import QBRAnswer, parse

SECTION = {"narrative": ["Text."]}
ANSWER = {
    "account_health_summary": SECTION,
    "roi_business_impact": SECTION,
    "feature_adoption_scorecard": SECTION,
    "expansion_next_steps": {"narrative": ["Next."], "steps": [{"what": "Meet."}]},
}
TEXT = json.dumps(ANSWER)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Sure! Here is {{the}} answer:\n{TEXT}\nAnything else?",
        f"```\n{TEXT}",
        f"I cite {{{{account.name}}}} below. {TEXT}",
        f'{{"thinking": "first"}} {TEXT}',
        f"\ufeff{TEXT}",
        json.dumps(ANSWER, indent=4),
    ],
)
def test_fences_and_prose_are_tolerated(text):
    parsed = parse(text, QBRAnswer)

    assert parsed.errors == ()
    assert parsed.answer is not None
    assert parsed.answer.expansion_next_steps.steps[0].what == "Meet."


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "holds no JSON object"),
        ("I cannot help with that.", "holds no JSON object"),
        ("[1, 2]", "holds no JSON object"),
        ('{"account_health_summary": {"narr', "holds no JSON object"),
        (json.dumps({**ANSWER, "score": 12}), "score: Extra inputs are not permitted"),
        (json.dumps({**ANSWER, "roi_business_impact": {"narrative": []}}), "roi_business_impact.narrative"),
        (
            json.dumps({**ANSWER, "roi_business_impact": {"narrative": ["x" * 1501]}}),
            "at most 1500 characters",
        ),
        ("{" * 100_000, "holds no JSON object"),
        ("x" * 200_001, "too long"),
        ('{"a":' * 5_000, "holds no JSON object"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(text, part):
    parsed = parse(text, QBRAnswer)

    assert parsed.answer is None
    assert any(part in error for error in parsed.errors)


def test_the_errors_are_those_of_the_object_that_looks_most_like_an_answer():
    nearly = {**ANSWER, "expansion_next_steps": {"narrative": ["x"], "steps": []}}

    parsed = parse(f'{{"note": 1}} {json.dumps(nearly)} {{"end": 2}}', QBRAnswer)

    assert all(error.startswith("expansion_next_steps.steps") for error in parsed.errors)


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_the_parser_raise(text):
    assert parse(text, QBRAnswer).errors


def test_no_length_of_the_schema_is_too_long_for_a_grammar():
    schema = json.dumps(QBRAnswer.model_json_schema())

    assert '"maxLength": 1500' in schema
    assert '"additionalProperties": false' in schema
