"""How Notion is connected: the settings, and which property feeds which field (SPEC 2.2, 2.3)."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts import notion_links
from accounts.roi_facts import ROIFact
from accounts.services import roi_mapping
from accounts.services.connection import Candidate, Wanted
from accounts.setup_check import Check, FieldCheck, FieldState, QBRProperty
from csm_portal.core.models import NotionConnection
from csm_portal.ports.workspace import ACCOUNT_FIELDS, PropertyInfo

_NO_ID = "This holds no Notion id. Open the database in Notion as a full page and paste what ••• → Copy link gives."
_MOST_REQUESTS = 3000


class NotionForm(forms.Form):
    """The settings of the connection. The token is only ever written: no page shows it again."""

    token = forms.CharField(
        label="Integration token",
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    accounts_database = forms.CharField(
        label="Accounts database",
        max_length=300,
        help_text="The link of the database that holds one row for each account.",
    )
    accounts_data_source = forms.ChoiceField(label="Data source of the accounts", required=False)
    qbr_database = forms.CharField(
        label="QBR database",
        required=False,
        max_length=300,
        help_text="The link of the database that QBRs are published to. Leave it empty until you publish the first.",
    )
    requests_per_minute = forms.IntegerField(
        label="Request budget",
        min_value=1,
        max_value=_MOST_REQUESTS,
        help_text="Notion allows at least 180 requests a minute, and 600 on Business and Enterprise plans. Leave some to "
        "whatever else uses the same integration.",
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        connection: NotionConnection,
        candidate: Candidate | None,
        check: Check | None,
        token_help: str,
        needs_token: bool,
    ) -> None:
        values = dict(candidate.values) if candidate else {}
        initial = {
            "accounts_database": values.get("accounts_database_id", connection.accounts_database_id),
            "accounts_data_source": values.get("accounts_data_source_id", connection.accounts_data_source_id),
            "qbr_database": values.get("qbr_database_id", connection.qbr_database_id),
            "requests_per_minute": values.get("requests_per_minute", connection.requests_per_minute),
        }
        tried = candidate.trial if candidate else None
        if data is None and tried is not None:
            # What was sent stands in the fields, with what Notion said to it.
            data = {"token": "", **initial}
        super().__init__(data, initial=initial)
        self._database_before = initial["accounts_database"]
        self._source_before = initial["accounts_data_source"]
        self.fields["token"].help_text = token_help
        self.fields["token"].required = needs_token
        self.fields["token"].error_messages["required"] = "Paste the integration's token: none is stored yet."
        self._offer_sources(
            connection, tried.check if tried else check, title=check.source_title if check else ""
        )

    def _offer_sources(self, connection: NotionConnection, check: Check | None, *, title: str) -> None:
        source = self.fields["accounts_data_source"]
        choices = dict(check.choices if check else ())
        if connection.accounts_data_source_id:
            choices.setdefault(connection.accounts_data_source_id, title or "The one chosen before")
        if choices:
            first = "Choose one" if check and check.choices else "The only one there is"
            source.choices = [("", first), *choices.items()]  # type: ignore[attr-defined]
            source.help_text = "This database holds several data sources. Choose the one with the accounts."
        else:
            del self.fields["accounts_data_source"]

    @classmethod
    def shown(cls, **given: Any) -> "NotionForm":
        """Return the form as the page first shows it: with what Notion said to settings that it refused."""
        form = cls(**given)
        candidate: Candidate | None = given["candidate"]
        if candidate is not None and candidate.trial is not None:
            form.fields["token"].required = False
            form.full_clean()
            for problem in candidate.trial.problems:
                form.add_error(problem.field if problem.field in form.fields else None, problem.text)
        return form

    def clean_token(self) -> str:
        token: str = self.cleaned_data["token"].strip()
        if token and (not token.isascii() or not token.isprintable() or " " in token):
            raise forms.ValidationError(
                "This is no token: it holds spaces or characters that no token has. Copy it again from the "
                "integration's page in Notion."
            )
        return token

    def clean_accounts_database(self) -> str:
        return _link(self.cleaned_data["accounts_database"])

    def clean_qbr_database(self) -> str:
        return _link(self.cleaned_data["qbr_database"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        accounts, qbrs = cleaned.get("accounts_database", ""), cleaned.get("qbr_database", "")
        if accounts and qbrs and notion_links.is_same(accounts, qbrs):
            self.add_error(
                "qbr_database", "This is the accounts database. QBRs need a database of their own."
            )
        # A data source belongs to its database: with another one it has to be asked for anew.
        source = cleaned.get("accounts_data_source", "")
        if source == self._source_before and not notion_links.is_same(accounts, self._database_before):
            cleaned["accounts_data_source"] = ""
        return cleaned

    def wanted(self) -> Wanted:
        """Return the settings as the service takes them."""
        cleaned = self.cleaned_data
        return Wanted(
            token=cleaned["token"],
            accounts_database=cleaned["accounts_database"],
            accounts_data_source=cleaned.get("accounts_data_source", ""),
            qbr_database=cleaned["qbr_database"],
            requests_per_minute=cleaned["requests_per_minute"],
        )


NOT_IN_NOTION = "-"


class PropertySelect(forms.Select):
    """A select of many options, written in one go.

    Django renders a template for each option; 26 fields with 30 properties each would cost more than the rest of
    the page.
    """

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        given = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        parts = []
        choices: Iterable[tuple[Any, Any]] = self.choices
        for key, label in choices:
            if isinstance(label, list | tuple):
                parts.append(format_html('<optgroup label="{}">{}</optgroup>', key, _options(label, chosen)))
            else:
                parts.append(_options([(key, label)], chosen))
        return format_html("<select{}>{}</select>", flatatt(given), mark_safe("".join(parts)))  # noqa: S308  each part is escaped


def _options(choices: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((key, SafeString(" selected") if str(key) == chosen else "", label) for key, label in choices),
    )


class MappingForm(forms.Form):
    """One select for each field of an account, with the properties that the last check saw.

    ``tried`` is field -> property id of a mapping that is being tried and not saved.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        check: Check,
        tried: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data)
        self._properties = {info.id: info for info in check.properties}
        named = sorted(check.properties, key=lambda info: info.name.casefold())
        for field in check.fields:
            self.fields[field.field] = forms.ChoiceField(
                label=f"Property for {field.label}",
                required=field.field in _REQUIRED,
                widget=PropertySelect,
                choices=_choices(field, named, check.carriers.get(field.field)),
                initial=(tried or {}).get(field.field, _stored(field)),
                error_messages={
                    "invalid_choice": "This property is no longer in the database. Choose another.",
                    "required": f"Every account needs a property for {field.label}. Choose one.",
                },
            )

    def chosen(self) -> dict[str, PropertyInfo | None]:
        """Return field -> property, None where nothing is to feed it; what was not decided or is lost is left out."""
        return {
            field: self._properties.get(key)
            for field, key in self.cleaned_data.items()
            if key == NOT_IN_NOTION or key in self._properties
        }

    def tried(self) -> dict[str, str]:
        """Return field -> what stands in the form, for a trial and for showing the form again."""
        return {field: str(key) for field, key in self.cleaned_data.items()}


_REQUIRED = frozenset(spec.name for spec in ACCOUNT_FIELDS if spec.required)


def _stored(field: FieldCheck) -> str:
    return NOT_IN_NOTION if field.state == FieldState.LEFT_OUT else field.property_id


def _choices(field: FieldCheck, named: list[PropertyInfo], carriers: tuple[str, ...] | None) -> list[Any]:
    lost = []
    if field.property_id and field.property_id not in {info.id for info in named}:
        lost = [(field.property_id, f"{field.property_name} (gone from Notion)")]
    none = [] if field.field in _REQUIRED else [(NOT_IN_NOTION, "Not in Notion")]
    unset = [("", "Not chosen yet")] if field.state == FieldState.UNMAPPED or field.field in _REQUIRED else []
    fitting = [_named(info) for info in named if carriers is None or info.id in carriers]
    others = [_named(info) for info in named if carriers is not None and info.id not in carriers]
    groups = [("Of a type that cannot carry it", others)] if others else []
    return [*unset, *none, *lost, *fitting, *groups]


def _named(info: PropertyInfo) -> tuple[str, str]:
    return info.id, f"{info.name} ({info.type.replace('_', ' ')})"


class CreatePropertiesForm(forms.Form):
    """Which of the missing properties of the QBR database the portal is to create."""

    names = forms.MultipleChoiceField(
        label="Properties to create",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one property to create.",
            "invalid_choice": "“%(value)s” is not missing any more. Let the portal check again.",
        },
    )

    def __init__(self, data: Any = None, *, missing: tuple[QBRProperty, ...]) -> None:
        super().__init__(data, initial={"names": [found.name for found in missing]})
        names = self.fields["names"]
        names.choices = [(found.name, f"{found.name} ({found.type_word})") for found in missing]  # type: ignore[attr-defined]


_READ_AS_FACTS = frozenset(
    {"number", "formula", "rollup", "rich_text", "date", "select", "status", "multi_select"}
)
MOST_ROI_FACTS = 12


class ROIFactForm(forms.Form):
    """One property as a figure of the customer's return. Emptied, it is none any more."""

    property = forms.ChoiceField(label="Property in Notion", required=False)
    label = forms.CharField(label="What it is called", required=False, max_length=80)
    unit = forms.CharField(label="Unit", required=False, max_length=30)
    period = forms.CharField(label="Period", required=False, max_length=60)

    def __init__(self, *args: Any, check: Check, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._properties = {info.id: info for info in check.properties}
        readable = [info for info in check.properties if info.type in _READ_AS_FACTS]
        choices = [_named(info) for info in sorted(readable, key=lambda info: info.name.casefold())]
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
            label=cleaned["label"].strip(),
            unit=cleaned["unit"].strip(),
            period=cleaned["period"].strip(),
            info=info,
        )


class ROIFactForms(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable when it runs
    def clean(self) -> None:
        super().clean()
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
        ROIFactForm, formset=ROIFactForms, extra=1, max_num=MOST_ROI_FACTS, validate_max=True
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


def _link(text: str) -> str:
    text = text.strip()
    if text and notion_links.find_id(text) is None:
        raise forms.ValidationError(_NO_ID)
    return text
