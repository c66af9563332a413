from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The customer accounts. Sign-in is allauth's (its app is labelled ``account``)."""

    name = "accounts"
    verbose_name = "Customer accounts"
