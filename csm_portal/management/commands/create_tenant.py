"""The first step of an installation: a company and its first admin."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from csm_portal.core import people
from csm_portal.core.models import Role
from csm_portal.management.passwords import ask


class Command(BaseCommand):
    help = (
        "Make a company with its first admin, who can then sign in and connect Notion. Asks for the admin's password; "
        "CSM_NEW_PASSWORD gives it where nobody is there to ask. Add others with add_person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the company's name")
        parser.add_argument("--slug", help="its short name for commands (default: made from the name)")
        parser.add_argument("--time-zone", default="UTC", help="an IANA name such as Europe/Berlin")
        parser.add_argument(
            "--currency", default="USD", help="three letters; used where an account names none"
        )
        parser.add_argument("--admin-email", required=True, help="the address that the admin signs in with")
        parser.add_argument("--admin-name", required=True, help="the admin's name")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        password = ask(options["admin_name"], options["admin_email"])
        try:
            with transaction.atomic():
                tenant = people.create_tenant(
                    name=options["name"],
                    slug=options["slug"] or slugify(options["name"]),
                    time_zone=options["time_zone"],
                    currency=options["currency"],
                    now=now,
                )
                people.add(
                    tenant,
                    email=options["admin_email"],
                    name=options["admin_name"],
                    roles=[Role.ADMIN],
                    password=password,
                    now=now,
                    by="create_tenant",
                )
        except people.NotPossible as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{tenant.name} is ready, its short name is {tenant.slug}. Sign in as {options['admin_email']}."
        )
