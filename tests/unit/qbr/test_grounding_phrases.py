"""The truth check on ways of speaking: time that things take, parts of a whole, sums, figures told by another word."""

import datetime as dt

import pytest

from qbr import catalogue
from qbr.facts import FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

AS_OF = dt.date(2026, 6, 30)


def _fact(fact_id, value, **more):
    return catalogue.fact(fact_id, value, source="Notion", as_of=AS_OF, **more)


FACTS = FactSheet(
    [
        _fact("quarter.as_of", AS_OF),
        _fact("quarter.last_day", AS_OF),
        _fact("seats.purchased", 3000),
        _fact("seats.used", 1100),
        _fact("seats.unused", 1900),
        _fact("features.licensed_count", 6),
        _fact("features.used_count", 4),
        _fact("input.support_ticket_volume.now", 35),
        _fact("input.support_ticket_volume.at_start", 28),
        _fact("input.escalation_history_count.now", 9),
        _fact("input.feature_adoption_rate.now", "0.66"),
        _fact("benchmark.adoption_median", "0.62"),
        _fact("contract.days_to_renewal", 63),
    ]
)


def _marked(sentence):
    known = check.prepare(FACTS)
    return [sentence[start:end] for start, end, *_ in check.read(planting.block(sentence), known).untraced]


@pytest.mark.parametrize(
    "sentence",
    [
        "The account currently utilizes 1,100 out of 3,000 purchased seats.",
        "Of 3000 seats, 1100 are in use and 1900 are idle.",
        "That leaves 1,900 seats on the shelf.",
        "Adoption is 66 %: ask whether more people need a seat before they share one.",
        "The relationship was escalated 9 times.",
        "9 of them had to go up the chain.",
        "Open tickets: a net change of 7 over the quarter.",
        "Adoption has 4 points of lead over the median of 62 %.",
        "Twenty minutes with your controller would help.",
        "A typical rollout takes 45 days from kickoff to go-live.",
        "Over the coming six months the platform will gain a mobile app.",
        "We suggest picking two features and making them routine.",
    ],
)
def test_what_is_true_or_claims_nothing_is_not_marked(sentence):
    assert _marked(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("They use 6 out of 4 features.", "6 out of 4"),
        ("Adoption stands at 66 %, against a median of 63 days.", "63 days"),
        ("Adoption is above the median of 66 %.", "66 %"),
        ("Open tickets are up to 36.", "36"),
        ("The desk has about 37 open tickets.", "37"),
        ("A quarter of your seats are in use.", "A quarter"),
        ("Pick two of the 5 features and make them stick.", "5 features"),
        ("We have 45 days until the contract is renewed.", "45 days"),
        ("The relationship was escalated 8 times.", "8 times"),
        ("The answer to a ticket took 20 minutes.", "20 minutes"),
        ("The deal comes up in 60 days.", "60 days"),
        ("The window closes within six months.", "six months"),
    ],
)
def test_what_is_wrong_is_marked(sentence, wrong):
    assert any(wrong in words for words in _marked(sentence))
