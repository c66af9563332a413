"""A sub-page and its single blocks through the real SDK: found, made, read, inserted, changed, removed (SPEC 2.7)."""

from collections.abc import Callable
from typing import Any

import pytest

from csm_portal.ports.documents import Bullets, Callout, Document, Heading, Paragraph, Span, Table
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.profiles import NewBlock
from tests.integrations.notion.conftest import Simulated


def text(words: str) -> tuple[Span, ...]:
    return (Span(text=words),)


DOCUMENT = Document(
    title="CSM Profile",
    blocks=(
        Callout(spans=text("Kept by the portal.")),
        Heading(text="Stakeholders"),
        Bullets(items=(text("Dana Fox"), text("Émile 🦊 " * 400))),
        Paragraph(spans=text("")),
        Table(header=("Month", "Score"), rows=((text("May"), text("71")), (text("April"), text("64")))),
    ),
)


@pytest.fixture
def account(sim: Simulated) -> str:
    (page,) = sim.add({"name": "Acme"})
    return page


def written(sim: Simulated, account: str) -> tuple[str, list[str]]:
    adapter = sim.adapter()
    page = adapter.create_sub_page(account, "CSM Profile")
    return page.id, adapter.insert_blocks(page.id, adapter.render_blocks(DOCUMENT), after=None)


def words(sim: Simulated, page_id: str) -> list[str]:
    return [
        "".join(item["plain_text"] for item in block[block["type"]].get("rich_text", []))
        for block in sim.ask("GET", f"blocks/{page_id}/children")["results"]
    ]


def paragraph(sim: Simulated, words: str) -> NewBlock:
    (block,) = sim.adapter().render_blocks(Document(title="", blocks=(Paragraph(spans=text(words)),)))
    return block


def test_a_page_is_found_by_its_title_under_its_account_alone(sim: Simulated, account: str) -> None:
    (other,) = sim.add({"name": "Blue"})
    adapter = sim.adapter()
    made = adapter.create_sub_page(account, "CSM Profile")
    adapter.create_sub_page(account, "Meeting notes")

    (found,) = adapter.find_sub_pages(account, "CSM Profile")

    assert (found.id, found.title, found.parent_id) == (made.id, "CSM Profile", account)
    assert found.made_by == adapter.own_id() == sim.workspace.bot_id
    assert adapter.find_sub_pages(other, "CSM Profile") == []


def test_a_page_in_the_trash_is_not_found_by_title_and_says_so_by_id(sim: Simulated, account: str) -> None:
    adapter = sim.adapter()
    made = adapter.create_sub_page(account, "CSM Profile")
    sim.ask("PATCH", f"pages/{made.id}", {"in_trash": True})

    assert adapter.find_sub_pages(account, "CSM Profile") == []
    assert adapter.get_sub_page(made.id).is_in_trash
    with pytest.raises(PortError) as caught:
        adapter.get_sub_page("0" * 32)
    assert caught.value.trouble is Trouble.NOT_FOUND


def test_what_is_rendered_has_the_digest_that_it_has_when_it_stands(sim: Simulated, account: str) -> None:
    adapter = sim.adapter()
    rendered = adapter.render_blocks(DOCUMENT)
    page_id, ids = written(sim, account)

    standing = adapter.read_blocks(page_id, whole=set(ids))

    assert [block.id for block in standing] == ids
    assert [block.digest for block in standing] == [block.digest for block in rendered]
    assert [block.is_changeable for block in rendered] == [True, True, True, True, True, False]
    assert len({block.digest for block in rendered}) == len(rendered)


def test_what_is_inside_a_block_counts_only_where_it_was_asked_for(sim: Simulated, account: str) -> None:
    page_id, ids = written(sim, account)
    before = sim.adapter().read_blocks(page_id, whole=set(ids))
    row = sim.ask("GET", f"blocks/{ids[-1]}/children")["results"][1]
    cells = [[{"type": "text", "text": {"content": word}}] for word in ("May", "99")]
    sim.ask("PATCH", f"blocks/{row['id']}", {"table_row": {"cells": cells}})

    looked_into = sim.adapter().read_blocks(page_id, whole=set(ids))
    by_author = sim.adapter().read_blocks(page_id, made_by=sim.workspace.bot_id)
    passed_over = sim.adapter().read_blocks(page_id)

    assert looked_into[-1].digest != before[-1].digest
    assert looked_into == by_author
    assert passed_over[-1].digest not in (looked_into[-1].digest, before[-1].digest)


def test_blocks_go_behind_another_or_to_the_start(sim: Simulated, account: str) -> None:
    page_id, ids = written(sim, account)
    adapter = sim.adapter()

    adapter.insert_blocks(page_id, [paragraph(sim, "first")], after=None)
    adapter.insert_blocks(page_id, [paragraph(sim, "second"), paragraph(sim, "third")], after=ids[0])

    found = words(sim, page_id)
    assert found[:5] == ["first", "Kept by the portal.", "second", "third", "Stakeholders"]


def test_more_than_a_call_takes_is_cut_and_the_rest_is_the_callers(sim: Simulated, account: str) -> None:
    adapter = sim.adapter()
    page = adapter.create_sub_page(account, "CSM Profile")
    many = [paragraph(sim, str(number)) for number in range(130)]

    first = adapter.insert_blocks(page.id, many, after=None)
    rest = adapter.insert_blocks(page.id, many[len(first) :], after=first[-1])

    assert (len(first), len(rest)) == (100, 30)
    assert [block.id for block in adapter.read_blocks(page.id)] == [*first, *rest]


def test_a_block_changes_where_it_stands(sim: Simulated, account: str) -> None:
    page_id, ids = written(sim, account)
    (callout,) = sim.adapter().render_blocks(
        Document(title="", blocks=(Callout(spans=text("Look out."), tone="warning"),))
    )

    sim.adapter().change_block(ids[0], callout)

    standing = sim.adapter().read_blocks(page_id)
    assert (standing[0].id, standing[0].digest) == (ids[0], callout.digest)


def test_a_removed_block_may_be_removed_again(sim: Simulated, account: str) -> None:
    page_id, ids = written(sim, account)
    adapter = sim.adapter()

    adapter.remove_block(ids[1])
    adapter.remove_block(ids[1])

    assert ids[1] not in [block.id for block in adapter.read_blocks(page_id)]


@pytest.mark.parametrize("call", ["create", "insert"])
def test_an_answer_that_leaves_it_open_is_the_callers_to_judge(
    sim: Simulated, account: str, call: str
) -> None:
    adapter = sim.adapter()
    page = adapter.create_sub_page(account, "Another")
    fault: dict[str, Any] = {"status": 503, "after_commit": True}
    sim.fault(**fault, method="POST" if call == "create" else "PATCH")
    asked = len(sim.wire.sent)
    once: Callable[[], object] = {
        "create": lambda: adapter.create_sub_page(account, "CSM Profile"),
        "insert": lambda: adapter.insert_blocks(page.id, [paragraph(sim, "once")], after=None),
    }[call]

    with pytest.raises(PortError) as caught:
        once()

    assert caught.value.maybe_written
    assert len(sim.wire.sent) == asked + 1
