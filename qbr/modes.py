"""What a draft is for. Pure."""

from enum import StrEnum


class Mode(StrEnum):
    """What a draft is for: the whole review, or one for an account that is at risk."""

    FULL = "full"
    AT_RISK = "at_risk"

    @property
    def label(self) -> str:
        return {"full": "Full review", "at_risk": "At risk: win it back"}[self.value]
