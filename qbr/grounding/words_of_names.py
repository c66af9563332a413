"""The words that names are made of, folded as names are compared."""

import re

from qbr.grounding.spelling import levelled

Words = tuple[str, ...]
TOKEN = re.compile(r"[^\W_]+(?:[-'&./][^\W_]+)*")


def words_of(text: str) -> Words:
    """Return the folded words of a name, as names are compared."""
    return tuple(fold(match[0]) for match in TOKEN.finditer(levelled(text)))


def fold(word: str) -> str:
    return word.casefold().removesuffix("'s").replace("’", "'")
