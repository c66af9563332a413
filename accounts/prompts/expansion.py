"""The prompt for the words to a customer about an expansion (SPEC 4.3, 5.5)."""

from collections.abc import Mapping

from accounts.cited import Fact
from accounts.expansion_told import ExpansionAnswer
from accounts.prompts import system

_TASK = """\
Write what a colleague in sales says to this customer about the expansion that the facts describe. Its kind and its size
come from rules: take them as they are.

- talk_track: three to five sentences, spoken to the customer as "you". Begin with what their team has reached, citing
  the facts; then what the next step would give them; end with one open question. Promise nothing, press nobody, name no
  price, and say nothing of health, scores or risk.
"""


def build_expansion_prompt(facts: Mapping[str, Fact], *, notes: str = "") -> str:
    """Return the prompt for a talk track, with the JSON schema of its answer (SPEC 5.5).

    ``notes`` are the CSM's notes on the account as they stand in Notion: data, fenced as such.
    """
    return system.request(
        _TASK,
        facts=facts.values(),
        data={"notes of the CSM": notes},
        schema=ExpansionAnswer.model_json_schema(),
    )
