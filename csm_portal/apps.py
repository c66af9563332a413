from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    """Installed for its commands, template tags and system checks; it has no models."""

    name = "csm_portal"
    label = "portal"

    def ready(self) -> None:
        from csm_portal import checks  # noqa: F401 (registers the system checks)

        # An app without models sends no post_migrate of its own, so the queue's is listened to.
        post_migrate.connect(_install_schedule, sender=apps.get_app_config("django_q"))


def _install_schedule(*, using: str, **kwargs: Any) -> None:
    from csm_portal import schedules

    # Migrating one app alone may leave the queue's tables for later.
    if "django_q_schedule" in connections[using].introspection.table_names():
        schedules.install()
