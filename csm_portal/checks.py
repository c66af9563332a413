"""System checks: a configuration that would lose or leak something refuses to start (SPEC 9.2)."""

import math
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.core import checks

from csm_portal.core.scope import TenantManager, TenantModel


@checks.register(checks.Tags.models)
def tenant_rows_fail_closed(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Hold each tenant model to the scoped manager, as default and as base manager."""
    return [
        checks.Error(
            f"{model.__name__} can be read outside a tenant's scope.",
            hint="Let its Meta inherit TenantModel.Meta and its manager be a TenantManager.",
            id="csm.E001",
        )
        for model in apps.get_models()
        if issubclass(model, TenantModel)
        and not (
            isinstance(model._meta.base_manager, TenantManager)
            and isinstance(model._meta.default_manager, TenantManager)
        )
    ]


@checks.register(checks.Tags.security)
def secret_keys(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Ask for keys of their own for secrets at rest (SPEC 10.3)."""
    keys = settings.CSM_SECRET_KEYS
    if not keys:
        return [
            checks.Error(
                "CSM_SECRET_KEYS is empty, so no token can be stored.",
                hint="Make a key with: python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'",
                id="csm.E002",
            )
        ]
    problems: list[checks.CheckMessage] = []
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            problems.append(
                checks.Error(f"Key {position} of CSM_SECRET_KEYS is no Fernet key.", id="csm.E003")
            )
        if key == settings.SECRET_KEY:
            problems.append(checks.Error("CSM_SECRET_KEYS must not repeat DJANGO_SECRET_KEY.", id="csm.E004"))
    return problems


@checks.register(checks.Tags.compatibility)
def queue_lease(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Hold the queue's lease above all that can wait in front of a task (LIBRARIES 1.4)."""
    q = settings.Q_CLUSTER
    needed = q["timeout"] * (1 + math.ceil((q["queue_limit"] + q["bulk"]) / q["workers"]))
    if q["retry"] <= needed:
        return [
            checks.Error(
                f"Q_CLUSTER['retry'] is {q['retry']} s: with {q['workers']} workers it must be over {needed} s, "
                "or tasks run twice.",
                hint="Raise CSM_QUEUE_WORKERS or the lease.",
                id="csm.E005",
            )
        ]
    return []


@checks.register(checks.Tags.security, deploy=True)
def deployment(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Refuse what is right for a demo only."""
    problems: list[checks.CheckMessage] = []
    if settings.DEMO:
        problems.append(
            checks.Error(
                "CSM_DEMO is on: cookies are not marked Secure.", hint="Unset CSM_DEMO.", id="csm.E006"
            )
        )
    if settings.CSM_LOCAL_WEBHOOKS:
        problems.append(
            checks.Error(
                "CSM_LOCAL_WEBHOOKS is on: a tenant's webhook may post to this machine, and over plain HTTP.",
                hint="Unset CSM_LOCAL_WEBHOOKS.",
                id="csm.E008",
            )
        )
    if settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        problems.append(
            checks.Error(
                "The cache is local to each process: sign-in limits would count per worker.",
                hint="Set REDIS_URL, or leave it empty for the database cache.",
                id="csm.E007",
            )
        )
    return problems
