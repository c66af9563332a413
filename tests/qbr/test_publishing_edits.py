"""What a person changed in Notion is seen, and nothing of it goes without an answer (SPEC 2.6)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Tenant, User
from qbr.models import QBR, Answer, PublishEnd, Transition
from qbr.services import moves, publishing
from qbr.services.publishing import Stopped
from qbr.workflow import NotAllowed, State
from tests.qbr.conftest import LATER
from tests.qbr.published import (
    Breaking,
    Killed,
    account_in_notion,
    add_by_hand,
    ask_again,
    assert_complete,
    body_lines,
    expected_lines,
    finish,
    last,
    long_after,
    pages,
    publish_again,
    reapproved,
    status,
)
from tests.qbr.published import asked as asked_of
from tests.qbr.reviews import fresh
from tests.workspace import Connected, connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def notion(tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    """A workspace without the accounts that a drafted review would be compared with."""
    return connected(tenant, tmp_path, settings)


@pytest.fixture
def harbour(scoped: Tenant, alice: User, notion: Connected) -> Account:
    """Harbour Logistics, as if it had been mirrored."""
    return account_in_notion(notion, owner=alice)


@pytest.fixture
def published(notion: Connected, harbour: Account, alice: User, bob: User) -> QBR:
    qbr = asked_of(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    return fresh(qbr)


def children(notion: Connected, page_id: str) -> list[dict[str, Any]]:
    return notion.api("GET", f"/v1/blocks/{page_id}/children?page_size=100")["results"]


def first_paragraph(notion: Connected, page_id: str) -> dict[str, Any]:
    return next(block for block in children(notion, page_id) if block["type"] == "paragraph")


def reword(notion: Connected, page_id: str) -> None:
    text = [{"type": "text", "text": {"content": "In other words."}}]
    notion.api("PATCH", f"/v1/blocks/{first_paragraph(notion, page_id)['id']}", {"paragraph": {"rich_text": text}})  # fmt: skip


def embolden(notion: Connected, page_id: str) -> None:
    block = first_paragraph(notion, page_id)
    text = [
        {"type": "text", "text": item["text"], "annotations": {"bold": True}}
        for item in block["paragraph"]["rich_text"]
    ]
    notion.api("PATCH", f"/v1/blocks/{block['id']}", {"paragraph": {"rich_text": text}})


def delete_one(notion: Connected, page_id: str) -> None:
    notion.api("DELETE", f"/v1/blocks/{first_paragraph(notion, page_id)['id']}")


def change_a_cell(notion: Connected, page_id: str) -> None:
    table = next(block for block in children(notion, page_id) if block["type"] == "table")
    row = children(notion, table["id"])[-1]
    cells = [[{"type": "text", "text": {"content": "99"}}] for _ in row["table_row"]["cells"]]
    notion.api("PATCH", f"/v1/blocks/{row['id']}", {"table_row": {"cells": cells}})


def insert_in_the_middle(notion: Connected, page_id: str) -> None:
    after = {"type": "after_block", "after_block": {"id": children(notion, page_id)[2]["id"]}}
    add_by_hand(notion, page_id, position=after)


def empty_it(notion: Connected, page_id: str) -> None:
    notion.api("PATCH", f"/v1/pages/{page_id}", {"erase_content": True})


def retitle(notion: Connected, page_id: str) -> None:
    page = notion.api("GET", f"/v1/pages/{page_id}")
    name = next(name for name, value in page["properties"].items() if value["type"] == "title")
    notion.change(page_id, {name: {"title": [{"type": "text", "text": {"content": "Our QBR"}}]}})


def set_a_status(notion: Connected, page_id: str) -> None:
    notion.change(page_id, {"Status": {"select": {"name": "Sent"}}})


EDITS: dict[str, Callable[[Connected, str], object]] = {
    "a paragraph in other words": reword,
    "bold type": embolden,
    "a block deleted": delete_one,
    "a cell of a table": change_a_cell,
    "a block added at the end": add_by_hand,
    "a block added in the middle": insert_in_the_middle,
    "everything deleted": empty_it,
    "another title": retitle,
    "another status": set_a_status,
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_a_page_that_a_person_edited_is_left_as_it_is_and_asked_about(
    edit: Callable[[Connected, str], object], notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    page_id = published.notion_page_id
    edit(notion, page_id)
    before = notion.workspace().read_qbr_body(page_id), notion.workspace().read_qbr_page(page_id)
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)

    with pytest.raises(Stopped, match="Somebody has changed the page"):
        publish_again(notion, qbr)

    assert (notion.workspace().read_qbr_body(page_id), notion.workspace().read_qbr_page(page_id)) == before
    assert fresh(qbr).state == State.APPROVED
    asked = last(qbr)
    assert (asked.end, asked.question["kind"]) == (PublishEnd.CHANGED_IN_NOTION, "changed")
    assert asked.question["ours"] != asked.question["theirs"] or asked.question["values"] or edit is embolden
    assert len(pages(notion)) == 1


def test_a_page_that_nobody_touched_asks_nothing(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    # An account that was renamed and scored anew changes what is to be written, and nothing that stands there.
    Account.objects.filter(pk=published.account_id).update(name="Harbour & Sons")
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)

    publish_again(notion, qbr)

    assert_complete(notion, qbr)


@pytest.fixture
def asked(notion: Connected, published: QBR, alice: User, bob: User) -> QBR:
    """A second version that waits for a word on what somebody made of the page."""
    reword(notion, published.notion_page_id)
    add_by_hand(notion, published.notion_page_id)
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    with pytest.raises(Stopped):
        publish_again(notion, qbr)
    return fresh(qbr)


def test_keep_theirs_leaves_the_page_and_says_so_everywhere(
    notion: Connected, asked: QBR, alice: User, bob: User
) -> None:
    lines = body_lines(notion, asked.notion_page_id)

    publishing.keep_theirs(asked, question=last(asked).pk, actor=alice, version=asked.version, now=LATER)

    qbr = fresh(asked)
    assert (qbr.state, qbr.trouble) == (State.APPROVED, "")
    assert qbr.published_hash != qbr.approved_hash
    assert body_lines(notion, qbr.notion_page_id) == lines
    assert Transition.objects.filter(qbr=qbr)[0].action == "keep_theirs"
    assert AuditEvent.objects.get(verb="qbr.notion_kept").actor == alice
    with pytest.raises(moves.OutOfDate):
        publishing.keep_theirs(qbr, question=last(qbr).pk, actor=alice, version=asked.version, now=LATER)
    # The next version finds the page as it is, and asks again.
    qbr = ask_again(reapproved(qbr, "third", csm=alice, manager=bob), by=alice)
    assert last(qbr).version == 3
    with pytest.raises(Stopped):
        publish_again(notion, qbr)


def test_publishing_beside_adds_the_version_below_a_heading_and_touches_nothing_else(
    notion: Connected, asked: QBR, alice: User, bob: User
) -> None:
    theirs = notion.workspace().read_qbr_body(asked.notion_page_id).blocks

    qbr = ask_again(asked, by=alice, answer=Answer.BESIDE, question=last(asked).pk)
    publish_again(notion, qbr)

    qbr = fresh(qbr)
    assert qbr.state == State.PUBLISHED
    blocks = notion.workspace().read_qbr_body(qbr.notion_page_id).blocks
    assert blocks[: len(theirs)] == theirs
    ours = [line for block in blocks[len(theirs) :] for line in block.lines]
    assert ours == expected_lines(last(qbr))
    assert ours[0] == "Version 2, 14 May 2026"
    assert [status(page) for page in pages(notion)] == ["Ready"]


def test_a_version_after_one_beside_takes_the_place_of_that_one_alone(
    notion: Connected, asked: QBR, alice: User, bob: User
) -> None:
    qbr = ask_again(asked, by=alice, answer=Answer.BESIDE, question=last(asked).pk)
    theirs = notion.workspace().read_qbr_body(qbr.notion_page_id).blocks
    publish_again(notion, qbr)
    # What is theirs may be changed by them: it is no part of what the portal wrote.
    reword(notion, qbr.notion_page_id)

    qbr = ask_again(reapproved(qbr, "third", csm=alice, manager=bob), by=alice)
    publish_again(notion, qbr)

    blocks = notion.workspace().read_qbr_body(qbr.notion_page_id).blocks
    assert [block.id for block in blocks[: len(theirs)]] == [block.id for block in theirs]
    ours = [line for block in blocks[len(theirs) :] for line in block.lines]
    assert ours == expected_lines(last(qbr))
    assert ours[0].startswith("Version 3, ")


def test_overwriting_puts_what_was_shown_into_the_trash_and_names_it(
    notion: Connected, asked: QBR, alice: User
) -> None:
    there = [block.id for block in notion.workspace().read_qbr_body(asked.notion_page_id).blocks]

    qbr = ask_again(asked, by=alice, answer=Answer.OVERWRITE, question=last(asked).pk)
    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    audited = AuditEvent.objects.get(verb="qbr.notion_overwritten")
    assert (audited.actor, audited.data["blocks_in_trash"]) == (alice, there)
    assert all(notion.api("GET", f"/v1/blocks/{block_id}")["in_trash"] for block_id in there)


@pytest.mark.parametrize("answer", [Answer.OVERWRITE, Answer.BESIDE])
def test_what_was_added_after_the_answer_is_asked_about_anew(
    answer: Answer, notion: Connected, asked: QBR, alice: User
) -> None:
    qbr = ask_again(asked, by=alice, answer=answer, question=last(asked).pk)
    add_by_hand(notion, qbr.notion_page_id, "Nobody has seen this.")

    with pytest.raises(Stopped, match="Somebody has changed the page"):
        publish_again(notion, qbr)

    assert body_lines(notion, qbr.notion_page_id)[-1] == "Nobody has seen this."
    assert not AuditEvent.objects.filter(verb="qbr.notion_overwritten").exists()


def test_an_answer_holds_for_the_question_it_was_given_to(asked: QBR, alice: User) -> None:
    with pytest.raises(moves.OutOfDate):
        ask_again(asked, by=alice, answer=Answer.OVERWRITE, question=asked.pk)
    with pytest.raises(NotAllowed, match="cannot be answered here"):
        ask_again(asked, by=alice, answer=Answer.NEW_PAGE, question=last(asked).pk)


@pytest.mark.parametrize(
    ("answer", "at", "after"),
    [
        (Answer.OVERWRITE, 5, True),
        (Answer.OVERWRITE, 9, True),
        (Answer.OVERWRITE, -4, True),
        (Answer.BESIDE, 5, True),
        (Answer.BESIDE, -4, True),
        (Answer.BESIDE, -1, True),
    ],
)
def test_an_answered_publication_survives_a_death_at_any_call(
    answer: Answer, at: int, after: bool, notion: Connected, asked: QBR, alice: User
) -> None:
    theirs = notion.workspace().read_qbr_body(asked.notion_page_id).blocks
    qbr = ask_again(asked, by=alice, answer=answer, question=last(asked).pk)
    # find, look, read, read again, draft, (each block), append, read back, find, mark.
    calls = 9 + (len(theirs) if answer is Answer.OVERWRITE else 0)
    breaking = Breaking(notion.workspace(), at=at if at > 0 else calls + 1 + at, after=after)

    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, clock=lambda: LATER)  # type: ignore[arg-type]
    finish(notion, qbr, at=long_after())

    if answer is Answer.OVERWRITE:
        assert_complete(notion, qbr)
    else:
        blocks = notion.workspace().read_qbr_body(qbr.notion_page_id).blocks
        assert blocks[: len(theirs)] == theirs
        assert [line for block in blocks[len(theirs) :] for line in block.lines] == expected_lines(last(qbr))


@pytest.mark.parametrize("edit", [reword, add_by_hand, delete_one, retitle])
def test_what_a_person_does_while_publishing_is_interrupted_is_seen(
    edit: Callable[[Connected, str], object], notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    page_id = published.notion_page_id
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    breaking = Breaking(notion.workspace(), at=6 + len(children(notion, page_id)), after=True)
    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, clock=lambda: LATER)  # type: ignore[arg-type]
    assert breaking.calls[-1] == "append_qbr_body"
    edit(notion, page_id)
    before = body_lines(notion, page_id)

    with pytest.raises(Stopped, match="Somebody has changed the page"):
        publish_again(notion, qbr, at=long_after())

    assert body_lines(notion, page_id) == before
    assert status(pages(notion)[0]) == "Draft"
    qbr = ask_again(qbr, by=alice, answer=Answer.OVERWRITE, question=last(qbr).pk)
    publish_again(notion, qbr, at=long_after(10))
    assert_complete(notion, qbr)


def test_a_block_that_was_to_go_and_was_edited_meanwhile_stays(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    page_id = published.notion_page_id
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    breaking = Breaking(notion.workspace(), at=6, after=False)
    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, clock=lambda: LATER)  # type: ignore[arg-type]
    assert breaking.calls[-1] == "remove_qbr_block"
    reword(notion, page_id)

    with pytest.raises(Stopped):
        publish_again(notion, qbr, at=long_after())

    assert "In other words." in body_lines(notion, page_id)
    # Beside it: what the portal had begun to take away goes on going, what the person wrote stays.
    qbr = ask_again(qbr, by=alice, answer=Answer.BESIDE, question=last(qbr).pk)
    publish_again(notion, qbr, at=long_after(10))
    lines = body_lines(notion, page_id)
    assert lines[0] == "In other words."
    assert lines[1:] == expected_lines(last(qbr))


AWAY: dict[str, tuple[Callable[[Connected, str], object], str]] = {
    "in_trash": (
        lambda notion, page_id: notion.api("PATCH", f"/v1/pages/{page_id}", {"in_trash": True}),
        "is in Notion's trash. Restore it there",
    ),
    "archived": (
        lambda notion, page_id: notion.api("PATCH", f"/v1/pages/{page_id}", {"is_archived": True}),
        "is archived in Notion. Take it out",
    ),
    "moved": (
        lambda notion, page_id: notion.api(
            "POST",
            f"/v1/pages/{page_id}/move",
            {"parent": {"type": "data_source_id", "data_source_id": notion.seeded.accounts_data_source_id}},
        ),
        "moved the page of this review out of the QBR database. Move it back",
    ),
}


@pytest.mark.parametrize(("kind", "away"), AWAY.items(), ids=AWAY.keys())
def test_a_page_that_is_not_where_it_was_is_told_of_and_no_second_one_made(
    kind: str,
    away: tuple[Callable[[Connected, str], object], str],
    notion: Connected,
    published: QBR,
    alice: User,
    bob: User,
) -> None:
    move, sentence = away
    qbr = reapproved(published, "second", csm=alice, manager=bob)
    move(notion, published.notion_page_id)

    qbr = ask_again(qbr, by=alice)
    with pytest.raises(Stopped, match=sentence):
        publish_again(notion, qbr)

    assert pages(notion) == []
    assert last(qbr).question["kind"] == kind
    assert last(qbr).question["pages"][0]["url"] == published.notion_url
    assert fresh(qbr).state == State.APPROVED


def test_a_page_that_was_restored_from_the_trash_is_published_to_again(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    notion.api("PATCH", f"/v1/pages/{published.notion_page_id}", {"in_trash": True})
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    with pytest.raises(Stopped):
        publish_again(notion, qbr)
    notion.api("PATCH", f"/v1/pages/{published.notion_page_id}", {"in_trash": False})

    qbr = ask_again(qbr, by=alice)
    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    assert fresh(qbr).notion_page_id == published.notion_page_id


def test_a_new_page_is_made_for_one_in_the_trash_where_somebody_says_so(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    notion.api("PATCH", f"/v1/pages/{published.notion_page_id}", {"in_trash": True})
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    with pytest.raises(Stopped):
        publish_again(notion, qbr)

    qbr = ask_again(qbr, by=alice, answer=Answer.NEW_PAGE, question=last(qbr).pk)
    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    assert fresh(qbr).notion_page_id != published.notion_page_id


def test_a_page_that_goes_to_the_trash_while_it_is_written_is_told_of(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    real = notion.workspace()

    class Trashed(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "append_qbr_body":
                notion.api("PATCH", f"/v1/pages/{published.notion_page_id}", {"in_trash": True})
            return super().__getattr__(name)

    with pytest.raises(Stopped, match="is in Notion's trash"):
        publishing.run(qbr.pk, workspace=Trashed(real, at=999, after=False), clock=lambda: LATER)  # type: ignore[arg-type]


def test_a_person_may_write_on_a_page_that_is_kept_beside_ours(
    notion: Connected, published: QBR, alice: User, bob: User
) -> None:
    """Two answers in a row: what was left alone once stays theirs."""
    add_by_hand(notion, published.notion_page_id)
    qbr = ask_again(reapproved(published, "second", csm=alice, manager=bob), by=alice)
    with pytest.raises(Stopped):
        publish_again(notion, qbr)
    qbr = ask_again(qbr, by=alice, answer=Answer.BESIDE, question=last(qbr).pk)
    publish_again(notion, qbr)
    add_by_hand(notion, published.notion_page_id, "Once more.")
    qbr = ask_again(reapproved(qbr, "third", csm=alice, manager=bob), by=alice)
    with pytest.raises(Stopped):
        publish_again(notion, qbr)

    qbr = ask_again(qbr, by=alice, answer=Answer.BESIDE, question=last(qbr).pk)
    publish_again(notion, qbr)

    lines = body_lines(notion, published.notion_page_id)
    assert [line for line in lines if line in ("By hand.", "Once more.")] == ["By hand.", "Once more."]
    assert [line[:9] for line in lines if line.startswith("Version ") and ", approved" not in line] == ["Version 2", "Version 3"]  # fmt: skip
