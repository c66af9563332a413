"""Blocks: order, nesting, and the limits of one request."""

from typing import Any

import notion_client
import pytest

from csm_portal.simulators.notion import seed
from tests.simulators.notion.conftest import Clock, paragraph, text

pytestmark = pytest.mark.one_database


@pytest.fixture
def page_id(notion: Any, workspace: seed.Workspace) -> str:
    page = notion.pages.create(
        parent={"data_source_id": workspace.qbr_data_source_id}, properties={"Name": {"title": text("QBR")}}
    )
    return str(page["id"])


def message(notion: Any, block_id: str, **body: Any) -> str:
    with pytest.raises(notion_client.APIResponseError) as caught:
        notion.request(f"blocks/{block_id}/children", "PATCH", body=body)
    assert (caught.value.status, caught.value.code) == (400, "validation_error")
    return str(caught.value)


def lines(notion: Any, block_id: str) -> list[str]:
    """Return the words of everything below a block, indented by depth."""
    found, cursor = [], None
    while True:
        answer = notion.blocks.children.list(block_id, **({"start_cursor": cursor} if cursor else {}))
        for block in answer["results"]:
            content = block[block["type"]]
            runs = content.get("rich_text") or [run for cell in content.get("cells", ()) for run in cell]
            found.append("".join(run["plain_text"] for run in runs) or block["type"])
            if block["has_children"]:
                found += [f"  {line}" for line in lines(notion, block["id"])]
        cursor = answer["next_cursor"]
        if not answer["has_more"]:
            return found


def bullet(words: str, *children: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"rich_text": text(words)}
    return {"bulleted_list_item": content | ({"children": list(children)} if children else {})}


def row(*cells: str) -> dict[str, Any]:
    return {"table_row": {"cells": [text(cell) for cell in cells]}}


def test_blocks_are_appended_at_the_end_the_start_and_after_another(notion: Any, page_id: str) -> None:
    first = notion.blocks.children.append(page_id, children=[paragraph("b"), paragraph("c")])["results"]

    notion.blocks.children.append(page_id, children=[paragraph("d")], position={"type": "end"})
    notion.blocks.children.append(page_id, children=[paragraph("a")], position={"type": "start"})
    notion.blocks.children.append(
        page_id,
        children=[paragraph("b1"), paragraph("b2")],
        position={"type": "after_block", "after_block": {"id": first[0]["id"]}},
    )

    assert lines(notion, page_id) == ["a", "b", "b1", "b2", "c", "d"]


def test_after_is_gone_at_this_version(notion: Any, page_id: str) -> None:
    assert message(notion, page_id, children=[paragraph("x")], after=page_id).startswith(
        "body failed validation: body.after should be not present"
    )


def test_a_block_to_stand_after_must_be_there(notion: Any, page_id: str) -> None:
    position = {"type": "after_block", "after_block": {"id": page_id}}

    assert "is not parented by" in message(notion, page_id, children=[paragraph("x")], position=position)


def test_blocks_nest_two_levels_in_a_request_and_further_in_the_next(notion: Any, page_id: str) -> None:
    notion.blocks.children.append(page_id, children=[bullet("1", bullet("2", bullet("3")))])
    assert lines(notion, page_id) == ["1", "  2", "    3"]

    assert message(notion, page_id, children=[bullet("1", bullet("2", bullet("3", bullet("4"))))]) == (
        "body failed validation: body.children[0].bulleted_list_item.children[0].bulleted_list_item.children[0]"
        '.bulleted_list_item.children should be not present, instead was `[{"bulleted_list_item":{"rich_text":'
        '[{"text":{"content":"4"}}]}}]`.'
    )
    (top,) = notion.blocks.children.list(page_id)["results"]
    notion.blocks.children.append(top["id"], children=[bullet("2b", bullet("3b"))])
    assert lines(notion, page_id) == ["1", "  2", "    3", "  2b", "    3b"]


def test_a_call_holds_100_blocks(notion: Any, page_id: str) -> None:
    notion.blocks.children.append(page_id, children=[paragraph(str(number)) for number in range(100)])

    assert message(notion, page_id, children=[paragraph("x")] * 101) == (
        "body failed validation: body.children.length should be ≤ `100`, instead was `101`."
    )
    assert "children[0].bulleted_list_item.children.length should be ≤ `100`" in message(
        notion, page_id, children=[bullet("x", *[paragraph("x")] * 101)]
    )
    assert len(lines(notion, page_id)) == 100


def test_a_request_holds_1000_blocks_children_counted(notion: Any, page_id: str) -> None:
    full = [bullet("x", *[paragraph("y")] * 99) for _ in range(10)]
    notion.blocks.children.append(page_id, children=full)

    assert "≤ `1000`, instead was `1001`" in message(notion, page_id, children=[*full, paragraph("x")])


def test_a_long_page_is_listed_in_pages(notion: Any, page_id: str) -> None:
    for start in range(0, 250, 100):
        notion.blocks.children.append(
            page_id, children=[paragraph(str(number)) for number in range(start, min(start + 100, 250))]
        )

    assert lines(notion, page_id) == [str(number) for number in range(250)]
    first = notion.blocks.children.list(page_id, page_size=30)
    assert (len(first["results"]), first["has_more"]) == (30, True)
    with pytest.raises(notion_client.APIResponseError, match="start_cursor provided is invalid"):
        notion.blocks.children.list(page_id, start_cursor=page_id)
    with pytest.raises(notion_client.APIResponseError, match="page_size should be ≤ `100`"):
        notion.blocks.children.list(page_id, page_size=101)


def test_a_table_keeps_its_width(notion: Any, page_id: str) -> None:
    table = {
        "table_width": 2,
        "has_column_header": True,
        "children": [row("Signal", "Value"), row("NPS", "9")],
    }
    (made,) = notion.blocks.children.append(page_id, children=[{"table": table}])["results"]
    notion.blocks.children.append(made["id"], children=[row("ARR", "€ 1")])

    assert lines(notion, page_id) == ["table", "  SignalValue", "  NPS9", "  ARR€ 1"]
    width = "Number of cells in table row must match the table width of the parent table."
    assert message(notion, made["id"], children=[row("one")]) == width
    assert message(notion, page_id, children=[{"table": table | {"children": [row("a", "b", "c")]}}]) == width
    assert "table.children should be defined" in message(
        notion, page_id, children=[{"table": {"table_width": 2}}]
    )
    assert "table.children.length should be ≤ `100`" in message(
        notion, page_id, children=[{"table": table | {"children": [row("a", "b")] * 101}}]
    )
    assert "cannot stand in" in message(notion, page_id, children=[row("a", "b")])
    assert "cannot stand in" in message(notion, made["id"], children=[paragraph("x")])


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({}, "body.children[0].paragraph should be defined, instead was `undefined`."),
        ({"paragraph": {}}, "body.children[0].paragraph.rich_text should be defined"),
        ({"paragraph": {"rich_text": [], "colour": "red"}}, "paragraph.colour should be not present"),
        ({"paragraph": {"rich_text": [], "color": "mauve"}}, "paragraph.color should be `\"default\"`, "),
        ({"type": "quote", "paragraph": {"rich_text": []}}, 'body.children[0].type should be `"paragraph"`'),
        ({"unheard_of": {}}, "body.children[0].unheard_of should be not present"),
        ({"heading_1": {"rich_text": [], "children": [paragraph("x")]}}, "the heading is not toggleable"),
        ({"column_list": {"children": []}}, "column_list.children.length should be ≥ `2`"),
        ({"paragraph": {"rich_text": text("x" * 2001)}}, "text.content.length should be ≤ `2000`, instead was `2001`"),
        ({"paragraph": {"rich_text": [{"text": {"content": "x", "link": {"url": "h" * 2001}}}]}}, "link.url.length"),
        ({"equation": {"expression": "x" * 1001}}, "equation.expression.length should be ≤ `1000`"),
    ],
)  # fmt: skip
def test_a_block_that_does_not_fit_is_told_why(
    notion: Any, page_id: str, block: dict[str, Any], expected: str
) -> None:
    assert expected in message(notion, page_id, children=[block])
    assert lines(notion, page_id) == []


def test_a_divider_holds_nothing(notion: Any, page_id: str) -> None:
    (divider,) = notion.blocks.children.append(page_id, children=[{"divider": {}}])["results"]

    assert message(notion, divider["id"], children=[paragraph("x")]) == "Block does not support children."


def test_a_block_is_changed_deleted_and_restored(notion: Any, page_id: str, clock: Clock) -> None:
    (block,) = notion.blocks.children.append(page_id, children=[{"to_do": {"rich_text": text("Call")}}])[
        "results"
    ]
    clock.advance(minutes=3)

    changed = notion.blocks.update(block["id"], to_do={"checked": True})
    assert changed["to_do"]["checked"] is True
    assert changed["to_do"]["rich_text"][0]["plain_text"] == "Call"
    assert notion.pages.retrieve(page_id)["last_edited_time"] == "2026-11-18T09:33:00.000Z"

    assert notion.blocks.delete(block["id"])["in_trash"] is True
    assert lines(notion, page_id) == []
    assert "in the trash" in message(notion, block["id"], children=[paragraph("x")])
    notion.blocks.update(block["id"], in_trash=False)
    assert lines(notion, page_id) == ["Call"]


def test_a_sub_page_stands_as_a_block_of_its_parent(notion: Any, page_id: str) -> None:
    child = notion.pages.create(
        parent={"page_id": page_id},
        properties={"title": {"title": text("CSM Profile")}},
        children=[paragraph("Owner")],
    )

    (block,) = notion.blocks.children.list(page_id)["results"]
    assert (block["id"], block["child_page"], block["has_children"]) == (
        child["id"],
        {"title": "CSM Profile"},
        True,
    )
    assert block["parent"] == child["parent"] == {"type": "page_id", "page_id": page_id}
    assert lines(notion, child["id"]) == ["Owner"]
    notion.pages.update(child["id"], in_trash=True)
    assert notion.blocks.children.list(page_id)["results"] == []
