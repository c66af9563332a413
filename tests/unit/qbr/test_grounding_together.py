"""The truth check on figures told beside each other: what follows from two, what was and what is, what is left over."""

import datetime as dt

import pytest

from qbr import catalogue
from qbr.facts import FactKind, FactSheet
from qbr.grounding import check
from tests.unit.qbr import planting

START, AS_OF = dt.date(2026, 4, 1), dt.date(2026, 6, 30)


def _fact(fact_id, value, **more):
    as_of = START if fact_id.endswith("at_start") else AS_OF
    return catalogue.fact(fact_id, value, source="Notion", as_of=as_of, **more)


FACTS = FactSheet(
    [
        _fact("quarter.start", START),
        _fact("quarter.last_day", AS_OF),
        _fact("quarter.as_of", AS_OF),
        _fact("health.score_now", 55),
        _fact("health.score_at_start", 71),
        _fact("health.score_change", -16),
        _fact("health.weeks_green", 2),
        _fact("health.weeks_amber", 4),
        _fact("health.weeks_red", 7),
        _fact("policy.amber_threshold", 70),
        _fact("policy.red_threshold", 40),
        _fact("driver.1.name", "Escalations"),
        _fact("driver.1.points", 14),
        _fact("driver.2.name", "NPS"),
        _fact("driver.2.points", 5),
        _fact("input.nps_score.now", 6),
        _fact("input.nps_score.at_start", 9),
        _fact("input.feature_adoption_rate.now", "0.62"),
        _fact("input.feature_adoption_rate.at_start", "0.54"),
        _fact("input.login_frequency_score.now", "0.81"),
        _fact("input.login_frequency_score.at_start", "0.75"),
        _fact("benchmark.adoption_median", "0.67"),
        _fact("benchmark.accounts", 44),
        _fact("input.support_ticket_volume.now", 34),
        _fact("input.support_ticket_volume.at_start", 40),
        _fact("input.escalation_history_count.now", 3),
        _fact("seats.purchased", 480),
        _fact("seats.used", 312),
        _fact("seats.unused", 168),
        _fact("input.seats_utilization.now", "0.65"),
        _fact("input.seats_utilization.at_start", "0.69"),
        _fact("features.licensed_count", 6),
        _fact("features.used_count", 4),
        _fact("commitments.total", 5),
        _fact("commitments.kept", 3),
        _fact("commitment.1.text", "Run three pilots in Ghent"),
        _fact("commitment.1.outcome", "kept"),
        _fact("contract.arr", 57_600, currency="EUR"),
        _fact("contract.renewal_on", dt.date(2026, 12, 18)),
        _fact("contract.notice_on", dt.date(2026, 11, 3)),
        _fact("plan.first_step_by", dt.date(2026, 7, 14)),
        _fact("plan.second_step_by", dt.date(2026, 8, 7)),
        _fact("roi.1", 18_400, label="Courier costs saved", kind=FactKind.MONEY, currency="EUR"),
        _fact("roi.2", 9_100, label="Fines avoided", kind=FactKind.MONEY, currency="EUR"),
    ]
)
KNOWN = check.prepare(FACTS)


def _marked(text):
    return [text[start:end] for start, end, *_ in check.read(planting.block(text), KNOWN).untraced]


@pytest.mark.parametrize(
    "text",
    [
        # From the sentence before.
        "Open tickets were 40 on 1 April 2026 and are 34 now. That amounts to 15 % less, or 6 tickets.",
        "What does a seat cost? € 120 a year.",
        "Where do the points go in cost terms? Escalations: 14. NPS: 5.",
        # Of two figures or days told beside each other.
        "Courier costs saved came to € 18,400, which is 32 % of the € 57,600 they pay.",
        "Courier costs saved (€ 18,400) and fines avoided (€ 9,100) make € 27,500 in all.",
        "The renewal is on 18 December 2026, 171 days after the quarter closed.",
        "From 14 July 2026 to 7 August 2026 there are 24 days.",
        "The two steps lie 24 days apart.",
        "Escalations cost 14 points, nine more than NPS, which cost 5.",
        "Login frequency (81 %) and adoption (62 %) differ by 19 points.",
        # Weeks by their colour, points by their signal.
        "Of the weeks in the quarter, 4 were Amber and 7 Red, as against 2 Green.",
        "Any bad weeks? Yes, 7 of them in Red.",
        "14 pts lost to Escalations, 5 to NPS.",
        # Parts, wholes and rests.
        "We kept three of 5.",
        "2 of 6 features have not been put to work.",
        "168 seats (35 % of those bought) could be handed back.",
        "Success means moving adoption on from 62 %.",
        "Adoption rose from 54 % to 62 %. It makes 8 points of progress.",
        "Adoption is at 62 % against a median of 67 %. That is a distance of 5 points.",
        "Adoption improved, moving from 54 % to 62 %.",
        "With 62 % adoption they use it more broadly than they did at the start of the quarter.",
        "There had been 3 escalations in the last 90 days.",
        "Weeks in Green, Amber and Red: 2, 4 and 7.",
        # Peers.
        "Comparable accounts sit at a median of 67 %, five points above you.",
    ],
)
def test_what_follows_from_what_is_told_nearby_is_not_marked(text):
    assert _marked(text) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("NPS went from 9 to 6, which is 6 points down.", "6 points"),
        ("NPS is 9 points down on the quarter.", "9 points"),
        ("Open tickets were 40 on 1 April 2026 and are 34 now. That amounts to 12 % less.", "12 %"),
        ("At 71, the health score is 16 points lower than it was at the start of Q2 2026.", "71"),
        ("Adoption, currently 62 %, has risen since the quarter began, when it was 62 %.", "62 %"),
        ("Utilisation: 65 % of seats in use, down 4 points from 65 %.", "65 %"),
        ("Tickets: start 34, end 34.", "34"),
        ("The health score was 55 on 1 April 2026.", "55"),
        ("Login frequency improved to 81 %, against 75 days at the start.", "75 days"),
        ("Fines avoided came to € 27,500.", "€ 27,500"),
        ("Green begins at 55 and Red lies under 40; health is at 55.", "55"),
        ("The health score of 55 is 70 points below the line of Green.", "70 points"),
        ("312 idle seats are waiting.", "312"),
        ("168 used, 480 bought.", "168"),
        ("Of five commitments three were kept and 3 are outstanding.", "3"),
        ("Half of the tickets are features.", "Half"),
        ("You bought six modules and work with three.", "three"),
        ("Open tickets are 34, an increase of 85 %.", "85 %"),
        ("Peers run at 67 %, which puts the account 6 points behind.", "6 points"),
        ("The 18,400 was less than € 18k in courier costs saved.", "€ 18k"),
        ("From 14 July 2026 to 7 August 2026 there are 25 days.", "25 days"),
        ("Adoption is at 62 % against a median of 67 %. That is a distance of 4 points.", "4 points"),
        ("Feature adoption: 54 %, up 8 points since 1 April 2026.", "54 %"),
        ("Weeks in Green, Amber and Red: 4, 2 and 7.", "4"),
        ("The account spent 4 weeks in Green, 2 in Amber and 7 in Red.", "4 weeks"),
        ("Of 5 commitments 2 may be marked as kept.", "2"),
    ],
)
def test_what_does_not_follow_is_marked(text, wrong):
    assert any(wrong in mark or mark in wrong for mark in _marked(text)), _marked(text)
