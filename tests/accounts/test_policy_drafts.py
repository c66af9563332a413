"""Drafts of the policy: kept and changed by people or a calibration, and not in force until somebody says so."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import DraftSource, PolicyDraft, PolicyVersion
from accounts.scoring.policy import HealthPolicy, PolicyError
from accounts.services import policies
from csm_portal.core.models import AuditEvent, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DEFAULTS = HealthPolicy().to_mapping()
BIG = {"name": "Big", "rule": {"arr_from": 50_000, "currency": "EUR"}, "changes": {"payment_penalty": 45}}


def draft(actor: User | None, name: str = "Milder on tickets", **values: int) -> PolicyDraft:
    return policies.save_draft({**DEFAULTS, **values}, name=name, reason="Trying.", actor=actor, now=NOW)


def test_a_draft_is_kept_with_who_and_why_and_is_not_in_force(ada: User) -> None:
    kept = draft(ada, ticket_penalty_limit=2)

    assert policies.current(now=NOW).values == DEFAULTS
    assert (kept.values["ticket_penalty_limit"], kept.created_by, kept.based_on) == (2, ada, 1)
    assert (kept.source, kept.reason) == (DraftSource.PERSON, "Trying.")
    assert AuditEvent.objects.filter(verb="policy_draft.saved", actor=ada).count() == 1


def test_a_calibration_hands_in_a_draft_with_what_it_found() -> None:
    kept = policies.save_draft(
        {"payment_penalty": 41},
        name="Fitted on 84 renewals",
        source=DraftSource.CALIBRATION,
        actor=None,
        now=NOW,
        evidence={"auc": [0.71, 0.78]},
    )

    assert kept.values == {**DEFAULTS, "payment_penalty": 41}
    assert (kept.source, kept.evidence, kept.created_by) == ("calibration", {"auc": [0.71, 0.78]}, None)


def test_a_draft_keeps_the_segments_in_force_unless_it_brings_its_own(ada: User) -> None:
    policies.save(DEFAULTS, segments=[BIG], actor=ada, reason="Big ones.", now=NOW, expected_number=1)

    assert draft(ada).segments == [BIG]
    assert policies.save_draft(DEFAULTS, name="Flat", actor=ada, now=NOW, segments=[]).segments == []


def test_a_draft_is_written_over_and_its_beginning_stays(ada: User, bob: User) -> None:
    kept = draft(ada, ticket_penalty_limit=2)

    again = policies.save_draft(
        {**DEFAULTS, "nps_penalty": 1}, name="Milder on NPS", actor=bob, now=LATER, draft=kept
    )

    assert PolicyDraft.objects.count() == 1
    assert (again.name, again.created_by, again.changed_at) == ("Milder on NPS", ada, LATER)
    assert (again.values["nps_penalty"], again.values["ticket_penalty_limit"]) == (1, 5)


def test_a_draft_that_becomes_a_version_has_ended(ada: User) -> None:
    kept = draft(ada, ticket_penalty_limit=2)

    version = policies.save(
        kept.values, actor=ada, reason="Proved.", now=LATER, expected_number=1, draft=kept
    )

    assert PolicyDraft.objects.get().became == version
    assert AuditEvent.objects.get(verb="policy.saved", actor=ada).data["draft"] == str(kept.pk)
    with pytest.raises(policies.DraftGone):
        policies.save_draft(DEFAULTS, name="Again", actor=ada, now=LATER, draft=kept)
    with pytest.raises(policies.DraftGone):
        policies.discard_draft(kept, actor=ada, now=LATER)


def test_a_draft_that_was_thrown_away_becomes_no_version(ada: User) -> None:
    kept = draft(ada, ticket_penalty_limit=2)

    policies.discard_draft(kept, actor=ada, now=LATER)

    with pytest.raises(policies.DraftGone):
        policies.save(kept.values, actor=ada, reason="Yet.", now=LATER, expected_number=1, draft=kept)
    assert not PolicyVersion.objects.filter(number=2).exists()
    assert AuditEvent.objects.filter(verb="policy_draft.discarded", actor=ada).count() == 1


def test_what_cannot_be_a_policy_is_no_draft_either(ada: User) -> None:
    with pytest.raises(PolicyError):
        draft(ada, red_threshold=90)
    with pytest.raises(policies.NoName):
        draft(ada, name="   ")

    assert not PolicyDraft.objects.exists()
