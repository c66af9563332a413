"""The forms that connect a channel. A secret's field is empty each time: what is stored stays unless another is typed."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings

from csm_portal.ports import outbound
from csm_portal.ports.chat import ChatMode
from csm_portal.ports.events import BusMode
from csm_portal.ports.mail import MailMode

_KEPT = "Leave it empty to keep what is stored."


class _Form(forms.Form):
    """A choice of how a channel leaves the portal; ``stored`` names the secrets that are there already."""

    def __init__(self, *args: Any, stored: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = stored
        for name in stored & set(self.fields):
            self.fields[name].widget.attrs["placeholder"] = "Stored"

    def _need(self, name: str, sentence: str) -> None:
        """Ask for a field that the chosen way cannot do without, unless what it holds is stored."""
        if not self.cleaned_data.get(name) and name not in self._stored and name not in self.errors:
            self.add_error(name, sentence)


def _secret(label: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        **options,
    )


def _key_file(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Service account key (JSON)",
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
        help_text=help_text,
    )


def _checked_key(text: str) -> str:
    """Return a key file if it is one. Raises ValidationError."""
    if not text.strip():
        return ""
    try:
        found = json.loads(text)
        is_key = found["type"] == "service_account" and found["client_email"] and found["private_key"]
    except (ValueError, KeyError, TypeError):
        is_key = False
    if not is_key:
        raise forms.ValidationError(
            "This is no key of a service account. In the Google Cloud console, open the account, Keys, Add key, JSON, and "
            "paste the whole file."
        )
    return text.strip()


class MailForm(_Form):
    """How drafts reach people's mailboxes."""

    mode = forms.ChoiceField(
        label="Drafts",
        choices=[
            (MailMode.PORTAL.value, "Stay in the portal, to be downloaded"),
            (MailMode.OAUTH.value, "Go to Gmail; each CSM connects their own mailbox"),
            (MailMode.SERVICE_ACCOUNT.value, "Go to Gmail; a service account writes for the whole domain"),
        ],
        widget=forms.RadioSelect,
    )
    client_id = forms.CharField(
        label="OAuth client id",
        required=False,
        max_length=300,
        help_text="For mailboxes that each CSM connects.",
    )
    client_secret = _secret("OAuth client secret", help_text=_KEPT)
    key_file = _key_file(f"For a service account with domain-wide delegation. {_KEPT}")
    fallback = forms.ChoiceField(
        label="Drafts about accounts that nobody owns",
        required=False,
        help_text="Go to this person's mailbox.",
        error_messages={"invalid_choice": "Choose somebody of your company, or nobody."},
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fallback = self.fields["fallback"]
        assert isinstance(fallback, forms.ChoiceField)  # noqa: S101  # what the class says above
        fallback.choices = [("", "Nobody: they are shown under Messages alone"), *people]

    def clean_key_file(self) -> str:
        return _checked_key(self.cleaned_data["key_file"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("mode") == MailMode.OAUTH:
            self._need("client_id", "Enter the id of the OAuth client that you made for the portal.")
            self._need("client_secret", "Enter the secret of the OAuth client.")
        elif cleaned.get("mode") == MailMode.SERVICE_ACCOUNT:
            self._need("key_file", "Paste the service account's key.")
        return cleaned

    def said(self) -> dict[str, Any]:
        """Return what a valid form says, as the service takes it."""
        return {**self.cleaned_data, "mode": MailMode(self.cleaned_data["mode"])}


class ChatForm(_Form):
    """Where messages go."""

    mode = forms.ChoiceField(
        label="Messages",
        choices=[
            (ChatMode.PORTAL.value, "Stay in the portal's own room"),
            (ChatMode.WEBHOOK.value, "Go to a Google Chat space by its webhook"),
            (ChatMode.API.value, "Go to a Google Chat space by an app that is a member"),
        ],
        widget=forms.RadioSelect,
    )
    webhook_url = _secret("Webhook address", help_text=f"It is a secret: whoever has it can post. {_KEPT}")
    space = forms.RegexField(
        r"^spaces/[A-Za-z0-9_-]+$",
        label="Space",
        required=False,
        max_length=100,
        help_text="For an app: spaces/ and what follows /room/ in the space's address.",
        error_messages={"invalid": "This is no space's name. It looks like spaces/AAAAbbbbCCC."},
    )
    key_file = _key_file(f"For an app. {_KEPT}")

    def clean_webhook_url(self) -> str:
        url: str = self.cleaned_data["webhook_url"].strip()
        begins = f"{settings.CHAT_BASE_URL}/v1/spaces/"
        if url and not (url.startswith(begins) and "key=" in url and "token=" in url):
            raise forms.ValidationError(
                f"This is no webhook of Google Chat: one begins with {begins} and holds a key and a token. In the space, "
                "open Apps & integrations, Webhooks, and copy its link."
            )
        return url

    def clean_key_file(self) -> str:
        return _checked_key(self.cleaned_data["key_file"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("mode") == ChatMode.WEBHOOK:
            self._need("webhook_url", "Paste the webhook's address.")
        elif cleaned.get("mode") == ChatMode.API:
            self._need("space", "Say which space.")
            self._need("key_file", "Paste the key of the app's service account.")
        return cleaned

    def said(self) -> dict[str, Any]:
        """Return what a valid form says, as the service takes it."""
        return {**self.cleaned_data, "mode": ChatMode(self.cleaned_data["mode"])}


class EventsForm(_Form):
    """Where events go."""

    mode = forms.ChoiceField(
        label="Events",
        choices=[
            (BusMode.PORTAL.value, "Are read in the portal"),
            (BusMode.WEBHOOK.value, "Are posted to an address of yours, signed"),
        ],
        widget=forms.RadioSelect,
    )
    url = forms.CharField(
        label="Address",
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text=f"https://… Another host of yours that takes Standard Webhooks. {_KEPT}",
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if url:
            try:
                outbound.host_and_port(url, allows_local=settings.CSM_LOCAL_WEBHOOKS)
            except outbound.Refused as error:
                raise forms.ValidationError(str(error)) from error
        return url

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("mode") == BusMode.WEBHOOK:
            self._need("url", "Enter the address that takes the events.")
        return cleaned

    def said(self) -> dict[str, Any]:
        """Return what a valid form says, as the service takes it."""
        return {**self.cleaned_data, "mode": BusMode(self.cleaned_data["mode"])}
