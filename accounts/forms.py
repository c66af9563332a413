"""How Notion is connected: the settings, and which property feeds which field (SPEC 2.2, 2.3)."""

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts import notion_links
from accounts.services.connection import Wanted
from accounts.setup_check import Check
from csm_portal.core.models import NotionConnection
from csm_portal.ports.workspace import PropertyInfo

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
        token_help: str,
        check: Check | None,
    ) -> None:
        initial = {
            "accounts_database": connection.accounts_database_id,
            "accounts_data_source": connection.accounts_data_source_id,
            "qbr_database": connection.qbr_database_id,
            "requests_per_minute": connection.requests_per_minute,
        }
        super().__init__(data, initial=initial)
        self.fields["token"].help_text = token_help
        source = self.fields["accounts_data_source"]
        choices = dict(check.choices if check else ())
        if connection.accounts_data_source_id:
            choices.setdefault(
                connection.accounts_data_source_id, check.source_title if check else "The one chosen before"
            )
        if choices:
            first = "Choose one" if check and check.choices else "The only one there is"
            source.choices = [("", first), *choices.items()]  # type: ignore[attr-defined]
            source.help_text = "This database holds several data sources. Choose the one with the accounts."
        else:
            del self.fields["accounts_data_source"]

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


class MappingForm(forms.Form):
    """One select for each field of an account, with the properties that the last check saw."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, check: Check) -> None:
        super().__init__(data)
        self._properties = {info.id: info for info in check.properties}
        named = sorted(check.properties, key=lambda info: info.name.casefold())
        choices = [(info.id, f"{info.name} ({info.type.replace('_', ' ')})") for info in named]
        for field in check.fields:
            lost = []
            if field.property_id and field.property_id not in self._properties:
                lost = [(field.property_id, f"{field.property_name} (gone from Notion)")]
            self.fields[field.field] = forms.ChoiceField(
                label=f"Property for {field.label}",
                required=False,
                choices=[("", "None"), *lost, *choices],
                initial=field.property_id,
                error_messages={
                    "invalid_choice": "This property is no longer in the database. Choose another."
                },
            )

    def chosen(self) -> dict[str, PropertyInfo | None]:
        """Return field -> property, None where nothing is to feed it; a lost property that was left stays as it is."""
        return {
            field: self._properties.get(key) if key else None
            for field, key in self.cleaned_data.items()
            if not key or key in self._properties
        }


def _link(text: str) -> str:
    text = text.strip()
    if text and notion_links.find_id(text) is None:
        raise forms.ValidationError(_NO_ID)
    return text
