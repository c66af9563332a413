"""What a check of a tenant's Notion set-up found, as values that can be kept and shown later. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, PropertyInfo


class StepState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    SKIPPED = "skipped"


class FieldState(StrEnum):
    OK = "ok"
    MISSING = "missing"
    MISTYPED = "mistyped"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question of the check and its answer, a whole sentence or two."""

    title: str
    state: StepState
    text: str

    @property
    def tone(self) -> str:
        """Return how the page colours it."""
        return {"ok": "green", "warning": "amber", "error": "red", "skipped": "unknown"}[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCheck:
    """One field of an account: which property feeds it, and what is wrong with that."""

    field: str
    label: str
    state: FieldState
    property_id: str = ""
    property_name: str = ""
    property_type: str = ""
    message: str = ""

    @property
    def is_broken(self) -> bool:
        return self.state in (FieldState.MISSING, FieldState.MISTYPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The whole answer. ``properties`` are those of the live schema, ``choices`` data sources to choose from."""

    steps: tuple[Step, ...] = ()
    fields: tuple[FieldCheck, ...] = ()
    properties: tuple[PropertyInfo, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    source_title: str = ""
    source_url: str = ""

    @property
    def can_sync(self) -> bool:
        """Tell whether accounts can be read: all but the QBR database is in order, or nearly."""
        return bool(self.fields)

    @property
    def is_fine(self) -> bool:
        return bool(self.steps) and all(step.state == StepState.OK for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return plain values for a JSON column."""
        return asdict(self)


def from_json(value: Mapping[str, Any]) -> Check | None:
    """Return a check that was kept, or None where there is none."""
    if not value:
        return None
    return Check(
        steps=tuple(Step(**{**step, "state": StepState(step["state"])}) for step in value["steps"]),
        fields=tuple(
            FieldCheck(**{**field, "state": FieldState(field["state"])}) for field in value["fields"]
        ),
        properties=tuple(
            PropertyInfo(**{**info, "options": tuple(info["options"])}) for info in value["properties"]
        ),
        choices=tuple((key, name) for key, name in value["choices"]),
        source_title=value["source_title"],
        source_url=value["source_url"],
    )


def fields(
    properties: tuple[PropertyInfo, ...],
    mapping: Mapping[str, str],
    *,
    names: Mapping[str, str],
    problems: Mapping[str, str],
) -> tuple[FieldCheck, ...]:
    """Say of every field of an account which property feeds it.

    ``mapping`` is field -> property id, ``names`` field -> what that property was last called, ``problems`` field ->
    what is wrong with it.
    """
    by_id = {info.id: info for info in properties}
    return tuple(
        _field(
            spec,
            by_id.get(mapping.get(spec.name, "")),
            lost=(mapping.get(spec.name, ""), names.get(spec.name, "")),
            problem=problems.get(spec.name, ""),
        )
        for spec in ACCOUNT_FIELDS
    )


def _field(spec: FieldSpec, info: PropertyInfo | None, *, lost: tuple[str, str], problem: str) -> FieldCheck:
    if info is not None:
        return FieldCheck(
            field=spec.name,
            label=spec.label,
            state=FieldState.MISTYPED if problem else FieldState.OK,
            property_id=info.id,
            property_name=info.name,
            property_type=info.type,
            message=problem,
        )
    if problem:
        return FieldCheck(
            field=spec.name,
            label=spec.label,
            state=FieldState.MISSING,
            property_id=lost[0],
            property_name=lost[1],
            message=problem,
        )
    names = " or ".join(f"“{name}”" for name in spec.property_names)
    return FieldCheck(
        field=spec.name,
        label=spec.label,
        state=FieldState.UNMAPPED,
        message=f"No property feeds it. By itself the portal looks for {names}.",
    )
