"""Policies that differ per segment, through a scan: who gets which, and that every score replays (SPEC 3.5, 3.6)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, HealthScore, PolicyVersion
from accounts.scoring.policy import HealthPolicy
from accounts.selectors import thresholds
from accounts.services import health, policies
from csm_portal.core.models import AuditEvent, User
from tests.factories import TODAY, make_account, make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
DEFAULTS = HealthPolicy().to_mapping()
BIG = {"name": "Big", "rule": {"arr_from": 50_000, "currency": "EUR"}, "changes": {"payment_penalty": 45}}
SMB = {"name": "Small business", "rule": {"segments": ["SMB"]}, "changes": {"payment_penalty": 10}}


def put(actor: User, number: int, *segments: dict[str, Any], **values: int) -> PolicyVersion:
    return policies.save(
        {**DEFAULTS, **values},
        segments=segments,
        actor=actor,
        reason="By size.",
        now=NOW,
        expected_number=number,
    )


def scored(account: Account) -> HealthScore:
    return HealthScore.objects.select_related("policy").get(account=account, is_of_day=True, scored_on=TODAY)


def test_each_account_is_scored_by_the_first_rule_that_fits(ada: User) -> None:
    put(ada, 1, BIG, SMB)
    late = {"payment_current": False}
    big = make_account(arr=Decimal(60_000), segment="SMB", **late)
    small = make_account(arr=Decimal(6_000), segment="smb", **late)
    dollars = make_account(arr=Decimal(60_000), currency="USD", segment="Mid-Market", **late)

    health.score_accounts(as_of=TODAY, now=NOW)

    told = {one: (scored(one).policy_segment, scored(one).score) for one in (big, small, dollars)}
    assert told == {big: ("Big", 55), small: ("Small business", 90), dollars: ("", 70)}


def test_every_score_replays_after_rules_were_changed_and_deleted(ada: User) -> None:
    accounts = [
        make_account(arr=Decimal(arr), segment=segment, payment_current=False)
        for arr in (5_000, 90_000)
        for segment in ("SMB", "Enterprise")
    ]
    put(ada, 1, BIG, SMB)
    health.score_accounts(as_of=TODAY, now=NOW)
    put(ada, 2, SMB)
    health.score_accounts(as_of=TODAY + timedelta(days=1), now=NOW + timedelta(days=1))
    put(ada, 3)
    health.score_accounts(as_of=TODAY + timedelta(days=2), now=NOW + timedelta(days=2))

    scores = list(HealthScore.objects.select_related("policy"))

    assert len(scores) == 3 * len(accounts)
    assert {score.policy_segment for score in scores} == {"", "Big", "Small business"}
    for score in scores:
        again = health.replay(score)
        assert (again.score, again.rag) == (score.score, score.computed_band)


def test_segments_are_counted_by_their_rules_until_a_scan_has_scored_by_them(ada: User) -> None:
    make_account(segment="SMB")
    make_account(segment="Enterprise")
    health.score_accounts(as_of=TODAY, now=NOW, announce=False)
    put(ada, 1, SMB)

    before = {row.name: row.accounts for row in thresholds.page(thresholds.in_force()).segments}
    health.score_accounts(as_of=TODAY, now=NOW, announce=False)
    after = {row.name: row.accounts for row in thresholds.page(thresholds.in_force()).segments}

    assert before == after == {"Small business": 1, "": 1}


def test_rules_cost_the_scan_no_query(ada: User) -> None:
    make_accounts(30, segment="SMB")
    policies.current(now=NOW)
    health.score_accounts(as_of=TODAY, now=NOW)
    with CaptureQueriesContext(connection) as without:
        health.score_accounts(as_of=TODAY, now=NOW)
    put(ada, 1, BIG, SMB)
    with CaptureQueriesContext(connection) as with_rules:
        health.score_accounts(as_of=TODAY, now=NOW)

    assert len(with_rules) == len(without)


def test_the_audit_log_names_the_segments_that_changed_and_quotes_no_rule(ada: User) -> None:
    put(ada, 1, BIG, SMB)
    put(ada, 2, BIG, {**SMB, "rule": {"segments": ["Confidential"]}})

    event = AuditEvent.objects.filter(verb="policy.saved", actor=ada).latest("at")
    told = [one.data for one in AuditEvent.objects.filter(verb="policy.saved", actor=ada)]

    assert {"number": 2, "segments": ["Big", "Small business"]} in told
    assert {"number": 3, "segments": ["Small business"]} in told
    assert "Confidential" not in str(event.data)


def test_a_change_of_the_order_alone_is_a_change(ada: User) -> None:
    put(ada, 1, BIG, SMB)

    assert put(ada, 2, SMB, BIG).number == 3
    with pytest.raises(policies.Unchanged):
        put(ada, 3, SMB, BIG)


def test_saving_the_standard_keeps_the_segments(ada: User) -> None:
    put(ada, 1, BIG)

    version = policies.save(
        {**DEFAULTS, "nps_penalty": 4}, actor=ada, reason="Less.", now=NOW, expected_number=2
    )

    assert version.segments == [BIG]


def test_a_restored_version_brings_its_segments_back(ada: User) -> None:
    put(ada, 1, BIG)
    put(ada, 2)

    restored = policies.restore(
        PolicyVersion.objects.get(number=2), actor=ada, reason="Back.", now=NOW, expected_number=3
    )

    assert (restored.number, restored.segments) == (4, [BIG])
