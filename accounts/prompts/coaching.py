"""The prompt for the words of an adoption plan (SPEC 4.4, 5.5)."""

from collections.abc import Mapping

from accounts.cited import Fact
from accounts.coaching_told import CoachingAnswer
from accounts.prompts import system

_TASK = """\
Put the steps of an adoption plan into words that the customer may read. The portal has decided which steps there are, in
which order, who does them and until when: you write what is done and why it helps this customer.

- steps: one entry for each area in the list, in its order. "area" is the id of the area.
- title: one sentence in the imperative, what is done together. Name the area by citing it, as in "Show {{area.1}} on real
  work to the people it is for".
- why: one or two sentences on what the customer gains, citing the evidence that speaks for it. Say nothing of health
  scores, risk, renewals or money.
"""


def build_adoption_coaching_prompt(facts: Mapping[str, Fact], *, goals: str = "", notes: str = "") -> str:
    """Return the prompt for the words of a plan, with the JSON schema of its answer (SPEC 5.5).

    ``goals`` are the customer's and ``notes`` the CSM's, as they stand in Notion: data, fenced as such.
    """
    return system.request(
        _TASK,
        facts=facts.values(),
        data={"goals of the customer": goals, "notes of the CSM": notes},
        schema=CoachingAnswer.model_json_schema(),
    )
