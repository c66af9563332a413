"""What the page of a review says of its publishing, and what it asks (SPEC 2.6, 6.2)."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from csm_portal.core.models import Job, JobState, Tenant, User
from qbr.models import QBR, Publication, PublishStep
from qbr.services import journal, publishing
from qbr.workflow import State
from tests.conftest import signed_in
from tests.qbr.published import (
    account_in_notion,
    add_by_hand,
    ask_again,
    asked,
    assert_complete,
    body_lines,
    last,
    pages,
    publish_again,
    reapproved,
)
from tests.qbr.reviews import fresh
from tests.workspace import Connected, connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def notion(tenant: Tenant, tmp_path: Path, settings: Any) -> Connected:
    """A workspace without the accounts that a drafted review would be compared with."""
    return connected(tenant, tmp_path, settings)


@pytest.fixture
def qbr(scoped: Tenant, notion: Connected, alice: User, bob: User) -> QBR:
    """A small review that waits to be published."""
    harbour: Account = account_in_notion(notion, owner=alice)
    return asked(harbour, csm=alice, manager=bob)


@pytest.fixture
def client(alice: User) -> Client:
    return signed_in(alice)


def shown(client: Client, qbr: QBR) -> str:
    answer = client.get(reverse("qbr", args=[qbr.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def run_job(qbr: QBR, on_commit: Any) -> None:
    """Let the queue run what was asked for."""
    with on_commit(execute=True):
        publishing.resume(fresh(qbr), actor=qbr.approved_by, now=timezone.now())  # type: ignore[arg-type]


def test_a_publication_that_was_put_off_says_why_and_when_it_goes_on(
    notion: Connected, qbr: QBR, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    notion.fault(status=503, match="/v1/", times=200)
    run_job(qbr, django_capture_on_commit_callbacks)

    html = shown(client, qbr)

    assert "Notion is not available at the moment" in html
    assert re.search(r"The portal goes on by itself at \d\d:\d\d\.", html)
    assert "Nothing of this version stands in Notion yet." in html
    assert "Try now" in html
    assert "Waiting for its turn" not in html
    notion.api("DELETE", "/_sim/faults")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("qbr-publish-again", args=[qbr.pk]), {"version": fresh(qbr).version})
    assert_complete(notion, qbr)


def test_after_half_an_hour_the_page_offers_to_try_again(
    notion: Connected, qbr: QBR, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    Publication.objects.update(retries=len(journal.PAUSES))
    notion.fault(status=503, match="/v1/", times=200)
    job = qbr.publish_job
    assert job is not None
    Job.objects.filter(pk=job.pk).update(state=JobState.QUEUED, due_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        publishing.jobs.recover(now=timezone.now())

    html = shown(client, qbr)

    assert "has tried for half an hour by itself and has stopped" in html
    assert "Try again" in html
    notion.api("DELETE", "/_sim/faults")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("qbr-publish-again", args=[qbr.pk]), {"version": fresh(qbr).version})
    assert_complete(notion, qbr)


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        (timedelta(seconds=5), "Writing the text: 100 of 130 blocks stand."),
        (
            timedelta(seconds=45),
            "The worker that was at it has stopped. Another one takes it up within two minutes.",
        ),
    ],
)
def test_a_worker_that_was_killed_is_told_of_in_true_words(
    silent: timedelta, words: str, qbr: QBR, client: Client
) -> None:
    Publication.objects.update(step=PublishStep.WRITING, runs=1)
    Job.objects.filter(pk=qbr.publish_job_id).update(
        state=JobState.RUNNING,
        started_at=timezone.now() - timedelta(minutes=1),
        heartbeat_at=timezone.now() - silent,
        progress_message="Writing the text: 100 of 130 blocks stand",
    )

    html = shown(client, qbr)
    polled = client.get(
        reverse("qbr-progress", args=[qbr.pk]), headers={"HX-Request": "true"}
    ).content.decode()

    for text in (html, polled):
        assert words in text
        assert "The page in Notion reads as a draft, with part of its text." in text
        assert "Unknown" not in text
        assert "Waiting for its turn" not in text


@pytest.mark.parametrize(("runs", "words"), [(0, "Publishing begins as soon"), (1, "It goes on as soon")])
def test_a_publication_in_the_queue_says_whether_it_was_interrupted(
    runs: int, words: str, qbr: QBR, client: Client
) -> None:
    Publication.objects.update(runs=runs)
    Job.objects.filter(pk=qbr.publish_job_id).update(state=JobState.QUEUED, attempts=runs)

    html = shown(client, qbr)

    assert f"{words} as a worker is free." in html or f"{words} a worker is free." in html
    assert "Unknown" not in html


def test_the_page_has_one_heading_of_the_first_level(notion: Connected, qbr: QBR, client: Client) -> None:
    publish_again(notion, qbr)

    assert len(re.findall(r"<h1[ >]", shown(client, qbr))) == 1


@pytest.fixture
def changed(notion: Connected, qbr: QBR, alice: User, bob: User) -> QBR:
    """A second version whose page somebody has written on."""
    publish_again(notion, qbr)
    add_by_hand(notion, pages(notion)[0]["id"], "Mine <b>.")
    again = ask_again(reapproved(qbr, "second", csm=alice, manager=bob), by=alice)
    with pytest.raises(publishing.Stopped):
        publish_again(notion, again)
    return fresh(again)


def answer(client: Client, qbr: QBR, **data: Any) -> int:
    sent = {"version": qbr.version, "question": str(last(qbr).pk), **data}
    return client.post(reverse("qbr-answer", args=[qbr.pk]), sent).status_code


def test_a_changed_page_is_shown_beside_ours_with_three_answers(
    notion: Connected, changed: QBR, client: Client, ada: User
) -> None:
    html = shown(client, changed)

    assert "Somebody has changed the page in Notion" in html
    assert '<li class="is-added"><span class="visually-hidden">Added: </span>Mine &lt;b&gt;.</li>' in html
    assert re.findall(r'name="answer" value="(\w+)"', html) == ["keep", "beside", "overwrite"]
    assert changed.notion_url in html
    assert 'name="answer"' not in shown(signed_in(ada), changed)


def test_keep_theirs_by_a_click(notion: Connected, changed: QBR, client: Client) -> None:
    lines = body_lines(notion, changed.notion_page_id)

    assert answer(client, changed, answer="keep") == 302

    html = shown(client, changed)
    assert "this version is not published there" in html
    assert "left the page in Notion as it is" in html
    assert 'name="answer"' not in html
    assert body_lines(notion, changed.notion_page_id) == lines


def test_publish_beside_by_a_click(
    notion: Connected, changed: QBR, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert answer(client, changed, answer="beside") == 302

    assert fresh(changed).state == State.PUBLISHED
    lines = body_lines(notion, changed.notion_page_id)
    assert lines[lines.index("Mine <b>.") + 1].startswith("Version 2, ")


def test_overwriting_needs_a_confirmation(
    notion: Connected, changed: QBR, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    before = body_lines(notion, changed.notion_page_id)
    refused = client.post(
        reverse("qbr-answer", args=[changed.pk]),
        {"version": changed.version, "question": str(last(changed).pk), "answer": "overwrite"},
    )
    assert refused.status_code == 422
    assert "Confirm that what somebody wrote" in refused.content.decode()
    assert body_lines(notion, changed.notion_page_id) == before

    with django_capture_on_commit_callbacks(execute=True):
        assert answer(client, changed, answer="overwrite", confirmed="on") == 302

    assert_complete(notion, changed)


def test_an_answer_to_another_question_is_refused(changed: QBR, client: Client) -> None:
    for sent in ({"question": str(changed.pk), "answer": "keep"}, {"answer": "new_page"}, {"answer": "burn"}):
        assert answer(client, changed, **sent) in (409, 422)
    assert fresh(changed).state == State.APPROVED


def test_two_pages_of_one_review_are_named_with_a_link_to_each(
    notion: Connected, qbr: QBR, client: Client, alice: User
) -> None:
    publish_again(notion, qbr)
    (page,) = pages(notion)
    key = {"QBR Key": {"rich_text": page["properties"]["QBR Key"]["rich_text"]}}
    copy = notion.api("POST", "/v1/pages", {"parent": page["parent"], "properties": key})
    QBR.objects.filter(pk=qbr.pk).update(state=State.APPROVED)
    again = ask_again(qbr, by=alice)
    with pytest.raises(publishing.Stopped, match="Notion holds 2 pages"):
        publish_again(notion, again)

    html = shown(client, again)

    assert page["url"] in html
    assert copy["url"] in html
    assert 'name="answer"' not in html
