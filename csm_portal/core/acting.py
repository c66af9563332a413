"""On whose behalf something happens where no person acts: an agent's key, a command (SPEC 5.4, 10.4).

What is done within the block is written down under that name, wherever it is done; calls of a model that are made for a
run of the agent are counted for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behalf:
    name: str
    run_id: UUID | None


_behalf: ContextVar[_Behalf | None] = ContextVar("acting_on_behalf", default=None)


@contextmanager
def on_behalf_of(name: str, *, run_id: UUID | None = None) -> Iterator[None]:
    """Let what happens within the block be done in this name, as part of this run of the agent."""
    token = _behalf.set(_Behalf(name=name, run_id=run_id))
    try:
        yield
    finally:
        _behalf.reset(token)


def name(otherwise: str) -> str:
    """Return in whose name things happen now, or what is given where nobody has said so."""
    behalf = _behalf.get()
    return otherwise if behalf is None else behalf.name


def run_id() -> UUID | None:
    """Return the run of the agent that this is part of, or None."""
    behalf = _behalf.get()
    return None if behalf is None else behalf.run_id
