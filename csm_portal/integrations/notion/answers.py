"""The parts of Notion's answers that the portal stands on; everything else in them is let through.

At version 2026-03-11 ``archived`` is gone, and ``request_status`` is sent only where there is something to tell.
"""

from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from csm_portal.integrations.notion import errors


class Answer(BaseModel):
    """Tolerant of what Notion adds, strict about what is read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


AnswerT = TypeVar("AnswerT", bound=Answer)


class RequestStatus(Answer):
    type: str = "complete"


class ListAnswer(Answer):
    results: list[dict[str, Any]]
    has_more: bool = False
    next_cursor: str | None = None
    request_status: RequestStatus = RequestStatus()

    @property
    def is_incomplete(self) -> bool:
        return self.request_status.type == "incomplete"

    def cursor_after(self, cursor: str | None, *, what: str) -> str:
        """Return where the list goes on. Raises PortError where it would go on for ever."""
        if not self.next_cursor or self.next_cursor == cursor:
            raise errors.bad_answer(what)
        return self.next_cursor


class Parent(Answer):
    database_id: str | None = None
    data_source_id: str | None = None


def _as_sent(properties: object) -> object:
    if not (isinstance(properties, dict) and all(isinstance(value, dict) for value in properties.values())):
        raise ValueError("The properties of a page are an object of objects.")
    return properties


# Taken as they are: pydantic would make a copy of each of the thirty properties of each row of a scan.
Properties: TypeAlias = Annotated[dict[str, dict[str, Any]], PlainValidator(_as_sent)]


class PageAnswer(Answer):
    id: str
    url: str
    created_time: datetime
    last_edited_time: datetime
    in_trash: bool = False
    is_archived: bool = False
    parent: Parent = Parent()
    properties: Properties


class DataSourceAnswer(Answer):
    id: str
    title: list[dict[str, Any]] = Field(default_factory=list)
    url: str = ""
    in_trash: bool = False
    parent: Parent = Parent()
    properties: dict[str, dict[str, Any]]


class DataSourceName(Answer):
    id: str
    name: str | None = None


class DatabaseAnswer(Answer):
    id: str
    in_trash: bool = False
    data_sources: list[DataSourceName]


class UserAnswer(Answer):
    name: str | None = None


def parse(model: type[AnswerT], answer: object, *, what: str) -> AnswerT:
    """Return an answer as a model. Raises PortError where it is not what Notion's API gives."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        raise errors.bad_answer(what) from error
