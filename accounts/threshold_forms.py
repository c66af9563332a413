"""The one form of a tenant's thresholds and penalties, made from the policy's table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.forms import BoundField

from accounts.scoring.policy import POLICY_FIELDS, PolicyError, PolicyField
from accounts.scoring.segments import LONGEST_NAME, STANDARD, PolicyBook
from csm_portal import typed


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One setting. ``in_force`` is its value of today where the field shows another one, else None.

    ``standard`` is the standard's value where a segment's field shows another one.
    """

    bound: BoundField
    unit: str
    in_force: int | None
    standard: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSection:
    """The settings under one heading."""

    title: str
    rows: tuple[FormRow, ...]


class ThresholdsForm(forms.Form):
    """Every setting of the standard or of one segment, and why it changes.

    ``book`` is what the form begins with, ``in_force`` what holds today: a field that shows another value says so
    beside it, which is how both sides of a conflict, and what a restored version or a draft would change, are seen.
    """

    expected_number = forms.IntegerField(widget=forms.HiddenInput)
    restores = forms.IntegerField(widget=forms.HiddenInput, required=False)
    draft = forms.UUIDField(widget=forms.HiddenInput, required=False)
    segment = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_NAME)
    reason = typed.LineField(
        label="Why",
        max_length=500,
        help_text="Whoever reads the history later, or asks why a band moved, reads this.",
        error_messages={
            "required": "Say why the settings change: whoever reads the history will want to know."
        },
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    draft_name = typed.LineField(
        label="Name of the draft",
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    account = forms.CharField(
        label="Try it on one account",
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "Name of an account"}),
    )

    def __init__(
        self, *args: Any, book: PolicyBook, segment: str, in_force: PolicyBook, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._book = book
        self._segment = segment
        self.in_force = _settings_of(in_force, segment)
        # Of a segment each field tells the standard too: that is what it follows wherever it is the same.
        self.standard = book.standard.to_mapping() if segment != STANDARD else {}
        for item in POLICY_FIELDS:
            self.fields[item.name] = self._field(item)

    def _field(self, item: PolicyField) -> forms.IntegerField:
        message = f"{item.label} must be a whole number from {item.minimum} to {item.maximum} {item.unit}."
        return forms.IntegerField(
            label=item.label,
            help_text=f"{item.help} From {item.minimum} to {item.maximum}, by default {item.default}.",
            error_messages={"required": message, "invalid": message},
            widget=forms.NumberInput(
                attrs={
                    "min": item.minimum,
                    "max": item.maximum,
                    "step": 1,
                    "inputmode": "numeric",
                    "autocomplete": "off",
                }
            ),
        )

    def clean(self) -> dict[str, Any]:
        """Hold the settings against each other; what could not be read counts as in force meanwhile."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        values = {item.name: given.get(item.name, self.in_force[item.name]) for item in POLICY_FIELDS}
        try:
            self._book.with_settings(self._segment, values)
        except PolicyError as error:
            for name, sentence in error.problems.items():
                if name not in self.errors:
                    self.add_error(name, sentence)
        return given

    def values(self) -> dict[str, int]:
        """Return the settings of a valid form."""
        return {item.name: self.cleaned_data[item.name] for item in POLICY_FIELDS}

    def book(self) -> PolicyBook:
        """Return the policies that a valid form comes to."""
        return self._book.with_settings(self._segment, self.values())

    def tried(self) -> PolicyBook | None:
        """Return the policies that the settings come to, whatever else the form lacks; None where they are none."""
        self.full_clean()
        if any(item.name in self.errors for item in POLICY_FIELDS):
            return None
        return self.book()

    def has_settings(self) -> bool:
        """Whether a form that was sent can be kept as a draft: of a draft nobody asks why."""
        return self.tried() is not None and not set(self.errors) - {"reason"}

    def sections(self) -> Iterator[FormSection]:
        """Return the settings as the page shows them."""
        for group, items in groupby(POLICY_FIELDS, key=lambda item: item.group):
            yield FormSection(title=str(group), rows=tuple(self._row(item) for item in items))

    def _row(self, item: PolicyField) -> FormRow:
        bound, today = self[item.name], self.in_force[item.name]
        value, standard = str(bound.value()).strip(), self.standard.get(item.name)
        return FormRow(
            bound=bound,
            unit=item.unit,
            in_force=today if value != str(today) else None,
            standard=standard if standard is not None and value != str(standard) else None,
        )

    def focus_on_first_error(self) -> None:
        """Let the browser open the page at the first field that is wrong, scripts or not."""
        for bound in self:
            if bound.errors and not bound.is_hidden:
                bound.field.widget.attrs["autofocus"] = True
                return


def _settings_of(book: PolicyBook, segment: str) -> Mapping[str, int]:
    """Return the settings that hold for a segment's accounts; the standard ones where the book does not have it."""
    known = {one.name for one in book.segments}
    return book.policy(segment if segment in known else STANDARD).to_mapping()
