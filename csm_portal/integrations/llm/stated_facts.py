"""The facts of a writing task as its material states them: plain values by id."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any


class StatedFacts:
    """Facts by id. Asking for one that is missing or not known is fine and gives None."""

    def __init__(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        self._facts = facts

    def has(self, *fact_ids: str) -> bool:
        """Say whether all of these facts are known."""
        return all(self._value(fact_id) not in (None, "", []) for fact_id in fact_ids)

    def number(self, fact_id: str) -> Decimal | None:
        """Return a fact's value as a number, a rate as a ratio, or None."""
        value = self._value(fact_id)
        if value is None or isinstance(value, bool):
            return None
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return None

    def word(self, fact_id: str) -> str:
        """Return a fact's value as text, "" where it is not known."""
        value = self._value(fact_id)
        return value if isinstance(value, str) else ""

    def is_true(self, fact_id: str) -> bool | None:
        """Return a yes-or-no fact, or None."""
        value = self._value(fact_id)
        return value if isinstance(value, bool) else None

    def family(self, prefix: str) -> list[str]:
        """Return the ids of the known facts that begin with a prefix, in order."""
        return [fact_id for fact_id in self._facts if fact_id.startswith(prefix) and self.has(fact_id)]

    def label(self, fact_id: str) -> str:
        return str(self._facts[fact_id].get("label", fact_id))

    def counted(self, fact_id: str, noun: str) -> str:
        """Return a citation with its noun, which is in the singular for one: ``{{seats.used}} seats``."""
        if self.number(fact_id) == 1:
            noun = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
        return f"{cite(fact_id)} {noun}"

    def measured(self, fact_id: str) -> str:
        """Return a citation with the fact's own unit, where it has one."""
        unit = str(self._facts[fact_id].get("unit", ""))
        return self.counted(fact_id, unit) if unit else cite(fact_id)

    def _value(self, fact_id: str) -> Any:
        return self._facts.get(fact_id, {}).get("value")


def cite(fact_id: str) -> str:
    """Return the citation of a fact: the portal puts its figure there."""
    return "{{" + fact_id + "}}"
