"""The filter bars of the portfolio and of the accounts at risk."""

from django import forms

from accounts.filter_forms import FilterForm, counted
from accounts.selectors import portfolio_filters
from accounts.selectors.portfolio import Choices
from accounts.selectors.portfolio_filters import Filters


class PortfolioFilterForm(FilterForm):
    """What the list can be narrowed to."""

    segment = forms.ChoiceField(label="Segment", required=False)
    stage = forms.ChoiceField(label="Stage", required=False)
    renewal = forms.ChoiceField(label="Renewal", required=False)
    gaps = forms.ChoiceField(label="Data", required=False, choices=[("", "Any"), ("only", "Missing or lost")])
    band = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, filters: Filters, choices: Choices, *, scope: str) -> None:
        super().__init__(
            filters,
            choices.owners,
            scope=scope,
            band=filters.band,
            segment=filters.segment,
            stage=filters.stage,
            renewal=filters.renewal,
            gaps="only" if filters.only_gaps else "",
        )
        self.offer("renewal", {str(value): label for value, label in portfolio_filters.RENEWALS.items()})
        self.offer("segment", counted(choices.segments))
        self.offer("stage", counted(choices.stages))


class RiskFilterForm(FilterForm):
    """What the list of accounts at risk can be narrowed to."""

    level = forms.CharField(required=False, widget=forms.HiddenInput)
