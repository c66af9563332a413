"""The prompt for a quarterly business review."""

from typing import Final

from csm_portal.ports.writer import WritingTask
from qbr.facts import FactSheet
from qbr.modes import Mode
from qbr.prompts import system
from qbr.schemas import QBRAnswer

_TASK = """\
Write the prose of a quarterly business review in four sections. Tables of scores, ROI facts, adoption and past
commitments are added by the portal: do not repeat them line by line, say what they mean. Outcomes first, then one honest
difficulty, then what happens next and who does it.

- account_health_summary: what the customer got out of the quarter, in words that they may read; the health score,
  its change and what drives it belong into "internal".
- roi_business_impact: the return that the ROI facts (roi.…) show. Without any, say that no figure has been agreed yet
  and which one would show the value; put no return into words.
- feature_adoption_scorecard: adoption now against the start of the quarter and against the benchmark; which licensed
  features are unused; which steps of the adoption plan were done (coaching.…). Without a list of features speak of
  overall adoption and say so.
- expansion_next_steps: first whether the commitments of the previous review were kept, then two to five next steps.
  "owner" and "due" are ids of facts, or empty. Chances to expand belong into "internal".
"""

_AT_RISK = """\
Write the prose of a quarterly business review for a customer who may leave, in four sections. It is read in one
meeting whose aim is a plan that both sides believe in. Tables of scores, ROI facts, adoption and past commitments are
added by the portal: do not repeat them.

- account_health_summary: in the first sentence what has got worse for the customer, as the facts show it, in words that
  they would use; no praise before it, no excuse after it. Then what is going well, if a fact says so. Score, band,
  drivers and the date until which notice can be given belong into "internal".
- roi_business_impact: what the customer was meant to get (goals.text, roi.…) against what they got. Without ROI facts
  say that the value has not been shown and which one figure would show it.
- feature_adoption_scorecard: only what stands between the customer and that value: what is paid for and not used, and
  which one thing to bring into use first.
- expansion_next_steps: no expansion anywhere. First which commitments of the previous review were not kept, said
  plainly. Then three to five steps that repair something named above, the most urgent first; each one that we do, with
  "owner" and "due" as ids of facts, the first before the notice or renewal date. The last step says how both sides will
  know that it worked. Who has to be won over belongs into "internal".
"""

_TASKS: Final = {Mode.FULL: ("qbr", _TASK), Mode.AT_RISK: ("qbr_at_risk", _AT_RISK)}


def build_qbr_prompt(facts: FactSheet, *, notes: str = "", mode: Mode = Mode.FULL) -> str:
    """Return the prompt for a QBR, with the JSON schema of its answer (SPEC 5.5).

    ``mode`` is what the review is for: each has a task of its own. ``notes`` are the CSM's notes on the account, as they stand in Notion: data, fenced as such. Customer goals
    and past commitments are facts.
    """
    _, task = _TASKS[mode]
    return system.request(task, facts=facts, data={"notes": notes}, schema=system.schema_of(QBRAnswer))


def writing_task(facts: FactSheet, *, notes: str = "", mode: Mode = Mode.FULL) -> WritingTask:
    """Return the task for a writer, whichever it is."""
    kind, _ = _TASKS[mode]
    return WritingTask(
        kind=kind,
        system=system.CSM_SYSTEM_PROMPT,
        prompt=build_qbr_prompt(facts, notes=notes, mode=mode),
        schema=system.schema_of(QBRAnswer),
        material=system.material(facts),
    )
