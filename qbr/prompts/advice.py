"""The prompts for advice on one account: churn risk, expansion, adoption coaching (SPEC 4, 5.5).

Level, trigger, type and size are computed by the portal and given as facts; the answers are prose that cites
facts by id (P1).
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from qbr.facts import FactSheet
from qbr.prompts import system
from qbr.schemas import FactRef, Line, Paragraph

_Citations = Annotated[list[FactRef], Field(min_length=1, max_length=6)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChurnRiskAnswer(_Answer):
    """Why an account is at risk, and what to do about it."""

    risk_narrative: Paragraph = Field(
        description="Two or three sentences that cite the facts behind the risk."
    )
    recommended_actions: list[Line] = Field(min_length=1, max_length=5, description="One sentence each.")


class ExpansionAnswer(_Answer):
    """What speaks for an expansion, and how to bring it up."""

    evidence: list[Line] = Field(min_length=1, max_length=5, description="One sentence each, citing facts.")
    talk_track: Paragraph = Field(description="What to say to the customer; no score and no risk in it.")


class CoachingRecommendation(_Answer):
    """One recommendation. ``feature_area`` and ``signals`` are ids of facts."""

    feature_area: FactRef = Field(
        default="", description="Id of the fact that names the area, or empty for all."
    )
    recommendation: Line
    signals: _Citations


class AdoptionCoachingAnswer(_Answer):
    recommendations: list[CoachingRecommendation] = Field(min_length=1, max_length=5)


_CHURN = """\
Explain to a colleague why this account is at the level of churn risk that the facts give, and what to do next.
The level and what set it off are given: do not judge them, do not change them. Name the facts that weigh most,
then one to five actions that somebody can start this week, the most urgent first.
"""
_EXPANSION = """\
Write for a colleague in sales what speaks for the expansion that the facts describe, and what to say to the
customer. Its kind and its size are given. Speak of what the customer gains; promise nothing, press nobody.
"""
_COACHING = """\
Recommend how this customer can get more out of what is licensed: one to five recommendations, each for one
under-used area where areas are given, otherwise for overall adoption, each with the facts that call for it.
"""


def build_churn_risk_prompt(facts: FactSheet, *, notes: str = "") -> str:
    """Return the prompt for the narrative and the actions of a churn assessment (SPEC 4.1)."""
    return _request(_CHURN, facts, notes, ChurnRiskAnswer)


def build_expansion_prompt(facts: FactSheet, *, notes: str = "") -> str:
    """Return the prompt for the evidence and the talk track of an expansion (SPEC 4.3)."""
    return _request(_EXPANSION, facts, notes, ExpansionAnswer)


def build_adoption_coaching_prompt(facts: FactSheet, *, notes: str = "") -> str:
    """Return the prompt for coaching on under-used features (SPEC 4.4)."""
    return _request(_COACHING, facts, notes, AdoptionCoachingAnswer)


def _request(task: str, facts: FactSheet, notes: str, answer: type[BaseModel]) -> str:
    return system.request(task, facts=facts, data={"notes": notes}, schema=system.schema_of(answer))
