"""Gives the demo a price list and opportunities in every state, through the services that the pages call."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import Opportunity
from accounts.scoring.expansion_sizing import Basis, Period, Price, PriceKind
from accounts.scoring.expansion_states import Step
from accounts.services import expansion, handoffs, prices
from accounts.services.handoffs import Said
from csm_portal.core.models import Membership, Tenant, User
from csm_portal.demo import tenants

# Scans of so many days ago found something, the oldest first; today's scan finds more.
_DAYS_AGO: Final = (19, 13, 8, 3)

# (kind, name, price, for, each): what Brightloom's product costs. Nothing is priced in pounds, so those stay unsized.
_LIST: Final = (
    (PriceKind.MODULE, "Forecasting", "4800", Basis.ACCOUNT, Period.YEAR),
    (PriceKind.MODULE, "Mobile app", "1.50", Basis.SEAT, Period.MONTH),
    (PriceKind.MODULE, "Shift swaps", "1.20", Basis.SEAT, Period.MONTH),
    (PriceKind.MODULE, "Reports", "3600", Basis.ACCOUNT, Period.YEAR),
    (PriceKind.INTEGRATION, "API", "6000", Basis.ACCOUNT, Period.YEAR),
    (PriceKind.INTEGRATION, "Payroll export", "3000", Basis.ACCOUNT, Period.YEAR),
)

_ACCEPT, _DECLINE, _WIN, _LOSE = (Step.ACCEPT, Step.DECLINE, Step.WIN, Step.LOSE)
_Story = tuple[tuple[Step, str], ...]
# What became of what was found, the oldest first: what Sales did and said after it was handed over.
_DISMISSED: Final[_Story] = ((Step.DISMISS, ""),)
_LEFT: Final[_Story] = ((Step.DISPATCH, ""),)
_STORIES: Final[tuple[_Story, ...]] = (
    ((_ACCEPT, "Met their COO on Tuesday."), (_WIN, "Signed with the new year's budget.")),
    ((_ACCEPT, ""), (_LOSE, "Their new works council wants to see the next release first.")),
    ((_DECLINE, "We renewed them four weeks ago with a price hold; I raise it at the next renewal."),),
    ((_ACCEPT, "Call with the operations director is on Thursday."),),
    (),
    ((_ACCEPT, ""), (_WIN, "Ordered together with the second plant.")),
    ((_DECLINE, "Their IT freezes every change until the audit is over."),),
    ((_ACCEPT, "Offer is with their purchasing."),),
    _DISMISSED,
    (),
    ((_ACCEPT, ""),),
    (),
    (),
    (),
)
_WHY_NOT: Final = "They told me last week that they hire nobody before summer."


def fill(tenant: Tenant, *, today: date) -> int:
    """Find, hand over and answer opportunities of the past weeks; return how many there are. Call it before today's scan."""
    admin = tenants.person("admin")
    rates = {"EUR": Decimal(1), "USD": Decimal("1.1")}
    listed = [
        Price(
            kind=kind,
            name=name,
            amount=(Decimal(amount) * rate).quantize(Decimal("0.01")),
            currency=currency,
            period=period,
            basis=basis,
        )
        for currency, rate in rates.items()
        for kind, name, amount, basis, period in _LIST
    ]
    prices.save(listed, actor=admin, now=_at(tenant, today - timedelta(weeks=10), 10))
    sales = Membership.objects.filter(is_sales=True).select_related("user").order_by("user__name").first()
    stories = iter(_STORIES)
    for back in _DAYS_AGO:
        day = today - timedelta(days=back)
        expansion.keep_in_step(as_of=day, now=_at(tenant, day, 7))
        if sales is not None:
            _live(tenant, stories, day=day, sales=sales.user, today=today)
    return Opportunity.objects.count()


def _live(tenant: Tenant, stories: Iterator[_Story], *, day: date, sales: User, today: date) -> None:
    """Let what was found on a day have its story, as far as there are any left."""
    found = Opportunity.objects.filter(found_on=day, account__owner__isnull=False)
    for opportunity in found.select_related("account__owner", "account__tenant").order_by("-amount", "pk"):
        story = next(stories, _LEFT)
        if story is _LEFT:
            return
        if story == _DISMISSED:
            now = _at(tenant, day, 15)
            _take(opportunity, Step.DISMISS, Said(note=_WHY_NOT), actor=_owner(opportunity), now=now)
        else:
            _tell(tenant, opportunity, story, sales=sales, today=today)


def _tell(
    tenant: Tenant,
    opportunity: Opportunity,
    story: tuple[tuple[Step, str], ...],
    *,
    sales: User,
    today: date,
) -> None:
    now = _at(tenant, opportunity.found_on, 11)
    try:
        handoffs.dispatch(opportunity, actor=_owner(opportunity), today=opportunity.found_on, now=now)
    except handoffs.NotPossible:
        # What the account is like now speaks against it: its story is another.
        return
    day = opportunity.found_on
    for step, note in story:
        day = min(day + timedelta(days=2 if step is not Step.WIN else 5), today - timedelta(days=1))
        said = Said(note=note)
        if step is Step.WIN:
            amount = (opportunity.amount or Decimal(4000)) * Decimal("0.9")
            said = Said(
                note=note,
                amount=max(Decimal(round(amount, -2)), Decimal(100)),
                currency=opportunity.currency or tenant.currency,
            )
        _take(opportunity, step, said, actor=sales, now=_at(tenant, day, 14))


def _take(opportunity: Opportunity, step: Step, said: Said, *, actor: User, now: datetime) -> None:
    opportunity.refresh_from_db()
    handoffs.take(opportunity, step, version=opportunity.version, said=said, actor=actor, now=now)


def _owner(opportunity: Opportunity) -> User:
    owner = opportunity.account.owner
    return owner if owner is not None else tenants.person("manager")


def _at(tenant: Tenant, day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour, 12), tzinfo=tenant.zone)
