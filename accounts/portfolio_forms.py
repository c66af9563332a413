"""The filter bars of the lists. They only draw the filters: the address is read by ``portfolio_filters``."""

from collections.abc import Iterable, Mapping

from django import forms

from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio import Choices
from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.tallies import Choice


class PortfolioFilterForm(forms.Form):
    """What the list can be narrowed to, filled in as the address says."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, owner or contact"}),
    )
    owner = forms.ChoiceField(label="Owner", required=False)
    segment = forms.ChoiceField(label="Segment", required=False)
    stage = forms.ChoiceField(label="Stage", required=False)
    renewal = forms.ChoiceField(label="Renewal", required=False)
    gaps = forms.ChoiceField(label="Data", required=False, choices=[("", "Any"), ("only", "Missing or lost")])
    # Chosen by links, and to be kept when the rest changes.
    band = forms.CharField(required=False, widget=forms.HiddenInput)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, filters: Filters, choices: Choices, *, scope: str) -> None:
        """Offer the choices; ``scope`` is given on where the address names one."""
        super().__init__(
            initial={
                "q": " ".join(filters.words),
                "band": filters.band,
                "owner": filters.owner,
                "segment": filters.segment,
                "stage": filters.stage,
                "renewal": filters.renewal,
                "gaps": "only" if filters.only_gaps else "",
                "scope": scope,
            }
        )
        self.fields["q"].widget.input_type = "search"
        _offer(self, "renewal", _worded(portfolio_filters.RENEWALS))
        _offer(self, "owner", _counted(choices.owners))
        _offer(self, "segment", _counted(choices.segments))
        _offer(self, "stage", _counted(choices.stages))
        if filters.scope is Scope.MINE:
            del self.fields["owner"]
        for name, value in (("scope", scope), ("band", filters.band)):
            if not value:
                del self.fields[name]


def _worded(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(str(value), label) for value, label in words.items()]


def _counted(choices: Iterable[Choice]) -> list[tuple[str, str]]:
    return [(choice.value, f"{choice.label} ({choice.count:,})") for choice in choices]


class RiskFilterForm(forms.Form):
    """What the list of accounts at risk can be narrowed to."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Name, owner or contact"}),
    )
    owner = forms.ChoiceField(label="Owner", required=False)
    level = forms.CharField(required=False, widget=forms.HiddenInput)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, filters: Filters, owners: Iterable[Choice], *, level: str, scope: str) -> None:
        """Offer the owners; ``level`` and ``scope`` are given on where the address names one."""
        super().__init__(
            initial={"q": " ".join(filters.words), "owner": filters.owner, "level": level, "scope": scope}
        )
        self.fields["q"].widget.input_type = "search"
        _offer(self, "owner", _counted(owners))
        if filters.scope is Scope.MINE:
            del self.fields["owner"]
        for name, value in (("level", level), ("scope", scope)):
            if not value:
                del self.fields[name]


def _offer(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = [("", "Any"), *choices]
