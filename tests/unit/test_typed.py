"""What people type into forms is cleaned in one place, for every form that takes a name or a sentence."""

from itertools import chain
from typing import Any
from uuid import uuid4

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
from qbr import board_forms, editor_forms
from qbr import forms as qbr_forms

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


def test_what_people_say_about_a_review_keeps_its_lines_and_hides_nothing() -> None:
    said = f"Who{HIDDEN} says so?\r\n\r\nName them."
    key, clean = str(uuid4()), "Who says so?\n\nName them."

    asked = editor_forms.RemarkForm(
        {"body": said, "key": key, "section": "roi_business_impact", "revision": "1"}
    )
    answered = editor_forms.AnswerRemarkForm({"body": said, "key": key})
    sent_back = qbr_forms.RequestChangesForm({"comment": said, "version": "1"})
    vouched = qbr_forms.VouchForm(
        {"reason": said, "text": "87 %", "section": "roi_business_impact", "version": "1"}
    )

    assert all(form.is_valid() for form in (asked, answered, sent_back, vouched))
    assert asked.cleaned_data["body"] == answered.cleaned_data["body"] == clean
    assert sent_back.cleaned_data["comment"] == clean
    assert vouched.cleaned_data["reason"] == "Who says so? Name them."


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (editor_forms.AnswerRemarkForm, "body"),
        (qbr_forms.RequestChangesForm, "comment"),
        (qbr_forms.VouchForm, "reason"),
    ],
)
def test_what_nobody_can_see_says_nothing_about_a_review(form: Any, name: str) -> None:
    assert form({name: HIDDEN}).errors[name] == [form.base_fields[name].error_messages["required"]]


def test_every_visible_text_of_these_forms_is_such_a_field() -> None:
    classes: list[Any] = [
        value
        for module in (alert_forms, coaching_forms, opportunity_forms, override_form, price_forms, rate_form, roi_forms, segment_form, threshold_forms, agent_keys, board_forms, editor_forms, qbr_forms)
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
    # What is looked for is compared, and never kept; a quarter is one of two, and a section's text is cleaned block by block.
    assert plain == {"q", "account", "quarter", "text"}


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
