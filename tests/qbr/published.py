"""What publishing left in a simulated workspace, and ways to break it off: for the tests of the publisher."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account
from benchmarks import approved
from csm_portal.core.models import User
from csm_portal.ports.workspace import QBRPageRef, Workspace
from qbr import stamp
from qbr.document import Content
from qbr.models import QBR, Publication, PublishEnd
from qbr.services import journal, publishing
from qbr.workflow import State
from tests.factories import make_account
from tests.qbr.conftest import LATER
from tests.qbr.reviews import fresh, job_is_done, says
from tests.workspace import Connected


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
        if name == "count_qbr_blocks":
            return real  # It asks nobody.

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
    """Every entry of the QBR database that is neither archived nor in the trash."""
    path = f"/v1/data_sources/{notion.seeded.qbr_data_source_id}/query"
    return notion.api("POST", path, {})["results"]


def status(page: dict[str, Any]) -> str:
    name: str = page["properties"]["Status"]["select"]["name"]
    return name


def last(qbr: QBR) -> Publication:
    """The review's last publication."""
    return Publication.objects.filter(qbr=qbr).order_by("-qbr_version")[0]


def expected_lines(publication: Publication) -> list[str]:
    """What was approved, word for word, between the lines that stand around it."""
    content = Content.from_json(publication.revision.content)
    return stamp.document(content, heading=publication.heading, stamp=publication.stamp).plain_lines()


def body_lines(notion: Connected, page_id: str) -> list[str]:
    return notion.workspace().read_qbr_lines(page_id)


def assert_complete(notion: Connected, qbr: QBR) -> None:
    """One page, Ready, that says word for word what was approved, and by whom."""
    qbr = fresh(qbr)
    (page,) = pages(notion)
    published = last(qbr)
    assert status(page) == "Ready"
    lines = body_lines(notion, page["id"])
    assert lines == expected_lines(published)
    assert lines[:-1] == says(qbr).content.document().plain_lines()
    assert qbr.approved_hash in lines[-1]
    assert (qbr.state, qbr.notion_url, qbr.trouble) == (State.PUBLISHED, page["url"], "")
    assert qbr.published_hash == qbr.approved_hash == says(qbr).revision.content_hash
    assert published.end == PublishEnd.PUBLISHED


def publish_again(notion: Connected, qbr: QBR, *, at: datetime = LATER) -> QBRPageRef | None:
    """Run what is waiting, at a moment."""
    return publishing.run(qbr.pk, workspace=notion.workspace(), clock=lambda: at)


def long_after(minutes: int = 5) -> datetime:
    """A moment at which nothing that was sent before can still arrive."""
    return LATER + timedelta(minutes=minutes)


def finish(notion: Connected, qbr: QBR, *, at: datetime) -> datetime:
    """Run what is waiting as often as it puts itself off; return when it was done."""
    for _ in journal.PAUSES:
        try:
            publish_again(notion, qbr, at=at)
        except publishing.PutOff as put_off:
            at = put_off.at
        else:
            return at
    raise AssertionError("The publication never came to an end.")


def account_in_notion(notion: Connected, *, owner: User) -> Account:
    """An account that has a row in the workspace, without a scan."""
    (page_id,) = notion.add_accounts({"name": "Harbour Logistics"})
    return make_account(name="Harbour Logistics", owner=owner, notion_page_id=page_id)


def asked(account: Account, *, csm: User, manager: User, points: int = 3) -> QBR:
    """A small review that waits to be published; with more than 90 points its text takes two calls."""
    return ask_again(approved.review(account, csm=csm, manager=manager, points=points), by=csm)


def reapproved(qbr: QBR, word: str, *, csm: User, manager: User) -> QBR:
    """The review with another text, approved."""
    qbr = fresh(qbr)
    return approved.approve(qbr, approved.content(qbr.account.name, word=word), csm=csm, manager=manager)


def ask_again(qbr: QBR, *, by: User, **answer: Any) -> QBR:
    """Ask for publishing, with an answer where one is given."""
    qbr = fresh(qbr)
    publication = publishing.ask(qbr, actor=by, version=qbr.version, now=LATER, **answer)
    job_is_done(publication.qbr.publish_job)
    return fresh(qbr)


def add_by_hand(notion: Connected, page_id: str, words: str = "By hand.", **position: Any) -> str:
    """Add a paragraph to a page as a person would; return its id."""
    block = {"type": "paragraph", "paragraph": {"rich_text": [{"type": "text", "text": {"content": words}}]}}
    answer = notion.api("PATCH", f"/v1/blocks/{page_id}/children", {"children": [block], **position})
    added: str = answer["results"][0]["id"]
    return added
