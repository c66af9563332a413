"""What a workspace posts of its own accord when something in it changes: hints, never values (SPEC 2.4)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class About(StrEnum):
    """What an event is about, as far as the mirror has to tell one from another."""

    PAGE = "page"
    ROWS = "rows"  # some row of a data source; which one is not told
    SCHEMA = "schema"  # the properties of a data source, or whether it is there at all
    OTHER = "other"  # nothing that the mirror holds, or a kind of event that is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One event. Ids are hyphenated, lower case, and empty where the event does not say.

    ``source_id`` is the data source that the event is about, or that holds the page. ``author_id`` is there where
    one author alone made the change; ``property_ids`` are those that an edit of properties touched.
    """

    event_id: str
    type: str
    about: About
    page_id: str
    source_id: str
    author_id: str
    property_ids: tuple[str, ...]
    happened_at: datetime


class Unreadable(ValueError):
    """A body that is no event; the message is a sentence for whoever sent it."""


class Hooks(Protocol):
    """How a workspace's posts are told from anybody else's, and what they say. Pure: asks nobody anything."""

    def handshake(self, body: bytes) -> str | None:
        """Return the key that a body hands over for signing later ones, or None where it is no hand-shake."""

    def is_authentic(self, body: bytes, *, signature: str, key: str) -> bool:
        """Tell whether the body, byte by byte, was signed with the key. Takes the same time however wrong it is."""

    def read(self, body: bytes) -> Change:
        """Return the event in a body. Raises Unreadable."""
