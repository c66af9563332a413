"""The events that Notion's webhooks carry, as the port's changes (SPEC 2.4).

An event names what changed and never what it changed to, so every one of them only says where to look.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csm_portal.integrations.notion import signatures
from csm_portal.ports.hooks import About, Change, Hooks, Unreadable

_ABOUT = {
    **dict.fromkeys(
        (
            "page.created",
            "page.properties_updated",
            # A new title comes as new content.
            "page.content_updated",
            "page.moved",
            "page.deleted",
            "page.undeleted",
        ),
        About.PAGE,
    ),
    "data_source.content_updated": About.ROWS,
    **dict.fromkeys(
        (
            "data_source.schema_updated",
            "data_source.moved",
            "data_source.deleted",
            "data_source.undeleted",
        ),
        About.SCHEMA,
    ),
}
_MOST_PROPERTIES = 200


class _Sent(BaseModel):
    """Tolerant of what Notion adds, strict about what is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Author(_Sent):
    id: str | None = None


class _Entity(_Sent):
    id: str = Field(max_length=100)
    type: str = Field(max_length=60)


class _Parent(_Sent):
    data_source_id: str | None = None


class _Data(_Sent):
    parent: _Parent | None = None
    # Ids of properties for a page; whole descriptions for a data source, which nobody here needs.
    updated_properties: list[Any] | None = None


class _Event(_Sent):
    id: str = Field(min_length=1, max_length=64)
    type: str = Field(min_length=1, max_length=60)
    timestamp: datetime
    entity: _Entity | None = None
    authors: list[_Author] | None = None
    data: _Data | None = None


class NotionHooks(Hooks):
    """What Notion posts. Pure: asks nobody anything."""

    def handshake(self, body: bytes) -> str | None:
        """Return the verification token that a body hands over, or None where it is no hand-shake."""
        return signatures.handshake(body)

    def is_authentic(self, body: bytes, *, signature: str, key: str) -> bool:
        """Tell whether the body, byte by byte, was signed with the key."""
        return signatures.is_valid(body, signature=signature, key=key)

    def read(self, body: bytes) -> Change:
        """Return the event in a body. Raises Unreadable."""
        sent = signatures.decoded(body)
        if not isinstance(sent, dict):
            raise Unreadable("The body is no JSON object.")
        try:
            return _change(_Event.model_validate(sent))
        except ValidationError as error:
            raise Unreadable(f"The body is no event of Notion: {_places(error)} cannot be read.") from error


def _change(event: _Event) -> Change:
    about = _ABOUT.get(event.type, About.OTHER)
    entity_id = _uuid(event.entity.id) if event.entity else ""
    if about is not About.OTHER and not entity_id:
        # Without the id of what changed there is nothing to look at.
        about = About.OTHER
    data = event.data or _Data()
    held_by = _uuid(data.parent.data_source_id) if data.parent else ""
    authors = {_uuid(author.id) for author in event.authors or ()}
    touched = [name for name in data.updated_properties or () if isinstance(name, str)]
    moment = event.timestamp if event.timestamp.tzinfo else event.timestamp.replace(tzinfo=UTC)
    return Change(
        event_id=event.id,
        type=event.type,
        about=about,
        page_id=entity_id if about is About.PAGE else "",
        source_id=held_by if about is About.PAGE else entity_id if about is not About.OTHER else "",
        author_id=authors.pop() if len(authors) == 1 else "",
        property_ids=tuple(touched[:_MOST_PROPERTIES]),
        happened_at=moment.astimezone(UTC),
    )


def _uuid(text: str | None) -> str:
    try:
        return str(UUID(text or ""))
    except ValueError:
        return ""


def _places(error: ValidationError) -> str:
    """Name the fields at fault; their values are somebody's data and stay out of it."""
    names: list[Any] = sorted({str(place["loc"][0]) for place in error.errors() if place["loc"]})
    return ", ".join(f"“{name}”" for name in names) or "it"
