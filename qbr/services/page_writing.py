"""One run of a publication: the calls to the workspace, each from what is known to stand there (SPEC 2.6).

A run may be broken off anywhere and begun again. It knows the journal and what the workspace holds, and looks at
the second whenever the first may lag behind: at its beginning, and after any answer that left something open.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import transaction

from csm_portal.core import audit
from csm_portal.ports.documents import Document
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.qbr_pages import STATUS, QBRBody, QBRPageState
from csm_portal.ports.workspace import QBREntry, QBRPageRef, Workspace
from qbr import stamp, standing
from qbr.document import Content
from qbr.models import Answer, Publication, PublishStep
from qbr.selectors import known_page
from qbr.services import journal, page_finding
from qbr.standing import Plan

log = structlog.get_logger(__name__)

DRAFT, READY = "Draft", "Ready"
# An answer that leaves open whether something was written is followed by a look, and then by another try.
ROUNDS: Final = 4
# Time for Notion to show what it has saved, before the page counts as changed by somebody.
SHOWS_AFTER_SECONDS: Final = 15.0

Progress = Callable[[int, int | None, str], None]
Clock = Callable[[], datetime]


@dataclass(slots=True, kw_only=True)
class Sequence:
    """The calls of one run. ``content`` was proven to be what was approved."""

    publication: Publication
    workspace: Workspace
    content: Content
    entry: QBREntry
    progress: Progress
    clock: Clock
    # Whether the journal is known to say all that the workspace holds: true only right after a call of ours.
    is_in_step: bool = False
    state: QBRPageState | None = field(default=None)

    def all(self) -> QBRPageRef:
        """Bring the page to what was approved and mark it as ready; return it. Raises PortError and Overtaken."""
        for left in reversed(range(ROUNDS)):
            try:
                return self._once()
            except PortError as error:
                self.is_in_step = False
                self._learn(error)
                if error.permanent:
                    self._explain(error)
                if not error.maybe_written or not left:
                    raise
                log.warning("qbr_publish_looks_again", step=self.publication.step, trouble=error.trouble)
        raise AssertionError("The last round returns or raises.")

    @property
    def document(self) -> Document:
        """Return what is written: fixed once the journal holds its heading."""
        return self._document(self.publication.heading)

    @property
    def _seen(self) -> QBRPageState:
        """Return the page as it was when this run began to work on it."""
        if self.state is None:
            self.state = self._look_at(self.publication.page_id)
        return self.state

    def _once(self) -> QBRPageRef:
        self.progress(0, 4, "Looking for the page")
        self._page()
        if self.publication.step not in known_page.PLANNED:
            self._decide()
        elif not self.is_in_step:
            self._check_values()
        self.progress(1, 4, "Writing the text")
        self._bring()
        self.progress(2, 4, "Reading it back")
        body = self._read_back()
        self._look_for_a_second()
        self.progress(3, 4, "Marking it as ready")
        self._mark(body)
        page = self.publication
        return QBRPageRef(id=page.page_id, url=page.page_url, key=self.entry.key, status=READY)

    def _page(self) -> None:
        """Find the page, by its id where it is known and by its key; create it only where there is none."""
        found = self.workspace.find_qbr_pages(self.entry.key)
        known = self.publication.page_id
        if len(found) > 1 or (found and known and found[0].id != known):
            raise page_finding.several(self.publication, found, title=self.entry.title)
        if not known and not found:
            journal.let_settle(self.publication, now=self.clock())
            self._create()
            return
        self.state = self._look_at(known or found[0].id)
        page_finding.check_place(self.state)
        if not known or not self.publication.page_url:
            step = (
                self.publication.step if self.publication.step in known_page.PLANNED else PublishStep.CREATED
            )
            self._write(step=step, page_id=self.state.id, page_url=self.state.url)

    def _create(self) -> None:
        self._intend("create", step=PublishStep.CREATING)
        page, block_ids = self.workspace.create_qbr_page(self.entry, self.document)
        self._write(
            step=PublishStep.WRITING,
            page_id=page.id,
            page_url=page.url,
            block_ids=block_ids,
            sent="",
            retries=0,
        )
        self.state = None
        self.is_in_step = True

    def _look_at(self, page_id: str) -> QBRPageState:
        return page_finding.look_at(self.publication, self.workspace, page_id, now=self.clock())

    def _decide(self) -> None:
        """Hold the page against what the portal left there, and write down what goes and what stays."""
        publication, known = self.publication, known_page.of(self.publication)
        body = self.workspace.read_qbr_body(publication.page_id, without=known.ids)
        is_beside = any(block.id in known.kept for block in body.blocks)
        heading = self._heading() if is_beside else ""
        lines = self._document(heading).plain_lines()
        values = standing.changed_values(self._seen, known, wanted=self._wanted())
        plan = standing.plan(body, known, lines=lines)
        kept_values: list[str] = []
        overwritten: list[str] | None = None
        if plan is None or values:
            question = standing.changed_question(self._seen, body, ours=known.lines, values=values)
            answered = publication.answers.question if publication.answers else {}
            is_as_seen = all(answered.get(part) == question[part] for part in ("seen", "now"))
            if not is_as_seen or publication.answer not in (Answer.BESIDE, Answer.OVERWRITE):
                raise page_finding.changed(question)
            if publication.answer == Answer.BESIDE:
                plan, heading = standing.plan_beside(body, known), self._heading()
                kept_values = [name for name, _, _ in values if name != STATUS]
            else:
                plan, heading, overwritten = standing.plan_anew(body), "", [name for name, _, _ in values]
        self._settle_on(plan, heading, kept_values, overwritten)

    def _settle_on(
        self, plan: Plan, heading: str, kept_values: list[str], overwritten: list[str] | None
    ) -> None:
        publication = self.publication
        with transaction.atomic():
            self._write(
                step=PublishStep.CLEARING,
                heading=heading,
                kept_ids=list(plan.kept),
                doomed=dict(plan.doomed),
                block_ids=list(plan.written),
                kept_properties=kept_values,
                sent="",
            )
            if overwritten is not None:
                # Named by its ids: what customers may read has no place in the audit log.
                audit.record(
                    "qbr.notion_overwritten",
                    publication.qbr,
                    actor=publication.requested_by,
                    at=self.clock(),
                    data={
                        "page": publication.page_id,
                        "blocks_in_trash": list(plan.doomed),
                        "properties": overwritten,
                    },
                )

    def _check_values(self) -> None:
        """Ask where somebody has changed a property since the plan for the page was written down."""
        publication = self.publication
        wanted = self._wanted()
        before = {**wanted, **known_page.of(publication).values}
        answered = publication.answers.question.get("now", {}) if publication.answers else {}
        changed = [
            (name, before.get(name, ""), now)
            for name, now in self._seen.values.items()
            if name not in (STATUS, *publication.kept_properties)
            and now not in (before.get(name), wanted.get(name), answered.get(name))
            and (now or name != "Account")
        ]
        if changed:
            raise page_finding.changed(self._question(self._body(), values=changed))

    def _bring(self) -> None:
        """Take away what is to go, then write what is missing, a call's worth at a time."""
        publication, document = self.publication, self.document
        total = self.workspace.count_qbr_blocks(document)
        doomed = [] if self.is_in_step else self._look_for_ours(document, total=total)
        if doomed or len(publication.block_ids) < total:
            self._as_draft()
        for place, block_id in enumerate(doomed):
            self.progress(1, 4, f"Taking the earlier text off the page: {place} of {len(doomed)} blocks")
            self._intend("remove", step=PublishStep.CLEARING)
            self.workspace.remove_qbr_block(block_id)
        if publication.step == PublishStep.CLEARING:
            self._write(step=PublishStep.WRITING, sent="", retries=0)
        while (after := len(publication.block_ids)) < total:
            self.progress(1, 4, f"Writing the text: {after} of {total} blocks stand")
            self._intend("append", step=PublishStep.WRITING)
            appended = self.workspace.append_qbr_body(publication.page_id, document, after=after)
            self._write(block_ids=[*publication.block_ids, *appended], sent="", retries=0)
        self._write(step=PublishStep.BODY_DONE, sent="")
        self.is_in_step = True

    def _look_for_ours(self, document: Document, *, total: int) -> list[str]:
        """Write down which blocks of this version stand, and return those that are still to go."""
        publication = self.publication
        body = self._body()
        not_ours = self._not_ours()
        rest = [block.id for block in body.blocks if block.id not in not_ours]
        is_arrived = publication.sent != "append" or len(rest) > len(publication.block_ids)
        if not is_arrived and len(rest) < total:
            journal.let_settle(publication, now=self.clock())
        if not self._is_as_written(body, rest, document):
            raise page_finding.changed(self._question(body))
        if rest != publication.block_ids or publication.sent:
            self._write(block_ids=rest, sent="")
        return [block.id for block in body.blocks if block.id in publication.doomed]

    def _as_draft(self) -> None:
        """Let the page read as unfinished before it is: nobody in Notion must take half a body for the whole."""
        if self.state is None:
            return  # A page that this run has made is a draft.
        if self.state.status == DRAFT:
            return
        others = [name for name in self.state.values if name != STATUS]
        self._intend("draft", step=PublishStep(self.publication.step))
        self.state = self.workspace.update_qbr_page(
            self.publication.page_id, self.entry, status=DRAFT, leave=others
        )

    def _read_back(self) -> QBRBody:
        """Return the page's body as it stands, proven to say what was approved and nothing else of ours."""
        body = self._body()
        if list(body.lines) != self.document.plain_lines():
            # The next run looks again, and asks if it is still so.
            raise PortError(
                "Notion does not show the page yet as the portal has written it. The portal looks again.",
                trouble=Trouble.UNAVAILABLE,
                permanent=False,
                retry_after=SHOWS_AFTER_SECONDS,
            )
        return body

    def _look_for_a_second(self) -> None:
        found = self.workspace.find_qbr_pages(self.entry.key)
        if any(page.id != self.publication.page_id for page in found):
            raise page_finding.several(self.publication, found, title=self.entry.title)

    def _mark(self, body: QBRBody) -> None:
        publication = self.publication
        self._intend("ready", step=PublishStep.BODY_DONE)
        self.state = self.workspace.update_qbr_page(
            publication.page_id, self.entry, status=READY, leave=publication.kept_properties
        )
        self._write(
            step=PublishStep.READY,
            # The address of a page follows its title.
            page_url=self.state.url,
            sent="",
            standing=standing.record(body.blocks, kept=publication.kept_ids, state=self.state),
        )

    def _body(self) -> QBRBody:
        return self.workspace.read_qbr_body(self.publication.page_id, without=self._not_ours())

    def _not_ours(self) -> set[str]:
        return {*self.publication.kept_ids, *self.publication.doomed}

    def _is_as_written(self, body: QBRBody, rest: list[str], document: Document) -> bool:
        """Tell whether nobody has had a hand in the page since the plan for it was written down."""
        doomed = self.publication.doomed
        untouched = all(doomed.get(block.id, block.fingerprint) == block.fingerprint for block in body.blocks)
        return (
            untouched
            and set(self.publication.block_ids) <= set(rest)
            and standing.is_beginning(body.lines, document.plain_lines())
        )

    def _question(self, body: QBRBody, *, values: Iterable[tuple[str, str, str]] = ()) -> dict[str, Any]:
        return standing.changed_question(self._seen, body, ours=self.document.plain_lines(), values=values)

    def _explain(self, error: PortError) -> None:
        """Say what became of the page where that is why a write was refused."""
        is_of_page = self.publication.page_id and self.publication.sent
        if is_of_page and error.trouble in (Trouble.INVALID, Trouble.NOT_FOUND):
            page_finding.check_place(self._look_at(self.publication.page_id))

    def _learn(self, error: PortError) -> None:
        """Keep when an answer left something open, and the ids that Notion named of what it saved all the same."""
        publication = self.publication
        if error.maybe_written and publication.sent:
            # It may have waited for its turn: it left at the latest now.
            self._write(sent_at=self.clock())
        if publication.sent == "create" and error.committed_id and not publication.page_id:
            self._write(page_id=error.committed_id)
        elif publication.sent == "append" and error.committed_child_ids:
            self._write(block_ids=[*publication.block_ids, *error.committed_child_ids], sent="")

    def _wanted(self) -> dict[str, str]:
        score = self.entry.health_score
        return {
            "Title": self.entry.title,
            "Account": self.entry.account_id,
            "Quarter": self.entry.quarter,
            "Health Score": "" if score is None else str(score),
            "Created Date": self.entry.created_on.isoformat(),
            "QBR Key": self.entry.key,
        }

    def _heading(self) -> str:
        zone = self.publication.qbr.account.tenant.zone
        return stamp.heading(
            version=self.publication.version, on=self.publication.started_at.astimezone(zone).date()
        )

    def _document(self, heading: str) -> Document:
        return stamp.document(self.content, heading=heading, stamp=self.publication.stamp)

    def _write(self, **columns: Any) -> None:
        journal.write(self.publication, **columns)

    def _intend(self, what: str, *, step: PublishStep) -> None:
        journal.intend(self.publication, what, step=step, at=self.clock())
