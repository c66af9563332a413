"""The demo from somebody's own accounts.csv: one tenant, every row in the simulated workspace."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from csm_portal.demo.company import BRIGHTLOOM
from csm_portal.portfolio_csv import Portfolio
from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion.store import Store

OWNERS = tuple(Person(name=one.name, email=one.email) for one in BRIGHTLOOM if "csm" in one.roles)
# A checkbox cannot be empty, and an empty cell is no unpaid invoice.
_YES_OR_NO = {"payment_current": {"select": {"options": [{"name": "Yes"}, {"name": "No"}]}}}


# A query ends at 10,000 rows and goes on by the minute in which rows were made; nobody makes all of them in one.
_ROWS_A_MINUTE = 1000


def fill(
    store: Store, portfolio: Portfolio, *, name: str, imported_on: date, now: datetime
) -> seed.Workspace:
    """Put every account of the file into a new workspace that has properties for the file's columns alone."""
    rows = [account.account_values(imported_on=imported_on) for account in portfolio.accounts]
    fields = {"name", "owner"}.union(*(row.keys() for row in rows))
    workspace = seed.create_workspace(store, name=name, fields=fields, kinds=_YES_OR_NO, figures=True)
    owned = list(_rows(rows))
    for start in range(0, len(owned), _ROWS_A_MINUTE):
        minutes = (len(owned) - start) // _ROWS_A_MINUTE + 1
        seed.add_account_rows(
            store,
            workspace.accounts_data_source_id,
            owned[start : start + _ROWS_A_MINUTE],
            created_at=now - timedelta(minutes=minutes),
        )
    return workspace


def _rows(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for index, row in enumerate(rows):
        paid = row.get("payment_current")
        said = {} if paid is None else {"payment_current": "Yes" if paid else "No"}
        yield {**row, **said, "owner": OWNERS[index % len(OWNERS)]}
