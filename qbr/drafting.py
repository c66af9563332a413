"""From a writer's answer and the facts to the content of a QBR."""

import re
from collections.abc import Iterable

from csm_portal.ports import untrusted
from csm_portal.ports.documents import Span, Text
from qbr import citations, figures
from qbr.document import Audience, Content, LockedBlock, Section, SectionKey, TextBlock, TextKind
from qbr.facts import FactSheet, shown
from qbr.schemas import NextStepsAnswer, QBRAnswer, SectionAnswer, Step

INTERNAL_MARK = "[internal]"
_LEADING_MARK = re.compile(
    rf"^(?:[-*•–—#>+]+(?=\s|$)|[-*•#>+]+(?=[*_`])|{re.escape(INTERNAL_MARK)}|\s)+", re.IGNORECASE
)
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,600}\)")
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\(([^)\n]{0,600})\)")
_EMPHASIS = re.compile(r"\*\*|__|`+")


def draft(answer: QBRAnswer, facts: FactSheet) -> Content:
    """Build the content of a first revision: prose with its figures put in, tables from the facts.

    Raises KeyError where ``facts`` lack ``account.name`` or ``quarter.label``.
    """
    sections = (
        _section(SectionKey.HEALTH, _prose(answer.account_health_summary, facts), facts),
        _section(SectionKey.ROI, _prose(answer.roi_business_impact, facts), facts),
        _section(SectionKey.ADOPTION, _prose(answer.feature_adoption_scorecard, facts), facts),
        _section(SectionKey.NEXT_STEPS, _steps(answer.expansion_next_steps, facts), facts),
    )
    content = Content(
        account_name=shown(facts["account.name"]), quarter=shown(facts["quarter.label"]), sections=sections
    )
    return with_sources(content, facts)


def with_sources(content: Content, facts: FactSheet) -> Content:
    """Return the content with its appendix made anew from what the text now cites."""
    return Content(
        account_name=content.account_name,
        quarter=content.quarter,
        sections=content.sections,
        appendix=figures.sources(facts, content.cited()),
    )


def locked_blocks(
    key: SectionKey, facts: FactSheet
) -> tuple[tuple[LockedBlock, ...], tuple[LockedBlock, ...]]:
    """Return the locked blocks that stand above and below the text of a section."""
    match key:
        case SectionKey.HEALTH:
            return (), figures.health(facts)
        case SectionKey.ROI:
            return (), figures.roi(facts)
        case SectionKey.ADOPTION:
            return (), figures.scorecard(facts)
        case SectionKey.NEXT_STEPS:
            return figures.commitments(facts), figures.contract(facts)


def plain_prose(prose: str) -> str:
    """Return one line of plain text: no invisible characters, Markdown marks, images or link targets.

    What a model writes is text (SPEC 10.5). A line never starts with a mark that the editor reads as
    a bullet or as internal.
    """
    line, before = untrusted.clean_line(prose), ""
    # Taking one mark away can bring another to the front; each round makes the text shorter.
    while line != before:
        before = line
        line = _EMPHASIS.sub("", _LINK.sub(r"\1", _IMAGE.sub("", line)))
        line = citations.tidied(_LEADING_MARK.sub("", line))
    return line


def text_block(
    spans: Text,
    facts: FactSheet,
    *,
    kind: TextKind = TextKind.PARAGRAPH,
    audience: Audience = Audience.BOTH,
) -> TextBlock:
    """Make a block of text; one that shows an internal fact is internal, whoever wrote it."""
    cites_internal = any(
        span.fact is not None and span.fact in facts and facts[span.fact].is_internal for span in spans
    )
    return TextBlock(
        spans=_merged(spans), kind=kind, audience=Audience.INTERNAL if cites_internal else audience
    )


def _merged(spans: Text) -> Text:
    """Join neighbouring spans without a fact, so that equal words are equal blocks."""
    merged: list[Span] = []
    for span in spans:
        if merged and span.fact is None and merged[-1].fact is None:
            merged[-1] = Span(text=merged[-1].text + span.text)
        elif span.text:
            merged.append(span)
    return tuple(merged)


def _section(key: SectionKey, text: tuple[TextBlock, ...], facts: FactSheet) -> Section:
    above, below = locked_blocks(key, facts)
    return Section(key=key, above=above, text=text, below=below)


def _prose(answer: SectionAnswer, facts: FactSheet) -> tuple[TextBlock, ...]:
    return (
        *_blocks(answer.narrative, facts),
        *_blocks(answer.bullets, facts, kind=TextKind.BULLET),
        *_blocks(answer.internal, facts, audience=Audience.INTERNAL),
    )


def _steps(answer: NextStepsAnswer, facts: FactSheet) -> tuple[TextBlock, ...]:
    return (
        *_blocks(answer.narrative, facts),
        *(block for step in answer.steps if (block := _step(step, facts)) is not None),
        *_blocks(answer.internal, facts, audience=Audience.INTERNAL),
    )


def cited_id(cited: str) -> str:
    """Return the id in a field that names a fact: with or without the braces of a citation."""
    return cited.strip("{} ")


def _step(step: Step, facts: FactSheet) -> TextBlock | None:
    what = plain_prose(step.what)
    if not what:
        return None
    spans = list(citations.resolve(what, facts))
    for label, cited in (("Owner", step.owner), ("By", step.due)):
        if fact_id := cited_id(cited):
            spans.append(Span(text=f" {label}: " if what[-1] in ".!?" or label == "By" else f". {label}: "))
            spans += citations.resolve("{{" + fact_id + "}}", facts)
            spans.append(Span(text="."))
    audience = Audience.INTERNAL if step.is_internal else Audience.BOTH
    return text_block(tuple(spans), facts, kind=TextKind.BULLET, audience=audience)


def _blocks(
    lines: Iterable[str],
    facts: FactSheet,
    *,
    kind: TextKind = TextKind.PARAGRAPH,
    audience: Audience = Audience.BOTH,
) -> list[TextBlock]:
    return [
        text_block(citations.resolve(line, facts), facts, kind=kind, audience=audience)
        for line in map(plain_prose, lines)
        if line
    ]
