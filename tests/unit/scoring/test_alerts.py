"""Why somebody must hear of an account: each reason, its severity, and what counts as worse."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import alerts, churn
from accounts.scoring.alerts import RANK, Case, Reason, Severity
from accounts.scoring.bands import Band
from accounts.scoring.churn_facts import ScorePoint
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.results import should_alert
from accounts.scoring.signals import HealthSignals

pytestmark = pytest.mark.one_database

TODAY = date(2026, 5, 14)
POLICY = HealthPolicy()


def case(
    score: int = 90,
    band: Band = Band.GREEN,
    *,
    was: Band | None = None,
    was_score: int | None = None,
    notice_in: int | None = None,
    renewal_in: int | None = None,
    pays: bool | None = True,
    then: int | None = None,
    **fields: Any,
) -> Case:
    """Return a case whose risk is assessed as a scan does; ``then`` is the score of four weeks ago."""
    assessed = churn.assess(
        HealthSignals(payment_current=pays, **fields.pop("signals", {})),
        score=score,
        band=band,
        policy=POLICY,
        as_of=TODAY,
        history=[] if then is None else [ScorePoint(on=TODAY - timedelta(days=28), score=then)],
        notice_on=None if notice_in is None else TODAY + timedelta(days=notice_in),
        renewal_on=None if renewal_in is None else TODAY + timedelta(days=renewal_in),
    )
    return Case(
        score=score,
        band=band,
        previous_band=was,
        previous_score=was_score,
        level=assessed.level,
        facts=assessed.facts,
        until=assessed.until,
        actions=assessed.actions,
        payment_current=pays,
        as_of=TODAY,
        **fields,
    )


def told(one: Case, **began: date) -> dict[Reason, Severity]:
    return {
        cause.reason: cause.severity
        for cause in alerts.causes(one, policy=POLICY, since={Reason(name): on for name, on in began.items()})
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (case(), {}),
        (case(31, Band.RED), {Reason.HEALTH_RED: Severity.HIGH}),
        (case(31, Band.RED, notice_in=50), {Reason.HEALTH_RED: Severity.CRITICAL}),
        (case(31, Band.UNKNOWN), {Reason.HEALTH_RED: Severity.HIGH}),
        (case(62, Band.AMBER, was=Band.GREEN), {Reason.HEALTH_AMBER: Severity.MEDIUM}),
        (case(62, Band.AMBER, was=Band.GREEN, renewal_in=40), {Reason.HEALTH_AMBER: Severity.HIGH}),
        (case(62, Band.AMBER, was=Band.AMBER), {}),
        (case(62, Band.AMBER, was=Band.AMBER, then=75), {Reason.CHURN_RISK: Severity.HIGH}),
        (case(62, Band.AMBER, was=Band.AMBER, notice_in=20), {Reason.CHURN_RISK: Severity.HIGH}),
        (case(75, Band.GREEN, then=99), {Reason.CHURN_RISK: Severity.HIGH}),
        (case(notice_in=60, renewal_in=150), {Reason.CONTRACT_DUE: Severity.MEDIUM}),
        (case(notice_in=61, renewal_in=150), {}),
        (case(notice_in=-5, renewal_in=55), {Reason.CONTRACT_DUE: Severity.MEDIUM}),
        (case(renewal_in=-1), {Reason.CONTRACT_OVERDUE: Severity.HIGH}),
        (case(pays=False), {Reason.PAYMENT: Severity.HIGH}),
        (
            case(pays=False, notice_in=10),
            {Reason.CONTRACT_DUE: Severity.CRITICAL, Reason.PAYMENT: Severity.CRITICAL},
        ),
        (
            case(25, Band.RED, pays=False, renewal_in=-3),
            {
                Reason.HEALTH_RED: Severity.CRITICAL,
                Reason.CONTRACT_OVERDUE: Severity.CRITICAL,
                Reason.PAYMENT: Severity.CRITICAL,
            },
        ),
        (case(is_last_known=True), {Reason.DATA_LOST: Severity.LOW}),
        (case(is_last_known=True, is_frozen=True), {}),
    ],
)
def test_each_reason_has_its_severity(one: Case, expected: dict[Reason, Severity]) -> None:
    assert told(one) == expected


def test_a_fall_to_amber_holds_while_the_account_is_amber() -> None:
    yesterday = TODAY - timedelta(days=1)

    assert told(case(60, Band.AMBER, was=Band.AMBER), health_amber=yesterday) == {
        Reason.HEALTH_AMBER: Severity.MEDIUM
    }
    assert told(case(90, Band.GREEN, was=Band.AMBER), health_amber=yesterday) == {}
    assert told(case(30, Band.RED, was=Band.AMBER), health_amber=yesterday) == {
        Reason.HEALTH_RED: Severity.HIGH
    }


BANDS = st.sampled_from(Band)
DAYS = st.none() | st.integers(-400, 400)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return case(
        draw(st.integers(0, 100)),
        draw(BANDS),
        was=draw(st.none() | BANDS),
        was_score=draw(st.none() | st.integers(0, 100)),
        notice_in=draw(DAYS),
        renewal_in=draw(DAYS),
        pays=draw(st.none() | st.booleans()),
        then=draw(st.none() | st.integers(0, 100)),
        is_last_known=draw(st.booleans()),
    )


@given(one=cases())
def test_whoever_must_be_told_of_by_the_contract_is_told_of(one: Case) -> None:
    found = told(one)

    if should_alert(score=one.score, rag_status=one.band, previous_rag=one.previous_band):
        assert found.keys() & {Reason.HEALTH_RED, Reason.HEALTH_AMBER}
    if RANK[one.level] >= RANK[Severity.HIGH]:
        assert any(RANK[severity] >= RANK[one.level.value] for severity in found.values())


@given(one=cases(), since=st.sets(st.sampled_from(Reason)))
def test_every_alert_says_why_on_what_facts_and_what_to_do(one: Case, since: set[Reason]) -> None:
    causes = alerts.causes(one, policy=POLICY, since=dict.fromkeys(since, TODAY))

    assert len({cause.reason for cause in causes}) == len(causes) <= 4
    for cause in causes:
        assert cause.headline.endswith(".")
        assert cause.facts
        assert cause.action.endswith(".")
        assert not alerts.what_is_worse(
            alerts.seen(cause, until=one.until), alerts.seen(cause, until=one.until)
        )
    for reason in Reason:
        assert alerts.why_over(reason, one, causes).endswith(".")


def test_worse_is_a_higher_severity_a_new_fact_or_a_nearer_date() -> None:
    (before,) = alerts.causes(case(31, Band.RED), policy=POLICY)
    (drifted,) = alerts.causes(case(28, Band.RED), policy=POLICY)
    (silent,) = alerts.causes(case(31, Band.RED, signals={"last_interaction_days": 45}), policy=POLICY)
    (near,) = alerts.causes(case(31, Band.RED, notice_in=80), policy=POLICY)
    seen = alerts.seen(before, until=None)

    assert alerts.what_is_worse(seen, alerts.seen(drifted, until=None)) == ""
    assert "spoken" in alerts.what_is_worse(seen, alerts.seen(silent, until=None))
    assert alerts.what_is_worse(alerts.seen(silent, until=None), seen) == ""
    assert alerts.what_is_worse(seen, alerts.seen(near, until=None)) == (
        "Severity rose from high to critical."
    )
    later, sooner = TODAY + timedelta(days=90), TODAY + timedelta(days=80)
    moved = alerts.what_is_worse(alerts.seen(near, until=later), alerts.seen(near, until=sooner))
    assert moved == "The contract date moved from 12 August 2026 to 2 August 2026."


def test_urgency_is_arr_times_severity_times_nearness() -> None:
    def weigh(arr: int | None, severity: Severity, left: int | None) -> alerts.Urgency:
        return alerts.urgency(
            arr=None if arr is None else Decimal(arr),
            usual_arr=Decimal(30_000),
            severity=severity,
            until=None if left is None else TODAY + timedelta(days=left),
            as_of=TODAY,
            policy=POLICY,
        )

    assert weigh(48_000, Severity.CRITICAL, 20).value == 48_000 * 8 * 4
    assert weigh(48_000, Severity.HIGH, 60).value == 48_000 * 4 * 3
    assert weigh(48_000, Severity.MEDIUM, 90).value == 48_000 * 2 * 2
    assert weigh(48_000, Severity.LOW, None).value == 48_000
    assert weigh(48_000, Severity.LOW, -5).nearness == 4
    assumed = weigh(None, Severity.HIGH, None)
    assert (assumed.value, assumed.arr_is_assumed) == (Decimal(120_000), True)


@pytest.mark.parametrize(
    ("severity", "on", "due"),
    [
        (Severity.CRITICAL, date(2026, 5, 14), date(2026, 5, 15)),
        (Severity.CRITICAL, date(2026, 5, 15), date(2026, 5, 18)),
        (Severity.HIGH, date(2026, 5, 14), date(2026, 5, 18)),
        (Severity.MEDIUM, date(2026, 5, 14), date(2026, 5, 21)),
    ],
)
def test_somebody_should_have_looked_by_a_working_day(severity: Severity, on: date, due: date) -> None:
    assert alerts.due_on(severity, as_of=on) == due


def test_a_contract_that_is_due_says_that_its_notice_date_has_passed() -> None:
    (due,) = alerts.causes(case(notice_in=-5, renewal_in=55), policy=POLICY)
    (overdue,) = alerts.causes(case(notice_in=-60, renewal_in=-1), policy=POLICY)

    assert due.headline == (
        "The contract renews on 8 July 2026, in 55 days; the notice date, 9 May 2026, has passed."
    )
    assert due.action == "Ask the customer whether notice was given."
    assert "notice" not in overdue.headline
