"""The result of a scoring as it leaves the portal (SPEC 3.4)."""

from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    computed_field,
    model_validator,
)

from accounts.scoring.explain import Row
from accounts.scoring.policy import POLICY_FIELD
from accounts.scoring.signals import Rag

RagStatus = Literal["Green", "Amber", "Red", "Unknown"]
Score = Annotated[int, Field(ge=0, le=100)]
UTCDatetime = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


def should_alert(
    *,
    score: int,
    rag_status: str,
    previous_rag: str | None,
    red_threshold: int = POLICY_FIELD["red_threshold"].default,
) -> bool:
    """Say whether somebody must hear of it: under the red threshold, newly Red, or Green → Amber (SPEC 3.4).

    ``previous_rag`` is the band of an earlier local day, None where there is none.
    """
    if score < red_threshold:
        return True
    if rag_status == Rag.RED:
        return previous_rag != Rag.RED
    return rag_status == Rag.AMBER and previous_rag == Rag.GREEN


class BreakdownRow(BaseModel):
    """One line of the breakdown; ``penalty`` is in points, negative only for the clamp."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: str
    label: str
    value: str
    threshold: str
    penalty: int
    sentence: str


class CSMHealthScoreResult(BaseModel):
    """The score of one account, what it was before, and why.

    ``should_alert`` is computed: it is written out, and read back only where it agrees.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    account_id: str = Field(min_length=1)
    score: Score
    rag_status: RagStatus
    previous_score: Score | None = None
    previous_rag: RagStatus | None = None
    scan_timestamp: UTCDatetime
    breakdown: tuple[BreakdownRow, ...] = ()
    red_threshold: int = Field(default=POLICY_FIELD["red_threshold"].default, ge=1, le=99)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def should_alert(self) -> bool:
        """Under the red threshold, newly Red, or Green → Amber."""
        return should_alert(
            score=self.score,
            rag_status=self.rag_status,
            previous_rag=self.previous_rag,
            red_threshold=self.red_threshold,
        )

    @model_validator(mode="wrap")
    @classmethod
    def _compute_the_alert(cls, data: Any, build: Any) -> Self:
        if not isinstance(data, dict) or "should_alert" not in data:
            return build(data)  # type: ignore[no-any-return]
        given = data["should_alert"]
        result: Self = build({name: value for name, value in data.items() if name != "should_alert"})
        if given is not result.should_alert:
            raise ValueError("should_alert follows from the score and the bands; leave it out.")
        return result

    @model_validator(mode="after")
    def _penalties_explain_the_score(self) -> Self:
        total = sum(row.penalty for row in self.breakdown)
        if self.breakdown and total != 100 - self.score:
            raise ValueError(f"The penalties come to {total}, but 100 − {self.score} is {100 - self.score}.")
        return self


def breakdown(rows: Sequence[Row]) -> tuple[BreakdownRow, ...]:
    """Turn the rows of ``explain.rows`` into the result's breakdown."""
    return tuple(
        BreakdownRow(
            input=row.input,
            label=row.label,
            value=row.value,
            threshold=row.threshold,
            penalty=row.penalty,
            sentence=row.sentence,
        )
        for row in rows
    )
