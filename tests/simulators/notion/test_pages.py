"""Pages: what a write keeps, what it refuses, and what an answer cuts."""

from typing import Any

import notion_client
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csm_portal.simulators.notion import app, filling, seed
from tests.simulators.notion import everything
from tests.simulators.notion.conftest import Clock, paragraph, text

pytestmark = pytest.mark.one_database


@pytest.fixture
def source_id(simulator: app.App, workspace: seed.Workspace) -> str:
    return everything.create(simulator, workspace)


def create(notion: Any, source_id: str, **properties: Any) -> dict[str, Any]:
    page: dict[str, Any] = notion.pages.create(parent={"data_source_id": source_id}, properties=properties)
    return page


def message(notion: Any, path: str, method: str, body: dict[str, Any]) -> str:
    with pytest.raises(notion_client.APIResponseError) as caught:
        notion.request(path, method, body=body)
    assert (caught.value.status, caught.value.code) == (400, "validation_error")
    return str(caught.value)


def words(value: dict[str, Any]) -> str:
    return "".join(run["plain_text"] for run in value[value["type"]])


def test_a_page_is_read_as_it_was_written(
    simulator: app.App, notion: Any, source_id: str, workspace: Any
) -> None:
    (account_id,) = seed.add_account_rows(
        simulator.store, workspace.accounts_data_source_id, [{"name": "Acme"}]
    )
    person_id = seed.add_person(simulator.store, "Jo Li", "jo@example.com")

    created = create(notion, source_id, **everything.values(account_id, person_id))
    page = notion.pages.retrieve(created["id"])

    values = page["properties"]
    assert words(values["Text"]) == "plain bold@Jo Li2026-11-01Untitlede=mc^2"
    assert values["Text"]["rich_text"][1]["annotations"]["bold"] is True
    assert values["Text"]["rich_text"][1]["href"] == "https://example.com/"
    assert values["Number"]["number"] == 0.45
    assert values["Select"]["select"]["name"] == "B"
    assert [tag["name"] for tag in values["Tags"]["multi_select"]] == ["z", "x"]
    assert values["State"]["status"]["name"] == "In progress"
    assert values["Day"]["date"] == {
        "start": "2026-11-18T10:00:00.000+00:00", "end": "2026-11-19T10:00:00.000+01:00", "time_zone": None,
    }  # fmt: skip
    assert values["People"]["people"][0]["person"] == {"email": "jo@example.com"}
    assert values["Account"] == {
        "id": values["Account"]["id"], "type": "relation", "relation": [{"id": account_id}], "has_more": False,
    }  # fmt: skip
    assert values["Number of row"]["unique_id"] == {"prefix": "ROW", "number": 1}
    assert values["Author"]["created_by"]["name"] == "CSM Portal"
    assert {**created, "request_id": None} == {**page, "request_id": None}


def test_times_are_floored_to_the_minute(notion: Any, source_id: str, clock: Clock) -> None:
    page = create(notion, source_id, Name={"title": text("x")})
    clock.advance(seconds=17)
    same_minute = notion.pages.update(page["id"], properties={"Number": {"number": 1}})
    clock.advance(seconds=1)
    next_minute = notion.pages.update(page["id"], properties={"Number": {"number": 2}})

    assert page["created_time"] == page["last_edited_time"] == "2026-11-18T09:30:00.000Z"
    assert same_minute["last_edited_time"] == "2026-11-18T09:30:00.000Z"
    assert next_minute["last_edited_time"] == "2026-11-18T09:31:00.000Z"


def test_an_update_leaves_what_it_does_not_name(notion: Any, source_id: str) -> None:
    page = create(
        notion, source_id, Name={"title": text("x")}, Number={"number": 3}, Mail={"email": "a@example.com"}
    )

    updated = notion.pages.update(
        page["id"], properties={"Number": {"number": None}, "Select": {"select": {"name": "A"}}}
    )

    values = updated["properties"]
    assert (words(values["Name"]), values["Number"]["number"], values["Mail"]["email"]) == (
        "x",
        None,
        "a@example.com",
    )
    assert values["Select"]["select"]["color"] == "red"


def test_a_name_that_a_select_does_not_know_becomes_an_option(notion: Any, source_id: str) -> None:
    page = create(
        notion,
        source_id,
        Select={"select": {"name": "New"}},
        Tags={"multi_select": [{"name": "n1"}, {"name": "x"}]},
    )

    schema = notion.data_sources.retrieve(source_id)["properties"]
    options = schema["Select"]["select"]["options"]
    assert [option["name"] for option in options] == ["A", "B", "New"]
    assert page["properties"]["Select"]["select"]["id"] == options[2]["id"]
    assert [option["name"] for option in schema["Tags"]["multi_select"]["options"]] == ["x", "y", "z", "n1"]
    again = create(notion, source_id, Select={"select": {"id": options[2]["id"]}})
    assert again["properties"]["Select"]["select"]["name"] == "New"


def test_a_relation_is_cut_at_25_and_listed_whole(
    simulator: app.App, notion: Any, source_id: str, workspace: Any
) -> None:
    rows = ({"name": str(number)} for number in range(60))
    ids = seed.add_account_rows(simulator.store, workspace.accounts_data_source_id, rows)
    page = create(notion, source_id, Account={"relation": [{"id": page_id} for page_id in ids]})

    value = page["properties"]["Account"]
    found, cursor = [], None
    while cursor is not None or not found:
        more = {"start_cursor": cursor} if cursor else {}
        answer = notion.pages.properties.retrieve(page["id"], value["id"], page_size=40, **more)
        found += [item["relation"]["id"] for item in answer["results"]]
        cursor = answer["next_cursor"]

    assert ([item["id"] for item in value["relation"]], value["has_more"]) == (ids[:25], True)
    assert found == ids
    assert answer["property_item"]["next_url"] is None


def test_people_and_mentions_are_cut_at_25_without_a_sign(
    simulator: app.App, notion: Any, source_id: str
) -> None:
    people = [seed.add_person(simulator.store, f"Person {number}") for number in range(30)]
    page = create(
        notion,
        source_id,
        People={"people": [{"id": person_id} for person_id in people]},
        Text={"rich_text": [{"mention": {"user": {"id": person_id}}} for person_id in people]},
    )

    seen = notion.pages.retrieve(page["id"])["properties"]

    assert [person["id"] for person in seen["People"]["people"]] == people[:25]
    assert "has_more" not in seen["People"]
    assert (len(page["properties"]["Text"]["rich_text"]), len(seen["Text"]["rich_text"])) == (30, 25)
    for name, kind in (("People", "people"), ("Text", "rich_text")):
        whole = notion.pages.properties.retrieve(page["id"], seen[name]["id"])
        assert len(whole["results"]) == 30
        assert {item["type"] for item in whole["results"]} == {kind}


def test_a_property_is_found_by_its_id_as_it_is_given(notion: Any, source_id: str) -> None:
    page = create(notion, source_id, Name={"title": text("x")}, Number={"number": 7})

    for value in page["properties"].values():
        assert notion.pages.properties.retrieve(page["id"], value["id"])["object"] in (
            "property_item",
            "list",
        )
    with pytest.raises(notion_client.APIResponseError, match="Could not find property with name or id: nope"):
        notion.pages.properties.retrieve(page["id"], "nope")


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"Foo": {"number": 1}}, "Foo is not a property that exists."),
        ({"Number": {"select": {"name": "A"}}}, "Number is expected to be number."),
        ({"Text": {"type": "title", "title": []}}, "Text is expected to be rich_text."),
        ({"Foo": {"number": 1}, "Link": {"number": 1}}, "Foo is not a property that exists. Link is expected to be url."),
        ({"Number": {"number": "7"}}, 'body failed validation: body.properties.Number.number should be a number, instead was `"7"`.'),
        ({"Number": {"number": True}}, "body failed validation: body.properties.Number.number should be a number, instead was `true`."),
        ({"Done": {"checkbox": "yes"}}, 'body failed validation: body.properties.Done.checkbox should be a boolean, instead was `"yes"`.'),
        ({"Day": {"date": {"start": "18.11.2026"}}}, 'body failed validation: body.properties.Day.date.start should be a valid ISO 8601 date string, instead was `"18.11.2026"`.'),
        ({"Day": {"date": {"end": "2026-11-18"}}}, "body failed validation: body.properties.Day.date.start should be defined, instead was `undefined`."),
        ({"Name": {"title": [{"text": {}}]}}, "body failed validation: body.properties.Name.title[0].text.content should be defined, instead was `undefined`."),
        ({"Name": {"title": "x"}}, 'body failed validation: body.properties.Name.title should be an array, instead was `"x"`.'),
        ({"Select": {"select": {"name": "a,b"}}}, "Invalid select option, commas not allowed: a,b"),
        ({"State": {"status": {"name": "Nope"}}}, 'Invalid status option. Status option "Nope" does not exist.'),
        ({"People": {"people": [{"id": "x"}]}}, 'body failed validation: body.properties.People.people[0].id should be a valid uuid, instead was `"x"`.'),
        ({"Formula": {"formula": {"string": "x"}}}, "Formula is computed by Notion and cannot be set."),
        ({"Link": {"url": ""}}, 'body failed validation: body.properties.Link.url should be a non-empty string or `null`, instead was `""`.'),
        ({"Mail": {"email": "x" * 201}}, "body failed validation: body.properties.Mail.email.length should be ≤ `200`, instead was `201`."),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_told_why(
    notion: Any, source_id: str, properties: dict[str, Any], expected: str
) -> None:
    body = {"parent": {"data_source_id": source_id}, "properties": properties}

    assert message(notion, "pages", "POST", body) == expected
    assert notion.data_sources.query(source_id)["results"] == []


def test_a_text_holds_2000_units_of_utf_16(notion: Any, source_id: str) -> None:
    just_fits = create(notion, source_id, Text={"rich_text": text("😀" * 1000)})
    assert words(just_fits["properties"]["Text"]) == "😀" * 1000

    body = {
        "parent": {"data_source_id": source_id},
        "properties": {"Text": {"rich_text": text("😀" * 1000 + "x")}},
    }
    assert message(notion, "pages", "POST", body) == (
        "body failed validation: body.properties.Text.rich_text[0].text.content.length should be ≤ `2000`, "
        "instead was `2001`."
    )


def test_a_rich_text_holds_100_items(notion: Any, source_id: str) -> None:
    body = {"parent": {"data_source_id": source_id}, "properties": {"Text": {"rich_text": text("x") * 101}}}

    assert message(notion, "pages", "POST", body) == (
        "body failed validation: body.properties.Text.rich_text.length should be ≤ `100`, instead was `101`."
    )


def test_a_request_holds_500_kb(notion: Any, source_id: str) -> None:
    children = [{"paragraph": {"rich_text": text("x" * 2000) * 10}} for _ in range(30)]
    body = {"parent": {"data_source_id": source_id}, "properties": {}, "children": children}

    assert "500 KB" in message(notion, "pages", "POST", body)


def test_a_page_needs_a_parent(notion: Any) -> None:
    assert message(notion, "pages", "POST", {"properties": {}}) == (
        "body failed validation: body.parent should be defined, instead was `undefined`."
    )
    assert message(notion, "pages", "POST", {"parent": {}, "properties": {}}).startswith(
        "body failed validation. Fix one:\nbody.parent.data_source_id should be defined, instead was `undefined`.\n"
    )


def test_a_database_with_one_data_source_may_stand_for_it(notion: Any, workspace: seed.Workspace) -> None:
    page = notion.pages.create(
        parent={"database_id": workspace.qbr_database_id}, properties={"Name": {"title": text("QBR")}}
    )
    assert page["parent"]["data_source_id"] == workspace.qbr_data_source_id

    notion.data_sources.create(
        parent={"type": "database_id", "database_id": workspace.qbr_database_id},
        properties={"Name": {"title": {}}},
    )
    body = {"parent": {"database_id": workspace.qbr_database_id}, "properties": {}}
    assert "multiple data sources" in message(notion, "pages", "POST", body)


def test_a_page_in_the_trash_is_not_edited_until_it_is_restored(notion: Any, source_id: str) -> None:
    page_id = create(notion, source_id, Name={"title": text("x")})["id"]
    assert notion.pages.update(page_id, in_trash=True)["in_trash"] is True

    assert "in the trash" in message(
        notion, f"pages/{page_id}", "PATCH", {"properties": {"Number": {"number": 1}}}
    )
    restored = notion.pages.update(page_id, in_trash=False, properties={"Number": {"number": 1}})

    assert (restored["in_trash"], restored["properties"]["Number"]["number"]) == (False, 1)


def test_a_page_is_archived_and_taken_back(notion: Any, source_id: str) -> None:
    page_id = create(notion, source_id, Name={"title": text("x")})["id"]

    archived = notion.request(f"pages/{page_id}", "PATCH", body={"is_archived": True})
    back = notion.request(f"pages/{page_id}", "PATCH", body={"is_archived": False})

    assert [(page["is_archived"], page["in_trash"]) for page in (archived, back)] == [
        (True, False),
        (False, False),
    ]


def test_the_link_of_a_page_leads_to_notion_or_to_the_public_address(
    simulator: app.App, notion: Any, source_id: str
) -> None:
    page = create(notion, source_id, Name={"title": text("Acme & Söhne: Q4")})
    bare = page["id"].replace("-", "")
    simulator.public_url = "http://127.0.0.1:9"

    assert page["url"] == f"https://www.notion.so/Acme-S-hne-Q4-{bare}"
    assert notion.pages.retrieve(page["id"])["url"] == f"http://127.0.0.1:9/Acme-S-hne-Q4-{bare}"


def test_a_schema_is_changed_and_rows_follow(notion: Any, source_id: str) -> None:
    page_id = create(notion, source_id, Name={"title": text("x")}, Number={"number": 3})["id"]
    number_id = notion.pages.retrieve(page_id)["properties"]["Number"]["id"]

    source = notion.data_sources.update(
        source_id,
        properties={
            number_id: {"name": "Score", "number": {"format": "euro"}},
            "Mail": None,
            "Churn Risk": {"select": {"options": [{"name": "High", "color": "red"}]}},
            "Phone": {"rich_text": {}},
        },
    )

    schema = source["properties"]
    assert schema["Score"] == {
        "id": number_id, "name": "Score", "description": None, "type": "number", "number": {"format": "euro"},
    }  # fmt: skip
    assert "Mail" not in schema
    assert schema["Phone"]["type"] == "rich_text"
    assert schema["Churn Risk"]["select"]["options"][0]["color"] == "red"
    values = notion.pages.retrieve(page_id)["properties"]
    assert values["Score"]["number"] == 3
    assert values["Churn Risk"]["select"] is None
    assert set(values) == set(schema)


def test_a_property_that_is_retyped_loses_values_that_no_longer_fit(notion: Any, source_id: str) -> None:
    page_id = create(
        notion, source_id, Number={"number": 3}, Select={"select": {"name": "A"}}, Mail={"email": "a@b.c"}
    )["id"]

    notion.data_sources.update(
        source_id, properties={"Number": {"rich_text": {}}, "Select": {"number": {}}, "Mail": {"url": {}}}
    )

    values = notion.pages.retrieve(page_id)["properties"]
    assert words(values["Number"]) == "3"
    assert values["Select"]["number"] is None
    assert values["Mail"]["url"] == "a@b.c"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"Name": None}, "Cannot delete the title property."),
        ({"Nope": None}, "Could not find property with name or id: Nope"),
        ({"Nope": {"title": {}}}, "Cannot have more than one title property."),
        ({"Number": {"name": "Text"}}, "Cannot create a property with a name that already exists: Text"),
        ({"Nope": {"number": {"format": "stones"}}}, "body.properties.Nope.number.format should be"),
        ({"Nope": {}}, "body.properties.Nope.number should be defined, instead was `undefined`."),
    ],
)
def test_a_schema_that_does_not_fit_is_told_why(
    notion: Any, source_id: str, properties: dict[str, Any], expected: str
) -> None:
    assert expected in message(notion, f"data_sources/{source_id}", "PATCH", {"properties": properties})


def test_a_search_finds_titles_in_pages(simulator: app.App, workspace: seed.Workspace, notion: Any) -> None:
    rows = ({"name": f"Söhne {number}"} for number in range(30))
    seed.add_account_rows(simulator.store, workspace.accounts_data_source_id, rows)

    first = notion.search(query="söhne", filter={"property": "object", "value": "page"}, page_size=20)
    rest = notion.search(
        query="söhne",
        filter={"property": "object", "value": "page"},
        page_size=20,
        start_cursor=first["next_cursor"],
    )

    assert (len(first["results"]), len(rest["results"]), rest["has_more"]) == (20, 10, False)
    assert len({page["id"] for page in first["results"] + rest["results"]}) == 30
    assert notion.search(query="QBR")["results"][0]["id"] == workspace.qbr_data_source_id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([*everything.PROPERTIES, "id", "name", "text", "content", "start", "type", "number", "select",
                         "rich_text", "title", "people", "relation", "date", "mention", "user", "paragraph", "and", "or",
                         "property", "equals", "contains", "filter", "sorts", "children", "table", "cells"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=json_values,
    key=st.sampled_from(["properties", "children", "filter", "sorts", "parent", "start_cursor"]),
)
def test_whatever_is_sent_is_answered(notion: Any, workspace: seed.Workspace, key: str, value: Any) -> None:
    """No JSON brings the simulator down: it is taken, or refused with a sentence."""
    source_id = workspace.accounts_data_source_id
    calls = (
        ("pages", "POST", {"parent": {"data_source_id": source_id}, key: value}),
        (f"data_sources/{source_id}/query", "POST", {key: value}),
        (f"data_sources/{source_id}", "PATCH", {key: value}),
        (f"blocks/{source_id}/children", "PATCH", {key: value}),
        ("search", "POST", {key: value}),
    )

    assert {_status(notion, *call) for call in calls} <= {200, 400, 404}


def _status(notion: Any, path: str, method: str, body: dict[str, Any]) -> int:
    try:
        notion.request(path, method, body=body)
    except notion_client.APIResponseError as error:
        return int(error.status)
    return 200


def test_rows_of_the_seed_hold_what_python_holds(simulator: app.App, notion: Any, source_id: str) -> None:
    (page_id,) = filling.add_rows(
        simulator.store, source_id, [{"Name": "x", "Text": "y" * 5000, "Tags": ["a,b", "c"], "Mail": "a@b.c"}]
    )

    values = notion.pages.retrieve(page_id)["properties"]

    assert words(values["Text"]) == "y" * 5000
    assert [tag["name"] for tag in values["Tags"]["multi_select"]] == ["a;b", "c"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"Nope": 1}, "Row 2: the data source has no property called 'Nope'."),
        ({"Number": "many"}, "Row 2: Number is a number and cannot hold 'many'."),
        ({"Number": float("nan")}, "Row 2: Number is a number and cannot hold nan."),
        ({"Day": "soon"}, "Row 2: Day is a date and cannot hold 'soon'."),
        ({"Done": "yes"}, "Row 2: Done is a checkbox and cannot hold 'yes'."),
        ({"Created": "2026-01-01"}, "Row 2: Created is a created_time and cannot hold '2026-01-01'."),
    ],
)
def test_a_row_of_the_seed_that_does_not_fit_is_named_and_nothing_is_kept(
    simulator: app.App, notion: Any, source_id: str, row: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match="Row 2") as caught:
        filling.add_rows(simulator.store, source_id, [{"Name": "fine"}, row])

    assert str(caught.value) == sentence
    assert notion.data_sources.query(source_id)["results"] == []


def test_a_page_can_be_made_with_its_content(notion: Any, source_id: str) -> None:
    page = notion.pages.create(
        parent={"data_source_id": source_id}, properties={}, children=[paragraph("One"), paragraph("Two")]
    )

    found = notion.blocks.children.list(page["id"])["results"]
    assert [words({"type": "rich_text", **block["paragraph"]}) for block in found] == ["One", "Two"]
    notion.pages.update(page["id"], erase_content=True)
    assert notion.blocks.children.list(page["id"])["results"] == []


def test_a_workspace_may_have_some_fields_only_and_types_of_its_own(simulator: app.App, connect: Any) -> None:
    yes_or_no = {"payment_current": {"select": {"options": [{"name": "Yes"}, {"name": "No"}]}}}
    made = seed.create_workspace(simulator.store, fields={"name", "arr", "payment_current"}, kinds=yes_or_no)

    properties = connect(made.token).data_sources.retrieve(made.accounts_data_source_id)["properties"]

    assert {name: prop["type"] for name, prop in properties.items()} == {
        "Account": "title", "ARR": "number", "Payment Current": "select",
    }  # fmt: skip
