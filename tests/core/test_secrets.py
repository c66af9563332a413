"""Secrets at rest: unreadable without their key, their tenant and their name (SPEC 10.3)."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from csm_portal.core import secrets
from csm_portal.core.models import Tenant, TenantSecret
from csm_portal.core.scope import tenant_scope

pytestmark = pytest.mark.django_db

CANARY = "ntn_canary_value_4711"


def test_a_secret_comes_back_and_is_not_in_the_table(scoped: Tenant) -> None:
    secrets.store("notion_token", CANARY, now=timezone.now())

    assert secrets.read("notion_token") == CANARY
    with connection.cursor() as cursor:
        cursor.execute("SELECT ciphertext FROM core_tenantsecret")
        assert CANARY not in str(cursor.fetchall())


def test_the_wrong_key_is_an_error_and_never_text(scoped: Tenant, settings: Any) -> None:
    secrets.store("notion_token", CANARY, now=timezone.now())
    settings.CSM_SECRET_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(secrets.SecretUnreadable, match="another key"):
        secrets.read("notion_token")


def test_a_row_moved_to_another_tenant_is_not_read(scoped: Tenant, other_tenant: Tenant) -> None:
    secrets.store("notion_token", CANARY, now=timezone.now())
    stolen = TenantSecret.objects.get().ciphertext

    with tenant_scope(other_tenant):
        TenantSecret.objects.create(name="notion_token", ciphertext=stolen)
        with pytest.raises(secrets.SecretUnreadable, match="another place"):
            secrets.read("notion_token")


def test_rotation_leaves_every_secret_readable_without_the_old_key(scoped: Tenant, settings: Any) -> None:
    secrets.store("notion_token", CANARY, now=timezone.now())
    new = Fernet.generate_key().decode()
    settings.CSM_SECRET_KEYS = [new, *settings.CSM_SECRET_KEYS]

    assert secrets.rotate() == 1

    settings.CSM_SECRET_KEYS = [new]
    assert secrets.read("notion_token") == CANARY
