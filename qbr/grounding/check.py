"""The number check: every number, date, percentage, amount and proper name of a text is traced to a fact or marked.

What it marks blocks submission until it is corrected, or a person vouches for it by name (SPEC 6.3). Locked
blocks are rendered from facts by the portal and are not checked. When in doubt it marks: a person looks at a
mark, nobody looks at what is not marked.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qbr.document import Audience, Content, SectionKey, TextBlock
from qbr.facts import NUMERIC_KINDS, FactSheet
from qbr.grounding import names, spelling
from qbr.grounding import reading as one_block
from qbr.grounding.findings import FindingKind, Traced
from qbr.grounding.reading import Knowledge, Reading

__all__ = [
    "Finding",
    "FindingKind",
    "Knowledge",
    "Reading",
    "Traced",
    "Vouch",
    "check",
    "open_findings",
    "prepare",
    "read",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouch:
    """A person's word for one figure or name in one section."""

    section: SectionKey
    text: str
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the text that no fact carries.

    ``block`` counts the text blocks of the section, ``start`` and ``end`` the characters of that block's
    words. ``vouch`` is the person's word for it, where there is one; ``NOT_TO_VOUCH_FOR`` never has one.
    """

    section: SectionKey
    block: int
    start: int
    end: int
    text: str
    kind: FindingKind
    message: str
    vouch: Vouch | None = None

    @property
    def is_open(self) -> bool:
        return self.vouch is None


NOT_TO_VOUCH_FOR = frozenset({FindingKind.CITATION, FindingKind.WORDING})
"""What nobody's word makes right: it can only be corrected."""

_NOT_FOR_CUSTOMERS = re.compile(
    r"(?i:\b(?:churn\w*|(?:account |customer )?health scores?|health bands?|account health|TAM health|at[- ]risk"
    r"|renewal risks?|risk (?:scores?|levels?|class(?:es)?|assessments?)|risk of (?:leaving|losing)|likely to leave"
    r"|red accounts?|upsell\w*|up-sell\w*|cross-sell\w*|expansion (?:opportunit\w+|tags?|potential|signals?)"
    r"|stakeholder (?:engagement|notes?))\b)"
    r"|\b(?:Amber|Red|Green)\b(?! [A-Z])|\bRAG\b"
)


def prepare(facts: FactSheet) -> Knowledge:
    """Prepare facts for checking. The same facts are prepared once: a page is shown more often than drafted."""
    return _prepared(json.dumps(facts.to_json()))


# By text: two facts of one value may be written differently.
@functools.lru_cache(maxsize=32)
def _prepared(facts: str) -> Knowledge:
    return one_block.prepare(FactSheet.from_json(json.loads(facts)))


@functools.lru_cache(maxsize=2048)
def read(block: TextBlock, known: Knowledge) -> Reading:
    """Trace what one block says; most of a review stays as it is from one edit to the next."""
    return one_block.read(block, known)


def check(content: Content, facts: FactSheet, vouches: Iterable[Vouch] = ()) -> list[Finding]:
    """Return everything in the text that the facts do not carry, in order, vouched for or not."""
    known = prepare(facts)
    given = {(vouch.section, spelling.normalised(vouch.text)): vouch for vouch in vouches}
    return [
        finding
        for section in content.sections
        for index, block in enumerate(section.text)
        for finding in _findings(section.key, index, block, known, given)
    ]


def not_for_customers(words: str, known: Knowledge) -> list[tuple[int, int]]:
    """Return where words stand that no customer reads (SPEC 6.1): of risk, of expansion, of scores and bands."""
    return [match.span() for match in _NOT_FOR_CUSTOMERS.finditer(_without_names(words, known))]


def internal_figures(reading: Reading, known: Knowledge) -> list[Traced]:
    """Return the figures of a block that follow from internal facts alone."""
    return [
        one
        for one in reading.traced
        if all(
            known.facts[fact].is_internal and known.facts[fact].kind in NUMERIC_KINDS for fact in one.facts
        )
    ]


def open_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that nobody has vouched for: these block submission."""
    return [finding for finding in findings if finding.is_open]


def _findings(
    section: SectionKey,
    index: int,
    block: TextBlock,
    known: Knowledge,
    given: dict[tuple[SectionKey, str], Vouch],
) -> Iterator[Finding]:
    words = block.words
    problems = list(read(block, known).untraced)
    if block.audience is not Audience.INTERNAL:
        problems += [
            (start, end, FindingKind.WORDING, _not_for_customers(words[start:end]))
            for start, end in not_for_customers(words, known)
        ]
    for start, end, kind, message in sorted(problems):
        text = words[start:end]
        vouch = None if kind in NOT_TO_VOUCH_FOR else given.get((section, spelling.normalised(text)))
        yield Finding(
            section=section,
            block=index,
            start=start,
            end=end,
            text=text,
            kind=kind,
            message=message,
            vouch=vouch,
        )


def _without_names(words: str, known: Knowledge) -> str:
    text = spelling.levelled(words)
    return names.masked(text, names.whole_names(text, known.names))


def _not_for_customers(text: str) -> str:
    return f"“{text}” stands in text that the customer reads. Mark the paragraph as internal, or say it differently."
