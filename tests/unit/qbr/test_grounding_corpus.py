"""How much the number check finds, and how often it cries wolf (CHECK 19). The rates are printed: ``pytest -s``."""

import random
import re
import sys
from collections import Counter

import pytest

from qbr.document import Audience
from qbr.grounding import check
from tests.unit.qbr import corpus, planting, portfolio
from tests.unit.qbr.drafts import template_draft

KNOWN = {name: check.prepare(make()) for name, make in portfolio.EVERYBODY.items()}
_MARKS = re.compile("⟦|⟧")


def _tell(line):
    sys.stdout.write(f"\n{line}\n")


def _true_sentences():
    for name, sentences in corpus.TRUE.items():
        for sentence in sentences:
            yield name, sentence
    for sentence in (*corpus.PROSE, *corpus.LATER_TRUE):
        yield "harbour", sentence


def _template_lines():
    for name, make in portfolio.EVERYBODY.items():
        content = template_draft(make())
        for section in content.sections:
            for block in section.text:
                yield name, block.words


def _unmarked(sentence):
    """Return the sentence without its marks, and where they stood."""
    text, places = "", []
    for index, part in enumerate(_MARKS.split(sentence)):
        if index % 2:
            places.append((len(text), len(text) + len(part)))
        text += part
    return text, places


@pytest.mark.parametrize(("name", "sentence"), list(_true_sentences()))
def test_a_true_sentence_is_not_marked(name, sentence):
    if sentence in corpus.KNOWN_FALSE_ALARMS:
        pytest.skip("a known false alarm, counted below")

    untraced = check.read(planting.block(sentence), KNOWN[name]).untraced

    assert [sentence[start:end] for start, end, _, _ in untraced] == []


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        *((name, sentence) for name, sentences in corpus.PLANTED.items() for sentence in sentences),
        *(("harbour", sentence) for sentence in corpus.LATER_PLANTED),
    ],
)
def test_a_planted_error_is_marked(name, sentence):
    text, places = _unmarked(sentence)

    untraced = check.read(planting.block(text), KNOWN[name]).untraced

    assert places
    for start, end in places:
        assert any(a < end and start < b for a, b, _, _ in untraced), text[start:end]


def test_template_text_is_never_marked():
    for name, make in portfolio.EVERYBODY.items():
        findings = check.check(template_draft(make()), make())
        assert findings == [], name


def test_false_alarms_are_rare():
    sentences = [*_true_sentences(), *_template_lines()]
    alarms = sum(bool(check.read(planting.block(text), KNOWN[name]).untraced) for name, text in sentences)

    _tell(
        f"number check: {alarms} false alarms in {len(sentences)} true texts ({alarms / len(sentences):.1%})"
    )
    assert len(sentences) > 200
    assert alarms / len(sentences) <= 0.03


def test_errors_planted_into_true_text_are_found():
    chance = random.Random(20260630)
    planted, missed = Counter(), Counter()
    examples = []
    for _ in range(4):
        for name, text in [*_true_sentences(), *_template_lines()]:
            for error in planting.plant(text, KNOWN[name], chance=chance):
                planted[error.kind] += 1
                if not planting.is_marked(error, KNOWN[name]):
                    missed[error.kind] += 1
                    examples.append(f"{error.text[error.start : error.end]!r} in {error.text!r}")

    for kind, count in sorted(planted.items()):
        _tell(
            f"number check: {count - missed[kind]} of {count} planted {kind}s found ({1 - missed[kind] / count:.1%})"
        )
    _tell("\n".join(examples[:20]))
    assert sum(planted.values()) > 1_000
    assert 1 - missed["number"] / planted["number"] >= 0.99
    assert 1 - missed["date"] / planted["date"] >= 0.97
    assert 1 - missed["name"] / planted["name"] >= 0.97


def test_risk_words_are_for_colleagues_only():
    content = template_draft(portfolio.harbour())
    words = " ".join(
        block.words
        for section in content.sections
        for block in section.text
        if block.audience is not Audience.INTERNAL
    )

    assert not re.search(r"health score|churn|Amber|expansion", words, re.IGNORECASE)
