from django.apps import AppConfig


class QBRConfig(AppConfig):
    name = "qbr"
    verbose_name = "Quarterly business reviews"
