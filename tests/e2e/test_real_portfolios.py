"""Whole portfolios of real customers: file, workspace, mirror, score, and a review out to the workspace and back."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Account, AccountHealth, HealthScore, SyncRun, SyncState
from benchmarks.soak import ground
from csm_portal import wiring
from csm_portal.core import jobs
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import tenant_scope
from csm_portal.demo import tenants
from csm_portal.ports.documents import Document
from qbr.document import Content
from qbr.models import QBR, Origin
from qbr.quarters import quarter_of
from qbr.services import drafting, publishing, review
from qbr.workflow import NotAllowed, State

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not DATA.is_dir(), reason="The public portfolios are not here (../shared/data)."),
]


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    """A file: the gate's own connection and the test's would trip over each other in a database in memory."""
    with ground.own_database("filled", folder=tmp_path):
        yield


@pytest.mark.parametrize("name", ["online_retail_2011-06-09", "iranian_telco", "ravenstack_2024-09-30"])
def test_every_row_is_mirrored_and_scored_and_a_review_comes_back_as_it_was_approved(simulator, name, capsys):
    data = DATA / name / "accounts.csv"
    with data.open(encoding="utf-8", newline="") as file:
        rows = {row["account_id"]: row["account_name"] for row in csv.DictReader(file)}

    call_command("fill_demo", simulator=simulator.file, data=data)

    assert capsys.readouterr().err == ""
    assert simulator.count("pages") == len(rows)
    with tenant_scope(Tenant.objects.get()):
        run = SyncRun.objects.get()
        assert (run.state, run.created, run.failed) == (SyncState.DONE, len(rows), 0)
        assert Counter(Account.objects.values_list("name", flat=True)) == Counter(rows.values())
        assert AccountHealth.objects.count() == HealthScore.objects.count() == len(rows)
        bands = Counter(AccountHealth.objects.values_list("effective_band", flat=True))
        assert bands.total() == len(rows)
        assert len(bands) >= 2
        published = _reviewed(_worst())
        *text, stamp = _published_lines(published)
        assert text == _approved(published).plain_lines()
        assert stamp.endswith(published.approved_hash)
        assert simulator.count("pages") == len(rows) + 1


def _worst() -> Account:
    return Account.objects.select_related("owner", "tenant").order_by("health__score", "name")[0]


def _reviewed(account: Account) -> QBR:
    """Draft a review, have a second person approve it, and publish it."""
    csm, manager = account.owner, tenants.person("manager")
    assert isinstance(csm, User)
    assert csm != manager
    quarter = quarter_of(timezone.now().date()).previous
    qbr = drafting.begin(account, quarter=quarter, actor=csm, origin=Origin.ON_DEMAND, now=timezone.now())
    jobs.run(str(qbr.draft_job_id))
    qbr.refresh_from_db()
    assert qbr.state == State.DRAFT, qbr.trouble
    review.submit(qbr, actor=csm, version=qbr.version, now=timezone.now())
    qbr.refresh_from_db()
    shown = qbr.revisions.order_by("-number")[0].content_hash
    with pytest.raises(NotAllowed):
        review.approve(qbr, content_hash=shown, actor=csm, version=qbr.version, now=timezone.now())
    review.approve(qbr, content_hash=shown, actor=manager, version=qbr.version, now=timezone.now())
    qbr.refresh_from_db()
    publishing.ask(qbr, actor=csm, version=qbr.version, now=timezone.now())
    qbr.refresh_from_db()
    jobs.run(str(qbr.publish_job_id))
    qbr.refresh_from_db()
    assert qbr.state == State.PUBLISHED, qbr.trouble
    assert qbr.published_hash == qbr.approved_hash == shown
    return qbr


def _approved(qbr: QBR) -> Document:
    revision = qbr.revisions.get(content_hash=qbr.approved_hash)
    return Content.from_json(revision.content).document()


def _published_lines(qbr: QBR) -> list[str]:
    return wiring.workspace().read_qbr_lines(qbr.notion_page_id)
