"""The demo's adoption plans: one that worked last quarter, one in work and drafted, one that falls behind."""

from datetime import date, datetime, time, timedelta

from accounts.models import Account, CoachingPlan, CoachingStep
from accounts.services import coaching, coaching_draft, coaching_steps
from accounts.services.coaching_steps import Said
from csm_portal.core.models import User
from qbr.quarters import quarter_of

_LEARNT = 3
"""So many features the customer of the finished plan did not use yet when it was made."""


def fill(today: date, *, now: datetime) -> int:
    """Make the plans through the services that the pages call; return how many there are."""
    accounts = list(
        Account.objects.current()
        .filter(owner__isnull=False, health__coverage__gte=0.5)
        .select_related("owner", "tenant")
        .order_by("-arr", "pk")
    )
    finished = max(accounts[:12], key=lambda one: len(one.features_used or ()), default=None)
    if finished is not None and len(finished.features_used or ()) > _LEARNT:
        _finished(finished, today)
    others = [one for one in accounts if one != finished and _idle(one) >= 2 and _is_open_to_it(one)]
    # Of one CSM, so that whoever signs in as the first one sees both.
    first = others[0].owner_id if others else None
    mine = [one for one in others if one.owner_id == first][:2]
    for account, begin in zip(mine, (_in_work, _late), strict=False):
        begin(account, today, now)
    return CoachingPlan.objects.count()


def _finished(account: Account, today: date) -> None:
    """A plan of last quarter whose features are in use today: what was done stands in that quarter's review."""
    owner = _owner(account)
    begun_on = quarter_of(today).previous.start + timedelta(days=14)
    # As it was then: the last features were not in use yet. Never saved.
    account.features_used = (account.features_used or [])[:-_LEARNT]
    plan = coaching.begin(account, actor=owner, today=begun_on, now=_at(account, begun_on))
    for step in _steps(plan):
        done_on = (step.due_on or begun_on) + timedelta(days=1)
        coaching_steps.tick(step, is_done=True, actor=owner, now=_at(account, done_on, hour=15))


def _in_work(account: Account, today: date, now: datetime) -> None:
    """A plan of last week, with a step that the CSM added, one done, and the draft in the mailbox."""
    owner, begun_on = _owner(account), today - timedelta(days=8)
    plan = coaching.begin(account, actor=owner, today=begun_on, now=_at(account, begun_on))
    coaching_steps.add(
        plan,
        Said(
            title="Name one person a site who helps the others",
            why="Questions are answered where they come up, and fewer of them become tickets.",
            owner_name=_contact(account),
            due_on=today + timedelta(days=10),
        ),
        actor=owner,
        now=_at(account, begun_on, hour=11),
    )
    coaching_steps.tick(
        _steps(plan)[0], is_done=True, actor=owner, now=_at(account, today - timedelta(days=2))
    )
    coaching_draft.ask(plan, actor=owner, now=now)


def _late(account: Account, today: date, now: datetime) -> None:
    """A plan of last month that nobody has touched for a while."""
    owner, begun_on = _owner(account), today - timedelta(days=24)
    plan = coaching.begin(account, actor=owner, today=begun_on, now=_at(account, begun_on))
    coaching_steps.tick(
        _steps(plan)[0], is_done=True, actor=owner, now=_at(account, begun_on + timedelta(days=5))
    )


def _idle(account: Account) -> int:
    return len(account.features_licensed or ()) - len(account.features_used or ())


def _is_open_to_it(account: Account) -> bool:
    """Nobody is trained while the contract hangs by a thread."""
    return account.shown_band in ("Green", "Amber") and account.payment_current is not False


def _steps(plan: CoachingPlan) -> list[CoachingStep]:
    return list(plan.steps.order_by("position").select_related("plan"))


def _owner(account: Account) -> User:
    assert account.owner is not None  # noqa: S101  # chosen so
    return account.owner


def _contact(account: Account) -> str:
    return str(account.primary_contacts[0]).split(" (")[0] if account.primary_contacts else ""


def _at(account: Account, day: date, *, hour: int = 10) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=account.tenant.zone)
