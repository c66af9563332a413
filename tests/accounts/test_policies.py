"""Versions of the policy: made, restored, never changed, one after the other."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import PolicyVersion
from accounts.scoring.policy import POLICY_FIELDS, HealthPolicy, PolicyError
from accounts.services import policies
from csm_portal.core.models import AuditEvent, Tenant, User
from csm_portal.core.scope import tenant_scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]

NOW = datetime(2026, 5, 14, 9, 30, tzinfo=UTC)
DEFAULTS = HealthPolicy().to_mapping()


def save(actor: User, number: int, reason: str = "Arrears matter more.", **values: int) -> PolicyVersion:
    return policies.save({**DEFAULTS, **values}, actor=actor, reason=reason, now=NOW, expected_number=number)


def test_the_first_version_is_the_defaults_and_is_made_once() -> None:
    first = policies.current(now=NOW)
    again = policies.current(now=NOW + timedelta(days=1))

    assert first == again
    assert (first.number, first.values, first.created_by) == (1, DEFAULTS, None)
    assert AuditEvent.objects.filter(verb="policy.saved").count() == 1


def test_a_change_is_a_new_version_with_who_when_why_and_what(ada: User) -> None:
    version = save(ada, 1, payment_penalty=40)

    assert policies.current(now=NOW) == version
    assert (version.number, version.created_by, version.created_at) == (2, ada, NOW)
    assert version.reason == "Arrears matter more."
    assert PolicyVersion.objects.get(number=1).values == DEFAULTS
    event = AuditEvent.objects.get(verb="policy.saved", actor=ada)
    assert event.data == {"number": 2, "changed": {"payment_penalty": [30, 40]}}


def test_whoever_builds_on_an_older_version_is_told_who_was_faster(ada: User, bob: User) -> None:
    save(bob, 1, payment_penalty=40)

    with pytest.raises(policies.Stale, match="Bob") as caught:
        save(ada, 1, payment_penalty=50)

    assert caught.value.newest.values["payment_penalty"] == 40
    assert PolicyVersion.objects.count() == 2


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one transaction write at a time")
@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_in_the_same_moment_one_wins_and_the_others_are_asked(
    tenant: Tenant, ada: User
) -> None:
    policies.current(now=NOW)
    start = threading.Barrier(6)

    def change(penalty: int) -> str:
        try:
            with tenant_scope(tenant):
                start.wait()
                save(ada, 1, payment_penalty=penalty)
        except policies.Stale as stale:
            return f"asked about {stale.newest.number}"
        finally:
            connection.close()
        return "saved"

    with ThreadPoolExecutor(max_workers=6) as pool:
        outcomes = sorted(pool.map(change, range(40, 46)))

    assert outcomes == ["asked about 2"] * 5 + ["saved"]


def test_a_reason_is_asked_for(ada: User) -> None:
    with pytest.raises(policies.NoReason):
        save(ada, 1, reason="  ", payment_penalty=40)

    assert not PolicyVersion.objects.filter(number=2).exists()


def test_a_change_that_changes_nothing_makes_no_version(ada: User) -> None:
    with pytest.raises(policies.Unchanged):
        save(ada, 1)

    assert PolicyVersion.objects.count() == 1


def test_settings_that_contradict_each_other_are_refused(ada: User) -> None:
    with pytest.raises(PolicyError, match="must be less than"):
        save(ada, 1, red_threshold=80)

    assert PolicyVersion.objects.count() == 0


def test_an_earlier_version_is_put_in_force_again_as_a_new_one(ada: User, bob: User) -> None:
    save(ada, 1, payment_penalty=40)

    restored = policies.restore(
        PolicyVersion.objects.get(number=1), actor=bob, reason="Too hard.", now=NOW, expected_number=2
    )

    assert (restored.number, restored.values, restored.created_by) == (3, DEFAULTS, bob)
    event = AuditEvent.objects.get(verb="policy.restored")
    assert event.data == {"number": 3, "changed": {"payment_penalty": [40, 30]}, "restored": 1}


def test_each_tenant_has_versions_of_its_own(ada: User, charlie: User, other_tenant: Tenant) -> None:
    save(ada, 1, payment_penalty=40)

    with tenant_scope(other_tenant):
        assert policies.current(now=NOW).number == 1
        assert policies.current(now=NOW).values == DEFAULTS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_saved_is_in_force_and_whatever_is_refused_leaves_no_trace(ada: User, data: Any) -> None:
    tried = data.draw(
        st.dictionaries(
            st.sampled_from([item.name for item in POLICY_FIELDS]), st.integers(-5, 110), max_size=4
        )
    )
    before = policies.current(now=NOW)

    try:
        saved = policies.save(
            {**before.values, **tried}, actor=ada, reason="Tried.", now=NOW, expected_number=before.number
        )
    except (PolicyError, policies.Unchanged):
        assert policies.current(now=NOW) == before
    else:
        assert policies.current(now=NOW) == saved
        assert saved.number == before.number + 1
        assert {**before.values, **tried} == saved.values
