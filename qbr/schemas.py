"""The shapes that cross the edge: what a writer answers, and what the agent returns (SPEC 5.1, 5.5).

The writer's answer is prose with citations of facts, nothing else: no figure, no risk class, no date of its
own (P1).
"""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from csm_portal.ports.answers import Parsed, parse

__all__ = [
    "FactRef",
    "Line",
    "NextStepsAnswer",
    "Paragraph",
    "Parsed",
    "QBRAnswer",
    "QBRPage",
    "SectionAnswer",
    "Step",
    "parse",
]

# Grammars of small local models refuse repetitions of 2,000 and more.
Paragraph = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1500)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
FactRef = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]


class _Owned(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SectionAnswer(_Owned):
    """The prose of one section."""

    narrative: list[Paragraph] = Field(
        min_length=1, max_length=6, description="Paragraphs that the customer may read."
    )
    bullets: list[Line] = Field(
        default_factory=list, max_length=8, description="Short points that the customer may read."
    )
    internal: list[Paragraph] = Field(
        default_factory=list,
        max_length=4,
        description="Paragraphs for colleagues only: health score, risk, stakeholders, upsell.",
    )


class Step(_Owned):
    """One next step. Who and when are citations of facts, or empty where nobody has agreed to them."""

    what: Line = Field(description="What will be done, in one sentence.")
    owner: FactRef = Field(default="", description="Id of the fact that names who does it, or empty.")
    due: FactRef = Field(default="", description="Id of the fact that is the date to do it by, or empty.")
    is_internal: bool = Field(default=False, description="True where only colleagues may read it.")


class NextStepsAnswer(_Owned):
    narrative: list[Paragraph] = Field(min_length=1, max_length=6)
    steps: list[Step] = Field(min_length=1, max_length=8)
    internal: list[Paragraph] = Field(default_factory=list, max_length=4)


class QBRAnswer(_Owned):
    """What a writer answers for a QBR: the four sections of SPEC 6.1."""

    account_health_summary: SectionAnswer
    roi_business_impact: SectionAnswer
    feature_adoption_scorecard: SectionAnswer
    expansion_next_steps: NextStepsAnswer


class QBRPage(_Owned):
    """A QBR as the agent hands it on (SPEC 5.1). ``notion_page_id`` is None until it is published."""

    account_id: str
    account_name: str
    quarter: str = Field(pattern=r"^Q[1-4] \d{4}$")
    title: str
    status: str
    health_score: int | None = Field(default=None, ge=0, le=100)
    created_on: date
    qbr_key: str
    author: str
    open_findings: int = Field(default=0, ge=0)
    sections: dict[str, list[str]] = Field(
        default_factory=dict, description="The words of each section, by its heading, a line for each block."
    )
    notion_page_id: str | None = None
    notion_page_url: str | None = None
