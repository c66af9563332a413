"""The prompt for a quarterly business review."""

from csm_portal.ports.writer import WritingTask
from qbr.facts import FactSheet
from qbr.prompts import system
from qbr.schemas import QBRAnswer

_TASK = """\
Write the prose of a quarterly business review in four sections. Tables of scores, ROI facts, adoption and past
commitments are added by the portal: do not repeat them line by line, say what they mean.

- account_health_summary: what the customer got out of the quarter, in words that they may read; the health score,
  its change and what drives it belong into "internal".
- roi_business_impact: the return that the ROI facts (roi.…) show. Without any, say that no figure has been agreed yet
  and which one would show the value; put no return into words.
- feature_adoption_scorecard: adoption now against the start of the quarter and against the benchmark; which licensed
  features are unused. Without a list of features speak of overall adoption and say so.
- expansion_next_steps: first whether the commitments of the previous review were kept, then two to five next steps.
  "owner" and "due" are ids of facts, or empty. Chances to expand belong into "internal".
"""


def build_qbr_prompt(facts: FactSheet, *, notes: str = "") -> str:
    """Return the prompt for a QBR, with the JSON schema of its answer (SPEC 5.5).

    ``notes`` are the CSM's notes on the account, as they stand in Notion: data, fenced as such. Customer goals
    and past commitments are facts.
    """
    return system.request(_TASK, facts=facts, data={"notes": notes}, schema=system.schema_of(QBRAnswer))


def writing_task(facts: FactSheet, *, notes: str = "") -> WritingTask:
    """Return the task for a writer, whichever it is."""
    return WritingTask(
        kind="qbr",
        system=system.CSM_SYSTEM_PROMPT,
        prompt=build_qbr_prompt(facts, notes=notes),
        schema=system.schema_of(QBRAnswer),
        material=system.material(facts),
    )
