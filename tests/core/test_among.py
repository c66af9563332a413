"""Rows are found by thousands of keys at once, through keys and through columns that point at them."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Account, HealthScore
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from tests.factories import make_account, make_accounts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def test_it_finds_what_in_finds_by_key_and_by_foreign_key(django_assert_num_queries: Any) -> None:
    accounts = make_accounts(4)
    wanted = {accounts[0].pk, accounts[2].pk}
    many = [*wanted, *(uuid4() for _ in range(3_000))]

    with django_assert_num_queries(3):
        assert set(Account.objects.filter(pk__among=many).values_list("pk", flat=True)) == wanted
        assert Account.objects.exclude(pk__among=list(wanted)).count() == 2
        assert not HealthScore.objects.filter(account_id__among=many).exists()


def test_none_of_no_keys_is_asked_for_nothing(django_assert_num_queries: Any) -> None:
    make_account()

    with django_assert_num_queries(0):
        assert list(Account.objects.filter(pk__among=[])) == []


def test_another_tenants_keys_find_nothing(other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant):
        theirs = make_account()

    assert not Account.objects.filter(pk__among=[theirs.pk]).exists()
