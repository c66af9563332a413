"""The steps of an adoption plan as facts that a model may cite, and its answer held to them (SPEC 4.4, P1). Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from accounts import cited
from accounts.cited import Fact

LONGEST_TITLE: Final = 300

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=250)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Ref = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]

# What a customer is not told of (SPEC 6.1), whoever writes it.
_INTERNAL: Final = re.compile(
    r"\b(?:health|score|risk|churn|renewals?|arrears|upsell|expansion|stakeholders?|red|amber|green)\b",
    re.IGNORECASE,
)


class StepAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    area: Ref = Field(description="Id of the area, as in area.1.")
    title: Line = Field(description="What is done, one sentence in the imperative, citing the area.")
    why: Prose = Field(description="What the customer gains: one or two sentences that cite the evidence.")


class CoachingAnswer(BaseModel):
    """What a model answers for a plan: words for each step, no figure, date or name of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: list[StepAnswer] = Field(min_length=1, max_length=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One step that needs words. ``evidence`` are the stored facts of the step that a customer may read."""

    key: str
    area: str
    sentences: tuple[str, ...]


def facts(wanted: Sequence[Wanted], *, account: str, owner: str) -> dict[str, Fact]:
    """Return what may be said in a plan, by id: each area, and the evidence for it."""
    found = [Fact(id="account.name", label="name of the customer", shown=account)]
    if owner:
        found.append(Fact(id="owner.name", label="the customer's CSM", shown=owner))
    for number, one in enumerate(wanted, start=1):
        found.append(Fact(id=f"area.{number}", label="an area to work on", shown=one.area))
        for place, sentence in enumerate(one.sentences, start=1):
            clause = _clause(sentence)
            goes = "down" if "fell" in clause or "declining" in clause else ""
            found.append(
                Fact(
                    id=f"evidence.{number}.{place}",
                    label=f"speaks for area {number}",
                    shown=clause,
                    goes=goes,
                )
            )
    return {fact.id: fact for fact in found if fact.shown}


def objections(answer: CoachingAnswer, known: Mapping[str, Fact]) -> list[str]:
    """Return what is wrong with an answer, a sentence each; none where it may be shown."""
    areas = [name for name in known if name.startswith("area.")]
    if [step.area for step in answer.steps] != areas:
        return [f"Answer with one step for each of these areas, in this order: {', '.join(areas)}."]
    found = []
    for number, step in enumerate(answer.steps, start=1):
        for name, text in (("title", step.title), ("why", step.why)):
            problems = cited.problems(text, known, is_advice=name == "title")
            found += [f"Step {number}, {name}: {problem}" for problem in problems]
            if match := _INTERNAL.search(re.sub(r"\{\{[^{}]*\}\}", "", text)):
                found.append(f"Step {number}, {name}: “{match[0]}” is not for the customer; leave it out.")
            others = [
                one
                for one in cited.ids(text)
                if one.startswith(("area.", "evidence.")) and one.split(".")[1] != str(number)
            ]
            if others:
                found.append(f"Step {number}, {name}: cite only its own area and evidence.")
        if len(cited.sentences(step.title)) != 1:
            found.append(f"Step {number}: the title is one sentence.")
        if len(cited.sentences(step.why)) > 2:
            found.append(f"Step {number}: the why has at most two sentences.")
        if not found and len(cited.rendered(step.title, known)) > LONGEST_TITLE:
            found.append(f"Step {number}: the title is too long.")
    return found


def told(answer: CoachingAnswer, known: Mapping[str, Fact]) -> list[tuple[str, str]]:
    """Return title and why of each step as people read them. The answer has passed ``objections``."""
    return [
        (cited.rendered(step.title, known).rstrip("."), cited.rendered(step.why, known))
        for step in answer.steps
    ]


def sentences_of(evidence: Sequence[Any], *, allowed: frozenset[str]) -> tuple[str, ...]:
    """Return the sentences of stored evidence that come from signals which a customer may read."""
    return tuple(
        str(one["sentence"]) for one in evidence if isinstance(one, dict) and one.get("signal") in allowed
    )


def _clause(sentence: str) -> str:
    plain = sentence.strip().removesuffix(".")
    return plain if plain[:1] in '“"' or plain[:1].isdigit() else f"{plain[:1].lower()}{plain[1:]}"
