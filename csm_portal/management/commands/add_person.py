"""Adds a person to a company."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from csm_portal.core import people
from csm_portal.core.models import Role, Tenant
from csm_portal.management.passwords import ask


class Command(BaseCommand):
    help = (
        "Add a person to a company. Asks for their password; CSM_NEW_PASSWORD gives it where nobody is there to ask. "
        "CSMs own the accounts whose owner in Notion has their address."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the address that they sign in with")
        parser.add_argument("--name", required=True)
        parser.add_argument("--tenant", required=True, help="the company's short name")
        parser.add_argument(
            "--role",
            action="append",
            required=True,
            choices=[role.value for role in Role],
            help="may be repeated",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = Tenant.objects.filter(slug=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"No company has the short name {options['tenant']}.")
        password = ask(options["name"], options["email"])
        try:
            user = people.add(
                tenant,
                email=options["email"],
                name=options["name"],
                roles=[Role(role) for role in options["role"]],
                password=password,
                now=timezone.now(),
                by="add_person",
            )
        except people.NotPossible as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{user.name} can sign in as {user.email}. Accounts that they own show after the next sync."
        )
