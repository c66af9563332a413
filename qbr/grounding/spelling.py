"""Reading text without moving a letter: every offset found here is an offset in the text as it stands."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_SAME_LENGTH = {
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\t": " ", "\n": " ",
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\ufe63": "-", "\uff0d": "-",
    "\u2019": "'", "\u02bc": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00ab": '"', "\u00bb": '"',
    "\u066b": ".", "\u066c": ",", "\uff05": "%", "\u066a": "%", "\uff0c": ",", "\uff0e": ".",
}  # fmt: skip

# A full stop after one of these does not end a sentence.
_ABBREVIATIONS = frozenset({
    "mr", "mrs", "ms", "dr", "prof", "st", "inc", "ltd", "co", "corp", "llc", "no", "vs", "e.g", "i.e", "approx",
    "ca", "incl", "excl", "dept", "est", "jr", "sr", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep",
    "sept", "oct", "nov", "dec", "a.m", "p.m",
})  # fmt: skip
_SENTENCE_END = re.compile(r"""[.!?…]+["')\]]*(?=\s)""")
# No. 3 goes on, "No." is an answer.
_NUMBER_NEXT = re.compile(r"\s*\d")
_CLAUSE_END = re.compile(
    # A colon before a figure joins it to its label: Idle seats: 49.
    r"[;()]|\s[|·•]\s|(?:(?<=[\d%])|(?<=percent)|(?<=per cent)):(?=\s)|:(?!\s*(?:[€$£¥~]|[a-z]{3}\s)?\s?\d)(?!\s*[a-z]+(?:-[a-z]+)?[.;,]?$)|,(?=\s)|\s[-–—]\s|\s(?:while|whereas|but|unless|although|though|with|so|because|which)\s|(?<!hundred)(?<!thousand)(?<!million)\sand\s",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a text, by its offsets."""

    start: int
    end: int

    def covers(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


def levelled(text: str) -> str:
    """Return the text, of the same length, with one kind of space, dash, quote and digit."""
    if text.isascii():
        return text.replace("\t", " ").replace("\n", " ")
    return "".join(_level(char) for char in text)


def sentences(text: str) -> list[Stretch]:
    """Return the sentences of a levelled text, in order, without gaps."""
    found: list[Stretch] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[start : match.start()].rsplit(None, 1)
        last = before[-1].casefold() if before else ""
        is_answer = last == "no" and not _NUMBER_NEXT.match(text, match.end())
        if (
            match[0] == "."
            and not is_answer
            and (last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "i"))
        ):
            continue
        found.append(Stretch(start=start, end=match.end()))
        start = match.end()
    if start < len(text):
        found.append(Stretch(start=start, end=len(text)))
    return found


def clauses(text: str, sentence: Stretch) -> list[Stretch]:
    """Return the parts of a sentence between commas, dashes and conjunctions."""
    found: list[Stretch] = []
    start = sentence.start
    for match in _CLAUSE_END.finditer(text, sentence.start, sentence.end):
        if match.start() > start:
            found.append(Stretch(start=start, end=match.start()))
        start = match.start()
    found.append(Stretch(start=start, end=sentence.end))
    return found


def at(stretches: list[Stretch], start: int) -> Stretch:
    """Return the stretch that a position lies in."""
    return next(stretch for stretch in reversed(stretches) if stretch.start <= start)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [match[0].casefold() for match in WORD.finditer(text)]


def stem_in(stem: str, folded: Sequence[str]) -> bool:
    """Say whether a word stem occurs: short stems as whole words, longer ones as the start of a word."""
    if " " in stem:
        return stem in " ".join(folded)
    if len(stem) <= 3:
        return any(word == stem or word == f"{stem}s" for word in folded)
    return any(word.startswith(stem) for word in folded)


def normalised(text: str) -> str:
    """Return the form under which two spellings of the same words are the same, as vouching needs it."""
    return " ".join(levelled(text).casefold().split())


def _level(char: str) -> str:
    if char.isascii():
        return " " if char in "\t\n" else char
    if char in _SAME_LENGTH:
        return _SAME_LENGTH[char]
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.digit(char))
    return char
