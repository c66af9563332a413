"""The audit log is append-only, in the database itself (SPEC 10.4)."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from csm_portal.core import audit
from csm_portal.core.models import AuditEvent, Tenant, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(scoped: Tenant, ada: User) -> AuditEvent:
    with audit.coming_from("192.0.2.7"):
        return audit.record("tenant.renamed", scoped, actor=ada, at=timezone.now(), data={"old": "N"})


def test_a_row_says_who_did_what_to_what_and_from_where(event: AuditEvent) -> None:
    assert (event.actor_name, event.verb, event.object_name, event.ip) == (
        "Ada",
        "tenant.renamed",
        "Northwind Software",
        "192.0.2.7",
    )


@pytest.mark.parametrize("change", ["UPDATE core_auditevent SET verb = 'x'", "DELETE FROM core_auditevent"])
def test_the_database_refuses_raw_changes(event: AuditEvent, change: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)

    assert AuditEvent.objects.get().verb == "tenant.renamed"


def test_the_orm_is_refused_too(event: AuditEvent) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        AuditEvent.objects.update(verb="x")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        event.delete()
