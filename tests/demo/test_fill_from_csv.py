"""``fill_demo --data``: somebody's own file into the workspace, mirrored and scored, with a sentence for each bad place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, AccountHealth
from benchmarks.soak import ground
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from tests.demo.running import a_csv

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


@pytest.fixture(autouse=True)
def own_database(transactional_db: Any, tmp_path: Path) -> Iterator[None]:
    """A file: the gate's own connection and the test's would trip over each other in a database in memory."""
    with ground.own_database("filled", folder=tmp_path):
        yield


def fill(simulator, data: Path, **options) -> None:
    call_command("fill_demo", simulator=simulator.file, data=data, **options)


def test_every_row_is_mirrored_scored_and_shared_out(simulator, tmp_path, capsys):
    sign_in = tmp_path / "sign-in.txt"

    fill(simulator, a_csv(tmp_path / "accounts.csv", 30), sign_in=sign_in)

    assert simulator.count("pages") == 30
    with tenant_scope(Tenant.objects.get()):
        assert AccountHealth.objects.count() == 30
        owners = Account.objects.values_list("owner__name", flat=True)
        assert {name: list(owners).count(name) for name in owners} == {
            "Nora Lindqvist": 10,
            "Mateo Herrera": 10,
            "Priya Raman": 10,
        }
        assert Account.objects.get(name="Customer 7 Łódź").seats_used == 7
    assert "nora@brightloom.example" in sign_in.read_text()
    assert capsys.readouterr().err == ""


def test_values_that_cannot_be_are_told_and_the_rest_goes_on(simulator, tmp_path, capsys):
    data = tmp_path / "accounts.csv"
    data.write_text(
        "account_id,account_name,as_of,feature_adoption_rate,open_tickets,payment_current\n"
        "A-1,Acme,2026-03-31,1.7,2,True\n"
        "A-2,Borealis,2026-03-31,0.4,-3,perhaps\n"
        "A-2,Borealis again,2026-03-31,0.4,1,True\n"
        "A-3,Cirrus,2026-03-31,0.9,0,False\n",
        encoding="utf-8",
    )

    fill(simulator, data)

    told = capsys.readouterr().err.splitlines()
    assert len(told) == 4
    assert told[0].startswith("Row 2, column feature_adoption_rate: “1.7”")
    assert told[1].startswith("Row 3, column open_tickets: “-3”")
    assert told[2].startswith("Row 3, column payment_current: “perhaps”")
    assert told[3].startswith("Row 4 repeats the account_id “A-2” of row 3.")
    with tenant_scope(Tenant.objects.get()):
        found = {account.name: account for account in Account.objects.all()}
        assert sorted(found) == ["Acme", "Borealis", "Cirrus"]
        assert found["Acme"].feature_adoption_rate is None
        assert found["Borealis"].payment_current is None
        assert found["Cirrus"].payment_current is False


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"account_id,account_name\n", "health signal"),
        (b"account_name,open_tickets\nAcme,1\n", "no column account_id"),
        (b"account_id,account_name,open_tickets\nA,\xff\xfe\xfa,1\n", "not UTF-8"),
        (b'account_id,account_name,open_tickets\n1,"Acme,1\n', "quotation mark"),
    ],
)
def test_a_file_that_is_no_portfolio_is_refused_before_anything_is_made(
    simulator, tmp_path, content, sentence
):
    data = tmp_path / "accounts.csv"
    data.write_bytes(content)

    with pytest.raises(CommandError, match=sentence) as refused:
        fill(simulator, data)

    assert str(data) in str(refused.value)
    assert not Tenant.objects.exists()
    assert simulator.count("workspaces") == 0


def test_a_portal_in_use_is_never_filled(simulator, tmp_path, tenant):
    with pytest.raises(CommandError, match="fills an empty database only"):
        fill(simulator, a_csv(tmp_path / "accounts.csv", 1))
