"""Two-way relations, moves and decorations: what one write changes elsewhere."""

from typing import Any

import notion_client
import pytest

from csm_portal.simulators.notion import app, seed
from tests.simulators.notion import api_schema
from tests.simulators.notion.conftest import text
from tests.simulators.notion.control import Control

pytestmark = pytest.mark.one_database

WORKSPACE = {"type": "workspace", "workspace": True}


def make_source(notion: Any, title: str, properties: dict[str, Any]) -> str:
    made = notion.databases.create(
        parent=WORKSPACE, title=text(title), initial_data_source={"properties": properties}
    )
    return str(made["data_sources"][0]["id"])


def add(notion: Any, source_id: str, **values: Any) -> str:
    page = notion.pages.create(parent={"data_source_id": source_id}, properties=values)
    return str(page["id"])


def related(notion: Any, page_id: str, name: str) -> list[str]:
    return [each["id"] for each in notion.pages.retrieve(page_id)["properties"][name]["relation"]]


@pytest.fixture
def tasks_and_projects(notion: Any) -> tuple[str, str]:
    projects = make_source(notion, "Projects", {"Name": {"title": {}}})
    two_way = {"data_source_id": projects, "type": "dual_property", "dual_property": {}}
    return make_source(notion, "Tasks", {"Name": {"title": {}}, "Project": {"relation": two_way}}), projects


def test_a_two_way_relation_has_two_ends(notion: Any, tasks_and_projects: tuple[str, str]) -> None:
    tasks, projects = tasks_and_projects
    here = notion.data_sources.retrieve(tasks)["properties"]["Project"]
    there = notion.data_sources.retrieve(projects)["properties"]["Related to Tasks (Project)"]

    assert here["relation"]["dual_property"] == {
        "synced_property_id": there["id"],
        "synced_property_name": "Related to Tasks (Project)",
    }
    assert there["relation"]["data_source_id"] == tasks
    assert there["relation"]["dual_property"]["synced_property_id"] == here["id"]
    assert there["relation"]["type"] == "dual_property"
    notion.data_sources.update(projects, properties={there["id"]: {"name": "Tasks"}})
    again = notion.data_sources.retrieve(tasks)["properties"]["Project"]["relation"]
    assert again["dual_property"]["synced_property_name"] == "Tasks"


def test_both_ends_say_the_same(notion: Any, tasks_and_projects: tuple[str, str]) -> None:
    tasks, projects = tasks_and_projects
    back = "Related to Tasks (Project)"
    one, two = add(notion, projects), add(notion, projects)
    task = add(notion, tasks, Project={"relation": [{"id": one}]})
    assert (related(notion, one, back), related(notion, two, back)) == ([task], [])

    notion.pages.update(task, properties={"Project": {"relation": [{"id": two}]}})
    assert (related(notion, one, back), related(notion, two, back)) == ([], [task])
    notion.pages.update(one, properties={back: {"relation": [{"id": task}]}})
    assert related(notion, task, "Project") == [two, one]

    notion.data_sources.update(tasks, properties={"Project": None})
    assert back not in notion.data_sources.retrieve(projects)["properties"]


@api_schema.needs_recordings
def test_a_two_way_relation_is_what_the_types_say(notion: Any, tasks_and_projects: tuple[str, str]) -> None:
    for source_id in tasks_and_projects:
        source = notion.data_sources.retrieve(source_id)
        assert api_schema.problems("DataSourceObjectResponse", source) == []


def test_a_page_moves_and_keeps_its_content(
    notion: Any, workspace: seed.Workspace, simulator: app.App
) -> None:
    source_id = workspace.qbr_data_source_id
    row = add(notion, source_id, Name={"title": text("Moving")}, **{"Health Score": {"number": 5}})
    block = {"paragraph": {"rich_text": text("Still here")}}
    notion.blocks.children.append(row, children=[block])
    home = add(notion, workspace.accounts_data_source_id)
    by_name = {"sorts": [{"property": "Name", "direction": "ascending"}]}
    assert len(notion.data_sources.query(source_id, **by_name)["results"]) == 1

    moved = notion.pages.move(row, parent={"type": "page_id", "page_id": home})

    assert moved["parent"] == {"type": "page_id", "page_id": home}
    assert moved["properties"].keys() == {"title"}
    assert notion.data_sources.query(source_id, **by_name)["results"] == []
    assert [child["id"] for child in notion.blocks.children.list(home)["results"]] == [row]
    back = notion.pages.move(row, parent={"type": "data_source_id", "data_source_id": source_id})
    assert back["properties"]["Name"]["title"][0]["plain_text"] == "Moving"
    assert back["properties"]["Health Score"]["number"] is None
    assert notion.blocks.children.list(home)["results"] == []
    assert len(notion.blocks.children.list(row)["results"]) == 1


def test_a_page_does_not_move_where_nothing_can_hold_it(notion: Any, workspace: seed.Workspace) -> None:
    row = add(notion, workspace.qbr_data_source_id)
    other = add(notion, workspace.qbr_data_source_id)
    notion.pages.update(other, in_trash=True)

    for parent in ({"page_id": row}, {"page_id": other}, {"page_id": workspace.bot_id}):
        with pytest.raises(notion_client.APIResponseError):
            notion.pages.move(row, parent=parent)


@pytest.mark.parametrize(
    ("icon", "given"),
    [
        ({"emoji": "🧪"}, {"type": "emoji", "emoji": "🧪"}),
        ({"icon": {"name": "rocket"}}, {"type": "icon", "icon": {"name": "rocket", "color": "gray"}}),
        (
            {"type": "external", "external": {"url": "https://example.com/i.png"}},
            {"type": "external", "external": {"url": "https://example.com/i.png"}},
        ),
        (None, None),
    ],
)
def test_a_page_wears_its_icon(notion: Any, workspace: seed.Workspace, icon: Any, given: Any) -> None:
    page = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id}, properties={}, icon=icon
    )

    assert notion.pages.retrieve(page["id"])["icon"] == given


def test_a_letter_is_no_emoji(notion: Any, workspace: seed.Workspace) -> None:
    with pytest.raises(notion_client.APIResponseError, match=r"body\.icon\.emoji should be an emoji"):
        notion.pages.create(
            parent={"data_source_id": workspace.qbr_data_source_id}, properties={}, icon={"emoji": "x"}
        )


def test_a_database_tells_its_times_in_full_and_a_page_to_the_minute(
    notion: Any, workspace: seed.Workspace, control: Control
) -> None:
    page = notion.pages.retrieve(add(notion, workspace.qbr_data_source_id))
    database = notion.databases.retrieve(workspace.qbr_database_id)
    source = notion.data_sources.retrieve(workspace.qbr_data_source_id)

    assert database["created_time"] == "2026-11-18T09:30:42.000Z"
    assert (page["created_time"], source["created_time"]) == ("2026-11-18T09:30:00.000Z",) * 2
