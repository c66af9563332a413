"""Keeps the CSM Profile, a sub-page under an account's page that the portal shares with people (SPEC 2.7).

``ask`` is the click, ``update`` what the job does; it may be broken off anywhere and run again. It knows what it wrote
down (``CSMProfile``: the page, the ids of its own blocks, a call under way) and what the page says, which it reads
before it writes and again after. What is to be done follows from the two (``accounts.shared_page``), so that a run
that died, an answer that never came and a person at work on the page are all the same case: look, then do what is
missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import F

from accounts import profile, shared_page
from accounts.models import Account, CSMProfile, ProfileState
from accounts.profile import ProfileFacts
from accounts.shared_page import Own, Page, Plan
from csm_portal.core import audit, jobs
from csm_portal.core.models import Job, User
from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.profiles import TITLE, NewBlock, SubPage
from csm_portal.ports.workspace import Workspace

log = structlog.get_logger(__name__)

# A task that knows the account's QBRs too, which this app does not.
TASK: Final = "csm_portal.pages.profile.update"
# How often a run looks again after an answer that left something open, or after somebody else moved first.
ROUNDS: Final = 5

Progress = Callable[[int, int | None, str], None]


class Stopped(PortError):
    """The profile cannot be written before a person has done something; the message says what."""

    def __init__(self, message: str, *, is_lost: bool = False) -> None:
        super().__init__(message, trouble=Trouble.CONFLICT, permanent=True)
        self.is_lost = is_lost


class Overtaken(Exception):
    """Another run has taken this profile over; this one leaves it alone."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What an update came to: blocks by what was done with them, and whether the page was made."""

    url: str = ""
    made: bool = False
    changed: int = 0
    added: int = 0
    removed: int = 0
    # Blocks of the portal's that somebody had written into: theirs now.
    handed_over: set[str] = field(default_factory=set)

    @property
    def has_written(self) -> bool:
        return self.made or bool(self.changed or self.added or self.removed)

    def counts(self) -> dict[str, Any]:
        """Return JSON values for the audit log."""
        return {
            "made": self.made,
            "changed": self.changed,
            "added": self.added,
            "removed": self.removed,
            "handed_over": len(self.handed_over),
        }


@transaction.atomic
def ask(account: Account, *, actor: User | None, now: datetime, anew: bool = False) -> Job:
    """Ask for the job that brings the profile up to date.

    ``anew`` is a person's word that a page which is gone may be made a second time.
    """
    kept, _ = CSMProfile.objects.get_or_create(account=account)
    if anew and kept.state == ProfileState.LOST:
        CSMProfile.objects.filter(pk=kept.pk).update(
            state=ProfileState.WANTED,
            page_id="",
            page_url="",
            blocks=[],
            appending=None,
            facts_hash="",
            runs=F("runs") + 1,
        )
    job = jobs.enqueue(
        TASK,
        tenant=account.tenant,
        title=f"CSM Profile of {account.name}"[:200],
        now=now,
        params={"account": str(account.pk)},
        requested_by=actor,
        key=f"csm-profile:{account.pk}",
    )
    CSMProfile.objects.filter(pk=kept.pk).update(job=job, requested_by=actor, trouble="")
    audit.record("profile.requested", account, actor=actor, at=now, data={"anew": anew})
    return job


def update(
    account: Account,
    *,
    facts: ProfileFacts,
    workspace: Workspace,
    today: date,
    now: datetime,
    actor: User | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Make the portal's part of the profile say what is known today; return what that took.

    Where neither the facts have changed nor anybody has touched the portal's blocks, nothing is written. What people
    wrote stays as it is and where it is. Raises PortError, the reason kept with the profile; Overtaken where another
    run is at it.
    """
    kept, _ = CSMProfile.objects.get_or_create(account=account)
    CSMProfile.objects.filter(pk=kept.pk).update(runs=F("runs") + 1)
    kept.refresh_from_db()
    facts_hash = facts.hash()
    # With the same facts only the ages would differ: they stay as of the day on which they were written.
    as_of = kept.as_of if kept.as_of and kept.facts_hash == facts_hash else today
    work = _Update(
        account=account,
        kept=kept,
        workspace=workspace,
        wanted=workspace.render_blocks(profile.document(facts, as_of=as_of)),
        tell=progress or (lambda done, total, message: None),
    )
    try:
        work.do()
    except PortError as error:
        _note(kept, error)
        raise
    _written(work, facts_hash=facts_hash, as_of=as_of, actor=actor, now=now)
    return work.outcome


@dataclass(slots=True, kw_only=True)
class _Update:
    """The calls of one run, each of which is written down before it is made and after it was answered."""

    account: Account
    kept: CSMProfile
    workspace: Workspace
    wanted: Sequence[NewBlock]
    tell: Progress
    outcome: Outcome = field(default_factory=Outcome)
    own_id: str = ""

    def do(self) -> None:
        for left in reversed(range(ROUNDS)):
            try:
                self._once()
            except PortError as error:
                if error.committed_id and not self.kept.page_id:
                    self._journal(page_id=error.committed_id)
                if not left or not _is_worth_a_look(error):
                    raise
                log.warning(
                    "profile_looks_again", account_id=str(self.account.pk), trouble=error.trouble.value
                )
            else:
                return

    def _once(self) -> None:
        self.tell(0, 3, "Looking for the page")
        page = self._page()
        self._journal(state=ProfileState.WRITING, page_id=page.id, page_url=page.url)
        self.outcome.url = page.url
        self.tell(1, 3, "Reading what stands there")
        for _ in range(ROUNDS):
            standing = self._recognised()
            todo = shared_page.plan(standing, self.wanted)
            if todo.is_empty:
                return
            self.tell(2, 3, "Writing what changed")
            self._carry_out(todo, standing)
        raise Stopped(
            "Somebody is at work on the CSM Profile in Notion, so the portal stopped. Update it again in a while."
        )

    def _page(self) -> SubPage:
        """Return the page, by its id or by a look under the account's page; make it only where there is none."""
        if self.kept.page_id:
            return self._known_page()
        found = self.workspace.find_sub_pages(self.account.notion_page_id, TITLE)
        if len(found) > 1 and self.kept.state == ProfileState.CREATING:
            found = [page for page in found if page.made_by == self._own_id()]
        if len(found) > 1:
            raise Stopped(
                f"The account's page in Notion holds {len(found)} pages called “{TITLE}”. Delete or rename all but one, "
                "then update it again."
            )
        if found:
            return found[0]
        self._journal(state=ProfileState.CREATING)
        page = self.workspace.create_sub_page(self.account.notion_page_id, TITLE)
        self.outcome.made = True
        return page

    def _known_page(self) -> SubPage:
        try:
            page = self.workspace.get_sub_page(self.kept.page_id)
        except PortError as error:
            if error.trouble is not Trouble.NOT_FOUND:
                raise
            raise Stopped(
                "The CSM Profile is gone from Notion, or no longer shared with the integration. Restore or share it there; "
                "or let the portal make a new one.",
                is_lost=True,
            ) from error
        if page.is_in_trash:
            raise Stopped(
                "The CSM Profile is in Notion's trash. Restore it there; or let the portal make a new one.",
                is_lost=True,
            )
        others = Account.objects.filter(notion_page_id=page.parent_id).exclude(pk=self.account.pk)
        if other := others.first():
            raise Stopped(
                f"The CSM Profile was moved to the page of “{other.name}” in Notion. Move it back under the account's own "
                "page, then update it again; or let the portal make a new one.",
                is_lost=True,
            )
        return page

    def _recognised(self) -> Page:
        """Read the page and tell ours from theirs; a block that somebody wrote into is theirs from now on."""
        own = [Own.from_json(one) for one in self.kept.blocks]
        appending = self.kept.appending or []
        made_by = self._own_id() if appending else ""
        standing = self.workspace.read_blocks(
            self.kept.page_id, whole={one.id for one in own}, made_by=made_by
        )
        page = shared_page.recognise(standing, own, appending=appending, made_by=made_by)
        self.outcome.handed_over.update(page.handed_over)
        self._journal(blocks=[one.to_json() for one in page.own], appending=None)
        return page

    def _carry_out(self, todo: Plan, page: Page) -> None:
        own = {one.id: one for one in page.own}

        def keep(**columns: Any) -> None:
            self._journal(blocks=[one.to_json() for one in own.values()], **columns)

        for change in todo.changes:
            before = own[change.id]
            own[change.id] = Own(id=before.id, digest=before.digest, next=change.block.digest)
            keep()
            self.workspace.change_block(change.id, change.block)
            own[change.id] = Own(id=before.id, digest=change.block.digest)
            self.outcome.changed += 1
        for insert in todo.inserts:
            after, left = insert.after, list(insert.blocks)
            while left:
                keep(appending=[block.digest for block in left])
                ids = self.workspace.insert_blocks(self.kept.page_id, left, after=after)
                for block_id, block in zip(ids, left, strict=False):
                    own[block_id] = Own(id=block_id, digest=block.digest)
                try:
                    keep(appending=None)
                except Overtaken:
                    # Nobody else knows these: they would stand there twice, and for good.
                    for block_id in ids:
                        self.workspace.remove_block(block_id)
                    raise
                self.outcome.added += len(ids)
                after, left = ids[-1], left[len(ids) :]
        for block_id in todo.removals:
            self.workspace.remove_block(block_id)
            del own[block_id]
            self.outcome.removed += 1
        keep()

    def _own_id(self) -> str:
        self.own_id = self.own_id or self.workspace.own_id()
        return self.own_id

    def _journal(self, **columns: Any) -> None:
        """Write down how far things are; a run that another one has taken over may write nothing more."""
        kept = CSMProfile.objects.filter(pk=self.kept.pk, runs=self.kept.runs).update(**columns)
        if kept != 1:
            raise Overtaken("Another run is updating this profile.")
        for name, value in columns.items():
            setattr(self.kept, name, value)


def _is_worth_a_look(error: PortError) -> bool:
    """Tell whether looking again may help: something may be written, or a block has gone since it was read."""
    if isinstance(error, Stopped):
        return False
    return error.maybe_written or error.trouble in (Trouble.INVALID, Trouble.NOT_FOUND, Trouble.CONFLICT)


@transaction.atomic
def _written(work: _Update, *, facts_hash: str, as_of: date, actor: User | None, now: datetime) -> None:
    """Write down that the page says what it should, with one audit row where that took a write."""
    outcome = work.outcome
    columns: dict[str, Any] = {
        "state": ProfileState.WRITTEN,
        "facts_hash": facts_hash,
        "as_of": as_of,
        "trouble": "",
        "handed_over": F("handed_over") + len(outcome.handed_over),
    }
    if outcome.has_written or work.kept.written_at is None:
        columns["written_at"] = now
    kept = CSMProfile.objects.filter(pk=work.kept.pk, runs=work.kept.runs).update(**columns)
    if kept != 1:
        raise Overtaken("Another run is updating this profile.")
    if outcome.has_written:
        audit.record("profile.written", work.account, actor=actor, at=now, data=outcome.counts())


def note(account: Account, error: PortError) -> None:
    """Keep the reason why the profile could not even be looked at, for example because no workspace is set up."""
    CSMProfile.objects.filter(pk=account.pk).update(trouble=str(error))


def _note(kept: CSMProfile, error: PortError) -> None:
    columns: dict[str, Any] = {"trouble": str(error)}
    if isinstance(error, Stopped) and error.is_lost:
        columns["state"] = ProfileState.LOST
    CSMProfile.objects.filter(pk=kept.pk, runs=kept.runs).update(**columns)
