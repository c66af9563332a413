"""The tests' settings with Django's admin beside the portal: it is what the list of accounts is measured against."""

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "django.contrib.admin"]
ROOT_URLCONF = "benchmarks.urls"
# No connection grows too old in the middle of a run and is measured being opened.
DATABASES["default"]["CONN_MAX_AGE"] = None
