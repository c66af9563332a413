"""One complete page for each review, whatever breaks on the way (SPEC 2.6, CHECK 27 and 28).

The calls go through the real adapter into the simulator; the breakage is put between the publisher and the port, or
asked for from the simulator. ``benchmarks/soak/publishing.py`` does the same at full size, with processes that die.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from csm_portal.core import jobs
from csm_portal.core.models import Job, JobState, Tenant, User
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.workspace import Workspace
from qbr.models import QBR, PublishStep
from qbr.services import journal, publishing
from qbr.workflow import State
from tests.qbr.conftest import LATER
from tests.qbr.published import (
    Breaking,
    Killed,
    account_in_notion,
    ask_again,
    asked,
    assert_complete,
    body_lines,
    finish,
    last,
    long_after,
    pages,
    publish_again,
    reapproved,
    status,
)
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


# One publication: find, create, append what is left, read back, look for a second one, mark as ready.
LONG = 130


def killed_at(notion: Connected, qbr: QBR, at: int, *, after: bool) -> list[str]:
    """Run what is waiting until a call kills the process; return the calls that were made."""
    breaking = Breaking(notion.workspace(), at=at, after=after)
    with pytest.raises(Killed):
        publishing.run(qbr.pk, workspace=breaking, clock=lambda: LATER)  # type: ignore[arg-type]
    return breaking.calls


@pytest.mark.parametrize(("at", "after"), [(1, True), (2, False), (2, True), (3, True), (4, True), (5, True)])
def test_a_process_that_dies_at_any_call_leaves_one_page_after_the_next_run(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)

    calls = killed_at(notion, qbr, at, after=after)

    assert fresh(qbr).state == State.PUBLISHING
    assert all(status(page) == "Draft" for page in pages(notion)) or calls[-1] == "update_qbr_page"
    finish(notion, qbr, at=long_after())
    assert len(calls) == at
    assert_complete(notion, qbr)


@pytest.mark.parametrize(("at", "after"), [(2, True), (3, False), (3, True), (4, False)])
def test_a_long_review_survives_a_death_between_its_batches(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob, points=LONG)

    calls = killed_at(notion, qbr, at, after=after)
    finish(notion, qbr, at=long_after())

    assert calls == ["find_qbr_pages", "create_qbr_page", "append_qbr_body", "read_qbr_body"][:at]
    assert_complete(notion, qbr)
    assert len(last(qbr).block_ids) > 130


def test_a_process_that_dies_at_every_call_gets_there_in_the_end(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob, points=LONG)
    publish_again(notion, qbr)
    qbr = ask_again(reapproved(qbr, "second", csm=alice, manager=bob), by=alice)
    deaths = 0

    for minutes in range(1, 400):
        # Never the same call twice in a row, so that what was done last time is not all that is done again.
        breaking = Breaking(notion.workspace(), at=6 + minutes % 7, after=bool(minutes % 2))
        try:
            publishing.run(qbr.pk, workspace=breaking, clock=lambda: LATER + timedelta(minutes=2 * minutes))  # type: ignore[arg-type]  # noqa: B023
            break
        except Killed:
            deaths += 1

    assert deaths > 4
    assert_complete(notion, qbr)


@pytest.mark.parametrize(
    ("at", "after"),
    [(3, True), (4, True), (5, True), (6, True), (9, False), (-4, False), (-4, True), (-1, True)],
)
def test_publishing_anew_survives_a_death_at_any_call(
    at: int, after: bool, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    publish_again(notion, qbr)
    # find, look, read, read again, mark as draft, take away each block, append, read back, find, mark as ready.
    calls = 9 + len(last(qbr).block_ids)
    qbr = ask_again(reapproved(qbr, "second", csm=alice, manager=bob), by=alice)

    made = killed_at(notion, qbr, at if at > 0 else calls + 1 + at, after=after)
    finish(notion, qbr, at=long_after())

    if at == -1:
        assert made[-1] == "update_qbr_page"
    assert_complete(notion, qbr)


WRITES = {
    "create": "POST /v1/pages",
    "append": "/children",
    "remove": "DELETE /v1/blocks",
    "mark": "PATCH /v1/pages",
}
AMBIGUOUS = {
    "503 that names what it saved": {"status": 503, "after_commit": True},
    "502 in HTML after saving": {"status": 502, "raw": "<html>Bad gateway</html>", "after_commit": True},
    "504 in HTML after saving": {"status": 504, "raw": "<html>Timeout</html>", "after_commit": True},
    "200 in HTML after saving": {"raw": "<html>Sign in</html>", "after_commit": True},
    "a dropped connection after saving": {"drop": True, "after_commit": True},
    "no answer after saving": {"hang": True, "after_commit": True},
    "502 without saving": {"status": 502},
    "a dropped connection without saving": {"drop": True},
}


@pytest.mark.parametrize(
    ("write", "fault"),
    [
        *(("create", fault) for fault in AMBIGUOUS.values()),
        *(("append", fault) for fault in list(AMBIGUOUS.values())[3:]),
        ("remove", AMBIGUOUS["a dropped connection after saving"]),
        ("remove", AMBIGUOUS["502 without saving"]),
        ("mark", AMBIGUOUS["504 in HTML after saving"]),
        ("mark", AMBIGUOUS["a dropped connection without saving"]),
    ],
    ids=str,
)
def test_a_write_that_answers_in_doubt_is_looked_at_before_it_is_made_again(
    write: str, fault: dict[str, Any], notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    if write == "remove":
        qbr = asked(harbour, csm=alice, manager=bob)
        publish_again(notion, qbr)
        qbr = ask_again(reapproved(qbr, "second", csm=alice, manager=bob), by=alice)
    else:
        qbr = asked(harbour, csm=alice, manager=bob, points=LONG)
    notion.fault(match=WRITES[write], writes=True, **fault)

    ends_at = finish(notion, qbr, at=LATER)

    assert_complete(notion, qbr)
    is_repeatable = write in ("remove", "mark")
    assert ends_at == LATER if is_repeatable or "after_commit" in fault else ends_at > LATER


class Lagging(Breaking):
    """A workspace whose index does not know new pages yet."""

    def __init__(self, workspace: Workspace, *, looks: int) -> None:
        super().__init__(workspace, at=999, after=False)
        self._looks = looks

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "find_qbr_pages" and self._looks:

            def nothing(key: str) -> list[Any]:
                self._looks -= 1
                return []

            return nothing
        return super().__getattr__(name)


def test_a_page_that_the_index_does_not_list_yet_is_not_made_twice(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    notion.fault(match="POST /v1/pages", drop=True, after_commit=True)
    workspace = Lagging(notion.workspace(), looks=2)

    with pytest.raises(publishing.PutOff) as put_off:
        publishing.run(qbr.pk, workspace=workspace, clock=lambda: LATER)  # type: ignore[arg-type]
    publish_again(notion, qbr, at=put_off.value.at)

    assert put_off.value.at == LATER + journal.SETTLES_AFTER
    assert_complete(notion, qbr)


def test_a_page_that_notion_named_is_taken_although_the_index_does_not_list_it(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    notion.fault(match="POST /v1/pages", status=503, after_commit=True)
    workspace = Lagging(notion.workspace(), looks=99)

    publishing.run(qbr.pk, workspace=workspace, clock=lambda: LATER)  # type: ignore[arg-type]

    assert_complete(notion, qbr)


def test_a_page_is_made_again_once_nothing_can_arrive_any_more(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    publication = last(qbr)
    killed_at(notion, qbr, 2, after=False)
    publication.refresh_from_db()
    assert (publication.step, publication.sent, publication.sent_at) == (
        PublishStep.CREATING,
        "create",
        LATER,
    )

    with pytest.raises(publishing.PutOff) as put_off:
        publish_again(notion, qbr, at=LATER + timedelta(seconds=50))
    assert pages(notion) == []
    publish_again(notion, qbr, at=put_off.value.at)

    assert_complete(notion, qbr)


def test_an_append_that_arrives_late_is_not_made_twice(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob, points=LONG)
    real, late = notion.workspace(), []

    class Late(Breaking):
        def __getattr__(self, name: str) -> Callable[..., Any]:
            if name != "append_qbr_body":
                return super().__getattr__(name)

            def append(*args: Any, **kwargs: Any) -> Any:
                late.append(lambda: real.append_qbr_body(*args, **kwargs))
                raise PortError("Gone.", trouble=Trouble.UNAVAILABLE, permanent=False, maybe_written=True)

            return append

    with pytest.raises(publishing.PutOff) as put_off:
        publishing.run(qbr.pk, workspace=Late(real, at=999, after=False), clock=lambda: LATER)  # type: ignore[arg-type]
    assert len(late) == 1
    late[0]()
    publish_again(notion, qbr, at=put_off.value.at)

    assert_complete(notion, qbr)


def test_a_dead_worker_is_replaced_by_the_tick_and_the_page_is_complete_within_two_minutes(
    notion: Connected, harbour: Account, alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    publication = last(qbr)
    killed_at(notion, qbr, 2, after=True)
    now = jobs.timezone.now()
    # A worker that died a minute ago, in the middle of making the page.
    died = now - jobs.LOST_AFTER - timedelta(seconds=1)
    publication.refresh_from_db()
    type(publication).objects.filter(pk=publication.pk).update(sent_at=died)
    job = Job.objects.create(
        task=publishing.TASK, title="Publishing", params={"qbr_id": str(qbr.pk)}, state=JobState.RUNNING,
        attempts=1, started_at=died, heartbeat_at=died, key=f"qbr-publish:{qbr.pk}",
    )  # fmt: skip

    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.recover(now=now) == 1

    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    assert_complete(notion, qbr)


def test_a_job_that_was_put_off_is_queued_and_runs_when_its_time_has_come(
    notion: Connected, harbour: Account, alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob)
    notion.fault(status=503, match="/v1/", times=200)
    with django_capture_on_commit_callbacks(execute=True):
        publishing.resume(qbr, actor=alice, now=LATER)
    job = fresh(qbr).publish_job
    assert job is not None
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert job.due_at is not None
    notion.api("DELETE", "/_sim/faults")

    assert jobs.recover(now=job.due_at - timedelta(seconds=1)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert jobs.recover(now=job.due_at) == 1

    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    assert_complete(notion, qbr)


def test_blocks_that_notion_named_are_known_without_a_wait(
    notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = asked(harbour, csm=alice, manager=bob, points=LONG)
    notion.fault(match="/children", writes=True, status=503, after_commit=True)

    publish_again(notion, qbr)

    assert_complete(notion, qbr)
    (page,) = pages(notion)
    assert last(qbr).block_ids == [block.id for block in notion.workspace().read_qbr_body(page["id"]).blocks]
    assert body_lines(notion, page["id"]).count("Renewal is near.") == 1
