from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PortalConfig(AppConfig):
    """Installed for its commands, template tags and system checks; it has no models."""

    name = "csm_portal"
    label = "portal"

    def ready(self) -> None:
        from csm_portal import checks  # noqa: F401 (registers the system checks)

        post_migrate.connect(_install_schedule, sender=self)


def _install_schedule(**kwargs: Any) -> None:
    from csm_portal import schedules

    schedules.install()
