"""Publishing: one complete page for each review, whatever breaks on the way (SPEC 2.6, CHECK 27 and 28).

The calls go through the real adapter into the simulator; the breakage is put between the service and the port, or
asked for from the simulator.
"""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core.models import AuditEvent, Job, OutboxEvent, User
from csm_portal.ports.errors import PortError
from csm_portal.ports.workspace import Workspace
from qbr import workflow
from qbr.models import QBR, Commitment, Publication, PublishEnd, PublishStep
from qbr.services import moves, publishing, review
from qbr.workflow import State
from tests.qbr.conftest import LATER, NOW
from tests.qbr.reviews import approve, approved, asked_to_publish, fresh, says, submitted, write_more
from tests.workspace import Connected

pytestmark = pytest.mark.django_db

CALLS = ("find_qbr_pages", "create_qbr_page", "append_qbr_body", "read_qbr_lines", "qbr_block_ids", "erase_qbr_body",
         "update_qbr_page")  # fmt: skip


class Killed(BaseException):
    """The process ends here: nothing after it runs, and no service catches it."""


class Breaking:
    """A workspace whose nth call kills the process, before it is made or after."""

    def __init__(self, workspace: Workspace, *, at: int, after: bool) -> None:
        self._workspace, self._at, self._after = workspace, at, after
        self.usage = workspace.usage
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        real = getattr(self._workspace, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            is_it = len(self.calls) == self._at
            if is_it and not self._after:
                raise Killed
            answer = real(*args, **kwargs)
            if is_it:
                raise Killed
            return answer

        return call


def pages(notion: Connected) -> list[dict[str, Any]]:
    path = f"/v1/data_sources/{notion.seeded.qbr_data_source_id}/query"
    return notion.api("POST", path, {})["results"]


def status(page: dict[str, Any]) -> str:
    name: str = page["properties"]["Status"]["select"]["name"]
    return name


def assert_complete(notion: Connected, qbr: QBR) -> None:
    """One page, Ready, that says word for word what was approved."""
    qbr = fresh(qbr)
    (page,) = pages(notion)
    assert status(page) == "Ready"
    assert notion.workspace().read_qbr_lines(page["id"]) == says(qbr).content.document().plain_lines()
    assert (qbr.state, qbr.notion_url, qbr.trouble) == (State.PUBLISHED, page["url"], "")
    assert qbr.published_hash == qbr.approved_hash == says(qbr).revision.content_hash


def publish_again(notion: Connected, qbr: QBR) -> None:
    publishing.run(qbr.pk, workspace=notion.workspace(), now=LATER)


def test_what_was_approved_stands_in_notion(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    assert qbr.state == State.PUBLISHING

    publishing.run(qbr.pk, workspace=notion.workspace(), now=LATER)

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


def calls_of_one_publication() -> int:
    # find, create, append (empty), read back, ready.
    return 5


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_one_publication() + 1))
def test_a_process_that_dies_at_any_call_leaves_one_page_after_the_next_run(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    breaking = Breaking(notion.workspace(), at=at, after=after)

    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, now=NOW)  # type: ignore[arg-type]
    assert fresh(qbr).state == State.PUBLISHING
    assert all(status(page) == "Draft" for page in pages(notion)) or breaking.calls[-1] == "update_qbr_page"
    publish_again(notion, qbr)

    assert len(breaking.calls) == at
    assert_complete(notion, qbr)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 8))
def test_a_long_review_survives_a_death_between_its_batches(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    points = "\n".join("- We keep an eye on this." for _ in range(230))
    qbr = write_more(qbr, points, by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    qbr = approve(qbr, by=bob)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    breaking = Breaking(notion.workspace(), at=at, after=after)

    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, now=NOW)  # type: ignore[arg-type]
    publish_again(notion, qbr)

    assert breaking.calls[:2] == ["find_qbr_pages", "create_qbr_page"][:at]
    assert_complete(notion, qbr)
    assert len(notion.workspace().qbr_block_ids(pages(notion)[0]["id"])) > 250


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "after_commit": True},
        {"raw": "<html>Bad gateway</html>", "after_commit": True},
        {"status": 502},
    ],
)
@pytest.mark.parametrize("match", ["POST /v1/pages", "PATCH /v1/pages", "PATCH /v1/blocks"])
def test_a_write_that_answers_in_doubt_is_looked_at_before_it_is_made_again(
    fault: dict[str, Any], match: str, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = submitted(harbour, asked_by=alice, by=alice)
    qbr = write_more(qbr, "\n".join("- We keep an eye on this." for _ in range(130)), by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    qbr = approve(qbr, by=bob)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    notion.fault(match=match, **fault)

    publishing.run(qbr.pk, workspace=notion.workspace(), now=LATER)

    assert_complete(notion, qbr)


def test_an_outage_keeps_the_publication_open_with_its_reason(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    notion.fault(status=503, match="/v1/", times=200)

    with pytest.raises(PortError):
        publishing.run(qbr.pk, workspace=notion.workspace(), now=NOW)

    qbr = fresh(qbr)
    publication.refresh_from_db()
    assert qbr.state == State.PUBLISHING
    assert "Notion is not available" in qbr.trouble
    assert (publication.finished_at, publication.last_error) == (None, qbr.trouble)
    notion.api("DELETE", "/_sim/faults")
    publishing.resume(qbr, actor=bob, now=LATER)
    publish_again(notion, qbr)
    assert_complete(notion, qbr)
    assert Job.objects.filter(key=f"qbr-publish:{qbr.pk}").count() == 2


def test_a_refusal_ends_the_publication_and_the_approval_stands(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    notion.reconnect(token="ntn_not_a_token_of_this_workspace_at_all_0000000000")

    with pytest.raises(PortError):
        publishing.run(qbr.pk, workspace=notion.workspace(), now=NOW)

    qbr = fresh(qbr)
    publication.refresh_from_db()
    assert (qbr.state, qbr.approved_by) == (State.APPROVED, bob)
    assert "does not accept the integration token" in qbr.trouble
    assert publication.end == PublishEnd.FAILED
    notion.reconnect(token=notion.seeded.token)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=LATER)
    publish_again(notion, qbr)
    assert_complete(notion, qbr)


def test_two_pages_with_one_key_stop_the_publisher(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    workspace = notion.workspace()
    sequence = publishing._sequence(publishing._open(qbr.pk), workspace, lambda *_: None, NOW)  # type: ignore[arg-type]
    for _ in range(2):
        workspace.create_qbr_page(sequence.entry, sequence.document)

    with pytest.raises(publishing.Stopped, match="Notion holds 2 pages of this review"):
        publishing.run(qbr.pk, workspace=workspace, now=NOW)

    assert fresh(qbr).state == State.APPROVED
    assert len(pages(notion)) == 2


def test_a_review_published_anew_takes_the_place_of_its_own_page(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    first = pages(notion)[0]["id"]
    qbr = write_more(qbr, "We agreed to meet every month.", by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    qbr = approve(qbr, by=bob)

    publishing.ask(qbr, actor=alice, version=qbr.version, now=LATER)
    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    assert pages(notion)[0]["id"] == first


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 9))
def test_publishing_anew_survives_a_death_at_any_call(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    qbr = write_more(qbr, "We agreed to meet every month.", by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    qbr = approve(qbr, by=bob)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=LATER)
    breaking = Breaking(notion.workspace(), at=at, after=after)

    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, now=NOW)  # type: ignore[arg-type]
    publish_again(notion, qbr)

    assert_complete(notion, qbr)


def test_a_page_that_a_person_edited_is_not_overwritten_without_asking(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    page_id = pages(notion)[0]["id"]
    added = {
        "type": "paragraph",
        "paragraph": {"rich_text": [{"type": "text", "text": {"content": "By hand."}}]},
    }
    notion.api("PATCH", f"/v1/blocks/{page_id}/children", {"children": [added]})
    qbr = write_more(qbr, "We agreed to meet every month.", by=alice)
    review.submit(qbr, actor=alice, version=qbr.version, now=NOW)
    qbr = approve(qbr, by=bob)

    publishing.ask(qbr, actor=alice, version=qbr.version, now=LATER)
    with pytest.raises(publishing.Stopped, match="Somebody has changed the page"):
        publish_again(notion, qbr)

    qbr = fresh(qbr)
    assert qbr.state == State.APPROVED
    assert notion.workspace().read_qbr_lines(page_id)[-1] == "By hand."
    assert Publication.objects.filter(qbr=qbr, end=PublishEnd.CHANGED_IN_NOTION).count() == 1
    publishing.ask(qbr, actor=alice, version=qbr.version, now=LATER, may_overwrite=True)
    publish_again(notion, qbr)
    assert_complete(notion, qbr)


def test_a_page_that_changes_while_it_is_written_does_not_pass_for_complete(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    real = notion.workspace()

    class Meddled(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "read_qbr_lines":
                return lambda page_id: [*real.read_qbr_lines(page_id), "By hand."]
            return super().__getattr__(name)

    with pytest.raises(publishing.Stopped, match="does not say what was approved"):
        publishing.run(qbr.pk, workspace=Meddled(real, at=99, after=False), now=NOW)  # type: ignore[arg-type]

    assert status(pages(notion)[0]) == "Draft"
    assert fresh(qbr).state == State.APPROVED


def test_only_what_was_approved_is_published(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, publication = asked_to_publish(harbour, csm=alice, manager=bob)
    content = publication.revision.content
    content["sections"][0]["text"][0]["spans"] = [{"text": "Slipped in after the approval."}]
    publication.revision.content = content
    publication.revision.save(update_fields=["content"])

    with pytest.raises(publishing.Stopped, match="is not what was approved"):
        publishing.run(qbr.pk, workspace=notion.workspace(), now=NOW)

    assert pages(notion) == []
    assert fresh(qbr).state == State.APPROVED


def test_a_run_that_was_overtaken_writes_nothing_more(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr, _ = asked_to_publish(harbour, csm=alice, manager=bob)
    real = notion.workspace()

    class Slow(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name == "find_qbr_pages":

                def overtaken(key: str) -> Any:
                    publish_again(notion, qbr)
                    return real.find_qbr_pages(key)

                return overtaken
            return super().__getattr__(name)

    with pytest.raises(publishing.Overtaken):
        publishing.run(qbr.pk, workspace=Slow(real, at=99, after=False), now=NOW)  # type: ignore[arg-type]

    assert_complete(notion, qbr)


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
    assert publishing.run(qbr.pk, workspace=notion.workspace(), now=LATER) is None
    assert_complete(notion, qbr)
