"""How Notion is connected: the settings, and which property feeds which field (SPEC 2.2, 2.3)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts import notion_links
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

    Django renders a template for each option; thirty fields with thirty properties each would cost more than the rest of
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
    fitting = [as_choice(info) for info in named if carriers is None or info.id in carriers]
    others = [as_choice(info) for info in named if carriers is not None and info.id not in carriers]
    groups = [("Of a type that cannot carry it", others)] if others else []
    return [*unset, *none, *lost, *fitting, *groups]


def as_choice(info: PropertyInfo) -> tuple[str, str]:
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


def _link(text: str) -> str:
    text = text.strip()
    if text and notion_links.find_id(text) is None:
        raise forms.ValidationError(_NO_ID)
    return text
