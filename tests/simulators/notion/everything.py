"""A database with a property of every type, and a row that fills them all."""

from typing import Any

from csm_portal.simulators.notion import app, filling, seed

PROPERTIES: dict[str, Any] = {
    "Name": {"title": {}},
    "Text": {"rich_text": {}},
    "Number": {"number": {"format": "percent"}},
    "Select": {"select": {"options": [{"name": "A", "color": "red"}, {"name": "B"}]}},
    "Tags": {"multi_select": {"options": [{"name": "x"}, {"name": "y"}, {"name": "z"}]}},
    "State": {"status": {}},
    "Day": {"date": {}},
    "People": {"people": {}},
    "Files": {"files": {}},
    "Done": {"checkbox": {}},
    "Link": {"url": {}},
    "Mail": {"email": {}},
    "Phone": {"phone_number": {}},
    "Formula": {"formula": {"expression": 'prop("Number") * 2'}},
    "Created": {"created_time": {}},
    "Author": {"created_by": {}},
    "Edited": {"last_edited_time": {}},
    "Editor": {"last_edited_by": {}},
    "Number of row": {"unique_id": {"prefix": "ROW"}},
    "Button": {"button": {}},
    "Place": {"place": {}},
    "Verified": {"verification": {}},
}


def create(simulator: app.App, workspace: seed.Workspace) -> str:
    """Create the database with a relation and a rollup to the accounts; return its data source's id."""
    relation = {
        "data_source_id": workspace.accounts_data_source_id,
        "type": "single_property",
        "single_property": {},
    }
    rollup = {"relation_property_name": "Account", "rollup_property_name": "ARR", "function": "sum"}
    properties = PROPERTIES | {"Account": {"relation": relation}, "Rollup": {"rollup": rollup}}
    _, source_id = seed.create_database(
        simulator.store, workspace.bot_id, title="Everything", properties=properties
    )
    return source_id


def values(account_id: str, person_id: str) -> dict[str, Any]:
    """Return what a request may set."""
    return {
        "Name": {"title": [{"text": {"content": "A row of "}}, {"mention": {"user": {"id": person_id}}}]},
        "Text": {
            "rich_text": [
                {"text": {"content": "plain "}},
                {
                    "text": {"content": "bold", "link": {"url": "https://example.com/"}},
                    "annotations": {"bold": True},
                },
                {"mention": {"user": {"id": person_id}}},
                {"mention": {"date": {"start": "2026-11-01"}}},
                {"mention": {"page": {"id": account_id}}},
                {"equation": {"expression": "e=mc^2"}},
            ]
        },
        "Number": {"number": 0.45},
        "Select": {"select": {"name": "B"}},
        "Tags": {"multi_select": [{"name": "z"}, {"name": "x"}]},
        "State": {"status": {"name": "In progress"}},
        "Day": {"date": {"start": "2026-11-18T10:00:00Z", "end": "2026-11-19T10:00:00+01:00"}},
        "People": {"people": [{"id": person_id}]},
        "Files": {"files": [{"name": "Contract", "external": {"url": "https://example.com/contract.pdf"}}]},
        "Done": {"checkbox": True},
        "Link": {"url": "https://example.com/a?b=c"},
        "Mail": {"email": "jo@example.com"},
        "Phone": {"phone_number": "+49 30 123"},
        "Account": {"relation": [{"id": account_id}]},
    }


def computed_row(simulator: app.App, source_id: str) -> str:
    """Add a row whose formula and rollup have results; return its id."""
    row = {
        "Name": "Computed",
        "Formula": {"type": "number", "number": 0.9},
        "Rollup": {"type": "number", "number": 1200, "function": "sum"},
    }
    (page_id,) = filling.add_rows(simulator.store, source_id, [row])
    return page_id
