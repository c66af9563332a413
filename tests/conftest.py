"""What every test stands on: the cast, the tenants, a database that can be emptied in spite of its guards."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase
from hypothesis import settings

from csm_portal.core import audit
from csm_portal.core.models import Membership, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests import emptying, workspace
from tests.services import migrated

# Properties are judged by what they find, not by how busy the machine is.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> Iterator[None]:
    """Begin with a copy of the database that ``make test`` has migrated, where it has; Django then has less to do."""
    begin_with = os.environ.get(migrated.VARIABLE)
    if begin_with and connection.vendor == "sqlite":
        # What is in memory lives for as long as somebody holds it.
        with migrated.copied(connection.creation._get_test_db_name()):
            yield
        return
    if begin_with:
        connection.settings_dict["TEST"]["TEMPLATE"] = begin_with
    yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Before the test database goes, end the connections that threads and gates of tests have left to it."""
    with django_db_blocker.unblock():
        emptying.remember()
    yield
    gc.collect()
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(autouse=True, scope="session")
def _tables_are_emptied_where_there_is_something() -> Iterator[None]:
    """A transactional test empties every table at its end; that is slow, and the audit log's guard would refuse."""
    emptied = TransactionTestCase._fixture_teardown

    def shorter(self: TransactionTestCase) -> None:
        if emptying.empty():
            return
        audit.unguard(connection)
        try:
            emptied(self)
        finally:
            audit.guard(connection)
        emptying.remember()

    TransactionTestCase._fixture_teardown = shorter
    yield
    TransactionTestCase._fixture_teardown = emptied


@pytest.fixture(autouse=True)
def _workspaces_end() -> Iterator[None]:
    yield
    workspace.end()


@pytest.fixture
def tenant(db: Any) -> Tenant:
    return Tenant.objects.create(
        name="Northwind Software", slug="northwind", time_zone="Europe/Berlin", currency="EUR"
    )


@pytest.fixture
def other_tenant(db: Any) -> Tenant:
    return Tenant.objects.create(
        name="Charlie & Co", slug="charlie", time_zone="America/New_York", currency="USD"
    )


def make_member(tenant: Tenant, name: str, **roles: bool) -> User:
    """Make a person with a password and a membership; roles are is_csm, is_manager, is_admin, is_sales."""
    user = User.objects.create_user(f"{name.lower()}@{tenant.slug}.example", PASSWORD, name=name)
    with tenant_scope(tenant):
        Membership.objects.create(user=user, **roles)
    return user


@pytest.fixture
def alice(tenant: Tenant) -> User:
    """The CSM."""
    return make_member(tenant, "Alice", is_csm=True)


@pytest.fixture
def bob(tenant: Tenant) -> User:
    """The manager."""
    return make_member(tenant, "Bob", is_manager=True)


@pytest.fixture
def ada(tenant: Tenant) -> User:
    """The admin."""
    return make_member(tenant, "Ada", is_admin=True)


@pytest.fixture
def sam(tenant: Tenant) -> User:
    """The sales person."""
    return make_member(tenant, "Sam", is_sales=True)


@pytest.fixture
def charlie(other_tenant: Tenant) -> User:
    """Everything at another tenant."""
    return make_member(other_tenant, "Charlie", is_csm=True, is_manager=True, is_admin=True, is_sales=True)


@pytest.fixture
def scoped(tenant: Tenant) -> Iterator[Tenant]:
    """Enter the tenant's scope for the whole test."""
    with tenant_scope(tenant):
        yield tenant


def signed_in(user: User) -> Client:
    """Return a client with this person's session."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
