"""Fills the demo: workspace, mirror, a year of history, reviews. ``manage.py demo`` calls it once a day."""

from datetime import date, datetime, time
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import SyncRun, SyncState
from accounts.services import health, notion_check, sync, writeback
from csm_portal import wiring
from csm_portal.core.models import NotionConnection, Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.demo import (
    agent_tasks,
    alert_days,
    coaching_plans,
    company,
    history,
    opportunities,
    portfolio,
    reviews,
    tenants,
)
from csm_portal.demo.company import Company
from csm_portal.portfolio_csv import PortfolioError, parse
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion.store import Store

_TOLD = 10


class Command(BaseCommand):
    help = (
        "Fill an empty portal with the demo: two companies with a year of history, or the accounts of a CSV file. "
        "The simulator must be running on NOTION_BASE_URL over the same state file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--simulator", required=True, type=Path, help="the simulator's state file")
        parser.add_argument("--data", type=Path, help="an accounts.csv to fill the workspace from")
        parser.add_argument(
            "--reviews", type=int, help="of how many accounts a company has reviews at most (all of them)"
        )
        parser.add_argument(
            "--sign-in", type=Path, help="where to write the sign-ins, for the supervisor to print"
        )

    def handle(
        self, *args: Any, simulator: Path, data: Path | None, sign_in: Path | None, **options: Any
    ) -> None:
        if Tenant.objects.exists():
            raise CommandError("The portal has tenants already. The demo fills an empty database only.")
        store, now = Store(simulator), timezone.now()
        people = self._own(store, data, now) if data else self._invented(store, now, options["reviews"])
        text = tenants.sign_in_page(people)
        if sign_in is not None:
            sign_in.write_text(text)

    def _invented(self, store: Store, now: datetime, most: int | None) -> list[tuple[str, str, str]]:
        made = company.companies(now.date())
        for number, drafted in enumerate(made):
            # Each company's year ends today where it is, which around midnight is not today everywhere.
            here = now.astimezone(ZoneInfo(drafted.time_zone)).date()
            one = company.companies(here)[number]
            tenant = tenants.create(
                name=one.name, slug=one.slug, time_zone=one.time_zone, currency=one.currency,
                people=one.people, now=now,
            )  # fmt: skip
            today = now.astimezone(tenant.zone).date()
            with tenant_scope(tenant):
                self._live(store, one, tenant, today, most)
        return _one_a_role(made)

    def _live(self, store: Store, one: Company, tenant: Tenant, today: date, most: int | None) -> None:
        workspace = seed.create_workspace(store, name=one.name, figures=True)
        by_day = sorted(one.customers, key=lambda customer: customer.edited_on)
        for day, customers in groupby(by_day, key=lambda customer: customer.edited_on):
            seed.add_account_rows(
                store,
                workspace.accounts_data_source_id,
                [customer.row for customer in customers],
                created_at=datetime.combine(day, time(16, 0), tzinfo=tenant.zone),
            )
        tenants.connect(workspace, now=timezone.now())
        run = self._sync(today)
        years = {customer.name: customer.year for customer in one.customers}
        # What was told in the past was not written to the pages: that begins with today's scan.
        NotionConnection.objects.update(writes_figures=False)
        scored = history.lay_down(years, tenant=tenant, today=today)
        NotionConnection.objects.update(writes_figures=True)
        opportunities.fill(tenant, today=today)
        counts = health.scan(as_of=today, now=timezone.now())
        writeback.ask(tenant, now=timezone.now())
        # Before the reviews: what was ticked off stands in them.
        coaching_plans.fill(today, now=timezone.now())
        made = reviews.fill(tenant, now=timezone.now(), most=most)
        agent_tasks.fill(tenant, now=timezone.now())
        alert_days.write_digests(today, now=timezone.now())
        self.stdout.write(
            f"{one.name}: {run.created:,} accounts mirrored, {scored + counts.scored:,} scores of 52 weeks, "
            f"{counts.raised} alerts, {made} reviews."
        )

    def _own(self, store: Store, data: Path, now: datetime) -> list[tuple[str, str, str]]:
        try:
            read = parse(data.read_bytes())
        except OSError as error:
            raise CommandError(f"{data} cannot be read: {error.strerror}.") from error
        except PortfolioError as error:
            raise CommandError(f"{data}: {error}") from error
        for problem in read.problems[:_TOLD]:
            self.stderr.write(problem.message)
        if len(read.problems) > _TOLD:
            self.stderr.write(f"… and {len(read.problems) - _TOLD:,} more values like these were left out.")
        name = data.resolve().parent.name.replace("_", " ").strip().capitalize() or "Your portfolio"
        tenant = tenants.create(
            name=name, slug="portfolio", time_zone="UTC", currency="EUR", people=company.BRIGHTLOOM, now=now
        )
        with tenant_scope(tenant):
            today = now.astimezone(tenant.zone).date()
            workspace = portfolio.fill(store, read, name=name, imported_on=today, now=now)
            tenants.connect(workspace, now=now)
            tenants.connect_channels(tenant, now=now)
            run = self._sync(today)
            counts = health.scan(as_of=today, now=timezone.now())
            writeback.ask(tenant, now=timezone.now())
        bands = ", ".join(f"{count:,} {band}" for band, count in counts.bands.items() if count)
        self.stdout.write(f"{name}: {run.created:,} accounts mirrored and scored: {bands}.")
        return [(_role(one.roles), one.name, one.email) for one in _first_of_each(company.BRIGHTLOOM)]

    def _sync(self, today: date) -> SyncRun:
        workspace = wiring.workspace()
        notion_check.check(workspace=workspace, has_qbr_database=True, as_of=today, now=timezone.now())
        run = sync.run(workspace=workspace, now=timezone.now())
        if run.state == SyncState.FAILED:
            raise CommandError(run.error)
        return run


def _one_a_role(made: tuple[Company, ...]) -> list[tuple[str, str, str]]:
    lines = [(_role(one.roles), one.name, one.email) for one in _first_of_each(made[0].people)]
    other = next(one for one in made[1].people if "admin" in one.roles)
    return [*lines, (f"{made[1].name.split()[0]}’s", other.name, other.email)]


def _first_of_each(people: tuple[company.Colleague, ...]) -> list[company.Colleague]:
    first: dict[str, company.Colleague] = {}
    for one in people:
        first.setdefault(one.roles[0], one)
    return list(first.values())


def _role(roles: tuple[str, ...]) -> str:
    return {"csm": "CSM", "manager": "Manager", "admin": "Admin", "sales": "Sales"}[roles[0]]
