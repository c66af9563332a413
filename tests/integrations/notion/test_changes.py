"""The accounts that were edited since a moment, read through the adapter from the simulator."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from csm_portal.integrations.notion import NotionCSMAdapter
from csm_portal.integrations.notion import client as notion
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import AccountRecord, EditedPage
from csm_portal.simulators.notion import seed
from csm_portal.simulators.notion.app import create_app
from csm_portal.simulators.notion.store import Store
from tests.integrations.notion.conftest import BASE_URL, Recording, Simulated

BEGIN = datetime(2026, 11, 22, 9, 30, 20, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sim(tmp_path, clock: Clock) -> Iterator[Simulated]:
    path = tmp_path / "workspace.sqlite3"
    app = create_app(path, store=Store(path, clock=clock))
    workspace = seed.create_workspace(app.store)
    yield Simulated(app=app, workspace=workspace, wire=Recording(httpx.WSGITransport(app=app)))
    app.close()


def rename(sim: Simulated, page_id: str, name: str) -> None:
    sim.ask(
        "PATCH", f"pages/{page_id}", {"properties": {"Account": {"title": [{"text": {"content": name}}]}}}
    )


def edited(sim: Simulated, since: datetime, **options: str) -> list[AccountRecord]:
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    sim.wire.sent.clear()
    return [
        record for page in adapter.edited_accounts(since=since, **options) for record in page.read(mapping)
    ]


def test_only_rows_edited_since_then_come(sim: Simulated, clock: Clock) -> None:
    ids = sim.add({"name": "Acme"}, {"name": "Blue"}, {"name": "Cyan"})
    clock.now += timedelta(hours=1)
    rename(sim, ids[1], "Blue & Sons")

    found = edited(sim, clock.now - timedelta(minutes=1))

    assert [(record.id, record["name"]) for record in found] == [(ids[1], "Blue & Sons")]


def test_the_minute_of_the_moment_counts_whole(sim: Simulated, clock: Clock) -> None:
    # Notion tells the edit at 09:30:20 as one of 09:30:00.
    (page_id,) = sim.add({"name": "Acme"})

    assert [record.id for record in edited(sim, clock.now + timedelta(seconds=30))] == [page_id]
    assert edited(sim, clock.now + timedelta(seconds=40)) == []


def test_archived_rows_come_too_and_rows_in_the_trash_do_not(sim: Simulated, clock: Clock) -> None:
    (archived,) = sim.add({"name": "Acme"}, is_archived=True)
    (trashed,) = sim.add({"name": "Blue"})
    sim.ask("PATCH", f"pages/{trashed}", {"in_trash": True})

    found = edited(sim, clock.now)

    assert [(record.id, record.is_archived) for record in found] == [(archived, True)]


def test_the_oldest_edit_comes_first(sim: Simulated, clock: Clock) -> None:
    ids = sim.add({"name": "Acme"}, {"name": "Blue"}, {"name": "Cyan"})
    for page_id in reversed(ids):
        clock.now += timedelta(minutes=1)
        rename(sim, page_id, "New")

    assert [record.id for record in edited(sim, BEGIN)] == ids[::-1]


def test_nothing_edited_costs_two_requests(sim: Simulated, clock: Clock) -> None:
    sim.add({"name": "Acme"})

    assert edited(sim, clock.now + timedelta(hours=1)) == []
    assert len(sim.wire.sent) == 2


def test_a_named_data_source_is_not_asked_for_and_the_schema_only_where_rows_came(
    sim: Simulated, clock: Clock
) -> None:
    adapter = sim.adapter()
    pages = list(adapter.edited_accounts(since=clock.now, source_id=sim.workspace.accounts_data_source_id))
    assert [page.ids for page in pages] == [(), ()]
    assert [path.rsplit("/", 1)[-1] for path in sim.wire.paths()] == ["query", "query"]

    sim.add({"name": "Acme"})
    sim.wire.sent.clear()
    (first, _) = adapter.edited_accounts(since=clock.now, source_id=sim.workspace.accounts_data_source_id)
    first.read(adapter.default_mapping(adapter.describe_accounts()))

    source = f"/v1/data_sources/{sim.workspace.accounts_data_source_id}"
    assert sim.wire.paths() == [f"POST {source}/query"] * 2 + [f"GET {source}"]


def test_many_edits_come_100_an_answer(sim: Simulated, clock: Clock) -> None:
    ids = sim.add(*({"name": f"Account {number}"} for number in range(250)))

    assert [record.id for record in edited(sim, clock.now)] == ids
    assert len(sim.wire.sent) == 4


def test_a_row_that_is_edited_while_it_is_read_comes_once_more(sim: Simulated, clock: Clock) -> None:
    ids = sim.add(*({"name": f"Account {number}"} for number in range(150)))
    adapter = sim.adapter()
    mapping = adapter.default_mapping(adapter.describe_accounts())
    found = []

    for number, page in enumerate(adapter.edited_accounts(since=BEGIN)):
        if number == 0:
            clock.now += timedelta(minutes=2)
            rename(sim, ids[0], "Newer")
        found += page.read(mapping)

    assert {record.id for record in found} == set(ids)
    assert [record["name"] for record in found if record.id == ids[0]] == ["Account 0", "Newer"]


def test_an_expired_cursor_goes_on_from_the_last_minute(sim: Simulated) -> None:
    ids = sim.add(*({"name": f"Account {number}"} for number in range(150)))
    sim.fault(
        status=400,
        code="validation_error",
        message="The start_cursor provided is invalid.",
        match="query",
        nth=2,
    )

    assert {record.id for record in edited(sim, BEGIN)} == set(ids)


def test_an_error_of_the_workspace_is_raised(sim: Simulated, clock: Clock) -> None:
    adapter = sim.adapter()
    sim.fault(status=404, code="object_not_found", match="query")

    with pytest.raises(PortError, match="accounts database"):
        list(adapter.edited_accounts(since=clock.now))


class Capped(httpx.BaseTransport):
    """Answers queries as Notion does, of rows edited in these minutes after BEGIN, with a cap of 300 rows a query."""

    def __init__(self, minutes: list[int]) -> None:
        self.rows = [
            {
                "object": "page",
                "id": str(uuid.UUID(int=number)),
                "url": "",
                "created_time": _at(0),
                "properties": {},
            }
            | {"last_edited_time": _at(minute)}
            for number, minute in enumerate(minutes)
        ]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.read())
        assert body["sorts"] == [{"timestamp": "last_edited_time", "direction": "ascending"}]
        since = datetime.fromisoformat(body["filter"]["last_edited_time"]["on_or_after"])
        rows = [row for row in self.rows if datetime.fromisoformat(row["last_edited_time"]) >= since]
        rows = [] if body.get("is_archived") else rows
        begin = int(body.get("start_cursor", 0))
        end = min(begin + 100, 300)
        has_more = len(rows[:300]) > end
        status = {"type": "incomplete"} if len(rows) > 300 and not has_more else {"type": "complete"}
        answer = {
            "object": "list",
            "results": rows[begin:end],
            "has_more": has_more,
            "next_cursor": str(end) if has_more else None,
            "request_status": status,
        }
        return httpx.Response(200, json=answer)


def _at(minute: int) -> str:
    return (BEGIN.replace(second=0) + timedelta(minutes=minute)).isoformat()


def of_capped(minutes: list[int]) -> list[EditedPage]:
    wire = Capped(minutes)
    client = notion.build(token="secret_x", base_url=BASE_URL, budget=100_000, transport=wire)
    adapter = NotionCSMAdapter(client, "1" * 32)
    return list(adapter.edited_accounts(since=BEGIN, source_id=str(uuid.UUID(int=7))))


def test_more_edits_than_a_query_gives_are_read_window_after_window() -> None:
    pages = of_capped([number // 90 for number in range(1000)])

    assert {page_id for page in pages for page_id in page.ids} == {
        str(uuid.UUID(int=number)) for number in range(1000)
    }
    assert not any(page.is_incomplete for page in pages)


def test_a_minute_with_more_edits_than_a_query_gives_is_told_as_incomplete() -> None:
    pages = of_capped([0] * 100 + [1] * 301)

    assert [page.is_incomplete for page in pages].count(True) == 1
    assert len({page_id for page in pages for page_id in page.ids}) == 400
