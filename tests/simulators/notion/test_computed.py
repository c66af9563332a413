"""Formulas and rollups: worked out when a page is given, so that they move by themselves."""

from typing import Any

import pytest

from csm_portal.simulators.notion import app, filling, formulas, seed
from tests.simulators.notion import api_schema
from tests.simulators.notion.conftest import Clock, text

pytestmark = pytest.mark.one_database


@pytest.fixture
def projects(simulator: app.App, workspace: seed.Workspace) -> str:
    properties = {
        "Name": {"title": {}}, "Cost": {"number": {}}, "Due": {"date": {}}, "Done": {"checkbox": {}},
        "Twice": {"formula": {"expression": 'prop("Cost") * 2'}},
    }  # fmt: skip
    _, source_id = seed.create_database(
        simulator.store, workspace.bot_id, title="Projects", properties=properties
    )
    return source_id


def rollups(simulator: app.App, workspace: seed.Workspace, projects: str) -> str:
    """Make customers that relate to projects, with a rollup of each kind."""
    relation = {"data_source_id": projects, "type": "single_property", "single_property": {}}

    def over(name: str, function: str) -> dict[str, Any]:
        asked = {"relation_property_name": "Projects", "rollup_property_name": name, "function": function}
        return {"rollup": asked}

    properties = {
        "Name": {"title": {}}, "Projects": {"relation": relation}, "Cost": over("Cost", "sum"),
        "Mean": over("Cost", "average"), "Number": over("Name", "count"), "First": over("Due", "earliest_date"),
        "Done": over("Done", "percent_checked"), "All": over("Cost", "show_original"), "Twice": over("Twice", "max"),
        "Label": {"formula": {"expression": 'if(prop("Cost") > 25, "big: ", "small: ") + prop("Name")'}},
    }  # fmt: skip
    _, source_id = seed.create_database(
        simulator.store, workspace.bot_id, title="Customers", properties=properties
    )
    return source_id


def values(page: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in page["properties"].items():
        if value["type"] in ("rollup", "formula"):
            inner = value[value["type"]]
            found[name] = inner[inner["type"]]
    return found


def test_a_rollup_follows_the_pages_that_it_looks_at(
    simulator: app.App, workspace: seed.Workspace, notion: Any, projects: str, clock: Clock
) -> None:
    rows = [
        {"Name": "a", "Cost": 10, "Due": "2026-05-01", "Done": True},
        {"Name": "b", "Cost": 20, "Due": "2026-04-01"},
        {"Name": "c"},
    ]
    ids = filling.add_rows(simulator.store, projects, rows)
    (customer,) = filling.add_rows(
        simulator.store, rollups(simulator, workspace, projects), [{"Name": "Acme", "Projects": ids}]
    )

    page = notion.pages.retrieve(customer)

    assert values(page) == {
        "Cost": 30, "Mean": 15.0, "Number": 3, "Done": 1 / 3, "Twice": 40, "Label": "big: Acme",
        "First": {"start": "2026-04-01", "end": None, "time_zone": None},
        "All": [{"type": "number", "number": 10}, {"type": "number", "number": 20}, {"type": "number", "number": None}],
    }  # fmt: skip
    clock.advance(minutes=5)
    notion.pages.update(ids[1], properties={"Cost": {"number": 2}})
    after = notion.pages.retrieve(customer)
    assert (values(after)["Cost"], values(after)["Label"]) == (12, "small: Acme")
    assert after["last_edited_time"] == page["last_edited_time"]
    listed = notion.data_sources.query(after["parent"]["data_source_id"])["results"][0]
    assert values(listed) == values(after)
    item = notion.pages.properties.retrieve(customer, after["properties"]["Cost"]["id"])
    assert item["rollup"]["number"] == 12
    shown = notion.pages.properties.retrieve(customer, after["properties"]["All"]["id"])
    assert [each["number"] for each in shown["results"]] == [10, 2, None]
    assert shown["property_item"]["rollup"] == {"type": "array", "array": [], "function": "show_original"}


@api_schema.needs_recordings
def test_what_is_worked_out_is_what_the_types_say(
    simulator: app.App, workspace: seed.Workspace, notion: Any, projects: str
) -> None:
    source_id = rollups(simulator, workspace, projects)
    ids = filling.add_rows(simulator.store, projects, [{"Name": "a", "Cost": 1, "Due": "2026-05-01"}])
    for related in ([], ids):
        (customer,) = filling.add_rows(simulator.store, source_id, [{"Name": "Acme", "Projects": related}])
        page = notion.pages.retrieve(customer)
        assert api_schema.problems("PageObjectResponse", page) == []
        for value in page["properties"].values():
            item = notion.pages.properties.retrieve(customer, value["id"])
            assert api_schema.problems("GetPagePropertyResponse", item) == []
    source = notion.data_sources.retrieve(source_id)
    assert api_schema.problems("DataSourceObjectResponse", source) == []


def test_a_rollup_over_what_is_not_shared_has_nothing_to_count(
    simulator: app.App, workspace: seed.Workspace, notion: Any, projects: str
) -> None:
    ids = filling.add_rows(simulator.store, projects, [{"Name": "a", "Cost": 10}])
    (customer,) = filling.add_rows(
        simulator.store, rollups(simulator, workspace, projects), [{"Name": "Acme", "Projects": ids}]
    )
    seed.unshare(simulator.store, notion.data_sources.retrieve(projects)["parent"]["database_id"])

    assert values(notion.pages.retrieve(customer))["Cost"] is None


def test_a_stored_result_stands_for_a_formula(simulator: app.App, notion: Any, projects: str) -> None:
    rows = [{"Name": "a", "Cost": 10, "Twice": {"type": "string", "string": "many"}}]
    (page_id,) = filling.add_rows(simulator.store, projects, rows)

    assert values(notion.pages.retrieve(page_id)) == {"Twice": "many"}
    page = notion.pages.create(parent={"data_source_id": projects}, properties={"Name": {"title": text("b")}})
    assert values(page) == {"Twice": None}


@pytest.mark.parametrize(
    ("expression", "kind", "found"),
    [
        ("1 + 2 * 3", "number", 7),
        ('prop("n") / 4', "number", 2.5),
        ('prop("n") >= 10 and not prop("b")', "boolean", False),
        ('if(empty(prop("t")), "none", prop("t"))', "string", "words"),
        ('"n: " + prop("n")', "string", "n: 10"),
        ("round(2.567, 1)", "number", 2.6),
        ('prop("d")', "date", {"start": "2026-01-01", "end": None, "time_zone": None}),
        ("true", "boolean", True),
        ('prop("nowhere")', "string", None),
        ("1 / 0", "string", None),
        ('__import__("os")', "string", None),
        ("(1).real", "string", None),
        ("now()", "string", None),
        ("1 +", "string", None),
        ('min(1, "a")', "string", None),
    ],
)
def test_a_formula_is_worked_out_or_empty(expression: str, kind: str, found: Any) -> None:
    held = {
        "n": 10, "b": True, "t": "words", "d": {"start": "2026-01-01", "end": None, "time_zone": None},
    }  # fmt: skip

    def value_of(name: str) -> Any:
        if name not in held:
            raise formulas.Unknown
        return held[name]

    assert formulas.result(expression, value_of) == {"type": kind, kind: found}
