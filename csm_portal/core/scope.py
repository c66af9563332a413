"""Tenant scope that fails closed (SPEC P6, ARCHITECTURE).

A row that belongs to a tenant can be read or written only inside ``tenant_scope(tenant)``, and only if it is
that tenant's. Outside, every manager raises, Django's own base manager included (forward keys, ``save``,
``refresh_from_db``).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeVar
from uuid import UUID

import structlog
from django.db import models

from csm_portal.core import among  # noqa: F401  # every row with a tenant can be asked for by many keys

if TYPE_CHECKING:
    from csm_portal.core.models import Tenant


class OutsideTenantScope(RuntimeError):
    """A tenant's row was asked for without saying which tenant's."""


class ForeignTenant(RuntimeError):
    """A row of one tenant was about to be written into, or to point at a row of, another."""


class _AllTenants:
    """The scope of the few reviewed places that must look across tenants."""


_ALL: Final = _AllTenants()
_scope: ContextVar["UUID | _AllTenants | None"] = ContextVar("tenant_scope", default=None)
_proved: ContextVar["_Proved | None"] = ContextVar("proved_keys", default=None)


@contextmanager
def tenant_scope(tenant: "Tenant") -> Iterator[None]:
    """Let the block see and write rows of this tenant, and no others. Scopes nest; None is refused."""
    if tenant is None or tenant.pk is None:
        raise OutsideTenantScope("A tenant scope needs a saved tenant; None would mean everybody's rows.")
    token = _scope.set(tenant.pk)
    with structlog.contextvars.bound_contextvars(tenant_id=str(tenant.pk)):
        try:
            yield
        finally:
            _scope.reset(token)


@dataclass(frozen=True, slots=True)
class _Proved:
    """The keys that the database said are this tenant's, by model."""

    tenant_id: UUID
    keys: dict[type[models.Model], set[Any]]


@contextmanager
def proving_keys_once() -> Iterator[None]:
    """Ask the database once for each key that the block's writes point at, and not at every write again.

    A row never moves to another tenant, so a key that was this tenant's stays so; whether the row is still there is
    for the database's own constraint to say. What is proved counts for the scope around the block and for no other.
    """
    token = _proved.set(_Proved(current_tenant_id(), {}))
    try:
        yield
    finally:
        _proved.reset(token)


@contextmanager
def across_tenants(reason: str) -> Iterator[None]:
    """Let the block read rows of every tenant. Each use is reviewed: a test counts them (CHECK 4)."""
    if not reason:
        raise ValueError("Looking across tenants needs a reason.")
    token = _scope.set(_ALL)
    try:
        yield
    finally:
        _scope.reset(token)


def current_tenant_id() -> UUID:
    """Return the id of the tenant whose scope this is. Raises OutsideTenantScope outside of one."""
    scope = _scope.get()
    if isinstance(scope, UUID):
        return scope
    raise OutsideTenantScope("This needs the scope of one tenant: wrap the call in tenant_scope(tenant).")


def _required_scope(model: type[models.Model]) -> "UUID | _AllTenants":
    scope = _scope.get()
    if scope is None:
        raise OutsideTenantScope(
            f"{model.__name__} rows belong to a tenant: wrap the call in tenant_scope(tenant)."
        )
    return scope


_Row = TypeVar("_Row", bound="TenantModel", covariant=True)


class TenantQuerySet(models.QuerySet[_Row]):
    """A queryset that writes only into the scope's tenant."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        claim(rows)
        return super().bulk_create(rows, *args, **kwargs)

    def bulk_update(self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None) -> int:
        rows, names = list(objs), list(fields)
        claim(rows, only=names)
        return super().bulk_update(rows, names, batch_size)

    def update(self, **kwargs: Any) -> int:
        tenant_id = kwargs.get("tenant_id", getattr(kwargs.get("tenant"), "pk", None))
        scope = _required_scope(self.model)
        if tenant_id is not None and tenant_id != scope:
            raise ForeignTenant(f"{self.model.__name__} rows cannot be moved to another tenant.")
        for name, value in kwargs.items():
            if isinstance(value, TenantModel) and isinstance(scope, UUID) and value.tenant_id != scope:
                raise ForeignTenant(f"{self.model.__name__}.{name} points at another tenant's row.")
        return super().update(**kwargs)


class TenantManager(models.Manager[_Row]):
    """The only manager of a tenant's rows; raises outside a scope. Extend it with ``from_queryset``."""

    _queryset_class = TenantQuerySet

    def get_queryset(self) -> models.QuerySet[_Row]:
        scope = _required_scope(self.model)
        queryset = super().get_queryset()
        return queryset if isinstance(scope, _AllTenants) else queryset.filter(tenant_id=scope)


class TenantModel(models.Model):
    """A row that belongs to one tenant. Subclasses' Meta must inherit this one's: a system check holds it."""

    tenant = models.ForeignKey("core.Tenant", on_delete=models.PROTECT, related_name="+", editable=False)

    objects: ClassVar[TenantManager[Self]] = TenantManager()

    class Meta:
        abstract = True
        # Forward keys, save() and refresh_from_db() go through the base manager: it must fail closed too.
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        claim([self], only=kwargs.get("update_fields"))
        super().save(*args, **kwargs)


def claim(rows: Sequence[TenantModel], *, only: Iterable[str] | None = None) -> None:
    """Put rows that are about to be written under the scope's tenant, or refuse.

    Fills an empty ``tenant``; raises ForeignTenant if a row, or a tenant's row that it points at, is another
    tenant's. Costs no query for keys whose objects are loaded, one for each other key column of the batch.
    """
    if not rows:
        return
    tenant_id = current_tenant_id()
    for row in rows:
        if row.tenant_id is None:
            row.tenant_id = tenant_id
        elif row.tenant_id != tenant_id:
            raise ForeignTenant(f"This {type(row).__name__} belongs to another tenant than the scope's.")
    names = None if only is None else set(only)
    for field in type(rows[0])._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey):
            continue
        target = field.related_model
        if not (isinstance(target, type) and issubclass(target, TenantModel)):
            continue
        if names is not None and not names & {field.name, field.attname}:
            continue
        unknown = _keys(rows, field, tenant_id)
        if not _are_all_of(target, unknown, tenant_id):
            raise ForeignTenant(
                f"{type(rows[0]).__name__}.{field.name} points at a row that is not this tenant's."
            )


_NOTHING_LOADED: Final[dict[str, Any]] = {}


def written(rows: Sequence[TenantModel]) -> None:
    """Take note that these rows stand under the scope's tenant now, for writes that point at them."""
    proved = _proved.get()
    if proved is not None and proved.tenant_id == current_tenant_id():
        proved.keys.setdefault(type(rows[0]), set()).update([row.pk for row in rows])


def _keys(rows: Sequence[TenantModel], field: "models.ForeignKey[Any, Any]", tenant_id: UUID) -> set[Any]:
    """Return the keys that a column of the rows points at, where no object is loaded; check those that are."""
    keys = set()
    attname, name = field.attname, field.name
    for row in rows:
        # Asking for ``fields_cache`` would make one for each row.
        loaded = row._state.__dict__.get("fields_cache", _NOTHING_LOADED).get(name)
        if loaded is None:
            keys.add(getattr(row, attname))
        elif loaded.tenant_id not in (None, tenant_id):
            raise ForeignTenant(f"{type(row).__name__}.{name} points at another tenant's row.")
    keys.discard(None)
    return keys


def _are_all_of(target: type[TenantModel], keys: set[Any], tenant_id: UUID) -> bool:
    """Tell whether all these rows are the tenant's. One query at most, whatever their number."""
    proved = _proved.get()
    held = None
    if proved is not None and proved.tenant_id == tenant_id:
        held = proved.keys.setdefault(target, set())
        keys = keys - held
    if not keys:
        return True
    if target.objects.filter(pk__among=keys).count() != len(keys):
        return False
    if held is not None:
        held.update(keys)
    return True
