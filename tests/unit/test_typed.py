"""What people type into forms is cleaned in one place, for every form that takes a name or a sentence."""

from itertools import chain
from typing import Any

import pytest
from django import forms

from accounts import (
    alert_forms,
    coaching_forms,
    opportunity_forms,
    override_form,
    price_forms,
    rate_form,
    roi_forms,
    segment_form,
    threshold_forms,
)
from csm_portal import typed
from csm_portal.pages import agent_keys

HIDDEN = "\u202e\u2066\u200b\ufeff\u0007\x00"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"Acme{HIDDEN} moc.elpmaxe", "Acme moc.elpmaxe"),
        ("  two\r\nlines\t here ", "two lines here"),
        ("شركة النخيل", "شركة النخيل"),
        ("می‌خواهم", "می‌خواهم"),
        ("👩‍💻 Team", "👩‍💻 Team"),
    ],
)
def test_a_line_has_no_character_that_nobody_sees(given: str, kept: str) -> None:
    assert typed.LineField().clean(given) == kept


def test_what_is_nothing_but_invisible_is_empty() -> None:
    with pytest.raises(forms.ValidationError, match="required"):
        typed.LineField().clean(HIDDEN)


def test_a_text_keeps_its_lines() -> None:
    assert typed.LinesField().clean(f"one{HIDDEN}\r\ntwo") == "one\ntwo"


def test_every_visible_text_of_these_forms_is_such_a_field() -> None:
    classes: list[Any] = [
        value
        for module in (alert_forms, coaching_forms, opportunity_forms, override_form, price_forms, rate_form, roi_forms, segment_form, threshold_forms, agent_keys)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, forms.BaseForm) and value.__module__ == module.__name__
    ]  # fmt: skip
    fields = list(chain.from_iterable(one.base_fields.items() for one in classes))

    plain = {
        name
        for name, field in fields
        if type(field) is forms.CharField and not isinstance(field.widget, forms.HiddenInput)
    }

    assert len(classes) > 10
    # What is looked for is compared, and never kept.
    assert plain == {"q", "account"}


@pytest.mark.parametrize(
    ("given", "said"),
    [("12,5", 12.5), ("12.5", 12.5), ("3.125", 3.125), ("1,000,000", 1_000_000.0), ("", None), (4, 4.0)],
)
def test_a_figure_may_have_a_comma(given: Any, said: float | None) -> None:
    assert typed.FigureField(required=False).clean(given) == said


@pytest.mark.parametrize("given", ["1,234", "NaN", "seven", "9" * 400])
def test_what_is_no_figure_or_two_is_refused(given: str) -> None:
    with pytest.raises(forms.ValidationError):
        typed.FigureField().clean(given)


def test_an_amount_that_could_be_two_says_how_to_write_each() -> None:
    with pytest.raises(forms.ValidationError, match=r"write 1234, or 1\.23 with a point"):
        typed.AmountField(decimal_places=2).clean("1.234")


@pytest.mark.parametrize(("given", "code"), [("eur", "EUR"), (" Usd ", "USD")])
def test_a_currency_is_kept_in_upper_case(given: str, code: str) -> None:
    assert typed.CurrencyField().clean(given) == code


@pytest.mark.parametrize("given", ["XXX", "dollars", "E1", "U$D"])
def test_what_is_no_currency_is_refused(given: str) -> None:
    with pytest.raises(forms.ValidationError, match="is no currency in use: write its three letters"):
        typed.CurrencyField().clean(given)
