"""The form of one segment: its rule, its place in the order, and why it changes."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from accounts.scoring.segments import LONGEST_NAME, PolicyBook, Rule, Segment, SegmentError
from accounts.selectors.segment_choices import Choices
from csm_portal import typed

KEEP: Final = "keep"
DELETE: Final = "delete"
_LARGEST_ARR: Final = 10**14 - 1
"""What the mirror holds of an ARR: fourteen digits before the point."""
_ACTS: Final = (
    (KEEP, "Keep it, with this rule"),
    (DELETE, "Delete it: its accounts follow the next rule that fits, or the standard"),
)


class SegmentForm(forms.Form):
    """A rule over what the mirror knows of an account; all that is asked must hold.

    ``name`` is the segment that is changed, empty for a new one. The choices are the words that the tenant's
    accounts have, and those that the rule asks for already.
    """

    expected_number = forms.IntegerField(widget=forms.HiddenInput)
    segment = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_NAME)
    act = forms.ChoiceField(label="What to do with it", choices=_ACTS, required=False)
    name = typed.LineField(
        label="Name",
        max_length=LONGEST_NAME,
        help_text="The account's page says it beside the score.",
        error_messages={"required": "Give the segment a name: the account's page says it."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    segments = forms.MultipleChoiceField(label="Segment is any of", required=False)
    stages = forms.MultipleChoiceField(label="Lifecycle stage is any of", required=False)
    owners = forms.MultipleChoiceField(label="Owner is any of", required=False)
    arr_from = forms.IntegerField(
        label="ARR is at least", required=False, min_value=0, max_value=_LARGEST_ARR
    )
    arr_below = forms.IntegerField(label="ARR is under", required=False, min_value=0, max_value=_LARGEST_ARR)
    currency = forms.ChoiceField(
        label="Currency of these amounts",
        required=False,
        help_text="Amounts of different currencies are never compared: an account in another one does not fit.",
    )
    place = forms.TypedChoiceField(
        label="Place in the order",
        coerce=int,
        help_text="Rules are tried from the top; the first that fits chooses the settings.",
    )
    reason = typed.LineField(
        label="Why",
        max_length=500,
        error_messages={"required": "Say why: whoever asks why a band moved reads this."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, book: PolicyBook, name: str, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._book, self._name = book, name
        rule = book.segment(name).rule if name else None
        words = (
            ("segments", choices.segments, rule.segments if rule else ()),
            ("stages", choices.stages, rule.stages if rule else ()),
            ("owners", choices.owners, rule.owners if rule else ()),
            ("currency", choices.currencies, (rule.currency,) if rule and rule.currency else ()),
        )
        for field, known, asked in words:
            offered = [(word, word) for word in dict.fromkeys((*known, *asked))]
            chosen = self.fields[field]
            assert isinstance(chosen, forms.ChoiceField)  # noqa: S101
            chosen.choices = [("", "–"), *offered] if field == "currency" else offered
        for field in ("segments", "stages"):
            self.fields[field].widget = forms.CheckboxSelectMultiple(
                choices=self.fields[field].choices  # type: ignore[attr-defined]
            )
        if not name:
            del self.fields["act"]
        place = self.fields["place"]
        assert isinstance(place, forms.TypedChoiceField)  # noqa: S101
        place.choices = list(_places([one.name for one in book.segments if one.name != name]))

    def initial_of(self) -> dict[str, Any]:
        """Return what the fields show of the segment as it is."""
        places = [one.name for one in self._book.segments]
        if not self._name:
            return {"place": len(places) + 1}
        segment = self._book.segment(self._name)
        return {
            "segment": segment.name,
            "name": segment.name,
            "place": places.index(segment.name) + 1,
            "act": KEEP,
            **segment.rule.to_mapping(),
        }

    def clean_name(self) -> str:
        """Refuse the name that the settings of everybody else have."""
        name = str(self.cleaned_data["name"])
        if name.strip().casefold() == "standard":
            raise forms.ValidationError("“Standard” is what all other accounts follow. Choose another name.")
        return name

    def clean(self) -> dict[str, Any]:
        """Hold the conditions against each other."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors or set(self.errors) <= {"reason"}:
            try:
                self._changed(given)
            except SegmentError as error:
                for name, sentence in error.problems.items():
                    self.add_error(name if name in self.fields else None, sentence)
        return given

    def book(self) -> PolicyBook:
        """Return the policies that a valid form comes to."""
        return self._changed(self.cleaned_data)

    def tried(self) -> PolicyBook | None:
        """Return the policies that the rule comes to, whatever else the form lacks; None where it is none."""
        self.full_clean()
        return None if set(self.errors) - {"reason", "expected_number"} else self.book()

    @property
    def deletes(self) -> bool:
        """Whether the form was sent to delete the segment."""
        return bool(self._name) and self.cleaned_data.get("act") == DELETE

    def _changed(self, given: dict[str, Any]) -> PolicyBook:
        if self._name and given.get("act") == DELETE:
            return self._book.without(self._name)
        asks_arr = given.get("arr_from") is not None or given.get("arr_below") is not None
        rule = Rule(
            segments=tuple(given.get("segments", ())),
            stages=tuple(given.get("stages", ())),
            owners=tuple(given.get("owners", ())),
            arr_from=given.get("arr_from"),
            arr_below=given.get("arr_below"),
            currency=given.get("currency", "") if asks_arr else "",
        )
        changes = self._book.segment(self._name).changes if self._name else {}
        return self._book.with_segment(
            Segment(name=given.get("name", ""), rule=rule, changes=changes),
            place=given.get("place") or 1,
            instead_of=self._name,
        )


def _places(others: Sequence[str]) -> list[tuple[int, str]]:
    return [(1, "First"), *((place, f"After {name}") for place, name in enumerate(others, start=2))]
