"""What is remembered is never older than what it stands for: a row in a query is what its page says."""

from typing import Any

import pytest

from csm_portal.simulators.notion import app, seed
from csm_portal.simulators.notion.remembered import Pages
from tests.simulators.notion import everything
from tests.simulators.notion.conftest import Clock, Connect, text

pytestmark = pytest.mark.one_database


def test_a_row_is_the_same_in_a_query_and_by_itself_whatever_changed(
    simulator: app.App,
    workspace: seed.Workspace,
    notion: Any,
    connect: Connect,
    clock: Clock,
) -> None:
    source_id = everything.create(simulator, workspace)
    notion.data_sources.update(source_id, properties={"Rollup": None})
    (account_id,) = seed.add_account_rows(
        simulator.store, workspace.accounts_data_source_id, [{"name": "Acme"}]
    )
    person_id = seed.add_person(simulator.store, "Jo Li", "jo@example.com")
    page_id = notion.pages.create(
        parent={"data_source_id": source_id}, properties=everything.values(account_id, person_id)
    )["id"]
    stranger = connect(
        seed.add_integration(simulator.store, workspace_id=workspace.id, name="Other", shares=[source_id])
    )
    changes = [
        lambda: None,
        lambda: notion.pages.update(page_id, properties={"Number": {"number": 3}}),
        lambda: notion.pages.update(page_id, icon={"emoji": "🧪"}, is_locked=True),
        lambda: notion.data_sources.update(source_id, properties={"Number": {"name": "Count"}}),
        lambda: notion.data_sources.update(source_id, properties={"Tags": {"multi_select": {"options": []}}}),
        lambda: notion.data_sources.update(source_id, properties={"Day": None, "New": {"url": {}}}),
        lambda: notion.pages.update(page_id, properties={"Name": {"title": text("Renamed")}}),
        lambda: seed.unshare(simulator.store, workspace.accounts_database_id),
        lambda: setattr(simulator, "public_url", "http://elsewhere.example"),
    ]

    for change in changes:
        clock.advance(minutes=1)
        change()
        for client in (notion, stranger):
            (listed,) = client.data_sources.query(source_id)["results"]
            alone = client.pages.retrieve(page_id)
            alone.pop("request_id")
            assert listed == alone
            (some,) = client.data_sources.query(source_id, filter_properties=["title"])["results"]
            assert some["properties"].keys() == {"Name"}


def test_no_more_is_kept_than_fits() -> None:
    pages, made = Pages(), []

    def make(number: int) -> bytes:
        made.append(number)
        return b"%d" % number

    for _ in range(2):
        for number in range(10_050):
            assert pages.get("style", number, 1, lambda number=number: make(number)) == b"%d" % number
    assert len(made) == 10_050 + 50
    assert pages.get("style", 7, 2, lambda: b"changed") == b"changed"
    assert pages.get("style", 7, 2, lambda: b"asked again") == b"changed"
    for style in range(4):
        pages.get(style, 1, 1, lambda: b"")
    assert pages.get("style", 7, 2, lambda: b"forgotten") == b"forgotten"
