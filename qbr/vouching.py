"""What exactly a person vouches for: a figure or a name in the sentence it stood in when they said so. Pure.

A word given for "87 %" in one sentence says nothing about the same figure in another, or after the sentence was
rewritten.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from qbr.document import Content
from qbr.grounding.check import NOT_TO_VOUCH_FOR, Finding, Vouch

_END = re.compile(r"(?<=[.!?…])[\"”’)\]]*\s+")


def sentence_of(content: Content, finding: Finding) -> str:
    """Return the sentence that a finding stands in, with single spaces."""
    words = content.section(finding.section).text[finding.block].words
    borders = [0, *(match.end() for match in _END.finditer(words)), len(words)]
    first = max(border for border in borders if border <= finding.start)
    # An abbreviation inside a finding ends no sentence.
    last = min((border for border in borders if border >= finding.end), default=len(words))
    return " ".join(words[first:last].split())


def claim(content: Content, finding: Finding) -> str:
    """Return the name of a claim: equal for the same words in the same sentence of the same section."""
    told = json.dumps(
        [finding.section.value, finding.text, sentence_of(content, finding)], ensure_ascii=False
    )
    return hashlib.sha256(told.encode()).hexdigest()


def answered(
    content: Content, findings: Iterable[Finding], vouches: Mapping[str, Vouch]
) -> tuple[Finding, ...]:
    """Return the findings, each with the person's word for exactly this claim where there is one.

    ``vouches`` are by claim. What ``NOT_TO_VOUCH_FOR`` names can only be corrected.
    """
    return tuple(
        replace(
            finding,
            vouch=None if finding.kind in NOT_TO_VOUCH_FOR else vouches.get(claim(content, finding)),
        )
        for finding in findings
    )
