"""What changed from one edition of the facts to the next, as a list for a person. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qbr.facts import Fact, FactSheet, shown_with_unit

_NOT_SAID = "not known"
_NOT_TOLD = ("history.", "quarter.as_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """One fact that reads differently: its figure before and after. ``fact`` is the newer one where there is one."""

    kind: Literal["moved", "came", "went"]
    fact: Fact
    before: str
    after: str


def changes(before: FactSheet, after: FactSheet) -> tuple[FactChange, ...]:
    """Return what reads differently, in the order of the newer sheet, then what is gone.

    A fact that is only newer reads as it did. The points of the score's history are no figures of a text, and the day
    of the facts is that of the refresh.
    """
    return tuple(_told(before, after))


def _told(before: FactSheet, after: FactSheet) -> Iterator[FactChange]:
    for fact in after.values():
        old, now = before.get(fact.id), shown_with_unit(fact)
        was = _NOT_SAID if old is None else shown_with_unit(old)
        if was == now or fact.id.startswith(_NOT_TOLD):
            continue
        is_new = old is None or not old.is_known
        kind: Literal["moved", "came", "went"] = "came" if is_new else "moved" if fact.is_known else "went"
        yield FactChange(kind=kind, fact=fact, before=was, after=now)
    for fact in before.values():
        if fact.id not in after and fact.is_known and not fact.id.startswith(_NOT_TOLD):
            yield FactChange(kind="went", fact=fact, before=shown_with_unit(fact), after=_NOT_SAID)
