"""An answer on its way to the client."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_JSON = "application/json; charset=utf-8"
_NO_RESULTS = b'"results":[]'


@dataclass(slots=True, kw_only=True)
class Answer:
    """``reason`` tells which limit a refused request met, ``afterwards`` is done once the answer has left."""

    status: int
    body: bytes
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "answered"
    reason: str | None = None
    afterwards: Callable[[], None] | None = None


class Body:
    """The body of an answer, and what happens once it has left."""

    def __init__(self, answer: Answer) -> None:
        self._parts = iter([answer.body])
        self._afterwards = answer.afterwards

    def __iter__(self) -> Iterator[bytes]:
        return self._parts

    def close(self) -> None:
        if self._afterwards is not None:
            self._afterwards()


def with_results(body: bytes, results: list[bytes] | None) -> bytes:
    """Put the results of a list into its answer, which has an empty list where they belong."""
    if results is None:
        return body
    return body.replace(_NO_RESULTS, b'"results":[' + b",".join(results) + b"]", 1)
