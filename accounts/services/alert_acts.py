"""What people do with alerts, one or many at once, and how it is undone (SPEC 4.2, CHECK 26)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from accounts import policies
from accounts.models import Alert, AlertAct
from accounts.scoring import alert_states, wording
from accounts.scoring import alerts as rules
from accounts.scoring.alert_states import Action, AlertState
from accounts.scoring.alerts import Severity
from csm_portal.core import audit, bulk
from csm_portal.core.models import Membership, User

LONGEST_SNOOZE: Final = timedelta(days=90)
AT_ONCE: Final = 200

_DONE: Final[Mapping[Action, str]] = {
    Action.ACKNOWLEDGE: "acknowledged",
    Action.SNOOZE: "snoozed",
    Action.RESOLVE: "resolved",
    Action.REOPEN: "opened_again",
}
_KEPT: Final = (
    "state",
    "state_at",
    "state_by_id",
    "note",
    "snoozed_until",
    "was_useful",
    "is_waiting",
    "held_back_on",
    "seen",
    "due_on",
    "reopened_at",
    "reopened_because",
)
_WRITTEN: Final = (*(name.removesuffix("_id") for name in _KEPT), "version")


class NotPossible(ValueError):
    """It cannot be done as asked for; the message says why and what to do."""


class ChangedMeanwhile(NotPossible):
    """The alert is not what the person looked at any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What goes with an action: a snooze needs its last day and a reason; the answer may be left open."""

    note: str = ""
    until: date | None = None
    was_useful: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an act came to: the alerts that it changed, and a sentence for each that it left as it was."""

    done: tuple[Alert, ...]
    left: tuple[str, ...]
    act: AlertAct | None


def take_one(
    alert: Alert, action: Action, *, version: int, said: Said, actor: User, today: date, now: datetime
) -> Outcome:
    """Do one thing with one alert.

    Raises PermissionDenied for somebody who does not look after the account, ChangedMeanwhile where the alert is not at
    ``version`` any more, NotPossible where its state does not allow the action or something is missing.
    """
    if not policies.can_write(_membership(actor), alert.account):
        raise PermissionDenied
    outcome = take({alert.pk: version}, action, said=said, actor=actor, today=today, now=now)
    if outcome.left:
        raise ChangedMeanwhile(outcome.left[0])
    return outcome


@transaction.atomic
def take(
    asked: Mapping[UUID, int], action: Action, *, said: Said, actor: User, today: date, now: datetime
) -> Outcome:
    """Do the same with many alerts: ``asked`` holds the version of each that the person looked at.

    What changed meanwhile, is in another state or belongs to somebody else is left as it is, with a sentence. One audit
    row for the act, none where nothing could be done. Raises NotPossible.
    """
    _check(asked, action, said, today)
    member = _membership(actor)
    done, left, entries = [], [], []
    for alert in _locked(asked):
        if refusal := _refusal(alert, action, version=asked[alert.pk], member=member):
            left.append(refusal)
            continue
        before = _kept(alert)
        _apply(alert, action, said, actor=actor, today=today, now=now)
        entries.append({"alert": str(alert.pk), "version": alert.version, "before": before})
        done.append(alert)
    if gone := len(asked) - len(done) - len(left):
        left.append(f"{wording.counted(gone, 'alert')} in the list cannot be found any more.")
    if not done:
        return Outcome(done=(), left=tuple(left), act=None)
    bulk.update(done, fields=_WRITTEN)
    act = AlertAct.objects.create(action=action, at=now, actor=actor, entries=entries)
    _record(f"alert.{_DONE[action]}", done, act, actor=actor, now=now)
    return Outcome(done=tuple(done), left=tuple(left), act=act)


@transaction.atomic
def undo(act: AlertAct, *, actor: User, now: datetime) -> Outcome:
    """Bring every alert of an act back to exactly what it was before; those that moved on meanwhile are left.

    Raises PermissionDenied for anybody but who did it, NotPossible where it was undone before.
    """
    if act.actor_id != actor.pk:
        raise PermissionDenied
    if not AlertAct.objects.filter(pk=act.pk, undone_at=None).update(undone_at=now, undone_by=actor):
        raise NotPossible("This has been undone already.")
    entries = {UUID(entry["alert"]): entry for entry in act.entries}
    member = _membership(actor)
    done, left = [], []
    for alert in _locked(entries):
        entry = entries[alert.pk]
        if not policies.can_write(member, alert.account):
            left.append(f"{alert.account.name} is not yours any more.")
        elif alert.version != entry["version"]:
            left.append(f"{alert.account.name}: {_what_happened(alert)}")
        else:
            _restore(alert, entry["before"])
            done.append(alert)
    bulk.update(done, fields=_WRITTEN)
    _record("alert.undone", done or [act], act, actor=actor, now=now, left=len(left))
    return Outcome(done=tuple(done), left=tuple(left), act=act)


@transaction.atomic
def answer(alert: Alert, *, was_useful: bool, actor: User, now: datetime) -> None:
    """Note whether an alert was useful; the last answer counts. Raises PermissionDenied."""
    if not policies.can_write(_membership(actor), alert.account):
        raise PermissionDenied
    Alert.objects.filter(pk=alert.pk).update(was_useful=was_useful)
    audit.record("alert.judged", alert, actor=actor, at=now, data={"was_useful": was_useful})


def _check(asked: Mapping[UUID, int], action: Action, said: Said, today: date) -> None:
    if not asked:
        raise NotPossible("Choose at least one alert.")
    if len(asked) > AT_ONCE:
        raise NotPossible(f"Choose at most {AT_ONCE} alerts at once.")
    if action is not Action.SNOOZE:
        return
    if said.until is None or not today < said.until <= today + LONGEST_SNOOZE:
        raise NotPossible("Choose a last day of the snooze from tomorrow to 90 days from now.")
    if not said.note.strip():
        raise NotPossible("Say why it can wait: whoever looks next will ask.")


def _locked(ids: Mapping[UUID, Any]) -> list[Alert]:
    # Everybody locks in this order, so that two who want the same alerts wait instead of blocking each other.
    alerts = Alert.objects.filter(pk__in=list(ids)).select_related("account", "state_by")
    return list(alerts.select_for_update(of=("self",)).order_by("pk"))


def _refusal(alert: Alert, action: Action, *, version: int, member: Membership) -> str:
    if not policies.can_write(member, alert.account):
        return f"{alert.account.name} is looked after by somebody else."
    if alert.version != version:
        return f"{alert.account.name}: {_what_happened(alert)}"
    if alert_states.after(AlertState(alert.state), action) is None:
        return f"{alert.account.name}: this alert is {alert.state} already."
    return ""


def _what_happened(alert: Alert) -> str:
    """Say in a sentence what became of an alert: by whom, or by which finding of a scan."""
    if alert.ended_at is not None:
        return f"the alert is over. {alert.ended_because}"
    if alert.state_by is not None:
        state = "opened it again" if alert.state == AlertState.OPEN else f"{alert.state} it"
        return f"{alert.state_by} {state} meanwhile."
    because = f" {alert.reopened_because}" if alert.reopened_because else ""
    return f"the alert has changed meanwhile.{because}"


def _apply(alert: Alert, action: Action, said: Said, *, actor: User, today: date, now: datetime) -> None:
    state = alert_states.after(AlertState(alert.state), action)
    assert state is not None  # noqa: S101  # _refusal asked the table
    alert.state, alert.state_at, alert.state_by = state, now, actor
    alert.note = said.note.strip()[:500]
    alert.snoozed_until = said.until if action is Action.SNOOZE else None
    if said.was_useful is not None:
        alert.was_useful = said.was_useful
    # Who has dealt with it need not be told of it.
    alert.is_waiting, alert.held_back_on = False, None
    alert.seen = {
        "severity": alert.severity,
        "codes": sorted(fact["code"] for fact in alert.facts),
        "until": alert.until.isoformat() if alert.until else None,
    }
    if action is Action.REOPEN:
        alert.reopened_at, alert.reopened_because = now, f"{actor} opened it again."
        alert.due_on = rules.due_on(Severity(alert.severity), as_of=today)
    alert.version += 1


def _kept(alert: Alert) -> dict[str, Any]:
    return {name: _plain(getattr(alert, name)) for name in _KEPT}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _restore(alert: Alert, before: Mapping[str, Any]) -> None:
    for name in _KEPT:
        field = Alert._meta.get_field(name.removesuffix("_id"))
        target: Any = field.target_field if isinstance(field, models.ForeignKey) else field
        value = before[name]
        setattr(alert, name, value if isinstance(target, models.JSONField) else target.to_python(value))
    alert.version += 1


def _record(
    verb: str,
    subjects: Sequence[models.Model],
    act: AlertAct,
    *,
    actor: User,
    now: datetime,
    left: int = 0,
) -> None:
    subject = subjects[0] if len(subjects) == 1 else act
    data = {"alerts": [entry["alert"] for entry in act.entries], "act": str(act.pk)}
    audit.record(verb, subject, actor=actor, at=now, data={**data, "left": left} if left else data)


def _membership(actor: User) -> Membership:
    membership = Membership.objects.filter(user=actor).first()
    if membership is None:
        raise PermissionDenied
    return membership
