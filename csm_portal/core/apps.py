from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "csm_portal.core"
    label = "core"
    verbose_name = "Core"
