"""Brings the demo's QBRs as far as a company has them: what people still work on, through the services that the pages call.

What was finished weeks ago is laid down at once (``finished_reviews``).
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import Account, CoachingPlan, HealthScore
from accounts.scoring.bands import Band
from csm_portal import wiring
from csm_portal.core.models import Job, JobState, Membership, Tenant, User
from csm_portal.demo import finished_reviews, quarter_pace, tenants
from csm_portal.demo.finished_reviews import Finished
from csm_portal.demo.quarter_pace import Course, Reached
from csm_portal.ports.workspace import Workspace
from csm_portal.ports.writer import Writer
from qbr.document import SectionKey, TextKind
from qbr.editing import to_editable
from qbr.models import QBR, Deputy, Origin
from qbr.modes import Mode
from qbr.quarters import Quarter, quarter_of
from qbr.selectors import current
from qbr.services import deputies, drafting, editing, publishing, remarks, review
from qbr.workflow import NotAllowed

# So many quarters before the one just ended have reviews: those that the board offers.
_EARLIER: Final = 2
# What was published longer ago than this is laid down.
_LONG_AGO: Final = timedelta(days=14)
# Whose signals are half unknown is taken up last.
_ENOUGH_KNOWN: Final = 0.5
# Somebody decides in the manager's place in the third week after a quarter.
_AWAY_AFTER: Final = timedelta(weeks=2)


def fill(tenant: Tenant, *, now: datetime, most: int | None = None) -> int:
    """Draft, review, approve and publish reviews of the quarter just ended and of those before; return how many there are.

    How many have come how far follows from how long ago the quarter ended (``quarter_pace``). ``most`` is of how many
    accounts there are any a quarter, all of them where None. Called in the tenant's scope.
    """
    today = now.astimezone(tenant.zone).date()
    quarter, manager = quarter_of(today).previous, tenants.person("manager")
    absence = _was_away(manager, tenant, quarter=quarter, today=today)
    # One for all: each opens connections of its own.
    hands = _Hands(
        manager=manager, absence=absence, templates=wiring.writers().fallback, workspace=wiring.workspace()
    )
    for one in _before(quarter):
        _fill(one, tenant, hands=hands, now=now, most=most, is_settled=True)
    _fill(quarter, tenant, hands=hands, now=now, most=most, is_settled=False)
    _is_away(manager, today, now=now)
    return QBR.objects.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hands:
    """Who and what a review passes through."""

    manager: User
    absence: Deputy | None
    templates: Writer
    workspace: Workspace

    def decider(self, account: Account, on: date) -> User:
        """Return who decides on an account's review on a day: the deputy, but not on their own accounts."""
        absence = self.absence
        if absence is None or not absence.starts_on <= on <= absence.ends_on:
            return self.manager
        return self.manager if account.owner_id == absence.deputy_id else absence.deputy


def _before(quarter: Quarter) -> list[Quarter]:
    """Return the quarters before one that have reviews, the earliest first."""
    found = [quarter]
    for _ in range(_EARLIER):
        found.insert(0, found[0].previous)
    return found[:-1]


def _fill(
    quarter: Quarter, tenant: Tenant, *, hands: _Hands, now: datetime, most: int | None, is_settled: bool
) -> None:
    """Take each review of a quarter as far as its course goes."""
    known = _known_by(quarter)
    accounts = [account for account in _accounts(quarter) if account.pk in known][:most]
    courses = {
        account.pk: quarter_pace.course(
            account.name, place, len(accounts), ended_on=quarter.end, now=now, zone=tenant.zone
        )
        for place, account in enumerate(accounts)
    }
    finished, open_ones = [], []
    for account in accounts:
        course = courses[account.pk]
        if account.owner is None or course.begun_at is None:
            continue
        mode = Mode.FULL if is_settled else _mode(account)
        one = _finished(account, account.owner, course, tenant=tenant, now=now, mode=mode, hands=hands)
        if one is None:
            open_ones.append((account, account.owner, course))
        else:
            finished.append(one)
    left = finished_reviews.lay_down(
        finished,
        quarter=quarter,
        tenant=tenant,
        templates=hands.templates,
        workspace=hands.workspace,
        is_settled=is_settled,
    )
    if not is_settled:
        # A figure of theirs could not be traced: their drafts wait for a person, as they should.
        open_ones += [(one.account, one.owner, courses[one.account.pk]) for one in left]
    for account, owner, course in open_ones:
        _bring(account, owner, course, quarter=quarter, hands=hands)


def _finished(
    account: Account, owner: User, course: Course, *, tenant: Tenant, now: datetime, mode: Mode, hands: _Hands
) -> Finished | None:
    """Return a review that was published long ago, None for any other."""
    begun_at, submitted_at, approved_at = course.begun_at, course.submitted_at, course.decided_at
    published_at = course.published_at
    if begun_at is None or submitted_at is None or approved_at is None or published_at is None:
        return None
    if now - published_at <= _LONG_AGO:
        return None
    approver = hands.decider(account, timezone.localdate(approved_at, tenant.zone))
    return Finished(
        account=account,
        owner=owner,
        approver=approver,
        begun_at=begun_at,
        submitted_at=submitted_at,
        approved_at=approved_at,
        published_at=published_at,
        mode=mode,
        stands_in_for="" if approver == hands.manager else str(hands.manager),
    )


def _mode(account: Account) -> Mode:
    return Mode.AT_RISK if account.health.effective_band == Band.RED else Mode.FULL


def _known_by(quarter: Quarter) -> set[UUID]:
    """Return the accounts that were scored by the end of a quarter: of others there was nothing to review."""
    scored = HealthScore.objects.filter(scored_on__lte=quarter.last_day)
    return set(scored.order_by().values_list("account_id", flat=True).distinct())


def _accounts(quarter: Quarter) -> list[Account]:
    """Return the accounts in the order in which their reviews were taken up: those of which little is known last.

    The first are those whose coaching ended in the quarter, which stands in their reviews; nobody takes up what nobody owns.
    """
    coached = set(
        CoachingPlan.objects.filter(coached_on__gte=quarter.start, coached_on__lt=quarter.end).values_list(
            "account_id", flat=True
        )
    )

    def turn(account: Account) -> tuple[bool, bool, bool, float]:
        is_unknown = account.health.coverage < _ENOUGH_KNOWN
        dice = Random(account.name).random()  # noqa: S311
        return account.owner is None, is_unknown, account.pk not in coached, dice

    return sorted(Account.objects.current().select_related("owner", "tenant", "health"), key=turn)


def _was_away(manager: User, tenant: Tenant, *, quarter: Quarter, today: date) -> Deputy | None:
    """Have had the manager name a deputy for the third week after the quarter, if that is over."""
    after = quarter.end + _AWAY_AFTER
    monday = after - timedelta(days=after.weekday())
    friday, deputy = monday + timedelta(days=4), _deputy(manager)
    if deputy is None or friday >= today:
        return None
    told = datetime.combine(monday - timedelta(days=4), time(16, 20), tzinfo=tenant.zone)
    return deputies.name(
        deputy=deputy, starts_on=monday, ends_on=friday, actor=manager, today=told.date(), now=told
    )


def _is_away(manager: User, today: date, *, now: datetime) -> None:
    """Have the manager name a deputy for the week after next."""
    deputy = _deputy(manager)
    if deputy is not None:
        monday = today + timedelta(days=14 - today.weekday())
        deputies.name(
            deputy=deputy, starts_on=monday, ends_on=monday + timedelta(days=4), actor=manager, today=today, now=now
        )  # fmt: skip


def _deputy(manager: User) -> User | None:
    found = Membership.objects.filter(is_csm=True).exclude(user=manager).select_related("user")
    first = found.order_by("user__name", "pk").first()
    return None if first is None else first.user


def _bring(account: Account, owner: User, course: Course, *, quarter: Quarter, hands: _Hands) -> None:
    """Take a review as far as its course goes, each step at its own moment."""
    assert course.begun_at is not None  # noqa: S101  # chosen so
    qbr = drafting.begin(
        account,
        quarter=quarter,
        actor=owner,
        origin=Origin.ON_DEMAND,
        now=course.begun_at,
        mode=_mode(account),
    )
    _draft(qbr, course, templates=hands.templates)
    if course.submitted_at is None:
        return
    try:
        qbr = review.submit(qbr, actor=owner, version=_version(qbr), now=course.submitted_at)
    except NotAllowed:
        # A figure of this account could not be traced: its draft waits for a person, as it should.
        return
    if course.reached in (Reached.IN_REVIEW, Reached.SENT_BACK):
        asked_at = course.decided_at or course.submitted_at + timedelta(minutes=1)
        is_sent_back = course.reached is Reached.SENT_BACK
        _talk(qbr, owner=owner, manager=hands.manager, is_settled=is_sent_back, now=asked_at)
    if course.decided_at is None:
        return
    if course.reached is Reached.SENT_BACK:
        review.request_changes(
            qbr,
            comment="Please say what we agreed about training before this goes out.",
            actor=hands.manager,
            version=_version(qbr),
            now=course.decided_at,
        )
        _rewrite(qbr, owner=owner, now=course.decided_at + timedelta(seconds=30))
        return
    qbr = review.approve(
        qbr,
        content_hash=qbr.revisions.order_by("-number")[0].content_hash,
        actor=hands.decider(account, timezone.localdate(course.decided_at, account.tenant.zone)),
        version=_version(qbr),
        now=course.decided_at,
    )
    if course.published_at is not None:
        _publish(qbr, owner, at=course.published_at, workspace=hands.workspace)


def _draft(qbr: QBR, course: Course, *, templates: Writer) -> None:
    """Draft in the moment that it was asked for. A model, where one is set, writes what people still work on alone."""
    assert course.begun_at is not None  # noqa: S101  # chosen so
    is_over = course.reached >= Reached.APPROVED
    writers = wiring.Writers(first=templates, fallback=templates) if is_over else wiring.writers()
    drafting.draft(qbr.pk, writers=writers, now=course.begun_at, version=qbr.version)
    _is_done(qbr.draft_job, at=course.begun_at)


def _publish(qbr: QBR, owner: User, *, at: datetime, workspace: Workspace) -> None:
    asked = publishing.ask(qbr, actor=owner, version=qbr.version, now=at)
    publishing.run(qbr.pk, workspace=workspace, clock=lambda: at)
    _is_done(asked.qbr.publish_job, at=at)


def _is_done(job: Job | None, *, at: datetime) -> None:
    assert job is not None  # noqa: S101  # asked for a line above
    Job.objects.filter(pk=job.pk).update(
        state=JobState.DONE, attempts=1, started_at=at, heartbeat_at=at, finished_at=at
    )


def _version(qbr: QBR) -> int:
    return QBR.objects.values_list("version", flat=True).get(pk=qbr.pk)


def _talk(qbr: QBR, *, owner: User, manager: User, is_settled: bool, now: datetime) -> None:
    """Have the manager ask about two passages, and the CSM answer the first question; the last one stays open."""
    text = current.latest(qbr)
    if text is None:
        return
    steps = text.content.section(SectionKey.NEXT_STEPS).text
    first_step = next((at for at, block in enumerate(steps) if block.kind is TextKind.BULLET), 0)
    told = [(SectionKey.HEALTH, 0, "Have they seen these figures themselves? Say who.", is_settled)]
    if is_settled:
        told.append((SectionKey.NEXT_STEPS, first_step, "Who on their side owns this?", False))
    for section, block, question, is_over in told:
        thread = remarks.start(
            qbr,
            section=section,
            block=block,
            quote="",
            revision=1,
            body=question,
            key=uuid4(),
            actor=manager,
            now=now,
        )
        if is_over:
            remarks.answer(
                thread,
                body="Yes, their project lead did, in our last call.",
                key=uuid4(),
                actor=owner,
                now=now,
            )
            remarks.resolve(thread, actor=manager, now=now)


def _rewrite(qbr: QBR, *, owner: User, now: datetime) -> None:
    """Have the CSM answer the wish for changes with a version of their own."""
    qbr.refresh_from_db()
    text = current.latest(qbr)
    if text is None:
        return
    written = to_editable(text.content.section(SectionKey.NEXT_STEPS))
    editing.save_section(
        qbr,
        section=SectionKey.NEXT_STEPS,
        text=f"We agreed on a training for everybody who plans with the product.\n\n{written}",
        actor=owner,
        version=qbr.version,
        now=now,
    )
