"""The conditions of a filter, each turned into a test of one value. Pure functions.

Text is compared without case, as the app does it; an empty value passes only what speaks of emptiness or of not
being something.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeAlias

from csm_portal.simulators.notion import errors
from csm_portal.simulators.notion.body import Node

Passes: TypeAlias = Callable[[Any], bool]
Find: TypeAlias = Callable[[Node], str]
Span: TypeAlias = tuple[datetime, datetime]
"""From the first moment to the one after the last."""

_TEXT: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "does_not_contain": lambda value, wanted: wanted not in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
}
_NUMBER: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "greater_than": lambda value, wanted: value > wanted,
    "less_than": lambda value, wanted: value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value <= wanted,
}
_DATE: dict[str, Callable[[datetime, Span], bool]] = {
    "equals": lambda value, wanted: wanted[0] <= value < wanted[1],
    "before": lambda value, wanted: value < wanted[0],
    "after": lambda value, wanted: value >= wanted[1],
    "on_or_before": lambda value, wanted: value < wanted[1],
    "on_or_after": lambda value, wanted: value >= wanted[0],
}
_EXISTENCE = ("is_empty", "is_not_empty")
_RELATIVE_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1, "one_week_ago": -7, "one_week_from_now": 7}
_RELATIVE_MONTHS = {"one_month_ago": -1, "one_month_from_now": 1}


def _only(node: Node, words: tuple[str, ...]) -> tuple[str, Node]:
    """Return the one condition of a filter and its operand."""
    sent = node.object(words)
    if len(sent) != 1:
        lines = "\n".join(f"{node.path}.{word} should be defined, instead was `undefined`." for word in words)
        raise errors.validation(f"body failed validation. Fix one:\n{lines}")
    word = next(iter(sent))
    return word, node[word]


def _existence(word: str, operand: Node) -> Passes:
    if operand.value is not True:
        raise operand.should("`true`")
    wants_empty = word == "is_empty"
    return lambda value: (value is None or value in ("", [], {})) == wants_empty


def existence_condition(node: Node) -> Passes:
    return _existence(*_only(node, _EXISTENCE))


def text_condition(node: Node) -> Passes:
    word, operand = _only(node, (*_TEXT, *_EXISTENCE))
    if word in _EXISTENCE:
        return _existence(word, operand)
    compare, wanted = _TEXT[word], operand.text().casefold()
    return lambda value: compare(value.casefold(), wanted)


def number_condition(node: Node) -> Passes:
    word, operand = _only(node, (*_NUMBER, *_EXISTENCE))
    if word in _EXISTENCE:
        return _existence(word, operand)
    compare, wanted = _NUMBER[word], operand.number()
    when_empty = word == "does_not_equal"
    return lambda value: when_empty if value is None else compare(value, wanted)


def checkbox_condition(node: Node) -> Passes:
    word, operand = _only(node, ("equals", "does_not_equal"))
    wanted = operand.boolean() == (word == "equals")
    return lambda value: value is wanted


def choice_condition(node: Node, *, find: Find) -> Passes:
    """Return the test of a select or status; ``equals`` takes one name or a list of them."""
    word, operand = _only(node, ("equals", "does_not_equal", *_EXISTENCE))
    if word in _EXISTENCE:
        return _existence(word, operand)
    wanted, wants_match = _names(operand, find), word == "equals"
    return lambda value: (value in wanted) == wants_match


def members_condition(node: Node, *, find: Find) -> Passes:
    """Return the test of a list of ids: options, people or related pages."""
    word, operand = _only(node, ("contains", "does_not_contain", *_EXISTENCE))
    if word in _EXISTENCE:
        return _existence(word, operand)
    wanted, wants_match = _names(operand, find), word == "contains"
    return lambda value: (not wanted.isdisjoint(value or ())) == wants_match


def _names(operand: Node, find: Find) -> set[str]:
    if isinstance(operand.value, list):
        return {find(item) for item in operand.items()}
    return {find(operand)}


def date_condition(node: Node, *, today: date) -> Passes:
    """Return the test of a date value. Days are UTC days; a date without a time is the whole day."""
    periods = _periods(today)
    word, operand = _only(node, (*_DATE, *periods, *_EXISTENCE))
    if word in _EXISTENCE:
        return _existence(word, operand)
    if word in periods:
        operand.object(())
        compare, wanted = _DATE["equals"], periods[word]
    else:
        compare, wanted = _DATE[word], _wanted_span(operand, today)
    return lambda value: bool(value) and compare(start_of(value), wanted)


def _wanted_span(operand: Node, today: date) -> Span:
    text = operand.text()
    if text in _RELATIVE_DAYS:
        return _days(today + timedelta(days=_RELATIVE_DAYS[text]), 1)
    if text in _RELATIVE_MONTHS:
        return _days(_months_from(today, _RELATIVE_MONTHS[text]), 1)
    span = span_of(text)
    if span is None:
        raise operand.should("a valid ISO 8601 date string")
    return span


def span_of(text: str) -> Span | None:
    """Return the span that a date (a day) or a time (an instant) stands for; None where it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == 10:
        return _days(moment.date(), 1)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment, moment + timedelta(microseconds=1)


def start_of(value: dict[str, Any]) -> datetime:
    """Return the first moment of a date value."""
    moment = datetime.fromisoformat(value["start"])
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _days(first: date, count: int) -> Span:
    low = datetime.combine(first, time.min, UTC)
    return low, low + timedelta(days=count)


def _months_from(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _between(first: date, last: date) -> Span:
    return _days(first, (last - first).days + 1)


def _periods(today: date) -> dict[str, Span]:
    """Return the named spans: a past one ends today, a next one starts today; a week starts on Sunday."""
    sunday = today - timedelta(days=today.isoweekday() % 7)
    return {
        "this_week": _days(sunday, 7),
        "past_week": _between(today - timedelta(days=7), today),
        "past_month": _between(_months_from(today, -1), today),
        "past_year": _between(_months_from(today, -12), today),
        "next_week": _between(today, today + timedelta(days=7)),
        "next_month": _between(today, _months_from(today, 1)),
        "next_year": _between(today, _months_from(today, 12)),
    }
