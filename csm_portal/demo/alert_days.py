"""The demo's last weeks of alerts: what went out on each day, and what people made of it. Through the services of the pages."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from django.utils import timezone

from accounts import delivery_tasks, digest_messages
from accounts.models import Alert, DigestChannel
from accounts.scoring.alert_states import Action, AlertState
from accounts.scoring.alerts import Reason
from accounts.selectors import digests as digest_selector
from accounts.services import alert_acts, digests, rates, snoozes
from accounts.services.alert_acts import Said
from csm_portal.core import deliveries, jobs, links
from csm_portal.core.models import Delivery, DeliveryState, Job, JobState, Membership, Tenant
from csm_portal.demo import company, tenants
from csm_portal.ports.errors import PortError
from qbr.selectors import waiting

WEEKS: Final = 8
"""So far back go the alerts: long enough for each rule to have been judged."""

_DIGESTS_FROM: Final = timedelta(days=4)
# Until then everything stays in the portal: weeks of drafts would cost a minute at each start.
_CONNECTED_FROM: Final = timedelta(days=4)
_ACTED_ON: Final = 0.6
_ACTED_ON_HELD_BACK: Final = 0.12
_LOOKED_AT_AGAIN: Final = 0.6
# The last days are told day by day, those before week by week.
_OF_A_DAY: Final = 0.25
# What these days brought is told by today's scan: Today begins with news.
_LEFT_FOR_TODAY: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habit:
    """What CSMs do with an alert of one reason: how often it was useful, and what they write."""

    useful: float
    acknowledged: tuple[str, ...]
    resolved: tuple[str, ...]
    snoozed: tuple[str, ...] = ()


_HABITS: Final[dict[Reason, _Habit]] = {
    Reason.HEALTH_RED: _Habit(
        useful=0.85,
        acknowledged=("Rescue call with their sponsor is booked.", "On it: plan goes out this week."),
        resolved=("Plan agreed, weekly calls until the renewal.", "New sponsor found, rollout starts again."),
    ),
    Reason.HEALTH_AMBER: _Habit(
        useful=0.5,
        acknowledged=("Asked for a call.", "Looking at where the logins went."),
        resolved=("Holiday season, they are back next week.", "Training for the new shift leads is booked."),
        snoozed=("They are closed for two weeks.",),
    ),
    Reason.CHURN_RISK: _Habit(
        useful=0.75,
        acknowledged=("Called them: decision is with the new director.",),
        resolved=("They stay, paper is on its way.", "Exit was a rumour; sponsor confirmed it."),
    ),
    Reason.CONTRACT_DUE: _Habit(
        useful=0.8,
        acknowledged=("Renewal talk is booked.", "Offer is out."),
        resolved=("Offer accepted, legal has it.", "They renew unchanged."),
        snoozed=("They answer after their board meets.",),
    ),
    Reason.CONTRACT_OVERDUE: _Habit(
        useful=0.9,
        acknowledged=("Legal has the paper.",),
        resolved=("Signed copy is on its way.",),
    ),
    Reason.PAYMENT: _Habit(
        useful=0.9,
        acknowledged=("Invoice sent again to accounts payable.",),
        resolved=("They pay with the next run.",),
        snoozed=("Their finance system is being replaced; paid at the end of the month.",),
    ),
    Reason.DATA_LOST: _Habit(
        useful=0.15,
        acknowledged=("Asked their partner for the usage.",),
        resolved=("Known: the partner shares no usage.",),
        snoozed=("Import is being repaired.",),
    ),
}


def prepare(tenant: Tenant, *, today: date) -> None:
    """Let people have chosen their digests, and an admin have set the rates, before the weeks that are told."""
    before = datetime.combine(today - timedelta(weeks=WEEKS), time(9, 0), tzinfo=tenant.zone)
    wanted = {
        "csm": (DigestChannel.MAIL, DigestChannel.CHAT, DigestChannel.OFF),
        "manager": (DigestChannel.MAIL,),
    }
    for role, channels in wanted.items():
        found = (
            Membership.objects.filter(**{f"is_{role}": True})
            .select_related("user")
            .order_by("user__created_at")
        )
        for membership, channel in zip(found, channels, strict=False):
            digests.choose(
                membership, channel, at=time(7, 30), on_weekends=True, actor=membership.user, now=before
            )
    for currency, rate in company.RATES.get(tenant.currency, {}).items():
        rates.put(
            currency,
            rate,
            as_of=today - timedelta(weeks=WEEKS),
            source="Finance, budget rates of the year",
            actor=tenants.person("admin"),
            today=today,
            now=before,
        )
    # That job would rank anew what is about to be laid down anyhow.
    Job.objects.filter(task="accounts.tasks.score_all").delete()


def is_told(day: date, *, today: date) -> bool:
    """Whether alerts were raised on a day of the past."""
    return _LEFT_FOR_TODAY < today - day < timedelta(weeks=WEEKS)


def begin(day: date, tenant: Tenant, *, today: date) -> None:
    """End the snoozes that are over, as the tick does, and connect the channels on their day, before the scan of a day."""
    if today - day == _CONNECTED_FROM:
        tenants.connect_channels(tenant, now=datetime.combine(day, time(6, 30), tzinfo=tenant.zone))
    snoozes.end_those_over(today=day, now=datetime.combine(day, time(0, 1), tzinfo=tenant.zone))


def end(day: date, tenant: Tenant, *, today: date) -> None:
    """Let the messages of a day arrive, and people do something about what they read."""
    scanned = datetime.combine(day, time(7, 0), tzinfo=tenant.zone)
    if today - day <= _DIGESTS_FROM:
        write_digests(day, now=scanned + timedelta(minutes=30))
    _deliver(tenant)
    weight = _OF_A_DAY if today - day < timedelta(weeks=1) else 1.0
    _act(day, at=scanned + timedelta(hours=2), weight=weight)


def write_digests(day: date, *, now: datetime) -> None:
    """Write the digests of everybody who wants one."""
    for membership in Membership.objects.select_related("user", "tenant").order_by("user__name"):
        if not digest_selector.can_have_one(membership):
            continue
        told = digest_messages.text(
            digest_selector.news(membership, today=day, now=now),
            reviews=waiting.lines(membership, today=day),
            today=day,
            url=links.to("today"),
        )
        digests.write(membership, told, day=day, now=now)


def _deliver(tenant: Tenant) -> None:
    """Try each delivery at the moment that it was asked for."""
    for delivery in Delivery.objects.filter(state=DeliveryState.PENDING).order_by("created_at", "pk"):
        moment = delivery.created_at + timedelta(seconds=2)
        try:
            deliveries.attempt(
                delivery.pk,
                open_channel=lambda one: delivery_tasks.channel(one, tenant),
                clock=lambda moment=moment: moment,  # type: ignore[misc]
            )
        except (jobs.Later, PortError):
            # The queue tries it again once the demo serves.
            continue
        Job.objects.filter(params__delivery=str(delivery.pk)).update(
            state=JobState.DONE, attempts=1, started_at=moment, heartbeat_at=moment, finished_at=moment
        )


def _act(day: date, *, at: datetime, weight: float) -> None:
    live = Alert.objects.filter(
        state__in=[AlertState.OPEN, AlertState.ACKNOWLEDGED], account__owner__isnull=False
    )
    found = live.select_related("account__owner").order_by("account__name", "reason")
    for minute, alert in enumerate(found):
        # A name of its own for each die: the same day gives the same demo.
        dice = Random(f"{alert.account.name} {alert.reason} {day.isoformat()}")  # noqa: S311
        chosen = _chosen(alert, dice, day, weight)
        if chosen is not None:
            action, said = chosen
            alert_acts.take(
                {alert.pk: alert.version},
                action,
                said=said,
                actor=alert.account.owner,
                today=day,
                now=at + timedelta(minutes=3 * minute % 240),
            )


def _chosen(alert: Alert, dice: Random, day: date, weight: float) -> tuple[Action, Said] | None:
    """Return what the account's CSM does with an alert on a day, or None where they leave it."""
    habit = _HABITS[Reason(alert.reason)]
    useful = dice.random() < habit.useful
    if alert.state == AlertState.ACKNOWLEDGED:
        if dice.random() > _LOOKED_AT_AGAIN * weight or (day - timezone.localdate(alert.state_at)).days < 2:
            return None
        return Action.RESOLVE, Said(note=dice.choice(habit.resolved), was_useful=useful)
    if dice.random() > weight * (_ACTED_ON if alert.handed_over_at else _ACTED_ON_HELD_BACK):
        return None
    if habit.snoozed and dice.random() < 0.3:
        until = day + timedelta(days=dice.randint(7, 21))
        return Action.SNOOZE, Said(note=dice.choice(habit.snoozed), until=until)
    if dice.random() < 0.35:
        return Action.RESOLVE, Said(note=dice.choice(habit.resolved), was_useful=useful)
    return Action.ACKNOWLEDGE, Said(note=dice.choice(habit.acknowledged))
