"""What the filter bars of the lists have in common. They only draw the filters: the address is read by ``portfolio_filters``."""

from collections.abc import Iterable, Mapping

from django import forms

from accounts.selectors.portfolio_filters import Filters, Scope
from accounts.selectors.tallies import Choice


class FilterForm(forms.Form):
    """A search, the owner and whose accounts, filled in as the address says; a list adds what else narrows it.

    Hidden fields are chosen by links and kept when the rest changes; one that holds nothing is left out.
    """

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.SearchInput(attrs={"placeholder": "Name, owner or contact"}),
    )
    owner = forms.ChoiceField(label="Owner", required=False)
    scope = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, filters: Filters, owners: Iterable[Choice], *, scope: str, **chosen: str) -> None:
        """Offer the owners; ``scope`` is given on where the address names one, ``chosen`` is what else it says."""
        super().__init__(
            initial={"q": " ".join(filters.words), "owner": filters.owner, "scope": scope, **chosen}
        )
        self.offer("owner", counted(owners))
        if filters.scope is Scope.MINE:
            del self.fields["owner"]
        for bound in self.hidden_fields():
            if not bound.initial:
                del self.fields[bound.name]

    def offer(self, name: str, choices: Mapping[str, str]) -> None:
        """Let a field be any, or one of ``choices``: value -> words."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # what the classes say
        field.choices = [("", "Any"), *choices.items()]


def counted(choices: Iterable[Choice]) -> dict[str, str]:
    """Return value -> words, each with how many it is."""
    return {choice.value: f"{choice.label} ({choice.count:,})" for choice in choices}
