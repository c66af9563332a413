"""``docs/agent.md`` against the code, and its LangGraph example as it stands there."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Account
from csm_portal import agent as package
from csm_portal.agent import CSM_CAPABILITIES, CSMResult, create_csm_registration
from csm_portal.agent.results import ANSWERS, TaskFailure
from csm_portal.agent.tasks import CSMTask, TaskType
from csm_portal.core.models import AgentRun, AuditEvent
from qbr.prompts.system import CSM_SYSTEM_PROMPT
from tests.agent.asked import EVERY
from tests.factories import make_account, make_alert

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "agent.md").read_text()


def table() -> dict[str, list[str]]:
    """The rows of the table of tasks, by task type."""
    rows = re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", PAGE, flags=re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}


@pytest.mark.one_database
def test_the_table_of_tasks_is_the_code() -> None:
    rows = table()

    assert list(rows) == list(TaskType) == list(CSM_CAPABILITIES) == list(EVERY)
    for name, (says, needs, answers, words, background) in rows.items():
        capability = CSM_CAPABILITIES[name]
        assert says == capability.description
        assert needs == ("yes" if capability.needs_account else "no")
        assert answers == ", ".join(f"`{form.__name__}`" for form in ANSWERS[TaskType(name)])
        assert words == (capability.model_writes or "–")
        one = CSMTask(task_type=TaskType(name), tenant_id="x", account_id="y")
        all_of_them = name == "health_scan" and CSMTask(task_type=TaskType(name), tenant_id="x").is_long
        assert background == ("yes" if one.is_long else "without an account" if all_of_them else "no")
        assert capability.is_long == one.is_long


@pytest.mark.one_database
def test_a_registry_is_told_all_that_it_needs() -> None:
    told = create_csm_registration()

    assert told["agent_id"] == "csm_agent"
    assert [one["task_type"] for one in told["capabilities"]] == list(EVERY)
    for one in told["capabilities"]:
        titles = [form["title"] for form in one["output_schema"]["anyOf"]]
        assert titles == [form.__name__ for form in (*ANSWERS[TaskType(one["task_type"])], TaskFailure)]
    assert told["input_schema"]["additionalProperties"] is False
    assert told["output_schema"]["title"] == CSMResult.__name__


@pytest.mark.one_database
def test_every_name_of_the_contract_can_be_imported() -> None:
    for name in package.__all__:
        assert getattr(package, name) is not None
    for name in (
        "CSMTask", "CSMResult", "CSMHealthSignals", "QBRPage", "CSMHealthScoreResult", "ChurnRiskResult",
        "ExpansionOpportunity", "CSMHandoffRequest", "CSMHandoffResponse", "AgentEvent", "CSMAgent", "CSM_CAPABILITIES",
        "create_csm_registration", "CSM_SYSTEM_PROMPT", "build_churn_risk_prompt", "build_qbr_prompt",
        "build_expansion_prompt", "build_adoption_coaching_prompt", "CSM_REQUEST_TO_TASK_TYPE",
    ):  # fmt: skip
        assert name in package.__all__, name
    assert package.CSM_SYSTEM_PROMPT == CSM_SYSTEM_PROMPT
    with pytest.raises(AttributeError, match="has no nothing"):
        _ = package.nothing


@pytest.mark.one_database
def test_the_forms_are_read_without_django_and_the_agent_without_a_models_library() -> None:
    forms = "import sys, csm_portal.agent as a; a.CSMTask, a.CSMResult, a.create_csm_registration()"
    whole = "import sys, django; django.setup(); from csm_portal.agent import CSMAgent; CSMAgent()"
    for code, absent in ((forms, "django"), (whole, "litellm"), (whole, "langgraph"), (whole, "scipy")):
        done = subprocess.run(
            [sys.executable, "-c", f"{code}; sys.exit('{absent}' in sys.modules)"],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (absent, done.stderr)


@pytest.mark.one_database
def test_neither_agent_imports_the_other() -> None:
    folder = Path(package.__file__).parent

    assert "csm_portal.agent" not in (folder / "sales.py").read_text().replace("csm_portal.agent.sales", "")
    for path in folder.glob("*.py"):
        if path.name not in ("__init__.py", "sales.py"):
            assert "agent.sales" not in path.read_text(), path


@pytest.mark.django_db
def test_the_langgraph_example_runs_as_it_stands_in_the_document(quay: Account) -> None:
    block = re.search(r"<!-- langgraph -->\n```python\n(.+?)```", PAGE, flags=re.DOTALL)
    assert block is not None
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block.group(1), "docs/agent.md", "exec"), names)  # noqa: S102  # what a reader would paste
    make_alert(quay)
    well = make_account(name="Well")

    urgent = names["watch_account"].invoke({"tenant_id": quay.tenant.slug, "account_id": quay.notion_page_id})
    calm = names["watch_account"].invoke(
        {"tenant_id": str(quay.tenant_id), "account_id": well.notion_page_id}
    )
    lost = names["watch_account"].invoke({"tenant_id": str(quay.tenant_id), "account_id": "nobody"})

    assert urgent["risk"]["churn_risk_level"] in ("high", "critical")
    assert urgent["outcome"]["status"] in ("delivered", "already_delivered")
    assert "outcome" not in calm
    assert lost["risk"]["partial"] is True
    assert [run.task_type for run in AgentRun.objects.order_by("asked_at", "pk")].count("churn_alert") == 1
    assert AuditEvent.objects.filter(actor_name="A program of this installation").exists()
