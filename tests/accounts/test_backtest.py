"""The backtest over stored scores, and the draft that a calibration makes of them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from accounts.models import HealthScore, HistoryReport, Outcome, PolicyDraft, PolicyVersion
from accounts.scoring import backtest
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.segments import PolicyBook
from accounts.selectors import backtest as selector
from accounts.selectors import score_history
from accounts.services import history, policies
from csm_portal.core.models import AuditEvent, Job, Tenant, User
from tests.accounts.score_histories import make_history, score
from tests.conftest import signed_in
from tests.factories import TODAY, make_account, make_outcome

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 14, 9, 0, tzinfo=UTC)
BOOK = PolicyBook(standard=HealthPolicy())


def test_a_known_signal_comes_back_and_the_days_after_the_event_do_not_count(
    scoped: Tenant, bob: User
) -> None:
    make_history(90, actor=bob)

    report = history.run_backtest(zone=scoped.zone, now=NOW)

    at_60 = report.figures["views"][history.NOW]["horizons"]["60"]
    assert (report.figures["events"], at_60["churned"], at_60["renewed"]) == (90, 30, 60)
    assert at_60["missing"] == []
    # Two normal distributions, 0.3 apart and 0.15 wide, overlap so far; arrears and adoption are noise on top. With the
    # day after the event, when leavers have no logins at all, it would be 1.
    assert 0.7 < at_60["auc"] < 0.97
    assert at_60["lift"] > 1.5


def test_nothing_that_was_written_after_the_day_changes_a_figure(scoped: Tenant, bob: User) -> None:
    accounts = make_history(40, actor=bob)
    before = history.run_backtest(zone=scoped.zone, now=NOW).figures

    # A score dated back to 60 days before the event, made on the day after it: it knows how it ended.
    for outcome in Outcome.objects.all():
        on = outcome.happened_on - timedelta(days=60)
        late = datetime.combine(outcome.happened_on + timedelta(days=1), NOW.time(), UTC)
        level = 0.0 if outcome.kind == "churned" else 1.0
        account = next(one for one in accounts if one.pk == outcome.account_id)
        score(account, on, {"login_frequency_score": level}, scored_at=late).save()

    after = history.run_backtest(zone=scoped.zone, now=NOW).figures
    for view in (history.THEN, history.NOW):
        assert after["views"][view]["horizons"] == before["views"][view]["horizons"]


def test_the_figures_as_shown_follow_what_was_stored_and_those_of_today_the_policy_in_force(
    scoped: Tenant, bob: User
) -> None:
    account = make_account(name="Halden Logistics")
    make_outcome(account, actor=bob, on=TODAY)
    score(account, TODAY - timedelta(days=61), {"payment_current": False}).save()
    HealthScore.objects.update(score=99, effective_band="Green")

    loaded = score_history.load(PolicyBook(standard=HealthPolicy(payment_penalty=50)), zone=scoped.zone)

    shown = backtest.cases(loaded.events, loaded.shown, horizon=60)
    recomputed = backtest.cases(loaded.events, loaded.recomputed, horizon=60)
    assert [(case.score, case.band) for case in shown] == [(99, "Green")]
    assert [case.score for case in recomputed] == [50]


def test_under_thirty_renewals_or_twelve_months_there_is_no_verdict(scoped: Tenant, bob: User) -> None:
    make_history(12, actor=bob, days=160)

    history.run_backtest(zone=scoped.zone, now=NOW)
    told = signed_in(bob).get(reverse("backtest")).content.decode()

    assert "Not enough data for a verdict" in told
    assert "30 renewals that were decided are needed, kept or lost; 12 are known" in told
    assert "12 months of scores are needed (365 days)" in told
    assert "Told apart" not in told.split("side by side")[0]


def test_the_page_names_who_left_out_of_green_with_score_and_arr(scoped: Tenant, bob: User) -> None:
    make_history(60, actor=bob)
    missed = make_account(name="Quiet Leaver", arr=123456, currency="EUR")
    make_outcome(missed, actor=bob, on=TODAY, reason="Their sponsor left")
    score(missed, TODAY - timedelta(days=60), {"login_frequency_score": 1.0, "payment_current": True}).save()
    history.run_backtest(zone=scoped.zone, now=NOW)

    page = selector.page()
    told = signed_in(bob).get(reverse("backtest")).content.decode()

    assert page.report is not None
    found = page.report.false_greens[0]
    assert (found.account, found.score, found.arr, found.currency) == ("Quiet Leaver", 100, 123456, "EUR")
    assert reverse("account", args=[missed.pk]) in told
    assert "Their sponsor left" in told
    assert page.report.arr_missed["EUR"] == sum(one.arr or 0 for one in page.report.false_greens)
    assert "Tossing a coin would do so" in told


def test_the_page_costs_the_same_however_many_renewals_there_are(
    scoped: Tenant, bob: User, django_assert_max_num_queries: object
) -> None:
    make_history(60, actor=bob)
    history.run_backtest(zone=scoped.zone, now=NOW)

    with django_assert_max_num_queries(7):  # type: ignore[operator]
        selector.page()


def test_a_report_says_when_it_is_behind(scoped: Tenant, bob: User) -> None:
    accounts = make_history(30, actor=bob)
    history.run_backtest(zone=scoped.zone, now=NOW)
    make_outcome(accounts[0], actor=bob, on=TODAY - timedelta(days=399))

    assert "The report is behind" in signed_in(bob).get(reverse("backtest")).content.decode()


def test_a_calibration_becomes_a_draft_that_does_better_later_and_changes_nothing(
    scoped: Tenant, bob: User
) -> None:
    make_history(180, actor=bob)
    in_force = policies.current(now=NOW)

    report = history.propose(zone=scoped.zone, now=NOW)

    draft = PolicyDraft.objects.get()
    assert report.draft == draft
    assert draft.source == "calibration"
    assert report.figures["after"]["auc"] > report.figures["before"]["auc"]
    assert report.figures["fitted_until"] < report.figures["measured_from"]
    # Arrears tell nothing here, few logins everything; the renewal is equally near to all of them.
    assert draft.values["payment_penalty"] < draft.values["login_penalty"]
    assert draft.values["renewal_penalty_due"] == in_force.values["renewal_penalty_due"]
    assert PolicyVersion.objects.get().pk == in_force.pk


def test_too_little_history_proposes_nothing_and_says_what_is_missing(scoped: Tenant, bob: User) -> None:
    make_history(12, actor=bob)

    with pytest.raises(history.NothingToPropose, match="12 are known"):
        history.propose(zone=scoped.zone, now=NOW)

    assert not PolicyDraft.objects.exists()
    assert "Nothing is proposed." in signed_in(bob).get(reverse("backtest")).content.decode()


def test_accounts_that_do_not_differ_propose_nothing(scoped: Tenant, bob: User) -> None:
    make_history(60, actor=bob)
    HealthScore.objects.update(inputs={"login_frequency_score": 0.5, "payment_current": True})

    with pytest.raises(history.NothingToPropose, match="No input differs"):
        history.propose(zone=scoped.zone, now=NOW)

    assert HistoryReport.objects.get().draft is None


def test_an_admin_asks_for_both_and_each_is_one_job_and_one_row_in_the_audit_log(
    scoped: Tenant, ada: User, bob: User, settings: object
) -> None:
    client = signed_in(ada)

    for name, verb in (("backtest-run", "backtest.requested"), ("calibrate", "calibration.requested")):
        assert client.post(reverse(name)).status_code == 302
        assert AuditEvent.objects.filter(verb=verb, actor=ada).count() == 1

    assert Job.objects.filter(key__in=selector.JOB_KEYS).count() == 2
    assert AuditEvent.objects.filter(actor=ada).count() == 2
