"""Publishing as it goes when nothing breaks, and what is never published (SPEC 2.6, 6.2)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Job, OutboxEvent, User
from csm_portal.ports.errors import PortError
from qbr import workflow
from qbr.models import QBR, Commitment, PublishEnd, PublishStep
from qbr.services import journal, moves, publishing, review
from qbr.workflow import State
from tests.qbr.conftest import LATER, NOW
from tests.qbr.published import (
    Breaking,
    ask_again,
    assert_complete,
    body_lines,
    last,
    long_after,
    pages,
    publish_again,
    status,
)
from tests.qbr.reviews import approve, approved, asked_to_publish, fresh, says, submitted, write_more
from tests.workspace import Connected

pytestmark = pytest.mark.django_db


def edited(qbr: QBR, *, by: User, manager: User) -> QBR:
    """The review with one more line, approved once more."""
    qbr = write_more(qbr, "We agreed to meet every month.", by=by)
    review.submit(qbr, actor=by, version=qbr.version, now=NOW)
    return approve(qbr, by=manager)


def test_what_was_approved_stands_in_notion(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    assert qbr.state == State.PUBLISHING

    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    (page,) = pages(notion)
    properties = page["properties"]
    assert properties["Account"]["relation"] == [{"id": harbour.notion_page_id}]
    assert properties["Quarter"]["select"]["name"] == "Q2 2026"
    assert properties["Health Score"]["number"] == says(qbr).facts["health.score_now"].value
    assert properties["QBR Key"]["rich_text"][0]["plain_text"] == qbr.key
    publication.refresh_from_db()
    assert (publication.step, publication.end) == (PublishStep.READY, PublishEnd.PUBLISHED)
    assert len(publication.block_ids) > 20
    assert AuditEvent.objects.filter(verb="qbr.published", object_id=str(qbr.pk)).count() == 1
    event = OutboxEvent.objects.get(topic="qbr.published")
    assert event.payload["url"] == page["url"]
    commitments = list(Commitment.objects.filter(qbr=qbr))
    assert len(commitments) >= 3
    assert commitments[0].owner_name == "Alice"
    assert commitments[0].due_on is not None


def test_the_page_ends_with_who_approved_what_and_when(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)

    publish_again(notion, qbr)

    assert body_lines(notion, fresh(qbr).notion_page_id)[-1] == (
        "Version 1, approved by Bob on 14 May 2026 at 11:30 (Europe/Berlin). "
        f"Fingerprint of the approved content (SHA-256): {qbr.approved_hash}"
    )


def test_the_journal_holds_every_block_as_it_was_read_back(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)

    page = publish_again(notion, qbr)

    assert page is not None
    publication.refresh_from_db()
    body = notion.workspace().read_qbr_body(page.id)
    assert publication.standing["own"] == [[block.id, block.fingerprint] for block in body.blocks]
    assert publication.block_ids == [block.id for block in body.blocks]
    assert publication.standing["values"]["Status"] == "Ready"


def test_two_pages_with_one_key_stop_the_publisher(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    workspace = notion.workspace()
    sequence = publishing._sequence(journal.opened(qbr.pk), workspace, lambda *_: None, lambda: NOW)  # type: ignore[arg-type]
    for _ in range(2):
        workspace.create_qbr_page(sequence.entry, sequence.document)

    with pytest.raises(publishing.Stopped, match="Notion holds 2 pages of this review: “QBR - Harbour"):
        publish_again(notion, qbr)

    assert fresh(qbr).state == State.APPROVED
    assert len(pages(notion)) == 2
    publication.refresh_from_db()
    assert {link["url"] for link in publication.question["pages"]} == {page["url"] for page in pages(notion)}
    assert all(status(page) == "Draft" for page in pages(notion))


def test_a_second_page_that_turns_up_while_the_text_is_written_keeps_it_from_being_ready(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    real = notion.workspace()

    class Doubled(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "read_qbr_body":

                def read(page_id: str, **kwargs: Any) -> Any:
                    (page,) = pages(notion)
                    told = {key: {"rich_text": value["rich_text"]} for key, value in page["properties"].items() if key == "QBR Key"}  # fmt: skip
                    notion.api("POST", "/v1/pages", {"parent": page["parent"], "properties": told})
                    return real.read_qbr_body(page_id, **kwargs)

                return read
            return super().__getattr__(name)

    with pytest.raises(publishing.Stopped, match="Notion holds 2 pages"):
        publishing.run(qbr.pk, workspace=Doubled(real, at=99, after=False), clock=lambda: NOW)  # type: ignore[arg-type]

    assert "Ready" not in [page["properties"]["Status"]["select"] and status(page) for page in pages(notion)]


def test_a_corrected_review_takes_the_place_of_its_own_page(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    first = pages(notion)[0]["id"]
    qbr = edited(qbr, by=alice, manager=bob)

    ask_again(qbr, by=alice)
    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    assert pages(notion)[0]["id"] == first
    assert body_lines(notion, first)[-1].startswith("Version 2, approved by Bob on 14 May 2026")


def test_while_a_page_is_written_anew_it_reads_as_a_draft(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    qbr = ask_again(edited(qbr, by=alice, manager=bob), by=alice)
    real, seen = notion.workspace(), []

    class Watched(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name in ("remove_qbr_block", "append_qbr_body"):
                seen.append(status(pages(notion)[0]))
            return super().__getattr__(name)

    publishing.run(qbr.pk, workspace=Watched(real, at=999, after=False), clock=lambda: LATER)  # type: ignore[arg-type]

    assert len(seen) > 20
    assert set(seen) == {"Draft"}
    assert_complete(notion, qbr)


def test_only_what_was_approved_is_published(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    content = publication.revision.content
    content["sections"][0]["text"][0]["spans"] = [{"text": "Slipped in after the approval."}]
    publication.revision.content = content
    publication.revision.save(update_fields=["content"])

    with pytest.raises(publishing.Stopped, match="is not what was approved"):
        publish_again(notion, qbr)

    assert pages(notion) == []
    assert fresh(qbr).state == State.APPROVED


def test_a_review_that_is_not_approved_is_not_published(harbour: Account, alice: User) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)

    with pytest.raises(workflow.NotAllowed, match="Only an approved review"):
        publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    with pytest.raises(workflow.NotAllowed, match="Nothing of this review is waiting"):
        publishing.resume(qbr, actor=alice, now=NOW)


def test_a_double_click_publishes_once(notion: Connected, harbour: Account, alice: User, bob: User) -> None:
    qbr = approved(harbour, csm=alice, manager=bob)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    with pytest.raises(moves.OutOfDate):
        publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)

    publish_again(notion, qbr)
    assert publish_again(notion, qbr) is None
    assert_complete(notion, qbr)


def test_a_refusal_ends_the_publication_and_the_approval_stands(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    notion.reconnect(token="ntn_not_a_token_of_this_workspace_at_all_0000000000")

    with pytest.raises(PortError):
        publish_again(notion, qbr)

    qbr = fresh(qbr)
    publication.refresh_from_db()
    assert (qbr.state, qbr.approved_by) == (State.APPROVED, bob)
    assert "does not accept the integration token" in qbr.trouble
    assert publication.end == PublishEnd.FAILED
    notion.reconnect(token=notion.seeded.token)
    ask_again(qbr, by=alice)
    publish_again(notion, qbr)
    assert_complete(notion, qbr)
    assert last(qbr).version == 1


def test_an_outage_puts_the_publication_off_by_itself_with_growing_pauses(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    notion.fault(status=503, match="/v1/", times=100_000)
    now, pauses = LATER, []

    for _ in journal.PAUSES:
        with pytest.raises(publishing.PutOff) as put_off:
            publish_again(notion, qbr, at=now)
        pauses.append(put_off.value.at - now)
        now = put_off.value.at
    with pytest.raises(PortError, match="has tried for half an hour by itself"):
        publish_again(notion, qbr, at=now)

    assert pauses == sorted(pauses)
    assert sum(pauses, timedelta()) == timedelta(minutes=30)
    qbr = fresh(qbr)
    publication.refresh_from_db()
    assert (qbr.state, qbr.trouble) == (State.PUBLISHING, publication.last_error)
    assert (publication.finished_at, publication.retry_at) == (None, None)
    notion.api("DELETE", "/_sim/faults")
    publishing.resume(qbr, actor=bob, now=now)
    publish_again(notion, qbr, at=now)
    assert_complete(notion, qbr)
    assert Job.objects.filter(key=f"qbr-publish:{qbr.pk}").count() == 2


def test_a_wait_that_notion_asks_for_is_waited_for(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    notion.fault(status=429, retry_after=900, match="/v1/", times=100)

    with pytest.raises(publishing.PutOff) as put_off:
        publish_again(notion, qbr)

    assert put_off.value.at - LATER >= timedelta(seconds=900)
    notion.api("DELETE", "/_sim/faults")
    publish_again(notion, qbr, at=long_after(20))
    assert_complete(notion, qbr)


def test_a_run_that_was_overtaken_writes_nothing_more(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    real = notion.workspace()

    class Slow(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "find_qbr_pages":

                def overtaken(key: str) -> Any:
                    found = real.find_qbr_pages(key)
                    publish_again(notion, qbr)
                    return found

                return overtaken
            return super().__getattr__(name)

    with pytest.raises(publishing.Overtaken):
        publishing.run(qbr.pk, workspace=Slow(real, at=99, after=False), clock=lambda: LATER)  # type: ignore[arg-type]

    assert_complete(notion, qbr)
