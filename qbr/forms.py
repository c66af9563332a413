"""Forms about reviews. Each carries the version that the person looked at, so that nobody decides on another one."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from django import forms
from django.core.files.uploadedfile import UploadedFile

from csm_portal import typed
from qbr import quarters
from qbr.document import HEADINGS, SectionKey, Version
from qbr.models import Answer, Commitment, Outcome
from qbr.modes import Mode
from qbr.outputs import template
from qbr.outputs.handout import SHAPE_LABELS, Shape
from qbr.selectors import listing
from qbr.selectors.listing import Filters, Scope
from qbr.services.exporting import Format

MODES: Final = [(mode.value, mode.label) for mode in Mode]


class ReviewFilterForm(forms.Form):
    """The filter bar of the list, filled in as the address says."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Account, owner or contact"}),
    )
    state = forms.ChoiceField(label="State", required=False)
    quarter = forms.ChoiceField(label="Quarter", required=False)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, filters: Filters, starts: Iterable[date]) -> None:
        """Offer the states and the quarters that there are."""
        label = quarters.quarter_of(filters.quarter).label if filters.quarter else ""
        scope = "" if filters.scope is Scope.ALL else filters.scope.value
        super().__init__(
            initial={"q": " ".join(filters.words), "state": filters.state, "quarter": label, "scope": scope}
        )
        self.fields["q"].widget.input_type = "search"
        labels = [quarters.quarter_of(start).label for start in starts]
        if label and label not in labels:
            labels.insert(0, label)
        self._offer("state", list(listing.STATES.items()))
        self._offer("quarter", [(one, one) for one in labels])
        if not scope:
            del self.fields["scope"]

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Any"), *choices]


class DraftForm(forms.Form):
    """Which quarter to review; the running one where nothing is said."""

    quarter = forms.CharField(required=False)
    mode = forms.ChoiceField(choices=MODES, required=False)

    def clean_mode(self) -> Mode:
        """Return what the review is for: the whole one where nothing is said."""
        return Mode(self.cleaned_data["mode"] or Mode.FULL)

    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        """Take the running quarter and the one before it."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        running = quarters.quarter_of(today)
        self.choices = {one.label: one for one in (running, running.previous)}

    def clean_quarter(self) -> quarters.Quarter:
        """Return the chosen quarter."""
        label = self.cleaned_data["quarter"].strip() or next(iter(self.choices))
        if label not in self.choices:
            raise forms.ValidationError(
                f"Only {' and '.join(self.choices)} can be reviewed now, and “{label[:20]}” is neither."
            )
        return self.choices[label]


class StepForm(forms.Form):
    """One step of a review as the person saw it."""

    version = forms.IntegerField(min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput)


class RedraftForm(StepForm):
    """A new draft, for the same purpose as before or for another."""

    mode = forms.ChoiceField(choices=MODES, required=False)

    def clean_mode(self) -> Mode | None:
        """Return what the draft is for, None for the same as before."""
        return Mode(self.cleaned_data["mode"]) if self.cleaned_data["mode"] else None


class ApproveForm(StepForm):
    """The approval of exactly one text."""

    content_hash = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class PublishForm(StepForm):
    """Publishing exactly the version that was looked at."""


class AnswerForm(StepForm):
    """What is to become of a page that is not as the portal left it, by somebody who has seen what differs."""

    question = forms.UUIDField(widget=forms.HiddenInput)
    answer = forms.ChoiceField(
        choices=[(answer.value, answer.value) for answer in Answer],
        error_messages={"required": "Choose what is to become of the page in Notion."},
    )
    confirmed = forms.BooleanField(
        label="What differs goes to Notion's trash, from which it can be restored", required=False
    )

    def clean_answer(self) -> Answer:
        """Return the answer."""
        return Answer(self.cleaned_data["answer"])

    def clean(self) -> dict[str, Any]:
        """Refuse to put anything of a person's into the trash that was not confirmed."""
        data = super().clean() or {}
        if data.get("answer") is Answer.OVERWRITE and not data.get("confirmed"):
            raise forms.ValidationError(
                "Confirm that what somebody wrote on the page may go to Notion's trash; nothing was changed."
            )
        return data


class RequestChangesForm(StepForm):
    """What is to change before a review can be approved."""

    comment = typed.LinesField(
        label="What is to change?",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Say what is to change, so that its author can do it.",
            "max_length": "Keep it under 2,000 characters.",
        },
    )


class VouchForm(StepForm):
    """A person's word for one finding."""

    section = forms.ChoiceField(
        choices=[(key.value, HEADINGS[key]) for key in SectionKey], widget=forms.HiddenInput
    )
    text = forms.CharField(max_length=2000, strip=False, widget=forms.HiddenInput)
    reason = typed.LineField(
        label="How do you know it?",
        min_length=3,
        max_length=500,
        error_messages={
            "required": "Say how you know it: your name stands beside it.",
            "min_length": "Say in a few words how you know it.",
            "max_length": "Keep it under 500 characters.",
        },
    )

    def clean_section(self) -> SectionKey:
        """Return the section."""
        return SectionKey(self.cleaned_data["section"])


class CommitmentsForm(StepForm):
    """What became of each commitment of the previous review."""

    def __init__(self, *args: object, rows: Iterable[Commitment], **kwargs: object) -> None:
        """Ask for an outcome a row; none is a commitment that is still open."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        labels = {Outcome.KEPT: "Kept", Outcome.NOT_KEPT: "Not kept", Outcome.DROPPED: "Dropped"}
        self.rows = list(rows)
        for row in self.rows:
            self.fields[f"outcome_{row.position}"] = forms.ChoiceField(
                label=row.text,
                required=False,
                initial=row.outcome,
                choices=[("", "Still open"), *((one.value, label) for one, label in labels.items())],
            )

    def outcomes(self) -> dict[int, str]:
        """Return the outcome of each commitment by its position."""
        return {row.position: self.cleaned_data[f"outcome_{row.position}"] for row in self.rows}


class ExportForm(forms.Form):
    """Which file of a review is wanted; the customer's version in full where nothing is said (SPEC 6.1)."""

    version = forms.ChoiceField(
        label="Who reads it",
        required=False,
        choices=[(Version.CUSTOMER.value, "The customer"), (Version.INTERNAL.value, "Colleagues")],
    )
    shape = forms.ChoiceField(
        label="How much",
        required=False,
        choices=[(shape.value, label) for shape, label in SHAPE_LABELS.items()],
    )
    # Each format has a button of its own.
    format = forms.ChoiceField(required=False, choices=[(one.value, one.value) for one in Format])

    def clean_version(self) -> Version:
        """Return who the file is for."""
        return Version(self.cleaned_data["version"] or Version.CUSTOMER)

    def clean_shape(self) -> Shape:
        """Return how much of the review is wanted."""
        return Shape(self.cleaned_data["shape"] or Shape.FULL)

    def clean_format(self) -> Format:
        """Return the kind of file."""
        return Format(self.cleaned_data["format"] or Format.PDF)


class SlideTemplateForm(forms.Form):
    """A company's own template for slides."""

    file = forms.FileField(
        label="Template (.pptx)",
        max_length=200,
        allow_empty_file=False,
        widget=forms.FileInput(attrs={"accept": ".pptx"}),
        error_messages={
            "required": "Choose the presentation that slides are to be made from.",
            "empty": "This file is empty. Choose the presentation that slides are to be made from.",
        },
    )

    def clean_file(self) -> UploadedFile:
        """Return the file, unless it is larger than a template may be."""
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > template.MOST_BYTES:
            raise forms.ValidationError(
                "The template is larger than 10 MB. Take pictures and sample slides out of it."
            )
        return file
