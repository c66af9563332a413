"""A company and its people, made from a shell."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from csm_portal.core.models import AuditEvent, Membership, Role, Tenant, User
from csm_portal.core.scope import tenant_scope
from tests.conftest import PASSWORD, signed_in

pytestmark = pytest.mark.django_db

ADMIN = {"admin_email": "Ada@Northwind.example", "admin_name": "Ada Lovelace"}


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_NEW_PASSWORD", PASSWORD)


def run(command: str, *args: str, **options: Any) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def test_a_company_is_made_with_an_admin_who_can_sign_in() -> None:
    told = run("create_tenant", "Northwind Söftware", time_zone="Europe/Berlin", currency="eur", **ADMIN)

    tenant = Tenant.objects.get()
    user = User.objects.get()
    assert (tenant.slug, tenant.currency) == ("northwind-software", "EUR")
    assert user.check_password(PASSWORD)
    assert signed_in(user).get("/settings/notion/").status_code == 200
    assert "northwind-software" in told
    with tenant_scope(tenant):
        assert Membership.objects.get().roles == {Role.ADMIN}
        assert AuditEvent.objects.get().actor_name == "create_tenant"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"time_zone": "Mars/Olympus"}, "is no time zone"),
        ({"currency": "EURO"}, "at most 3 characters"),
    ],
)
def test_a_value_that_cannot_be_is_told_and_nothing_is_made(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("create_tenant", "Northwind", **ADMIN, **options)

    assert not Tenant.objects.exists()
    assert not User.objects.exists()


def test_a_weak_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSM_NEW_PASSWORD", "password")

    with pytest.raises(CommandError, match="too short"):
        run("create_tenant", "Northwind", **ADMIN)


def test_a_person_is_added_with_their_roles(tenant: Tenant) -> None:
    run(
        "add_person",
        "carol@northwind.example",
        "--name",
        "Carol",
        "--tenant",
        "northwind",
        "--role",
        "csm",
        "--role",
        "manager",
    )

    with tenant_scope(tenant):
        assert Membership.objects.get(user__name="Carol").roles == {Role.CSM, Role.MANAGER}


def test_an_address_is_used_once(tenant: Tenant, alice: User) -> None:
    with pytest.raises(CommandError, match="already"):
        run("add_person", alice.email.upper(), "--name", "Alice II", "--tenant", "northwind", "--role", "csm")


def test_an_unknown_company_is_told(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="short name"):
        run("add_person", "x@y.example", "--name", "X", "--tenant", "nowhere", "--role", "csm")
