"""The truth check on figures told with few words, and on numbers of talk: what stands beside them has to say what they are."""

import datetime as dt

import pytest

from qbr import catalogue
from qbr.facts import FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

START, AS_OF = dt.date(2026, 4, 1), dt.date(2026, 6, 30)


def _fact(fact_id, value, **more):
    as_of = START if fact_id.endswith("at_start") else AS_OF
    return catalogue.fact(fact_id, value, source="Notion", as_of=as_of, **more)


KNOWN = check.prepare(
    FactSheet(
        [
            _fact("account.name", "Hraunfoss Travel ehf."),
            _fact("contact.1.name", "Pieter van der Meer"),
            _fact("quarter.start", START),
            _fact("quarter.last_day", AS_OF),
            _fact("quarter.as_of", AS_OF),
            _fact("health.score_now", 55),
            _fact("health.score_at_start", 71),
            _fact("health.score_change", -16),
            _fact("policy.amber_threshold", 70),
            _fact("policy.red_threshold", 40),
            _fact("driver.1.name", "Escalations"),
            _fact("driver.1.points", 14),
            _fact("input.nps_score.now", 6),
            _fact("input.nps_score.at_start", 3),
            _fact("input.feature_adoption_rate.now", "0.62"),
            _fact("input.feature_adoption_rate.at_start", "0.54"),
            _fact("benchmark.adoption_median", "0.67"),
            _fact("input.support_ticket_volume.now", 18),
            _fact("input.support_ticket_volume.at_start", 26),
            _fact("seats.purchased", 120),
            _fact("seats.used", 84),
            _fact("seats.unused", 36),
            _fact("input.seats_utilization.now", "0.7"),
            _fact("features.licensed_count", 6),
            _fact("features.used_count", 2),
            _fact("commitments.total", 5),
            _fact("commitments.kept", 4),
        ]
    )
)


def _marked(sentence):
    return [sentence[start:end] for start, end, *_ in check.read(planting.block(sentence), KNOWN).untraced]


@pytest.mark.parametrize(
    "sentence",
    [
        "Score for the last plan: 4/5",
        "So that is 4 of 5.",
        "Unused features: 4 of 6",
        "The median of our peers is 67 %. Hraunfoss Travel ehf. stands at 62 %, below that median.",
        "More than anything else it is Escalations that pulls the score down, by 14 points.",
        "The score has 14 points to win back in Escalations.",
        "Our aim is a health score above 70.",
        "Open tickets dropped 31 % to 18.",
        "Open tickets: 18 | at start: 26",
        "The backlog is now 8 tickets smaller than in the first week.",
        "The NPS of 6 exceeds the previous value of 3.",
        "Spread over 120 seats this is little.",
    ],
)
def test_a_figure_told_with_few_words_is_traced(sentence):
    assert _marked(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("Score for the last plan: 3/5", "3"),
        ("Unused features: 2 of 6", "2"),
        ("Two made, so 4 of 6 features are in use.", "4"),
        # The change of the NPS is no value of it, the rest of the seats no use of them.
        ("Your NPS of 6 is better than the 5 you gave us at the start.", "5"),
        ("NPS rating: 3", "3"),
        ("84 of the 120 seats are in use, which is 30 %.", "30 %"),
        ("The seat utilisation is 30 %, and 36 seats are not used.", "30 %"),
        ("An NPS of 4 signals trouble.", "4"),
        ("We agreed 4 things in the last review.", "4"),
        ("The lowest score was 44, the highest 48.", "44"),
        ("Score: top 84, low 51.", "84"),
        ("Perhaps 9 users log in.", "9 users"),
        ("ROSE FIELD signed off.", "ROSE FIELD"),
    ],
)
def test_a_figure_of_something_else_is_marked(sentence, wrong):
    assert any(wrong in marked for marked in _marked(sentence)), _marked(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Two signals are best read together.",
        "The two largest drags are told below.",
        "Bring 1 or 2 success stories.",
        "Put it on a top 10 list.",
        "Go through the oldest 3 tickets in a call.",
        "Please name two key users for the pilot.",
        "Priority 2 is breadth.",
        "Path A comes first, path B later.",
        "The agenda follows one week ahead.",
        "We plan a 6-week pilot.",
        "Q: Do we need all slides? A: No. Take slides 2, 5 and 8.",
        "The forecast call is on Friday.",
        "Pieter van der Meer agrees, and so does Pieter.",
    ],
)
def test_a_number_of_talk_claims_nothing(sentence):
    assert _marked(sentence) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Pieter an der Meer agrees.",
        "Pieter van dr Meer agrees.",
        "Hraunfoss Travel eaf. is our customer.",
    ],
)
def test_a_small_word_of_a_name_that_is_another_is_marked(sentence):
    assert _marked(sentence)


@pytest.mark.parametrize("name", ["Declining", "Rising Falls", "More & Less Ltd", "Growth Partners"])
def test_a_name_says_nothing_of_where_a_figure_went(name):
    facts = FactSheet(
        [
            _fact("account.name", name),
            _fact("input.support_ticket_volume.now", 26),
            _fact("input.support_ticket_volume.at_start", 18),
        ]
    )
    sentence = f"Things got worse for {name}: open tickets rose from 18 to 26."

    read = check.read(planting.block(sentence), check.prepare(facts))

    assert not read.untraced
