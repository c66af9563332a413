"""The one error that crosses a port."""

from collections.abc import Iterable
from enum import StrEnum


class Trouble(StrEnum):
    """What went wrong outside, as far as the portal has to tell one case from another."""

    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    BAD_ANSWER = "bad_answer"
    NOT_CONFIGURED = "not_configured"


class PortError(Exception):
    """A call to the outside that did not do what was asked.

    ``str(error)`` is a whole sentence for a person: what is wrong, where, and what to do.
    ``permanent`` says that the same call will fail again until somebody changes something.
    ``maybe_written`` says that the other side may have saved the write although it answered with an
    error, or not at all: look before doing it again. ``committed_id`` is the id of the thing that it
    said it saved, ``committed_child_ids`` are those of the things that it saved in it, in their order, where
    it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        trouble: Trouble,
        permanent: bool,
        retry_after: float | None = None,
        request_id: str | None = None,
        maybe_written: bool = False,
        committed_id: str | None = None,
        committed_child_ids: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.permanent = permanent
        self.retry_after = retry_after
        self.request_id = request_id
        self.maybe_written = maybe_written
        self.committed_id = committed_id
        self.committed_child_ids = tuple(committed_child_ids)


class ChoiceNeeded(PortError):
    """Several things fit, and a person has to say which is meant. ``choices`` are pairs of id and name."""

    def __init__(self, message: str, *, choices: Iterable[tuple[str, str]]) -> None:
        super().__init__(message, trouble=Trouble.NOT_CONFIGURED, permanent=True)
        self.choices = tuple(choices)
