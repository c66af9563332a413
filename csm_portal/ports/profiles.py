"""A page under an account's page whose blocks belong in part to the portal, in part to people (SPEC 2.7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TITLE: Final = "CSM Profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubPage:
    """A page that stands under another. ``parent_id`` is the page or block that it stands in."""

    id: str
    url: str
    title: str
    parent_id: str
    made_by: str
    is_in_trash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBlock:
    """A top block as it stands on a page.

    ``digest`` stands for all that a reader sees of it, with what is inside it where that was asked for;
    ``made_by`` is the id of who made it.
    """

    id: str
    kind: str
    digest: str
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBlock:
    """A block as the portal would write it: its ``digest`` is the one that it has when it stands on a page.

    ``is_changeable`` says that a block of the same kind can be made into it where it stands. ``content`` is the
    adapter's own.
    """

    kind: str
    digest: str
    is_changeable: bool
    content: Mapping[str, Any]
