"""CHECK 4: every tenant's row fails closed outside a scope."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from accounts.models import Alert
from csm_portal.core.models import Job, Membership, Tenant, User
from csm_portal.core.scope import (
    ForeignTenant,
    OutsideTenantScope,
    TenantModel,
    across_tenants,
    claim,
    proving_keys_once,
    tenant_scope,
)
from tests.conftest import make_member
from tests.factories import make_account

pytestmark = pytest.mark.django_db

TENANT_MODELS = [model for model in apps.get_models() if issubclass(model, TenantModel)]


def reads(model: type[TenantModel]) -> Iterator[tuple[str, object]]:
    manager = model.objects
    yield "all", lambda: list(manager.all())
    yield "exists", lambda: manager.exists()
    yield "count", lambda: manager.count()
    yield "exclude", lambda: list(manager.exclude(pk=None))
    yield "first", lambda: manager.first()
    yield "get", lambda: manager.get(pk=None)
    yield "values", lambda: list(manager.values("pk"))
    yield "aggregate", lambda: manager.aggregate(n=models.Count("pk"))
    yield "bulk_create", lambda: manager.bulk_create([model()])
    yield "update", lambda: manager.update(tenant=None)
    yield "delete", lambda: manager.all().delete()
    yield "save", lambda: model().save()
    yield "base manager", lambda: list(model._base_manager.all())
    yield "default manager", lambda: model._default_manager.exists()


def test_every_read_and_write_of_every_tenant_model_raises_outside_a_scope() -> None:
    looked_at = 0
    for model in TENANT_MODELS:
        for _name, attempt in reads(model):
            with pytest.raises(OutsideTenantScope):
                attempt()
            looked_at += 1

    assert looked_at >= 14 * 20


def test_a_model_that_points_at_a_tenant_is_a_tenant_model() -> None:
    for model in apps.get_models():
        if any(field.name == "tenant" for field in model._meta.get_fields()):
            assert issubclass(model, TenantModel), model


def test_none_is_no_scope() -> None:
    with pytest.raises(OutsideTenantScope), tenant_scope(None):
        pass


def test_a_forward_key_cannot_be_followed_outside_a_scope(tenant: Tenant, alice: User) -> None:
    with tenant_scope(tenant):
        membership = Membership.objects.get(user=alice)
    alice = User.objects.get(pk=alice.pk)

    with pytest.raises(OutsideTenantScope):
        _ = alice.membership
    with pytest.raises(OutsideTenantScope):
        membership.refresh_from_db()


def test_a_scope_sees_its_own_rows_only(
    tenant: Tenant, other_tenant: Tenant, alice: User, charlie: User
) -> None:
    with tenant_scope(tenant):
        assert [m.user_id for m in Membership.objects.all()] == [alice.pk]
    with tenant_scope(other_tenant):
        assert [m.user_id for m in Membership.objects.all()] == [charlie.pk]
    with across_tenants("the test looks at both"):
        assert Membership.objects.count() == 2


def test_a_row_of_another_tenant_is_not_saved(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant):
        theirs = Job.objects.create(task="a.b", title="Theirs")

    with tenant_scope(tenant):
        with pytest.raises(ForeignTenant):
            theirs.save()
        with pytest.raises(ForeignTenant):
            Job.objects.bulk_create([Job(tenant=other_tenant, task="a.b", title="Sneaked in")])
        with pytest.raises(ForeignTenant):
            Job.objects.update(tenant=other_tenant)


def test_a_key_to_another_tenants_row_is_refused_by_object_and_by_id(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    from django.utils import timezone

    from accounts.models import Account, SyncRun

    with tenant_scope(other_tenant):
        theirs = Job.objects.create(task="a.b", title="Theirs")

    with tenant_scope(tenant):
        with pytest.raises(ForeignTenant):
            SyncRun.objects.create(job=theirs, started_at=timezone.now())
        with pytest.raises(ForeignTenant):
            SyncRun.objects.create(job_id=theirs.pk, started_at=timezone.now())
        run = SyncRun.objects.create(started_at=timezone.now())
        with pytest.raises(ForeignTenant):
            SyncRun.objects.filter(pk=run.pk).update(job=theirs)
        assert Account.objects.count() == 0


def test_the_places_that_look_across_tenants_are_few_and_known() -> None:
    from pathlib import Path

    root = Path(__file__).resolve().parent.parent
    places = [
        f"{path.relative_to(root)}"
        for folder in ("csm_portal", "accounts", "qbr")
        for path in (root / folder).rglob("*.py")
        for line in path.read_text().splitlines()
        if "across_tenants(" in line and "def across_tenants" not in line
    ]

    assert sorted(places) == [
        "accounts/services/hints.py",
        "csm_portal/core/agent_keys.py",
        "csm_portal/core/jobs.py",
        "csm_portal/core/jobs.py",
        "csm_portal/core/jobs.py",
        "csm_portal/core/jobs.py",
        "csm_portal/http.py",
    ]


def test_the_cast_has_the_roles_it_is_named_for(tenant: Tenant) -> None:
    both = make_member(tenant, "Both", is_csm=True, is_sales=True)

    with tenant_scope(tenant):
        assert {role.value for role in Membership.objects.get(user=both).roles} == {"csm", "sales"}


def test_a_key_that_was_proved_is_not_asked_for_again_and_a_strangers_is_refused_all_the_same(
    tenant: Tenant, other_tenant: Tenant, django_assert_num_queries: Any
) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account()
    with tenant_scope(tenant):
        ours = make_account()

        with proving_keys_once():
            with django_assert_num_queries(1):
                claim([Alert(account_id=ours.pk)])
                claim([Alert(account_id=ours.pk), Alert(account_id=ours.pk)])
            for _ in range(2):
                with pytest.raises(ForeignTenant):
                    claim([Alert(account_id=ours.pk), Alert(account_id=theirs.pk)])


def test_what_was_proved_in_one_scope_counts_in_no_other(tenant: Tenant, other_tenant: Tenant) -> None:
    with tenant_scope(tenant), proving_keys_once():
        ours = make_account()
        claim([Alert(account_id=ours.pk)])
        with tenant_scope(other_tenant), pytest.raises(ForeignTenant):
            claim([Alert(account_id=ours.pk)])

    with pytest.raises(OutsideTenantScope), proving_keys_once():
        pass
