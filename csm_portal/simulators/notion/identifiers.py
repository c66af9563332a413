"""Ids as Notion writes them: UUIDs with dashes, short property ids, cursors that look like UUIDs."""

import random
import re
import string
import uuid
import zlib
from dataclasses import dataclass
from urllib.parse import quote, unquote

_HEX = re.compile(r"[0-9a-fA-F]{32}")
_DASHED = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Real property ids hold punctuation and are sent percent-encoded; a client that forgets it should fail here too.
# Left out: what would change a path (slash, dot, percent).
_PROPERTY_ALPHABET = string.ascii_letters + string.digits + "~|?<>=;:@[]{}^`_"


def parse_uuid(text: str) -> str | None:
    """Return the dashed lower-case form of a UUID given with or without dashes, else None."""
    if not (_DASHED.fullmatch(text) or _HEX.fullmatch(text)):
        return None
    return str(uuid.UUID(text))


def bare(object_id: str) -> str:
    """Return an id without dashes, as it stands in a link."""
    return object_id.replace("-", "")


class Mint:
    """Makes ids. The same seed makes the same ids; without one they are not foreseeable."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - repeatable ids

    def part(self, number: int) -> None:
        """Go another way from here on, in a process that was forked: two that make the same ids would collide."""
        if not isinstance(self._random, random.SystemRandom):
            self._random.seed(self._random.getrandbits(64) ^ number)

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def property_id(self, taken: set[str]) -> str:
        while True:
            found = quote("".join(self._random.choices(_PROPERTY_ALPHABET, k=4)), safe="~")
            if found not in taken:
                return found

    def token(self) -> str:
        return "ntn_" + "".join(self._random.choices(string.ascii_letters + string.digits, k=46))


def same_property(property_id: str, given: str) -> bool:
    """Tell whether a given property id is this one, written percent-encoded or not."""
    return given in (property_id, unquote(property_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the next page starts: the row it starts with, how many were given before, and for which question."""

    row: int
    given: int
    question: int

    def __str__(self) -> str:
        return str(uuid.UUID(int=(self.row << 64) | (self.given << 32) | self.question))


def read_cursor(text: str, *, question: int) -> Cursor | None:
    """Return the cursor that ``text`` is, or None where it is none or belongs to another question."""
    dashed = parse_uuid(text)
    if dashed is None:
        return None
    value = uuid.UUID(dashed).int
    cursor = Cursor(row=value >> 64, given=(value >> 32) & 0xFFFFFFFF, question=value & 0xFFFFFFFF)
    return cursor if cursor.question == question else None


def question_of(text: str) -> int:
    """Return a number that two different questions hardly share."""
    return zlib.crc32(text.encode())
