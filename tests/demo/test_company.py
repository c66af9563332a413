"""The invented books of business: deterministic, true for any date, with every case that the portal has a word for."""

import itertools
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.scoring import bands, churn, health
from accounts.scoring.bands import Band
from accounts.scoring.churn import ChurnAssessment, RiskLevel, ScorePoint, Trigger
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import INPUT_NAMES
from csm_portal.demo import company, history
from csm_portal.demo.company import Customer, companies
from csm_portal.demo.trajectories import Shape
from csm_portal.ports.workspace import ACCOUNT_FIELDS

pytestmark = pytest.mark.one_database

POLICY = HealthPolicy()
TODAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2040, 12, 31))
SCRIPTS = {
    "Cyrillic": ("\u0400", "\u04ff"),
    "Han": ("\u4e00", "\u9fff"),
    "kana": ("\u3040", "\u30ff"),
    "Arabic": ("\u0600", "\u06ff"),
}


def assessed(customer: Customer, today: date) -> tuple[Band, ChurnAssessment]:
    """Score a customer's year as the portal would, and assess its last day."""
    known, points = None, []
    for day in [*history.days(today), today]:
        signals = customer.year.signals(day)
        if signals is None:
            continue
        evaluation = health.evaluate(signals, POLICY)
        shown = bands.effective_band(evaluation, last_known=known, as_of=day)
        known = shown.known
        points.append(ScorePoint(on=day, score=evaluation.score))
    found = churn.assess(
        signals,
        score=evaluation.score,
        band=shown.band,
        policy=POLICY,
        as_of=today,
        notice_on=customer.row["notice_on"],
        renewal_on=customer.row["renewal_on"],
        history=points[:-1],
    )
    return shown.band, found


@given(today=TODAYS)
@settings(max_examples=3, deadline=None)
def test_every_band_level_and_trigger_occurs_whatever_the_date(today):
    first, second = companies(today)
    found = [assessed(customer, today) for customer in first.customers]

    of_band = Counter(band for band, _ in found)
    assert set(of_band) == set(Band)
    assert 62 <= of_band[Band.GREEN] <= 78
    assert 12 <= of_band[Band.AMBER] <= 24
    assert 5 <= of_band[Band.RED] <= 12
    assert 2 <= of_band[Band.UNKNOWN] <= 6
    assert {risk.level for _, risk in found} == set(RiskLevel)
    assert {risk.trigger for _, risk in found} == {*Trigger, None}
    assert {Band.GREEN, Band.AMBER, Band.RED} <= {
        assessed(customer, today)[0] for customer in second.customers
    }


@given(today=TODAYS)
@settings(max_examples=8, deadline=None)
def test_the_same_day_gives_the_same_companies(today):
    made, again = companies(today), companies(today)

    assert [[customer.row for customer in one.customers] for one in made] == [
        [customer.row for customer in one.customers] for one in again
    ]


@given(today=TODAYS, back=st.integers(min_value=0, max_value=364))
@settings(max_examples=15, deadline=None)
def test_signals_of_any_day_are_ones_that_can_be(today, back):
    day = today - timedelta(days=back)
    for one in companies(today):
        for customer in one.customers:
            signals = customer.year.signals(day)
            if signals is None:
                assert customer.year.shape is Shape.NEW
                continue
            for name in ("feature_adoption_rate", "login_frequency_score", "stakeholder_engagement_score"):
                value = getattr(signals, name)
                assert value is None or 0 <= value <= 1
            assert signals.last_interaction_days is None or signals.last_interaction_days >= 0
            assert signals.seats_utilization is None or 0 < signals.seats_utilization <= 1.1
            assert signals.nps_score is None or 0 <= signals.nps_score <= 10


@given(today=TODAYS)
@settings(max_examples=8, deadline=None)
def test_scores_move_as_customers_do_and_not_by_dice(today):
    weeks = [today - timedelta(weeks=back) for back in range(40, -1, -1)]
    for customer in companies(today)[0].customers:
        if customer.year.shape not in (Shape.STRONG, Shape.STEADY, Shape.EXPANDING):
            continue
        scores = [
            health.evaluate(signals, POLICY).score
            for day in weeks
            if (signals := customer.year.signals(day)) is not None
        ]
        moves = [abs(after - before) for before, after in itertools.pairwise(scores)]
        assert sum(moves) / len(moves) < 4, customer.name


def test_the_book_has_what_real_books_have():
    today = date(2026, 11, 22)
    first, second = companies(today)
    customers = [*first.customers, *second.customers]
    names = [customer.name for customer in customers]

    assert (len(first.customers), len(second.customers), len(set(names))) == (100, 20, 120)
    assert max(map(len, names)) > 60
    for script, (low, high) in SCRIPTS.items():
        assert any(low <= letter <= high for name in names for letter in name), script
    assert any(customer.row["renewal_on"] and customer.row["renewal_on"] < today for customer in customers)
    assert any(customer.row["renewal_on"] is None for customer in customers)
    assert any(
        customer.row["seats_used"]
        and customer.row["seats_used"] >= 0.95 * customer.row["seats_purchased"]
        and customer.year.shape is Shape.EXPANDING
        for customer in customers
    )
    assert Counter(customer.row["owner"].name for customer in first.customers).keys() == {
        "Nora Lindqvist",
        "Mateo Herrera",
        "Priya Raman",
        # Who has left: three accounts still name her.
        "Lena Fischer",
    }
    currencies = Counter(customer.row["currency"] for customer in first.customers)
    assert currencies["EUR"] > 85
    assert len(currencies) > 1
    # Each input is missing for somebody and known for most.
    for name in INPUT_NAMES:
        known = sum(getattr(customer.year.signals(today), name) is not None for customer in customers)
        assert known > 60, name
        assert known < 120 or name in ("payment_current", "escalation_history_count"), name


def test_what_customers_pay_is_what_their_seats_cost():
    for one in companies(date(2026, 11, 22)):
        for customer in one.customers:
            arr = customer.row["arr"]
            assert Decimal(1000) <= arr <= Decimal(500_000), customer.name
            assert 80 <= arr / customer.year.seats_purchased <= 260, customer.name


def test_rows_have_fields_of_the_portal_alone():
    names = {spec.name for spec in ACCOUNT_FIELDS}

    for one in companies(date(2026, 11, 22)):
        for customer in one.customers:
            assert set(customer.row) <= names


def test_notes_speak_of_the_contact_that_the_row_names():
    for one in companies(date(2026, 11, 22)):
        for customer in one.customers:
            contact = customer.row["primary_contacts"][0].split(" (")[0]
            notes = customer.row["notes"]
            assert "{" not in notes
            assert contact in notes or customer.year.shape is Shape.SILENT


def test_everybody_signs_in_with_an_address_of_their_own():
    addresses = [person.email for person in (*company.BRIGHTLOOM, *company.TIDEWATER)]

    assert len(set(addresses)) == len(addresses)
    assert {role for person in company.BRIGHTLOOM for role in person.roles} == {
        "csm",
        "manager",
        "admin",
        "sales",
    }
