"""Widgets without templates: what Django's own renderer draws, to the letter."""

from datetime import date
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates, get_default_renderer
from django.utils.safestring import SafeString
from hypothesis import given, settings
from hypothesis import strategies as st

from csm_portal.form_renderer import Renderer

words = st.text(max_size=12) | st.sampled_from(["<script>", "O'Neil & Co", 'a"b', "Any", "{}"])
labels = words | words.map(SafeString) | st.integers() | st.dates()
attributes = st.dictionaries(
    st.sampled_from(["class", "data-x", "required", "aria-describedby", "placeholder"]),
    words | st.booleans() | st.integers(),
)


def same(widget: forms.Widget, value: Any, attrs: dict[str, Any]) -> None:
    given_attrs = {"id": "id_field", **attrs}

    drawn = widget.render("field", value, given_attrs, Renderer())

    assert drawn == widget.render("field", value, given_attrs, DjangoTemplates())
    assert isinstance(drawn, SafeString)


@settings(max_examples=30)
@given(st.lists(st.tuples(words | st.integers(), labels)), words, attributes)
def test_a_select_is_what_django_draws(choices: list[Any], value: str, attrs: dict[str, Any]) -> None:
    same(forms.Select(choices=choices), value, attrs)


@settings(max_examples=20)
@given(st.lists(words), attributes)
def test_a_select_of_several_is_what_django_draws(value: list[str], attrs: dict[str, Any]) -> None:
    same(forms.SelectMultiple(choices=[("", "Any"), *((one, one) for one in value)]), value[:2], attrs)


@pytest.mark.parametrize(
    "widget",
    [
        forms.TextInput(),
        forms.SearchInput(),
        forms.HiddenInput(),
        forms.NumberInput(),
        forms.EmailInput(),
        forms.DateInput(),
        forms.CheckboxInput(),
        forms.PasswordInput(),
        forms.Textarea(),
    ],
)
@settings(max_examples=15)
@given(value=st.none() | words | st.integers() | st.booleans() | st.just(date(2026, 5, 14)), attrs=attributes)
def test_an_input_is_what_django_draws(widget: forms.Widget, value: Any, attrs: dict[str, Any]) -> None:
    same(widget, value, attrs)


def test_choices_in_groups_and_choices_to_tick_are_left_to_django() -> None:
    groups = [("Europe", [("de", "Germany"), ("fr", "France")]), ("us", "United States")]

    same(forms.Select(choices=groups), "fr", {})
    same(forms.RadioSelect(choices=[("a", "A"), ("b", "B")]), "b", {})


def test_the_portal_draws_its_forms_with_it() -> None:
    assert isinstance(get_default_renderer(), Renderer)
