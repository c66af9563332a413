"""Secrets at rest (SPEC 10.3): encrypted with keys of their own, bound to their tenant and name."""

import json
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from csm_portal.core.models import TenantSecret
from csm_portal.core.scope import current_tenant_id


class SecretUnreadable(RuntimeError):
    """A stored secret that none of today's keys can open. Never shown as ciphertext."""


def _box() -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in settings.CSM_SECRET_KEYS])
    except ValueError as error:
        raise ImproperlyConfigured(
            "CSM_SECRET_KEYS must hold at least one Fernet key (44 characters; see .env.example for how to make one)."
        ) from error


def store(name: str, value: str, *, now: datetime) -> None:
    """Encrypt a secret of the scope's tenant with the newest key, over any of the same name."""
    sealed = json.dumps({"tenant": str(current_tenant_id()), "name": name, "value": value})
    TenantSecret.objects.update_or_create(
        name=name,
        defaults={"ciphertext": _box().encrypt(sealed.encode()).decode(), "updated_at": now},
    )


def read(name: str) -> str | None:
    """Return a secret of the scope's tenant, or None if there is none. Raises SecretUnreadable."""
    row = TenantSecret.objects.filter(name=name).first()
    if row is None:
        return None
    try:
        opened = json.loads(_box().decrypt(row.ciphertext.encode()))
    except InvalidToken as error:
        raise SecretUnreadable(
            f"The stored secret “{name}” was encrypted with another key. Put that key back into CSM_SECRET_KEYS, "
            "or enter the secret again."
        ) from error
    if (opened["tenant"], opened["name"]) != (str(row.tenant_id), row.name):
        raise SecretUnreadable(f"The stored secret “{name}” belongs to another place. Enter it again.")
    value: str = opened["value"]
    return value


def forget(name: str) -> None:
    """Remove a secret of the scope's tenant, if it is there."""
    TenantSecret.objects.filter(name=name).delete()


def rotate() -> int:
    """Encrypt every secret of the scope's tenant anew with the newest key; return how many."""
    box = _box()
    count = 0
    for row in TenantSecret.objects.all():
        try:
            row.ciphertext = box.rotate(row.ciphertext.encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable(f"None of the keys opens the stored secret “{row.name}”.") from error
        row.save(update_fields=["ciphertext"])
        count += 1
    return count
