"""A QBR's page as the workspace holds it: its properties, its blocks, and whether it is still where it was (SPEC 2.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STATUS: Final = "Status"
"""The property that says whether the page is complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QBRPageState:
    """A page asked for by its id, wherever it is.

    ``values`` holds title and properties by the names of SPEC 2.6, as a person reads them; an empty one is empty.
    ``is_in_database`` says that it still is an entry of the QBR database.
    """

    id: str
    url: str
    title: str
    status: str
    values: Mapping[str, str]
    is_in_trash: bool
    is_archived: bool
    is_in_database: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QBRBlock:
    """One block of a page's body, with what is inside it.

    ``fingerprint`` stands for all that a reader sees of it: words, formatting, kind and what it holds. Two
    blocks that read the same have the same one, in whatever page.
    """

    id: str
    fingerprint: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QBRBody:
    """A page's body at one moment.

    ``blocks`` are all of it, in order; ``lines`` the words of those that were asked for, comparable with
    ``Document.plain_lines``: a text that needed several blocks is one line.
    """

    blocks: tuple[QBRBlock, ...]
    lines: tuple[str, ...]
