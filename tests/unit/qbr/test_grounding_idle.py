"""The truth check on numbers that claim nothing: places in a paper, spans that a fact is counted over, plain effort."""

import datetime as dt

import pytest

from qbr import catalogue
from qbr.facts import FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

AS_OF = dt.date(2026, 3, 31)


def _fact(fact_id, value, **more):
    return catalogue.fact(fact_id, value, source="Notion", as_of=AS_OF, **more)


KNOWN = check.prepare(
    FactSheet(
        [
            _fact("quarter.as_of", AS_OF),
            _fact("contract.renewal_on", dt.date(2026, 12, 2)),
            _fact("input.renewal_days_out.now", 246),
            _fact("input.escalation_history_count.now", 3),
            _fact("input.nps_score.now", 5),
            _fact("input.nps_score.at_start", 3),
            _fact("input.support_ticket_volume.now", 27),
            _fact("input.support_ticket_volume.at_start", 32),
            _fact("seats.unused", 1426),
            _fact("commitments.total", 6),
            _fact("commitments.kept", 3),
        ]
    )
)


def _marked(sentence):
    return [sentence[start:end] for start, end, *_ in check.read(planting.block(sentence), KNOWN).untraced]


@pytest.mark.parametrize(
    "sentence",
    [
        "Action 2 was given to the sponsor.",
        "Risk 1: habits slip.",
        "It remains open under risk 1.",
        "Recommendation 3: name a sponsor.",
        "Item 4: commercial matters.",
        "With 3 escalations in the last 90 days the desk was busy.",
        "Escalations within the preceding 90 days: 3.",
        "90-day escalations: 3.",
        "Escalations (90 days): 3",
        "The details are discussed under 5.2.",
        "See section 3.1 for the method.",
        "Please turn to slides 1 to 6.",
        "This is page 2 of 3.",
        "The method follows ISO 20252.",
        "They want WCAG 2.2 and SOC 2 reports.",
        "The call ran for 45 minutes.",
        "We used 20 minutes for questions.",
        "We booked a 30-minute call.",
        "For one seat the customer pays the list price.",
        "The subscription has to earn its keep twelve times over.",
        "Same people, one hour.",
        "They asked for one contact person.",
        "Two drivers explain most of it.",
    ],
)
def test_a_number_that_claims_nothing_is_not_marked(sentence):
    assert _marked(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("With 3 escalations in the last 60 days the desk was busy.", "60 days"),
        ("That is in 120 days, when the contract renews.", "120 days"),
        ("The agreement ends in 90 days, and there were 3 escalations.", "90 days"),
        ("Tickets, I am told, number 43.", "43"),
        ("The earlier NPS of 7 gave way to 5.", "7"),
        ("The NPS they gave was 5, and last time round 8.", "8"),
        ("Engagement ended with a 30-point loss.", "30-point"),
        ("Your people had 9 questions open with us.", "9"),
        ("Risks: 12 escalations.", "12 escalations"),
        ("It is 6 at the moment; seats not in use.", "6"),
        ("Tickets went from 32 to 27, and page after page of them, 14,100.", "14,100"),
    ],
)
def test_a_number_that_could_be_a_result_is_marked(sentence, wrong):
    assert any(wrong in words for words in _marked(sentence))
