"""Conditions, cursors and dates as pure functions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.simulators.notion import body, conditions, errors, identifiers
from csm_portal.simulators.notion.body import Node

pytestmark = pytest.mark.one_database

TODAY = date(2026, 11, 18)  # a Wednesday
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def on(**condition: Any) -> Any:
    return conditions.date_condition(Node(condition, "filter"), today=TODAY)


def day(value: date) -> dict[str, Any]:
    return {"start": value.isoformat(), "end": None}


@given(value=days, wanted=days)
def test_date_conditions_agree_with_each_other(value: date, wanted: date) -> None:
    text = wanted.isoformat()
    before, equal, after = (on(**{word: text})(day(value)) for word in ("before", "equals", "after"))

    assert [before, equal, after].count(True) == 1
    assert on(on_or_before=text)(day(value)) == (before or equal) == (value <= wanted)
    assert on(on_or_after=text)(day(value)) == (after or equal) == (value >= wanted)


@given(value=days)
def test_a_moment_of_a_day_is_on_that_day_in_utc(value: date) -> None:
    last_minute = {"start": f"{value.isoformat()}T23:59:00.000+00:00", "end": None}
    in_tokyo = {"start": f"{value.isoformat()}T01:00:00.000+09:00", "end": None}

    assert on(equals=value.isoformat())(last_minute)
    assert on(equals=(value - timedelta(days=1)).isoformat())(in_tokyo)


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("this_week", date(2026, 11, 15), date(2026, 11, 21)),
        ("past_week", date(2026, 11, 11), date(2026, 11, 18)),
        ("past_month", date(2026, 10, 18), date(2026, 11, 18)),
        ("past_year", date(2025, 11, 18), date(2026, 11, 18)),
        ("next_week", date(2026, 11, 18), date(2026, 11, 25)),
        ("next_month", date(2026, 11, 18), date(2026, 12, 18)),
        ("next_year", date(2026, 11, 18), date(2027, 11, 18)),
    ],
)
def test_a_named_span_has_two_ends(word: str, first: date, last: date) -> None:
    passes = on(**{word: {}})

    assert passes(day(first))
    assert passes(day(last))
    assert not passes(day(first - timedelta(days=1)))
    assert not passes(day(last + timedelta(days=1)))
    assert not passes(None)


def test_a_month_from_the_31st_ends_with_the_shorter_month() -> None:
    passes = conditions.date_condition(
        Node({"equals": "one_month_from_now"}, "filter"), today=date(2026, 1, 31)
    )

    assert passes(day(date(2026, 2, 28)))


texts = st.text(max_size=8)


@given(value=texts, wanted=texts)
def test_text_conditions_come_in_pairs(value: str, wanted: str) -> None:
    def passes(word: str) -> bool:
        return conditions.text_condition(Node({word: wanted}, "filter"))(value)

    assert passes("equals") != passes("does_not_equal")
    assert passes("contains") != passes("does_not_contain")
    assert not passes("equals") or (passes("starts_with") and passes("ends_with") and passes("contains"))


@given(value=st.none() | st.floats(-1e9, 1e9), wanted=st.floats(-1e9, 1e9))
def test_number_conditions_come_in_pairs(value: float | None, wanted: float) -> None:
    def passes(word: str) -> bool:
        return conditions.number_condition(Node({word: wanted}, "filter"))(value)

    assert passes("equals") != passes("does_not_equal")
    if value is not None:
        assert passes("greater_than") != passes("less_than_or_equal_to")
        assert passes("less_than") != passes("greater_than_or_equal_to")
    else:
        assert not passes("greater_than_or_equal_to")
        assert not passes("less_than_or_equal_to")


@given(row=st.integers(0, 2**40), count=st.integers(0, 10_000), question=st.text())
def test_a_cursor_is_read_back_for_its_question_only(row: int, count: int, question: str) -> None:
    number = identifiers.question_of(question)
    cursor = identifiers.Cursor(row=row, given=count, question=number)

    assert identifiers.parse_uuid(str(cursor)) == str(cursor)
    assert identifiers.read_cursor(str(cursor), question=number) == cursor
    assert identifiers.read_cursor(str(cursor), question=number ^ 1) is None


@given(st.text())
def test_no_text_breaks_the_reading_of_dates_and_ids(text: str) -> None:
    assert body.normal_date(text) is None or conditions.span_of(text) is not None
    assert identifiers.parse_uuid(text) is None or len(text) in (32, 36)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_keeps_its_milliseconds_in_notions_writing(moment: datetime) -> None:
    written = body.normal_date(moment.isoformat())

    assert written is not None
    assert datetime.fromisoformat(written) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@given(st.text(max_size=40))
def test_units_are_those_of_utf_16(text: str) -> None:
    assert body.utf16_units(text) == sum(2 if ord(character) > 0xFFFF else 1 for character in text)


def test_a_long_value_is_quoted_short() -> None:
    assert errors.shown("x" * 500) == '`"' + "x" * 99 + "...`"
    assert errors.shown(errors.MISSING) == "`undefined`"


def test_a_seeded_mint_makes_the_same_ids_again() -> None:
    first, second, other = identifiers.Mint(1), identifiers.Mint(1), identifiers.Mint(2)

    assert first.uuid() == second.uuid() != other.uuid()
    assert first.property_id(set()) == second.property_id(set())


def test_property_ids_need_percent_encoding_now_and_then() -> None:
    mint = identifiers.Mint(3)
    ids = {mint.property_id(set()) for _ in range(200)}

    assert any("%" in property_id for property_id in ids)
    assert not any(character in property_id for property_id in ids for character in "/.?\"'")
