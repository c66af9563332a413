"""Forms of the quarter's board: which part of it, which drafts to start, a due date, a deputy."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.dateparse import parse_date

from csm_portal.core.models import User
from qbr.selectors.board import Book, Filters, Standing

MOST_AT_ONCE = 100
_NO_DAY = {
    "required": "Choose a day.",
    "invalid": "This is no day of the calendar. Choose one, like 2026-12-31.",
}


class BoardFilterForm(forms.Form):
    """The filter bar of the board, filled in as the address says."""

    quarter = forms.ChoiceField(label="Quarter", required=False)
    csm = forms.ChoiceField(label="CSM", required=False)
    standing = forms.ChoiceField(label="State", required=False)

    def __init__(self, filters: Filters, offered: Iterable[Any], books: Iterable[Book]) -> None:
        super().__init__(
            initial={
                "quarter": filters.quarter.label,
                "csm": filters.csm,
                "standing": filters.standing or "",
            }
        )
        self._offer("quarter", [(one.label, one.label) for one in offered])
        self._offer("csm", [("", "All"), *((book.csm, book.name) for book in books)])
        self._offer("standing", [("", "Any"), *((one.value, one.label) for one in Standing)])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class StartForm(forms.Form):
    """The accounts whose reviews are to be begun."""

    account = forms.TypedMultipleChoiceField(
        error_messages={
            "required": "Tick the accounts whose drafts are to be started.",
            "invalid_choice": "An account that was ticked has its review by now, or is not yours. Choose again.",
        }
    )

    def __init__(self, *args: Any, offered: Iterable[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        if isinstance(field, forms.TypedMultipleChoiceField):
            field.choices = [(str(one), str(one)) for one in offered]

    def clean_account(self) -> list[str]:
        """Return the ids of the accounts, each once."""
        chosen = list(dict.fromkeys(self.cleaned_data["account"]))
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(f"Start at most {MOST_AT_ONCE} drafts at once.")
        return chosen


class DueForm(forms.Form):
    """The day by which a review is due."""

    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}), error_messages=_NO_DAY
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._today = today
        if self.is_bound and not _is_day(self["due_on"].data):
            # A box for days shows nothing of what is none.
            self.fields["due_on"].widget = forms.TextInput(attrs={"autocomplete": "off"})

    def clean_due_on(self) -> date:
        """Return the day, which is not over yet."""
        day: date = self.cleaned_data["due_on"]
        if day < self._today:
            raise forms.ValidationError("This day is over already. Choose today or a later one.")
        if (day - self._today).days > 400:
            raise forms.ValidationError("This is more than a year ahead. Choose a day within a year.")
        return day


def _is_day(typed: Any) -> bool:
    try:
        return not typed or parse_date(str(typed)) is not None
    except ValueError:
        return False


class DeputyForm(forms.Form):
    """Who stands in, and on which days."""

    deputy = forms.ChoiceField(
        label="Who stands in for you",
        error_messages={
            "required": "Choose who stands in for you.",
            "invalid_choice": "Choose one of the colleagues that the list offers.",
        },
    )
    starts_on = forms.DateField(
        label="From", widget=forms.DateInput(attrs={"type": "date"}), error_messages=_NO_DAY
    )
    ends_on = forms.DateField(
        label="Up to and including", widget=forms.DateInput(attrs={"type": "date"}), error_messages=_NO_DAY
    )

    def __init__(self, *args: Any, candidates: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The colleagues of the manager's own tenant, and nobody else's.
        self._candidates = {str(one.pk): one for one in candidates}
        field = self.fields["deputy"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "Choose"), *((key, str(one)) for key, one in self._candidates.items())]

    def clean_deputy(self) -> User:
        """Return the colleague."""
        return self._candidates[self.cleaned_data["deputy"]]
