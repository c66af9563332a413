"""Forms of the editor: the text of a section, what is kept of it unsaved, and remarks on passages."""

from typing import Any, Final
from uuid import uuid4

from django import forms

from csm_portal import typed
from qbr.document import HEADINGS, SectionKey, Version
from qbr.forms import StepForm
from qbr.services import editing, remarks
from qbr.services.copies import Window

_EMPTY: Final = "Write at least one sentence; the section would be empty."
_TOO_LONG: Final = "This is longer than a section can be. Shorten it to 20,000 characters."
_MOST: Final = 2_000_000_000
_READERS: Final = [
    (Version.INTERNAL.value, "As Notion gets it"),
    (Version.CUSTOMER.value, "As the customer reads it"),
]


class SectionForm(StepForm):
    """The text of one section, with what it was made from and the window that it was typed in."""

    text = forms.CharField(
        label="Text",
        max_length=editing.LONGEST_SECTION,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "true"}),
        error_messages={"required": _EMPTY, "max_length": _TOO_LONG},
    )
    base = forms.IntegerField(min_value=0, max_value=_MOST, required=False, widget=forms.HiddenInput)
    # The version that the person was shown beside their own text: to save then is a decision in knowledge of it.
    shown = forms.IntegerField(min_value=0, max_value=_MOST, required=False, widget=forms.HiddenInput)
    tab = forms.UUIDField(required=False, widget=forms.HiddenInput)
    turn = forms.IntegerField(min_value=0, max_value=_MOST, required=False, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, max_value=_MOST, required=False, widget=forms.HiddenInput)
    reader = forms.ChoiceField(
        label="Who reads it",
        required=False,
        choices=_READERS,
        initial=Version.INTERNAL.value,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, keep_url: str = "", **kwargs: Any) -> None:
        """Take the address that keeps the text while it is typed."""
        super().__init__(*args, **kwargs)
        # The preview stands beside the text, outside the form.
        self.fields["reader"].widget.attrs["form"] = "section-form"
        if keep_url:
            self.fields["text"].widget.attrs |= {
                "hx-post": keep_url,
                "hx-trigger": "input changed delay:700ms, keep",
                "hx-target": "#checked",
                "hx-swap": "outerHTML",
                "hx-sync": "this:queue last",
            }

    def clean_text(self) -> str:
        """Return the text; one of blanks alone is none."""
        text: str = self.cleaned_data["text"].replace("\0", "")
        if not text.strip():
            raise forms.ValidationError(_EMPTY)
        return text

    @property
    def window(self) -> Window | None:
        """Return the window that it was typed in; none where the page was not the portal's own."""
        data = self.cleaned_data
        if not data.get("tab"):
            return None
        return Window(tab=data["tab"], turn=data.get("turn") or 0, seen=data.get("seen") or 0)

    @property
    def weighed(self) -> int | None:
        """Return the number of the version that this text may take the place of."""
        shown: int | None = self.cleaned_data["shown"]
        return self.cleaned_data["base"] if shown is None else shown

    @property
    def version_shown(self) -> Version:
        """Return whose version of the section is shown."""
        return Version(getattr(self, "cleaned_data", {}).get("reader") or Version.INTERNAL)


class KeepForm(SectionForm):
    """The same text on its way: it may be empty for a moment, and it has to say where it comes from."""

    # Of the two texts of one person, the one that is looked at goes in place of the one with this serial.
    instead = forms.IntegerField(min_value=0, max_value=_MOST, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for a window."""
        super().__init__(*args, **kwargs)
        self.fields["text"].required = False
        self.fields["version"].required = False
        self.fields["base"].required = True
        self.fields["tab"].required = True

    def clean_text(self) -> str:
        """Return the text, whatever there is of it."""
        text: str = self.cleaned_data["text"].replace("\0", "")
        return text

    @property
    def window(self) -> Window | None:
        """Return the window, as one that has seen the text that it is to replace."""
        found = super().window
        instead = self.cleaned_data.get("instead")
        if found is None or not instead:
            return found
        return Window(tab=found.tab, turn=found.turn, seen=instead)


class DiscardForm(forms.Form):
    """Which unsaved text is thrown away: the one that was looked at."""

    serial = forms.IntegerField(min_value=1, max_value=_MOST, widget=forms.HiddenInput)


class AnswerRemarkForm(forms.Form):
    """What somebody says in a thread."""

    body = typed.LinesField(
        label="Answer",
        max_length=remarks.LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Write what you want to say.",
            "max_length": "Keep it under 2,000 characters.",
        },
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give each form a key of its own."""
        kwargs["initial"] = {"key": uuid4(), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)


class RemarkForm(AnswerRemarkForm):
    """A remark on a passage of a version, or on a section as a whole."""

    section = forms.ChoiceField(
        choices=[(key.value, HEADINGS[key]) for key in SectionKey], widget=forms.HiddenInput
    )
    block = forms.IntegerField(min_value=0, max_value=_MOST, required=False, widget=forms.HiddenInput)
    quote = forms.CharField(
        max_length=editing.LONGEST_SECTION, required=False, strip=False, widget=forms.HiddenInput
    )
    revision = forms.IntegerField(min_value=1, max_value=_MOST, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for a comment."""
        super().__init__(*args, **kwargs)
        self.fields["body"].label = "Comment"
        self.fields["body"].widget.attrs |= {"rows": 3, "autofocus": True}

    def clean_section(self) -> SectionKey:
        """Return the section."""
        return SectionKey(self.cleaned_data["section"])
