"""The prompt for the words about a churn risk (SPEC 4.1, 5.5)."""

from collections.abc import Mapping

from accounts.churn_told import ChurnRiskAnswer
from accounts.cited import Fact
from accounts.prompts import system

_TASK = """\
Tell the account's CSM why this account may leave, and what to do. Level, trigger and facts come from rules: take them as
they are.

- risk_narrative: two or three sentences. Say what speaks for the risk and how the facts hang together, then until when
  something can be done. A fact such as {{fact.silence}} reads as a clause: "{{fact.silence}}, and {{fact.usage}}."
- recommended_actions: one to four things that the CSM can do, the most urgent first, each one sentence in the imperative.
  Name a person only by citing the contact.
"""


def build_churn_risk_prompt(facts: Mapping[str, Fact], *, notes: str = "") -> str:
    """Return the prompt for a churn narrative, with the JSON schema of its answer (SPEC 5.5).

    ``notes`` are the CSM's notes on the account as they stand in Notion: data, fenced as such.
    """
    return system.request(
        _TASK,
        facts=facts.values(),
        data={"notes of the CSM": notes},
        schema=ChurnRiskAnswer.model_json_schema(),
    )
