"""The churn risk of an account as facts that a model may cite, and what it wrote as people read it (SPEC 4.1, P1). Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts import cited, contacts
from accounts.cited import Fact

SHORTEST, LONGEST = 2, 3
"""So many sentences a narrative has (SPEC 4.1)."""
MOST_CONTACTS: Final = 3

_LABELS: Final[Mapping[str, str]] = {
    "notice": "until when notice can be given",
    "notice_passed": "the notice date has passed",
    "renewal": "when the contract renews",
    "overdue": "the contract date has passed",
    "arrears": "payment",
    "band": "health band and score",
    "fall": "how far the score fell",
    "silence": "since when there was no meaningful interaction",
    "usage": "usage",
    "complaint": "support sentiment",
    "escalation": "past escalations",
    "stakeholders": "stakeholder engagement",
    "unknown": "too little is known",
}
_FALLING: Final = ("fell", "declining", "is down")

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=900)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class ChurnRiskAnswer(BaseModel):
    """What a model answers: prose that cites facts, no figure, level or date of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk_narrative: Sentence = Field(
        description="Two or three sentences: why the account may leave, and until when something can be done."
    )
    recommended_actions: list[Line] = Field(
        min_length=1,
        max_length=4,
        description="What the CSM should do, most urgent first, one sentence each.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A narrative and its actions as people read them."""

    narrative: str
    actions: tuple[str, ...]


def facts(
    *, level: str, stored: Sequence[Any], account: str, owner: str, named: Iterable[str]
) -> dict[str, Fact]:
    """Return what may be said about a risk, by id. ``stored`` are the facts of an assessment, ``named`` the contacts."""
    found = [
        Fact(id="risk.level", label="churn risk, as the rules give it", shown=level),
        Fact(id="account.name", label="name of the account", shown=account),
    ]
    if owner:
        found.append(Fact(id="owner.name", label="the account's CSM", shown=owner))
    people = [one.name for one in contacts.read(named) if one.name][:MOST_CONTACTS]
    found += [
        Fact(id=f"contact.{number}.name", label="contact on the customer's side", shown=name)
        for number, name in enumerate(people, start=1)
    ]
    for one in stored:
        if isinstance(one, dict) and one.get("code") in _LABELS:
            clause = _clause(str(one.get("sentence", "")))
            goes = "down" if any(word in clause for word in _FALLING) else ""
            code = str(one["code"])
            found.append(Fact(id=f"fact.{code}", label=_LABELS[code], shown=clause, goes=goes))
    return {fact.id: fact for fact in found if fact.shown}


def basis(*, level: str, trigger: str, stored: Sequence[Any]) -> str:
    """Return a hash of what a story is about: the level, the trigger, which facts there are and which way they go.

    Figures are not part of it: they are put in when the story is shown, and a day more or less makes no new story.
    """
    told = facts(level=level, stored=stored, account="", owner="", named=())
    parts = sorted(f"{fact.id}:{fact.goes}" for fact in told.values() if fact.id.startswith("fact."))
    return hashlib.sha256(json.dumps([level, trigger, parts]).encode()).hexdigest()


def objections(answer: ChurnRiskAnswer, known: Mapping[str, Fact]) -> list[str]:
    """Return what is wrong with an answer, a sentence each; none where it may be shown."""
    narrative = answer.risk_narrative
    found = cited.problems(narrative, known)
    count = len(cited.sentences(narrative))
    if not SHORTEST <= count <= LONGEST:
        found.append(f"The narrative has {count} sentences; write two or three.")
    if not any(name.startswith("fact.") for name in cited.ids(narrative)):
        found.append("The narrative cites none of the facts that speak for the risk.")
    for number, action in enumerate(answer.recommended_actions, start=1):
        found += [f"Action {number}: {problem}" for problem in cited.problems(action, known, is_advice=True)]
        if len(cited.sentences(action)) > 1:
            found.append(f"Action {number} has more than one sentence.")
    return found


def told(narrative: str, actions: Iterable[str], known: Mapping[str, Fact]) -> Told | None:
    """Return a story with today's figures, or None where a fact that it cites is there no more."""
    try:
        return Told(
            narrative=cited.rendered(narrative, known),
            actions=tuple(cited.rendered(action, known) for action in actions),
        )
    except KeyError:
        return None


def _clause(sentence: str) -> str:
    """Return a stored sentence as it reads within another."""
    plain = sentence.strip().removesuffix(".")
    return f"{plain[:1].lower()}{plain[1:]}"
