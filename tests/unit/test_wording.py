"""How amounts, dates and ages are said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.templatetags import wording

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 9, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (48000, "EUR", "€ 48,000"),
        (Decimal("1250.50"), "CHF", "CHF 1,250.50"),
        (Decimal("0.005"), "USD", "$ 0.01"),
        (0, "gbp", "£ 0"),
        (-1200, "USD", "−$ 1,200"),
        (None, "EUR", "Not known"),
        ("", "EUR", "Not known"),
        ("many", "EUR", "Not known"),
        (float("nan"), "EUR", "Not known"),
        (7, "", "7"),
    ],
)
def test_money_is_said_with_its_currency_and_never_as_nought_for_want_of_data(amount, currency, said):
    assert wording.money(amount, currency).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (950, "€ 950"),
        (999, "€ 999"),
        (1000, "€ 1K"),
        (48_500, "€ 48.5K"),
        (412_000, "€ 412K"),
        (999_950, "€ 1M"),
        (1_240_000, "€ 1.2M"),
        (12_400_000, "€ 12.4M"),
        (3_000_000_000, "€ 3B"),
    ],
)
def test_short_money_rounds_into_the_next_letter(amount, said):
    assert wording.money(amount, "EUR", short=True).replace("\u00a0", " ") == said


@given(st.integers(min_value=0, max_value=10**13))
def test_short_money_is_within_one_part_in_ten_of_the_amount(amount):
    text = wording.money(amount, "EUR", short=True).split("\u00a0")[1].replace(",", "")
    factor = {"K": 10**3, "M": 10**6, "B": 10**9}.get(text[-1], 1)
    said = Decimal(text.rstrip("KMB")) * factor

    assert abs(said - amount) <= Decimal(amount) / 10


def test_currencies_are_listed_not_added():
    said = wording.money_sums({"USD": 126500, "EUR": 412000, "JPY": None})

    assert [text.replace("\u00a0", " ") for text in said] == ["€ 412,000", "$ 126,500"]


@pytest.mark.parametrize(
    ("days", "said", "tone"),
    [
        (-30, "30 days overdue", "overdue"),
        (-1, "1 day overdue", "overdue"),
        (0, "today", "soon"),
        (1, "tomorrow", "soon"),
        (30, "in 30 days", "soon"),
        (31, "in 31 days", "later"),
        (120, "in 120 days", "later"),
        (121, "in 4 months", "later"),
        (365, "in 12 months", "later"),
        (800, "in 2 years", "later"),
    ],
)
def test_a_deadline_says_how_far_off_it_is(days, said, tone):
    told = wording.countdown(TODAY + timedelta(days=days), today=TODAY)

    assert (told.text.replace("\u00a0", " "), told.tone) == (said, tone)


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=44), "44 minutes ago"),
        (timedelta(minutes=50), "1 hour ago"),
        (timedelta(hours=8), "8 hours ago"),
        (timedelta(hours=20), "yesterday"),
        (timedelta(days=5), "5 days ago"),
        (timedelta(days=9), "14 Nov 2026"),
        (timedelta(hours=-3), "in 3 hours"),
        (timedelta(days=-1), "tomorrow"),
    ],
)
def test_a_moment_says_how_long_ago_it_was(gap, said):
    assert wording.ago(NOW - gap, now=NOW).replace("\u00a0", " ") == said


def test_days_are_those_of_the_readers_zone():
    late = datetime(2026, 11, 22, 23, 15, tzinfo=UTC)

    assert wording.ago(late, now=datetime(2026, 11, 23, 14, 0, tzinfo=UTC)) == "yesterday"
    assert (
        wording.ago(late, now=datetime(2026, 11, 23, 14, 0, tzinfo=ZoneInfo("Europe/Berlin")))
        == "14\u00a0hours ago"
    )


def test_a_date_without_a_time_is_told_in_days():
    assert wording.ago(TODAY, now=NOW) == "today"
    assert wording.ago(TODAY - timedelta(days=1), now=NOW) == "yesterday"


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_any_two_moments_have_a_sentence(moment, now):
    assert wording.ago(moment, now=now)


@pytest.mark.parametrize(
    ("ratio", "said"), [(0.725, "73 %"), (0, "0 %"), (1.2, "120 %"), (None, "Not known"), (0.004, "0 %")]
)
def test_a_ratio_is_said_as_a_whole_percentage(ratio, said):
    assert wording.percent(ratio).replace("\u00a0", " ") == said


@pytest.mark.parametrize(("points", "said"), [(4, "+4"), (-20, "−20"), (0, "±0"), (None, "Not known")])
def test_a_change_carries_its_sign(points, said):
    assert wording.signed(points) == said
