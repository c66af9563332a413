"""The form that takes a file of outcomes, and the one that takes it over after it was shown."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from accounts import outcome_files


class OutcomeFileForm(forms.Form):
    """A CSV file to be read and shown; nothing is stored yet."""

    file = forms.FileField(
        label="CSV file",
        help_text="Columns account (the name) or account_id (the Notion link), outcome (renewed or churned), date, and reason "
        "if there is one. At most 1 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choose the CSV file.",
            "empty": "The file is empty. It needs a line of column names and a line for each outcome.",
        },
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > outcome_files.MOST_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB. Split it in parts.")
        return file


class OutcomeTextForm(forms.Form):
    """The file as it was shown: the browser keeps it until the person takes it over."""

    text = forms.CharField(widget=forms.HiddenInput, strip=False, max_length=outcome_files.MOST_BYTES)
    file_name = forms.CharField(widget=forms.HiddenInput, max_length=200, required=False)

    def content(self) -> bytes:
        """Return the bytes of the file."""
        return bytes(self.cleaned_data["text"], "utf-8")


def shown(content: bytes, file_name: str) -> OutcomeTextForm:
    """Return the second form for a file that was read."""
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    initial: dict[str, Any] = {"text": text, "file_name": file_name[:200]}
    return OutcomeTextForm(initial=initial)
