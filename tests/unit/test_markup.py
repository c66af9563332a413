"""Values in HTML: the same as Django's own ``format_html``, whatever they are."""

from decimal import Decimal

import pytest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from csm_portal.templatetags.markup import fill, fill_each

words = st.text() | st.sampled_from(["<script>", "Fish & Chips", "“it’s”", "{}", "{0}", 'a"b', "O'Neil"])
values = words | words.map(SafeString) | st.integers() | st.none() | st.booleans() | st.decimals()


class Drawn:
    def __html__(self) -> str:
        return "<b>drawn</b>"

    def __str__(self) -> str:
        return "<drawn>"


@given(values, values, values)
def test_a_pattern_is_filled_as_django_fills_it(first: object, second: object, third: object) -> None:
    pattern = '<a href="{}">{}</a> {third}'

    filled = fill(pattern, first, second, third=third)

    assert filled == format_html(pattern, first, second, third=third)
    assert isinstance(filled, SafeString)


@given(st.lists(st.tuples(values, values)))
def test_rows_are_filled_as_django_joins_them(rows: list[tuple[object, object]]) -> None:
    pattern = "<li>{}<span>{}</span></li>"

    assert fill_each(pattern, rows) == format_html_join("", pattern, rows)


@pytest.mark.parametrize(
    ("value", "shown"),
    [("<b>", "&lt;b&gt;"), (SafeString("<b>"), "<b>"), (Drawn(), "<b>drawn</b>"), (Decimal("1.50"), "1.50")],
)
def test_what_comes_from_outside_is_escaped_and_what_was_drawn_here_is_not(value: object, shown: str) -> None:
    assert fill("{}", value) == shown
