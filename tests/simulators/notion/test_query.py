"""Queries: partitions, filters, sorts, cursors, and the end at 10,000 rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import notion_client
import pytest

from csm_portal.ports.workspace import Person
from csm_portal.simulators.notion import app, filling, query, seed
from tests.simulators.notion import everything
from tests.simulators.notion.conftest import Clock

pytestmark = pytest.mark.one_database

ROWS: list[dict[str, Any]] = [
    {
        "name": "Acme", "owner": Person(name="Ada", email="ada@example.com"), "segment": "Enterprise", "arr": 100,
        "feature_adoption_rate": Decimal("0.45"), "support_sentiment": "positive", "payment_current": True,
        "renewal_on": date(2026, 12, 1), "notes": "Wants SSO", "features_used": ("SSO", "API"),
        "lifecycle_stage": "Adoption",
    },
    {
        "name": "Bolt", "owner": Person(name="Bo"), "segment": "SMB", "arr": 50, "support_sentiment": "negative",
        "payment_current": False, "renewal_on": date(2027, 3, 1), "features_used": ("API",),
        "lifecycle_stage": "Renewal",
    },
    {"name": "Ćuk & Söhne", "arr": 0, "renewal_on": date(2026, 11, 18)},
    {"name": "Delta"},
]  # fmt: skip


class Accounts:
    """The accounts of a small workspace, and the names that a query gives."""

    def __init__(self, notion: Any, source_id: str, ids: list[str]) -> None:
        self._notion = notion
        self.source_id = source_id
        self.ids = ids

    def ask(self, **body: Any) -> dict[str, Any]:
        # The title is enough to know a row by, and keeps long scans short.
        answer: dict[str, Any] = self._notion.request(
            f"data_sources/{self.source_id}/query", "POST", query={"filter_properties": ["title"]}, body=body
        )
        return answer

    def names(self, **body: Any) -> list[str]:
        return [
            page["properties"]["Account"]["title"][0]["plain_text"] for page in self.ask(**body)["results"]
        ]

    def filtered(self, **condition: Any) -> str:
        """Return the first letters of the accounts that a filter leaves, in their order."""
        return "".join(sorted(name[0] for name in self.names(filter=condition)))

    def error(self, **body: Any) -> str:
        with pytest.raises(notion_client.APIResponseError) as caught:
            self.ask(**body)
        assert (caught.value.status, caught.value.code) == (400, "validation_error")
        return str(caught.value)


@pytest.fixture
def accounts(simulator: app.App, workspace: seed.Workspace, notion: notion_client.Client) -> Accounts:
    source_id = workspace.accounts_data_source_id
    return Accounts(notion, source_id, seed.add_account_rows(simulator.store, source_id, ROWS))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"property": "Account", "title": {"equals": "ACME"}}, "A"),
        ({"property": "title", "title": {"contains": "l"}}, "BD"),
        ({"property": "Account", "title": {"does_not_contain": "l"}}, "AĆ"),
        ({"property": "Account", "title": {"starts_with": "ću"}}, "Ć"),
        ({"property": "Account", "title": {"ends_with": "ta"}}, "D"),
        ({"property": "Account", "title": {"does_not_equal": "Delta"}}, "ABĆ"),
        ({"property": "Notes", "rich_text": {"is_not_empty": True}}, "A"),
        ({"property": "Notes", "rich_text": {"is_empty": True}}, "BDĆ"),
        ({"property": "ARR", "number": {"equals": 0}}, "Ć"),
        ({"property": "ARR", "number": {"does_not_equal": 0}}, "ABD"),
        ({"property": "ARR", "number": {"greater_than": 50}}, "A"),
        ({"property": "ARR", "number": {"greater_than_or_equal_to": 50}}, "AB"),
        ({"property": "ARR", "number": {"less_than": 50}}, "Ć"),
        ({"property": "ARR", "number": {"less_than_or_equal_to": 50}}, "BĆ"),
        ({"property": "ARR", "number": {"is_empty": True}}, "D"),
        ({"property": "Feature Adoption Rate", "number": {"equals": 0.45}}, "A"),
        ({"property": "Segment", "select": {"equals": "SMB"}}, "B"),
        ({"property": "Segment", "select": {"equals": ["SMB", "Enterprise"]}}, "AB"),
        ({"property": "Segment", "select": {"does_not_equal": "SMB"}}, "ADĆ"),
        ({"property": "Segment", "select": {"equals": "Unheard of"}}, ""),
        ({"property": "Segment", "select": {"is_empty": True}}, "DĆ"),
        ({"property": "Lifecycle Stage", "status": {"equals": "Adoption"}}, "A"),
        ({"property": "Features Used", "multi_select": {"contains": "API"}}, "AB"),
        ({"property": "Features Used", "multi_select": {"does_not_contain": "SSO"}}, "BDĆ"),
        ({"property": "Features Used", "multi_select": {"is_empty": True}}, "DĆ"),
        ({"property": "Payment Current", "checkbox": {"equals": True}}, "A"),
        ({"property": "Payment Current", "checkbox": {"does_not_equal": True}}, "BDĆ"),
        ({"property": "CSM", "people": {"is_not_empty": True}}, "AB"),
        ({"property": "Renewal Date", "date": {"equals": "2026-12-01"}}, "A"),
        ({"property": "Renewal Date", "date": {"before": "2026-12-01"}}, "Ć"),
        ({"property": "Renewal Date", "date": {"on_or_before": "2026-12-01"}}, "AĆ"),
        ({"property": "Renewal Date", "date": {"after": "2026-12-01"}}, "B"),
        ({"property": "Renewal Date", "date": {"on_or_after": "2026-12-01"}}, "AB"),
        ({"property": "Renewal Date", "date": {"next_month": {}}}, "AĆ"),
        ({"property": "Renewal Date", "date": {"this_week": {}}}, "Ć"),
        ({"property": "Renewal Date", "date": {"equals": "today"}}, "Ć"),
        ({"property": "Renewal Date", "date": {"is_empty": True}}, "D"),
        ({"and": [{"property": "ARR", "number": {"less_than": 80}}, {"property": "Segment", "select": {"is_empty": True}}]}, "Ć"),
        ({"or": [{"property": "ARR", "number": {"equals": 100}}, {"property": "ARR", "number": {"is_empty": True}}]}, "AD"),
        (
            {
                "and": [
                    {"property": "ARR", "number": {"is_not_empty": True}},
                    {"or": [{"property": "ARR", "number": {"equals": 0}}, {"property": "Segment", "select": {"equals": "SMB"}}]},
                ]
            },
            "BĆ",
        ),
    ],
)  # fmt: skip
def test_a_filter_leaves_the_rows_that_fit(
    accounts: Accounts, condition: dict[str, Any], expected: str
) -> None:
    assert accounts.filtered(**condition) == expected


def test_a_filter_names_a_property_by_its_id_as_well(accounts: Accounts, notion: Any) -> None:
    source = notion.data_sources.retrieve(accounts.source_id)
    property_id = source["properties"]["ARR"]["id"]

    assert accounts.filtered(property=property_id, number={"equals": 100}) == "A"


def test_relations_people_and_row_numbers_can_be_filtered(
    simulator: app.App, workspace: seed.Workspace, accounts: Accounts, notion: Any
) -> None:
    source_id = everything.create(simulator, workspace)
    ada = seed.add_person(simulator.store, "Ada", "ada@example.com")
    notion.pages.create(
        parent={"data_source_id": source_id}, properties=everything.values(accounts.ids[0], ada)
    )
    everything.computed_row(simulator, source_id)
    rows = Accounts(notion, source_id, [])

    def count(**condition: Any) -> int:
        return len(rows.ask(filter=condition)["results"])

    assert count(property="Account", relation={"contains": accounts.ids[0]}) == 1
    assert count(property="Account", relation={"contains": accounts.ids[1]}) == 0
    assert count(property="People", people={"contains": ada}) == 1
    assert count(property="Author", created_by={"contains": "me"}) == 2
    assert count(property="Number of row", unique_id={"equals": 2}) == 1
    assert count(property="Files", files={"is_not_empty": True}) == 1
    assert count(property="Link", url={"contains": "example.com"}) == 1
    assert count(property="Mail", email={"is_empty": True}) == 1
    assert count(property="Formula", formula={"number": {"greater_than": 0.5}}) == 1
    assert count(property="Formula", formula={"string": {"is_not_empty": True}}) == 0
    assert count(property="Rollup", rollup={"number": {"equals": 1200}}) == 1
    assert count(property="Created", created_time={"on_or_after": "2026-11-18"}) == 2
    assert count(property="Done", checkbox={"equals": True}) == 1
    assert count(property="Day", date={"equals": "2026-11-18T10:00:00Z"}) == 1


def test_rows_are_found_by_the_minute_of_their_last_edit(
    accounts: Accounts, clock: Clock, notion: Any
) -> None:
    clock.advance(minutes=5)
    notion.pages.update(accounts.ids[1], properties={"ARR": {"number": 60}})
    clock.advance(minutes=1)

    def edited(**condition: str) -> str:
        return accounts.filtered(timestamp="last_edited_time", last_edited_time=condition)

    assert edited(on_or_after="2026-11-18T09:35:00Z") == "B"
    assert edited(on_or_after="2026-11-18T10:35:00+01:00") == "B"
    assert edited(after="2026-11-18T09:35:00Z") == ""
    assert edited(before="2026-11-18T09:35:00Z") == "ADĆ"
    assert edited(on_or_before="2026-11-18T09:35:00Z") == "ABDĆ"
    assert edited(equals="2026-11-18T09:35:00Z") == "B"
    assert edited(equals="2026-11-18") == "ABDĆ"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ({"property": "Account", "direction": "ascending"}, "ABDĆ"),
        ({"property": "Account", "direction": "descending"}, "ĆDBA"),
        ({"property": "ARR", "direction": "ascending"}, "ĆBAD"),
        ({"property": "ARR", "direction": "descending"}, "ABĆD"),
        ({"property": "Renewal Date", "direction": "ascending"}, "ĆABD"),
        ({"property": "Segment", "direction": "ascending"}, "ABDĆ"),
        ({"property": "Payment Current", "direction": "descending"}, "ADĆB"),
        ({"property": "CSM", "direction": "ascending"}, "ABDĆ"),
        ({"timestamp": "created_time", "direction": "ascending"}, "ABĆD"),
        ({"timestamp": "created_time", "direction": "descending"}, "DĆBA"),
    ],
)
def test_a_sort_orders_rows_and_puts_empty_ones_last(
    accounts: Accounts, sort: dict[str, str], expected: str
) -> None:
    names = "".join(name[0] for name in accounts.names(sorts=[sort]))

    if sort.get("property") == "Payment Current":
        # An unchecked box is a value like the other, so those three stand in no order of their own.
        assert names[0] == "A"
    else:
        assert names == expected


def test_a_second_sort_decides_among_equals(accounts: Accounts) -> None:
    sorts = [
        {"property": "Payment Current", "direction": "ascending"},
        {"property": "Account", "direction": "descending"},
    ]

    assert [name[0] for name in accounts.names(sorts=sorts)] == list("ĆDBA")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]},
        {"sorts": [{"timestamp": "last_edited_time", "direction": "descending"}]},
        {"sorts": [{"property": "ARR", "direction": "ascending"}]},
        {"filter": {"property": "ARR", "number": {"greater_than_or_equal_to": 20}}},
        {
            "filter": {"property": "ARR", "number": {"less_than": 90}},
            "sorts": [{"property": "ARR", "direction": "descending"}],
        },
    ],
)
def test_cursors_lead_through_every_row_once(
    simulator: app.App, workspace: seed.Workspace, notion: Any, body: dict[str, Any]
) -> None:
    source_id = workspace.accounts_data_source_id
    for minute in range(5):
        seed.add_account_rows(
            simulator.store,
            source_id,
            ({"name": f"{minute}-{number}", "arr": number * 5} for number in range(20)),
            created_at=datetime(2026, 1, 1, 0, minute * 7 % 5, tzinfo=UTC),
        )
    rows = Accounts(notion, source_id, [])
    whole = rows.names(**body)
    assert len(whole) > 70

    pages, cursor = [], None
    while cursor is not None or not pages:
        answer = rows.ask(**body, page_size=7, **({"start_cursor": cursor} if cursor else {}))
        pages.append(answer)
        cursor = answer["next_cursor"]
        assert answer["has_more"] == (cursor is not None)
        assert answer["request_status"] == {"type": "complete"}

    found = [
        page["properties"]["Account"]["title"][0]["plain_text"]
        for answer in pages
        for page in answer["results"]
    ]
    assert found == whole
    assert {len(answer["results"]) for answer in pages[:-1]} == {7}


def test_a_row_added_meanwhile_moves_no_other(accounts: Accounts, simulator: app.App) -> None:
    first = accounts.ask(page_size=2)
    seed.add_account_rows(simulator.store, accounts.source_id, [{"name": "Late"}])

    rest = accounts.names(page_size=100, start_cursor=first["next_cursor"])

    assert rest == ["Bolt", "Acme"]


@pytest.mark.parametrize("cursor", ["nonsense", "11111111-2222-4333-8444-555555555555"])
def test_a_cursor_that_is_none_is_named(accounts: Accounts, cursor: str) -> None:
    assert accounts.error(start_cursor=cursor) == f"The start_cursor provided is invalid: {cursor}"


def test_a_cursor_of_another_question_is_refused(accounts: Accounts) -> None:
    cursor = accounts.ask(page_size=1)["next_cursor"]

    assert "The start_cursor provided is invalid" in accounts.error(start_cursor=cursor, is_archived=True)


def test_archived_rows_and_those_in_the_trash_are_queries_of_their_own(
    accounts: Accounts, notion: Any
) -> None:
    for page_id, flags in zip(
        accounts.ids,
        ({"is_archived": True}, {"in_trash": True}, {"is_archived": True, "in_trash": True}, {}),
        strict=True,
    ):
        notion.request(f"pages/{page_id}", "PATCH", body=flags)

    assert accounts.names() == ["Delta"]
    assert accounts.names(is_archived=True) == ["Acme"]
    assert accounts.names(in_trash=True) == ["Ćuk & Söhne", "Bolt"]
    assert accounts.names(is_archived=False, in_trash=False) == ["Delta"]


def test_the_sdk_drops_is_archived_without_a_word(accounts: Accounts, notion: Any) -> None:
    """Why an adapter must build this body itself."""
    notion.request(f"pages/{accounts.ids[0]}", "PATCH", body={"is_archived": True})

    answer = notion.data_sources.query(accounts.source_id, is_archived=True)

    assert len(answer["results"]) == 3


def test_archived_is_gone_at_this_version(accounts: Accounts) -> None:
    assert accounts.error(archived=True) == (
        "body failed validation: body.archived should be not present, instead was `true`."
    )


def test_filter_properties_names_what_to_give(accounts: Accounts, notion: Any) -> None:
    source = notion.data_sources.retrieve(accounts.source_id)
    wanted = [source["properties"][name]["id"] for name in ("Account", "ARR")]

    answer = notion.data_sources.query(accounts.source_id, filter_properties=wanted)

    assert [set(page["properties"]) for page in answer["results"]] == [{"Account", "ARR"}] * 4


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"page_size": 101}, "body failed validation: body.page_size should be ≤ `100`, instead was `101`."),
        ({"page_size": 0}, "body failed validation: body.page_size should be ≥ `1`, instead was `0`."),
        ({"page_size": "9"}, 'body failed validation: body.page_size should be a number, instead was `"9"`.'),
        ({"filter": {"property": "Nope", "number": {"equals": 1}}}, "Could not find property with name or id: Nope"),
        ({"sorts": [{"property": "Nope", "direction": "ascending"}]}, "Could not find sort property with name or id: Nope"),
        ({"filter": {"property": "ARR", "select": {"equals": "x"}}}, "database property number does not match filter select"),
        ({"filter": {"property": "ARR", "number": {"equals": "1"}}}, 'body failed validation: body.filter.number.equals should be a number, instead was `"1"`.'),
        ({"filter": {"property": "ARR", "number": {"is_empty": False}}}, "body failed validation: body.filter.number.is_empty should be `true`, instead was `false`."),
        ({"filter": {"property": "Lifecycle Stage", "status": {"equals": "Nope"}}}, 'status option "Nope" not found for property "Lifecycle Stage".'),
        ({"filter": {"property": "Renewal Date", "date": {"after": "soon"}}}, 'body failed validation: body.filter.date.after should be a valid ISO 8601 date string, instead was `"soon"`.'),
        ({"filter": {"timestamp": "edited", "edited": {}}}, 'body failed validation: body.filter.timestamp should be `"created_time"` or `"last_edited_time"`, instead was `"edited"`.'),
        ({"sorts": [{"property": "ARR", "direction": "up"}]}, 'body failed validation: body.sorts[0].direction should be `"ascending"` or `"descending"`, instead was `"up"`.'),
        ({"filters": {}}, "body failed validation: body.filters should be not present, instead was `{}`."),
    ],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_told_why(
    accounts: Accounts, body: dict[str, Any], message: str
) -> None:
    assert accounts.error(**body) == message


def test_groups_nest_two_deep(accounts: Accounts) -> None:
    leaf = {"property": "ARR", "number": {"equals": 100}}

    assert accounts.filtered(**{"or": [{"and": [leaf]}]}) == "A"
    assert "body.filter.or[0].and[0].or should be not present" in accounts.error(
        filter={"or": [{"and": [{"or": [leaf]}]}]}
    )


def test_a_query_ends_at_ten_thousand_rows_and_says_so(
    simulator: app.App, workspace: seed.Workspace, notion: Any
) -> None:
    source_id = workspace.accounts_data_source_id
    first = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(3):
        seed.add_account_rows(
            simulator.store,
            source_id,
            ({"name": f"{day}-{number}"} for number in range(4000)),
            created_at=first + timedelta(days=day),
        )
    rows = Accounts(notion, source_id, [])
    seen, cursor, last = 0, None, None
    by_age = {"sorts": [{"timestamp": "created_time", "direction": "ascending"}]}

    while cursor is not None or last is None:
        last = rows.ask(**by_age, **({"start_cursor": cursor} if cursor else {}))
        seen += len(last["results"])
        cursor = last["next_cursor"]

    assert seen == query.MAX_RESULTS == 10_000
    assert last["has_more"] is False
    assert last["request_status"] == {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    window = {
        "timestamp": "created_time",
        "created_time": {"on_or_after": last["results"][-1]["created_time"]},
    }
    rest = rows.ask(**by_age, filter=window)
    assert rest["results"][0]["created_time"] == "2026-01-03T00:00:00.000Z"


def test_ten_thousand_rows_exactly_are_complete(
    simulator: app.App, workspace: seed.Workspace, notion: Any
) -> None:
    source_id = workspace.accounts_data_source_id
    seed.add_account_rows(simulator.store, source_id, ({"name": str(number)} for number in range(10_000)))
    rows, cursor, last = Accounts(notion, source_id, []), None, None

    while cursor is not None or last is None:
        last = rows.ask(**({"start_cursor": cursor} if cursor else {}))
        cursor = last["next_cursor"]

    assert last["request_status"] == {"type": "complete"}


def test_a_key_is_found_among_many(simulator: app.App, workspace: seed.Workspace, notion: Any) -> None:
    rows = ({"Name": f"QBR {number}", "QBR Key": f"key-{number}"} for number in range(3000))
    ids = filling.add_rows(simulator.store, workspace.qbr_data_source_id, rows)

    answer = notion.data_sources.query(
        workspace.qbr_data_source_id, filter={"property": "QBR Key", "rich_text": {"equals": "key-1234"}}
    )

    assert [page["id"] for page in answer["results"]] == [ids[1234]]


def test_a_remembered_order_is_forgotten_when_a_row_changes(accounts: Accounts, notion: Any) -> None:
    by_arr = {"sorts": [{"property": "ARR", "direction": "descending"}]}
    assert accounts.names(**by_arr)[0] == "Acme"

    notion.pages.update(accounts.ids[1], properties={"ARR": {"number": 1000}})

    assert accounts.names(**by_arr)[0] == "Bolt"
    assert notion.search(query="bolt")["results"][0]["properties"]["ARR"]["number"] == 1000
