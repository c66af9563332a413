"""Writes the audit log (SPEC 10.4): one row for each thing a person did and each effect outside."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import structlog
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from csm_portal.core import acting
from csm_portal.core.models import AuditEvent, User
from csm_portal.core.scope import current_tenant_id

_ip: ContextVar[str | None] = ContextVar("audit_ip", default=None)

TABLE = "core_auditevent"


@contextmanager
def coming_from(ip: str | None) -> Iterator[None]:
    """Note the address that the acts within the block come from."""
    token = _ip.set(ip)
    try:
        yield
    finally:
        _ip.reset(token)


def record(
    verb: str,
    subject: models.Model,
    *,
    actor: User | None,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    by: str = "The portal",
) -> AuditEvent:
    """Write down that somebody did something; call it in the transaction that did it.

    ``verb`` is ``noun.past`` (``qbr.approved``); ``data`` holds JSON values, no secrets and no customer text;
    ``by`` names what acted where no person did.
    """
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return AuditEvent.objects.create(
        tenant_id=current_tenant_id(),
        at=at,
        actor=actor,
        actor_name=str(actor) if actor is not None else acting.name(by)[:200],
        verb=verb,
        object_type=subject._meta.label_lower,
        object_id=str(subject.pk),
        object_name=str(subject)[:300],
        data=dict(data or {}),
        ip=_ip.get(),
        request_id=request_id,
    )


_GUARDS = {
    "sqlite": (
        [
            f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END",
            f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE} "
            "BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END",
        ],
        ["DROP TRIGGER IF EXISTS audit_no_update", "DROP TRIGGER IF EXISTS audit_no_delete"],
    ),
    "postgresql": (
        [
            "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger AS $$ "
            "BEGIN RAISE EXCEPTION 'The audit log is append-only.'; END $$ LANGUAGE plpgsql",
            f"CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()",
            f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()",
        ],
        [
            f"DROP TRIGGER IF EXISTS audit_no_change ON {TABLE}",
            f"DROP TRIGGER IF EXISTS audit_no_truncate ON {TABLE}",
        ],
    ),
}


def guard(connection: BaseDatabaseWrapper) -> None:
    """Make the database itself refuse to change or remove audit rows."""
    _run(connection, 0)


def unguard(connection: BaseDatabaseWrapper) -> None:
    """Take the guard off; only a migration's way back and the emptying of a test database do this."""
    _run(connection, 1)


def _run(connection: BaseDatabaseWrapper, which: int) -> None:
    with connection.cursor() as cursor:
        for statement in _GUARDS[connection.vendor][which]:
            cursor.execute(statement)
