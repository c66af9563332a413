"""Which properties are figures of the customers' return, as an admin fills it in (SPEC 1)."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms

from accounts import forms as accounts_forms
from accounts.roi_facts import ROIFact
from accounts.services import roi_mapping
from accounts.setup_check import Check
from csm_portal import typed

_READ_AS_FACTS = frozenset(
    {"number", "formula", "rollup", "rich_text", "date", "select", "status", "multi_select"}
)
MOST_ROI_FACTS = 12


class ROIFactForm(forms.Form):
    """One property as a figure of the customer's return. Emptied, it is none any more."""

    property = forms.ChoiceField(label="Property in Notion", required=False)
    label = typed.LineField(label="What it is called", required=False, max_length=80)
    unit = typed.LineField(label="Unit", required=False, max_length=30)
    period = typed.LineField(label="Period", required=False, max_length=60)

    def __init__(self, *args: Any, check: Check, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._properties = {info.id: info for info in check.properties}
        readable = [info for info in check.properties if info.type in _READ_AS_FACTS]
        choices = [
            accounts_forms.as_choice(info) for info in sorted(readable, key=lambda info: info.name.casefold())
        ]
        lost = self.initial.get("property", "")
        if lost and lost not in self._properties:
            choices.insert(0, (lost, f"{self.initial.get('property_name', '')} (gone from Notion)"))
        field = self.fields["property"]
        field.choices = [("", "None"), *choices]  # type: ignore[attr-defined]
        field.error_messages["invalid_choice"] = "This property is no longer in the database. Choose another."

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        key, label = cleaned.get("property", ""), (cleaned.get("label") or "").strip()
        if key and key not in self._properties and not self.errors:
            self.add_error("property", "This property is gone from Notion. Choose another, or none.")
        elif key and not label and "label" not in self.errors:
            self.add_error("label", "Say what it is called in a review, such as “Hours saved”.")
        elif label and not key and "property" not in self.errors:
            self.add_error("property", "Choose the property that holds it.")
        return cleaned

    def wanted(self) -> roi_mapping.Wanted | None:
        """Return the fact as the service takes it, None where the row is empty."""
        cleaned = self.cleaned_data
        info = self._properties.get(cleaned.get("property", ""))
        if info is None:
            return None
        return roi_mapping.Wanted(
            label=cleaned["label"],
            unit=cleaned["unit"],
            period=cleaned["period"],
            info=info,
        )


class ROIFactForms(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    def clean(self) -> None:
        super().clean()
        if (self.management_form.cleaned_data["TOTAL_FORMS"] or 0) < 1:
            # A page always has a row more than there are facts: none at all would read as “forget every fact”.
            raise forms.ValidationError("The page was not complete, so nothing is changed. Load it again.")
        seen: set[str] = set()
        for form in self.forms:
            label = (form.cleaned_data.get("label") or "").strip().casefold() if form.is_valid() else ""
            if label and label in seen:
                form.add_error("label", "Another ROI fact is called this already.")
            seen.add(label)

    def wanted(self) -> list[roi_mapping.Wanted]:
        """Return the facts in their order, the empty rows left out."""
        return [wanted for form in self.forms if (wanted := form.wanted()) is not None]


def roi_formset(
    data: Mapping[str, Any] | None = None, *, check: Check, stored: Iterable[ROIFact] = ()
) -> ROIFactForms:
    """Return the form of all ROI facts, with one empty row after them."""
    made = forms.formset_factory(
        ROIFactForm,
        formset=ROIFactForms,
        extra=1,
        max_num=MOST_ROI_FACTS,
        absolute_max=MOST_ROI_FACTS + 1,
        validate_max=True,
    )
    initial = [
        {
            "property": fact.property_id,
            "property_name": fact.property_name,
            "label": fact.label,
            "unit": fact.unit,
            "period": fact.period,
        }
        for fact in stored
    ]
    forms_of_all = made(data, initial=initial, prefix="roi", form_kwargs={"check": check})
    return cast(ROIFactForms, forms_of_all)
