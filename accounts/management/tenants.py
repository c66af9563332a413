"""Which tenant a command is about."""

from django.core.management.base import CommandError, CommandParser

from csm_portal.core.models import Tenant


def add_tenant_argument(parser: CommandParser) -> None:
    """Add ``--tenant SLUG``; it may be left out where there is one tenant only."""
    parser.add_argument(
        "--tenant", metavar="SLUG", help="the tenant's short name; needed where there are several"
    )


def tenant_named(slug: str | None) -> Tenant:
    """Return the tenant of this short name, or the only one. Raises CommandError naming those there are."""
    tenants = list(Tenant.objects.filter(is_active=True))
    if not tenants:
        raise CommandError("There is no tenant yet. Make one first, or start with: make demo")
    known = ", ".join(sorted(tenant.slug for tenant in tenants))
    if slug is None:
        if len(tenants) > 1:
            raise CommandError(f"There are several tenants: {known}. Say which with --tenant SLUG.")
        return tenants[0]
    for tenant in tenants:
        if tenant.slug == slug:
            return tenant
    raise CommandError(f"There is no tenant “{slug}”. There is: {known}.")
