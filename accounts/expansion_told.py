"""A talk track by a model: what it may cite, the form of its answer, and what is refused (SPEC 4.3, 5.5, P1). Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from accounts import cited
from accounts.cited import Fact

_NOT_FOR_CUSTOMERS: Final = re.compile(
    r"\b(?:health|scores?|scoring|churn\w*|at risk|risks?|upsell\w*|cross-?sell\w*|amber|arrears|renewal risk|discount\w*|guarantee\w*)\b",
    re.IGNORECASE,
)


class ExpansionAnswer(BaseModel):
    """What to say to the customer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    talk_track: str = Field(
        min_length=40,
        max_length=1500,
        description="Three to five sentences to say to the customer: what they have reached, what comes next, one open "
        "question. Facts are cited by id.",
    )


def facts(stored: Mapping[str, Mapping[str, str]]) -> dict[str, Fact]:
    """Return the facts that an opportunity keeps, as citations read them."""
    return {
        name: Fact(id=name, label=one["label"], shown=one["shown"], goes="up" if name == "seats.used" else "")
        for name, one in stored.items()
    }


def problems(answer: ExpansionAnswer, told: Mapping[str, Fact]) -> list[str]:
    """Return what is wrong with an answer, a sentence each that the model is told."""
    found = cited.problems(answer.talk_track, told, is_advice=True)
    if match := _NOT_FOR_CUSTOMERS.search(answer.talk_track):
        found.append(f"“{match[0]}” is nothing to say to a customer; speak of what they gain.")
    if not 2 <= len(cited.sentences(answer.talk_track)) <= 7:
        found.append("Write three to five sentences.")
    return found


def material(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts as plain values, for the hash of what went into a prompt."""
    return {"facts": dict(stored)}
