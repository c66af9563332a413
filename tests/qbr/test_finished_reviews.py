"""The demo's finished reviews: laid down at once, and no different from those that went through the services."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.urls import reverse

from accounts.models import Account
from csm_portal import wiring
from csm_portal.core.models import AuditEvent, Tenant, User
from csm_portal.demo import finished_reviews
from csm_portal.demo.finished_reviews import Finished
from qbr import audience
from qbr.models import QBR, Commitment, Origin, Publication
from qbr.quarters import Quarter
from qbr.selectors import current
from qbr.services import drafting, publishing, review
from qbr.workflow import State
from tests.conftest import signed_in
from tests.qbr.conftest import NOW
from tests.qbr.published import body_lines, expected_lines, pages, status
from tests.qbr.reviews import approve, fresh, write_more, writers
from tests.workspace import Connected

pytestmark = pytest.mark.django_db

# The one before the quarter of NOW, of which the account has a score.
QUARTER = Quarter(year=2026, number=1)
# Of a publication that read back what stood, and of one whose run was watched.
_NOT_LAID_DOWN = {"standing", "block_ids", "sent_at"}


def a_finished(account: Account, csm: User, manager: User) -> Finished:
    begun = NOW - timedelta(days=20)
    return Finished(
        account=account,
        owner=csm,
        approver=manager,
        begun_at=begun,
        submitted_at=begun + timedelta(days=2),
        approved_at=begun + timedelta(days=3),
        published_at=begun + timedelta(days=4),
    )


def served(one: Finished) -> QBR:
    """The same course through the services."""
    qbr = drafting.begin(
        one.account, quarter=QUARTER, actor=one.owner, origin=Origin.ON_DEMAND, now=one.begun_at
    )
    drafting.draft(qbr.pk, writers=writers(), now=one.begun_at, version=0)
    qbr = review.submit(qbr, actor=one.owner, version=1, now=one.submitted_at)
    text = current.latest(qbr)
    assert text is not None
    qbr = review.approve(
        qbr, content_hash=text.revision.content_hash, actor=one.approver, version=2, now=one.approved_at
    )
    publishing.ask(qbr, actor=one.owner, version=3, now=one.published_at)
    publishing.run(qbr.pk, workspace=wiring.workspace(), clock=lambda: one.published_at)
    return QBR.objects.select_related("account__tenant").get(pk=qbr.pk)


def laid_down(one: Finished, tenant: Tenant, *, is_settled: bool = False) -> QBR:
    left = finished_reviews.lay_down(
        [one],
        quarter=QUARTER,
        tenant=tenant,
        templates=wiring.writers().fallback,
        workspace=wiring.workspace(),
        is_settled=is_settled,
    )
    assert left == []
    return QBR.objects.select_related("account__tenant").get(account=one.account)


def shape(row: models.Model, *, without: Collection[str] = ()) -> dict[str, Any]:
    """What a row says but for names and words of its own account."""
    own = {"id", "account", "qbr", "key", "event_id", "request_id", "revision", "draft_job", "publish_job"}
    told = {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in own | set(without)
    }
    for name, value in told.items():
        if "hash" in name or name in (
            "notion_page_id",
            "notion_url",
            "page_id",
            "page_url",
            "content",
            "stamp",
        ):
            told[name] = bool(value)
    return told


def said(event: AuditEvent) -> tuple[Any, ...]:
    return event.verb, event.actor_id, event.actor_name, event.at, event.object_type, set(event.data)


def events(qbr: QBR) -> list[tuple[Any, ...]]:
    return [said(one) for one in AuditEvent.objects.filter(object_id=str(qbr.pk)).order_by("pk")]


@pytest.fixture
def pair(scoped: Tenant, notion: Connected, harbour: Account, alice: User, bob: User) -> tuple[QBR, QBR]:
    """A review that went through the services, and one of another account of the same course that was laid down."""
    one = a_finished(harbour, alice, bob)
    peer = Account.objects.exclude(pk=harbour.pk).order_by("name").select_related("tenant", "owner")[0]
    Account.objects.filter(pk=peer.pk).update(owner=alice, renewal_on=harbour.renewal_on)
    peer.refresh_from_db()
    return served(one), laid_down(replace(one, account=peer), scoped)


def test_what_is_laid_down_is_what_the_services_leave(pair: tuple[QBR, QBR]) -> None:
    by_services, at_once = pair

    assert at_once.state == State.PUBLISHED
    assert shape(at_once) == shape(by_services)
    assert events(at_once) == events(by_services)
    for related in ("transitions", "revisions", "draft_fates"):
        rows, expected = (
            [shape(row, without={"words"}) for row in getattr(qbr, related).order_by("pk")]
            for qbr in (at_once, by_services)
        )
        assert sorted(rows, key=str) == sorted(expected, key=str), related
    assert {fact.fact_id for fact in at_once.facts.all()} >= {"account.name", "health.score_now"}
    assert [shape(one, without=_NOT_LAID_DOWN) for one in Publication.objects.filter(qbr=at_once)] == [
        shape(one, without=_NOT_LAID_DOWN) for one in Publication.objects.filter(qbr=by_services)
    ]
    assert Commitment.objects.filter(qbr=at_once, outcome="").exists()


def test_its_page_stands_in_notion_word_for_word(pair: tuple[QBR, QBR], notion: Connected) -> None:
    _, at_once = pair
    publication = Publication.objects.get(qbr=at_once)

    assert [status(page) for page in pages(notion)] == ["Ready", "Ready"]
    assert body_lines(notion, at_once.notion_page_id) == expected_lines(publication)


def test_its_text_is_traced_and_fit_for_customers(pair: tuple[QBR, QBR]) -> None:
    _, at_once = pair
    text = current.latest(at_once)

    assert text is not None
    assert text.open_findings == 0
    assert audience.leaks(text.content, text.facts, notes=at_once.account.notes) == ()
    # Nothing was known later than on the day of the draft.
    begun_on = at_once.created_at.date()
    assert all(fact.as_of <= begun_on for fact in text.facts.values())


def test_it_can_be_changed_and_published_to_the_same_page(
    pair: tuple[QBR, QBR], notion: Connected, alice: User, bob: User
) -> None:
    _, at_once = pair
    assert signed_in(alice).get(reverse("qbr", args=[at_once.pk])).status_code == 200

    write_more(at_once, "They begin with the drivers.", by=alice)
    qbr = review.submit(fresh(at_once), actor=alice, version=fresh(at_once).version, now=NOW)
    qbr = approve(qbr, by=bob)
    publishing.ask(qbr, actor=alice, version=qbr.version, now=NOW)
    publishing.run(qbr.pk, workspace=wiring.workspace(), clock=lambda: NOW)

    qbr = fresh(qbr)
    assert (qbr.state, qbr.notion_page_id) == (State.PUBLISHED, at_once.notion_page_id)
    assert "They begin with the drivers." in body_lines(notion, qbr.notion_page_id)


def test_what_was_agreed_is_scored_where_the_next_review_is_there(
    scoped: Tenant, notion: Connected, harbour: Account, alice: User, bob: User
) -> None:
    qbr = laid_down(a_finished(harbour, alice, bob), scoped, is_settled=True)

    assert qbr.commitments.count() >= 2
    assert not qbr.commitments.filter(outcome="").exists()
