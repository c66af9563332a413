"""Score and churn risk on an account's page: the two properties, found, written and read back (SPEC 2.5a)."""

from typing import Any

import httpx
import pytest

from csm_portal.ports.errors import PortError, Trouble
from csm_portal.ports.figures import FigureProperties
from tests.integrations.notion.conftest import Sent, Simulated

SCORE = {"CSM Health Score": {"number": {"format": "number"}}}
RISK = {"Churn Risk": {"select": {}}}


def change_schema(sim: Simulated, properties: dict[str, Any]) -> None:
    sim.ask("PATCH", f"data_sources/{sim.workspace.accounts_data_source_id}", {"properties": properties})


def with_both(sim: Simulated) -> FigureProperties:
    change_schema(sim, SCORE | RISK)
    return sim.adapter().describe_figures()


def test_a_missing_property_is_named_with_what_to_do(sim: Simulated) -> None:
    change_schema(sim, {"CSM Health Score": None, "Churn Risk": None} if has_them(sim) else {"Notes": {}})

    found = sim.adapter().describe_figures()

    assert found.names == {}
    score, risk = found.problems
    assert "has no property “CSM Health Score”" in score
    assert "of type Number" in score
    assert "has no property “Churn Risk”" in risk
    assert "of type Select" in risk


def has_them(sim: Simulated) -> bool:
    source = sim.ask("GET", f"data_sources/{sim.workspace.accounts_data_source_id}")
    return "CSM Health Score" in source["properties"]


def test_a_mistyped_property_is_left_alone_and_named(sim: Simulated) -> None:
    change_schema(sim, SCORE | {"Churn Risk": {"rich_text": {}}})

    found = sim.adapter().describe_figures()

    assert found.names == {"score": "CSM Health Score"}
    assert found.problems[0].startswith(
        "The property “Churn Risk” of the accounts database “Accounts” is of type text"
    )


def test_names_are_compared_without_case(sim: Simulated) -> None:
    if has_them(sim):
        change_schema(sim, {"CSM Health Score": None, "Churn Risk": None})
    change_schema(sim, {"csm health score": {"number": {"format": "number"}}} | RISK)

    assert sim.adapter().describe_figures().names["score"] == "csm health score"


def test_both_are_written_and_read_back_and_nothing_else_is_touched(sim: Simulated) -> None:
    (page,) = sim.add({"name": "Acme", "arr": 12000})
    properties = with_both(sim)
    before = sim.ask("GET", f"pages/{page}")["properties"]

    edit = sim.adapter().write_figures(page, {"score": 42, "risk": "high"}, properties)

    after = sim.ask("GET", f"pages/{page}")
    changed = {name for name, value in after["properties"].items() if value != before[name]}
    assert changed == {"CSM Health Score", "Churn Risk"}
    assert edit.held == {"score": "42", "risk": "high"}
    assert edit.by == sim.workspace.bot_id
    assert edit.at.isoformat() == after["last_edited_time"].replace(".000Z", "+00:00")


def test_only_what_is_given_is_sent(sim: Simulated) -> None:
    (page,) = sim.add({"name": "Acme"})
    properties = with_both(sim)

    sim.adapter().write_figures(page, {"risk": "low"}, properties)

    assert sim.wire.sent[-1].body == {"properties": {"Churn Risk": {"select": {"name": "low"}}}}


def test_an_option_that_an_admin_made_is_used_whatever_its_case(sim: Simulated) -> None:
    (page,) = sim.add({"name": "Acme"})
    change_schema(sim, SCORE | {"Churn Risk": {"select": {"options": [{"name": "High", "color": "red"}]}}})
    adapter = sim.adapter()

    edit = adapter.write_figures(page, {"risk": "high"}, adapter.describe_figures())

    assert edit.held["risk"] == "High"


def test_a_scan_brings_what_the_pages_say(sim: Simulated) -> None:
    written, empty = sim.add({"name": "Acme"}, {"name": "Blue"})
    properties = with_both(sim)
    adapter = sim.adapter()
    adapter.write_figures(written, {"score": 7, "risk": "critical"}, properties)

    held = {record.id: dict(record.figures) for record in adapter.query_all_accounts()}

    assert held == {
        written: {"score": "7", "risk": "critical"},
        empty: {"score": None, "risk": None},
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "after_commit": True},
        {"status": 502, "raw": "<html>Bad gateway</html>"},
        {"status": 529},
        {"status": 409},
    ],
)
def test_an_answer_that_leaves_it_open_is_followed_by_the_same_write(
    sim: Simulated, fault: dict[str, Any]
) -> None:
    (page,) = sim.add({"name": "Acme"})
    properties = with_both(sim)
    sim.fault(method="PATCH", match="/v1/pages/", **fault)

    edit = sim.adapter().write_figures(page, {"score": 42}, properties)

    assert edit.held["score"] == "42"


def test_a_connection_that_breaks_after_the_write_is_followed_by_the_same_write(sim: Simulated) -> None:
    (page,) = sim.add({"name": "Acme"})
    properties = with_both(sim)
    lost = [1]

    def lose(sent: Sent) -> None:
        if sent.method == "PATCH" and lost:
            lost.pop()
            raise httpx.ReadError("The connection broke.")

    sim.wire.lose = lose

    edit = sim.adapter().write_figures(page, {"score": 42}, properties)

    assert edit.held["score"] == "42"
    assert not lost


def test_a_page_that_is_gone_is_told_apart(sim: Simulated) -> None:
    properties = with_both(sim)

    with pytest.raises(PortError) as caught:
        sim.adapter().write_figures("0" * 32, {"score": 42}, properties)

    assert caught.value.trouble is Trouble.NOT_FOUND
    assert caught.value.permanent
