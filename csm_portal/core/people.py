"""Makes tenants and gives people their roles."""

from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from csm_portal.core import audit
from csm_portal.core.models import Membership, Role, Tenant, User
from csm_portal.core.scope import tenant_scope


class NotPossible(Exception):
    """The tenant or person cannot be made; the message says why and what to do."""


def create_tenant(*, name: str, slug: str, time_zone: str, currency: str, now: datetime) -> Tenant:
    """Make a tenant. Raises NotPossible where a value cannot be one or the short name is taken."""
    tenant = Tenant(name=name, slug=slug, time_zone=time_zone, currency=currency.upper(), created_at=now)
    try:
        tenant.full_clean()
    except ValidationError as error:
        raise NotPossible(" ".join(error.messages)) from error
    tenant.save()
    return tenant


def add(
    tenant: Tenant, *, email: str, name: str, roles: Collection[Role], password: str, now: datetime, by: str
) -> User:
    """Make a person who can sign in with these roles in one tenant. Raises NotPossible for a known address.

    ``by`` names who did it in the audit log: a command has no signed-in person behind it.
    """
    if not roles:
        raise NotPossible(f"{name} needs at least one role: {', '.join(role.value for role in Role)}.")
    try:
        with transaction.atomic(), tenant_scope(tenant):
            user = User.objects.create_user(email, password, name=name)
            membership = Membership.objects.create(user=user, **{f"is_{role.value}": True for role in roles})
            audit.record(
                "person.added",
                membership,
                actor=None,
                by=by,
                at=now,
                data={"roles": sorted(role.value for role in roles)},
            )
    except IntegrityError as error:
        raise NotPossible(
            f"Somebody signs in as {email} already. A person belongs to one company: use another address."
        ) from error
    return user
