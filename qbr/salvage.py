"""What is good of a writer's answers, section by section, where no answer is good as a whole. Pure.

A section is good that has the form of ``qbr.schemas`` and cites nothing but facts that there are.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from csm_portal.ports import answers, untrusted
from qbr import citations, drafting
from qbr.document import HEADINGS, SectionKey
from qbr.facts import FactSheet
from qbr.schemas import NextStepsAnswer, QBRAnswer, SectionAnswer

AnySection: TypeAlias = SectionAnswer | NextStepsAnswer
_FORMS: Final[Mapping[SectionKey, type[AnySection]]] = {
    SectionKey.HEALTH: SectionAnswer,
    SectionKey.ROI: SectionAnswer,
    SectionKey.ADOPTION: SectionAnswer,
    SectionKey.NEXT_STEPS: NextStepsAnswer,
}
_PARTS: Final = {
    "narrative": "paragraphs",
    "bullets": "points",
    "internal": "paragraphs for colleagues",
    "steps": "next steps",
}
_QUOTED: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Salvaged:
    """The sections that an answer gave in a usable form, and why each of the others cannot be used.

    Both are empty where none of the answers holds a section at all. A reason continues “the model …”. ``taken`` is how
    many sections come from each of the answers, by its place, where any does.
    """

    sections: Mapping[SectionKey, AnySection] = field(default_factory=dict)
    faults: Mapping[SectionKey, str] = field(default_factory=dict)
    taken: Mapping[int, int] = field(default_factory=dict)


def salvage(texts: Sequence[str], facts: FactSheet) -> Salvaged:
    """Take each section from the last of the answers that gives it in a usable form."""
    sections: dict[SectionKey, AnySection] = {}
    faults: dict[SectionKey, str] = {}
    taken: Counter[int] = Counter()
    for place, text in reversed(list(enumerate(texts))):
        said = answers.likest(text, QBRAnswer)
        if said is None:
            continue
        for key in SectionKey:
            if key in sections:
                continue
            section, fault = _read(key, said, facts)
            if section is not None:
                sections[key] = section
                taken[place] += 1
            # Of two answers, the last one's fault is told: the first was given back to be mended.
            faults.setdefault(key, fault)
    return Salvaged(
        sections=sections,
        faults={key: faults[key] for key in SectionKey if key in faults and key not in sections},
        taken=taken,
    )


def sections_of(answer: QBRAnswer) -> dict[SectionKey, AnySection]:
    """Return the sections of a whole answer."""
    return {key: getattr(answer, key.value) for key in SectionKey}


def answer_of(sections: Mapping[SectionKey, AnySection]) -> QBRAnswer:
    """Make an answer of its four sections, whoever wrote each. Raises ValidationError where one is missing."""
    return QBRAnswer.model_validate({key.value: section for key, section in sections.items()})


def objections(answer: QBRAnswer, facts: FactSheet) -> tuple[str, ...]:
    """Return a sentence for each section of an answer that cannot be used, fit to be sent back to the writer."""
    return tuple(
        f"{key.value}: {told}"
        for key, section in sections_of(answer).items()
        if (told := _told_to_writer(section, facts))
    )


def _told_to_writer(section: AnySection, facts: FactSheet) -> str:
    if unknown := list(dict.fromkeys(_unknown(section, facts))):
        listed = ", ".join(f"“{_quoted(one)}”" for one in unknown[:8])
        return f"there is no fact {listed}. Cite only ids of the list of facts; leave owner and due empty where none fits."
    return "" if _says_something(section) else "it says nothing."


def _read(key: SectionKey, said: Mapping[str, Any], facts: FactSheet) -> tuple[AnySection | None, str]:
    """Return a section, or why it cannot be used."""
    if key.value not in said:
        return None, "left it out"
    try:
        section = _FORMS[key].model_validate(said[key.value])
    except ValidationError as error:
        return None, _misshapen(error)
    unknown = next(_unknown(section, facts), None)
    if unknown is not None:
        return None, f"cited “{_quoted(unknown)}”, which is no fact of this review"
    return (section, "") if _says_something(section) else (None, "wrote nothing that can be read")


def _unknown(section: AnySection, facts: FactSheet) -> Iterator[str]:
    """Yield what a section cites and is no fact."""
    lines = [*section.narrative, *section.internal]
    if isinstance(section, NextStepsAnswer):
        lines += [step.what for step in section.steps]
    else:
        lines += section.bullets
    for line in lines:
        for citation in citations.find(drafting.plain_prose(line)):
            if citation.fact_id not in facts:
                yield citation.fact_id
    if isinstance(section, NextStepsAnswer):
        for step in section.steps:
            yield from (
                fact_id
                for cited in (step.owner, step.due)
                if (fact_id := drafting.cited_id(cited)) and fact_id not in facts
            )


def _says_something(section: AnySection) -> bool:
    told = [section.narrative]
    if isinstance(section, NextStepsAnswer):
        told.append([step.what for step in section.steps])
    return all(any(map(drafting.plain_prose, lines)) for lines in told)


def _misshapen(error: ValidationError) -> str:
    """Say in words what is wrong with the form of a section: of the first fault, and how many more there are."""
    faults = error.errors(include_url=False, include_input=False)
    first, more = faults[0], len(faults) - 1
    told = _fault(first)
    return f"{told}, and {more} more {'fault' if more == 1 else 'faults'}" if more else told


def _fault(fault: Mapping[str, Any]) -> str:
    place = [part for part in fault["loc"] if isinstance(part, str)]
    name = place[0] if place else ""
    what, context = _PARTS.get(name, "parts"), fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return f"left out the {what}" if len(place) == 1 else f"left out a part of the {what}"
        case "too_long":
            return f"gave more than {context['max_length']} {what}"
        case "too_short":
            return f"gave no {what}"
        case "string_too_long":
            return f"gave {what} of more than {context['max_length']:,} characters"
        case "string_too_short":
            return f"gave {what} without a word"
        case "extra_forbidden":
            return f"added “{_quoted(place[-1])}”, which nobody asked for"
        case _:
            return f"gave {what} in a wrong form" if name in _PARTS else "gave it in a wrong form"


def _quoted(text: str) -> str:
    line = untrusted.clean_line(text)
    return line if len(line) <= _QUOTED else f"{line[: _QUOTED - 1]}…"


def sentence(model: str, key: SectionKey, fault: str) -> str:
    """Return the sentence about one section that the templates wrote in a model's place."""
    return f"{HEADINGS[key]} is the templates' text: {model} {fault}."
