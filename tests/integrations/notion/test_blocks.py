import json

import pytest
from hypothesis import HealthCheck, given, settings

from csm_portal.integrations.notion import blocks
from csm_portal.ports.documents import Document, Paragraph, Span, Table
from csm_portal.ports.errors import PortError
from tests.integrations.notion import documents


def as_notion_answers(sent):
    """What a page gives back: the words of each item, runs of the same look joined into one."""
    return json.loads(json.dumps(sent), object_hook=_answered)


def _answered(value):
    if "text" in value and "content" in value["text"]:
        return {**value, "plain_text": value["text"]["content"]}
    return value


def publish(document):
    """Return the calls that a document takes, as the publisher makes them."""
    rendered = blocks.render_qbr_blocks(document)
    calls = []
    while following := blocks.batch(rendered[sum(map(len, calls)) :]):
        calls.append(following)
    return calls


def walk(sent):
    for block in sent:
        yield block
        yield from walk(block.get("table", {}).get("children", ()))


def rich_texts(block):
    content = block[block["type"]]
    return (
        content["cells"]
        if block["type"] == "table_row"
        else [content["rich_text"]]
        if "rich_text" in content
        else []
    )


def test_a_document_becomes_the_blocks_that_a_reader_expects():
    rendered = blocks.render_qbr_blocks(documents.QBR)

    assert [block["type"] for block in rendered] == [
        "heading_2", "paragraph", "bulleted_list_item", "bulleted_list_item", "table", "callout",
    ]  # fmt: skip
    assert rendered[1]["paragraph"]["rich_text"] == [
        {"type": "text", "text": {"content": "The score is 72."}}
    ]
    table = rendered[4]["table"]
    assert (table["table_width"], table["has_column_header"], len(table["children"])) == (2, True, 2)
    assert rendered[5]["callout"]["icon"] == {"type": "emoji", "emoji": "⚠️"}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(documents.documents)
def test_every_limit_is_kept_and_the_words_come_back_as_they_were(document):
    calls = publish(document)

    sent = [block for call in calls for block in call]
    assert sent == blocks.render_qbr_blocks(document)
    for call in calls:
        assert len(call) <= 100
        assert len(list(walk(call))) <= 1_000
        assert len(json.dumps(call, ensure_ascii=False).encode()) <= 500_000
    for block in walk(sent):
        for items in rich_texts(block):
            assert len(items) <= 100
            for item in items:
                assert 0 < len(item["text"]["content"].encode("utf-16-le")) // 2 <= 2_000
                item["text"]["content"].encode()
        if block["type"] == "table":
            assert 1 <= len(block["table"]["children"]) <= 100
            assert {len(row["table_row"]["cells"]) for row in block["table"]["children"]} == {
                block["table"]["table_width"]
            }
    assert blocks.lines(as_notion_answers(sent)) == document.plain_lines()


def test_a_call_holds_no_more_than_a_thousand_blocks_their_children_counted():
    document = documents.of_tables(60, rows=70)

    calls = publish(document)

    assert max(len(list(walk(call))) for call in calls) in range(900, 1_001)
    assert sum(map(len, calls)) == 60


def test_a_call_holds_no_more_than_its_bytes():
    document = Document(title="", blocks=(Paragraph(spans=(Span(text="漢" * 50_000),)),) * 9)

    calls = publish(document)

    assert max(len(json.dumps(call, ensure_ascii=False).encode()) for call in calls) in range(
        300_000, 500_001
    )
    assert sum(map(len, calls)) == 9


def test_a_pair_of_surrogates_is_not_cut():
    items = blocks.rich_text("a" * 1_999 + "😀" + "b")

    assert [item["text"]["content"] for item in items] == ["a" * 1_999, "😀b"]


def test_a_paragraph_within_a_block_stays_one_block():
    rendered = blocks.render_qbr_blocks(
        Document(title="", blocks=(Paragraph(spans=(Span(text="x" * 9_000),)),))
    )

    assert [len(block["paragraph"]["rich_text"]) for block in rendered] == [5]


def test_a_table_goes_on_without_a_second_header():
    rows = tuple(((Span(text=str(number)),),) for number in range(250))

    rendered = blocks.render_qbr_blocks(Document(title="", blocks=(Table(header=("n",), rows=rows),)))

    assert [len(block["table"]["children"]) for block in rendered] == [100, 100, 51]
    assert [block["table"]["has_column_header"] for block in rendered] == [True, False, False]


def test_two_equal_tables_stay_two():
    table = Table(header=("n",), rows=(((Span(text="1"),),),))
    document = Document(title="", blocks=(table, table))

    assert blocks.lines(as_notion_answers(blocks.render_qbr_blocks(document))) == ["n", "1", "n", "1"]


def test_a_table_that_is_too_wide_is_refused_in_a_sentence():
    wide = Document(title="", blocks=(Table(header=("n",) * 101, rows=()),))

    with pytest.raises(PortError, match="A table with 101 columns cannot be published") as refused:
        blocks.render_qbr_blocks(wide)

    assert refused.value.permanent


def test_what_a_person_added_is_a_difference():
    added = [
        {"type": "image", "image": {"type": "external"}},
        {"type": "paragraph", "paragraph": {"rich_text": [{"plain_text": "Mine"}]}},
    ]
    published = as_notion_answers(blocks.render_qbr_blocks(documents.QBR))

    assert blocks.lines(published + added) == [*documents.QBR.plain_lines(), "[image]", "Mine"]


def test_what_a_person_indented_is_read_too():
    child = {"type": "to_do", "to_do": {"rich_text": [{"plain_text": "Call Bo"}]}}
    parent = {"type": "paragraph", "paragraph": {"rich_text": [{"plain_text": "Next"}], "children": [child]}}

    assert blocks.lines([parent]) == ["Next", "Call Bo"]


def _paragraph(*runs, color="default", **around):
    items = [
        {
            "type": "text",
            "plain_text": words,
            "text": {"content": words},
            "annotations": {"bold": bold, "color": "default"},
        }
        for words, bold in runs
    ]
    return {"type": "paragraph", "paragraph": {"rich_text": items, "color": color}, **around}


def test_a_fingerprint_leaves_out_what_no_reader_sees():
    held = blocks.fingerprint(_paragraph(("One two", False), id="a", last_edited_time="2026-01-01"))

    assert blocks.fingerprint(_paragraph(("One ", False), ("two", False), id="b")) == held


@pytest.mark.parametrize(
    "other",
    [
        _paragraph(("One twO", False)),
        _paragraph(("One ", False), ("two", True)),
        _paragraph(("One two", False), color="red"),
        {"type": "heading_2", "heading_2": _paragraph(("One two", False))["paragraph"]},
    ],
    ids=["words", "bold", "colour", "kind"],
)
def test_a_fingerprint_tells_what_a_reader_sees(other):
    assert blocks.fingerprint(other) != blocks.fingerprint(_paragraph(("One two", False)))


def test_a_fingerprint_covers_what_stands_inside_a_block():
    def table(cell):
        row = {"type": "table_row", "table_row": {"cells": [[{"type": "text", "plain_text": cell}]]}}
        return {"type": "table", "table": {"table_width": 1, "has_column_header": True, "children": [row]}}

    assert blocks.fingerprint(table("72")) != blocks.fingerprint(table("73"))


def test_a_fingerprint_of_blocks_that_no_document_holds():
    picture = {
        "type": "image",
        "image": {"type": "file", "file": {"url": "https://signed/1", "expiry_time": "2026"}},
    }
    again = {
        "type": "image",
        "image": {"type": "file", "file": {"url": "https://signed/2", "expiry_time": "2027"}},
    }

    assert blocks.fingerprint(picture) == blocks.fingerprint(again)
    assert blocks.fingerprint({"type": "divider", "divider": {}}) != blocks.fingerprint(picture)
