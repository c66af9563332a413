"""What a check of a tenant's Notion set-up found, as values that can be kept and shown later. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, PropertyCheck, PropertyInfo, PropertyState

OPTIONAL_FIELDS = frozenset(
    {
        "currency",
        "notice_on",
        "notes",
        "primary_contacts",
        "features_licensed",
        "features_used",
        "customer_goals",
        "outcome",
        "outcome_on",
        "outcome_reason",
        "segment",
        "lifecycle_stage",
    }
)
"""Fields that a workspace may well not have, and whose absence nobody needs to be told."""


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
    LEFT_OUT = "left_out"  # an admin chose that nothing feeds it


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

    @property
    def is_wrong(self) -> bool:
        return self.state in (StepState.WARNING, StepState.ERROR)


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

    @property
    def is_open(self) -> bool:
        """Tell whether a person should look at it."""
        return self.is_broken or (self.state == FieldState.UNMAPPED and self.field not in OPTIONAL_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class QBRProperty:
    """One property that a QBR needs in the QBR database."""

    name: str
    type_word: str
    state: PropertyState
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The whole answer. ``properties`` are those of the live schema, ``choices`` data sources to choose from.

    ``carriers`` is field -> ids of the properties whose type can carry it. ``is_unanswered``: Notion could not be
    asked just now; what it said of properties the last time still stands here.
    ``now_right`` and ``newly_wrong`` name what changed since the check before, ``still_wrong`` counts the rest; they
    say nothing (``is_compared`` is False) where there was none before.
    """

    steps: tuple[Step, ...] = ()
    fields: tuple[FieldCheck, ...] = ()
    properties: tuple[PropertyInfo, ...] = ()
    carriers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    qbr_properties: tuple[QBRProperty, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    source_title: str = ""
    source_url: str = ""
    qbr_title: str = ""
    qbr_url: str = ""
    is_compared: bool = False
    now_right: tuple[str, ...] = ()
    newly_wrong: tuple[str, ...] = ()
    still_wrong: int = 0
    is_unanswered: bool = False

    @property
    def can_sync(self) -> bool:
        """Tell whether accounts can be read: all but the QBR database is in order, or nearly."""
        return bool(self.fields)

    @property
    def is_fine(self) -> bool:
        return bool(self.steps) and all(step.state == StepState.OK for step in self.steps)

    @property
    def creatable(self) -> tuple[QBRProperty, ...]:
        """The properties of the QBR database that the portal can create: those that are not there at all."""
        return tuple(found for found in self.qbr_properties if found.state == PropertyState.MISSING)

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
            FieldCheck(**{**found, "state": FieldState(found["state"])}) for found in value["fields"]
        ),
        properties=tuple(
            PropertyInfo(**{**info, "options": tuple(info["options"])}) for info in value["properties"]
        ),
        carriers={name: tuple(ids) for name, ids in value.get("carriers", {}).items()},
        qbr_properties=tuple(
            QBRProperty(**{**found, "state": PropertyState(found["state"])})
            for found in value.get("qbr_properties", ())
        ),
        choices=tuple((key, name) for key, name in value["choices"]),
        source_title=value["source_title"],
        source_url=value["source_url"],
        qbr_title=value.get("qbr_title", ""),
        qbr_url=value.get("qbr_url", ""),
        is_compared=value.get("is_compared", False),
        now_right=tuple(value.get("now_right", ())),
        newly_wrong=tuple(value.get("newly_wrong", ())),
        still_wrong=value.get("still_wrong", 0),
        is_unanswered=value.get("is_unanswered", False),
    )


def fields(
    properties: tuple[PropertyInfo, ...],
    mapping: Mapping[str, str],
    *,
    names: Mapping[str, str],
    problems: Mapping[str, str],
    left_out: frozenset[str] = frozenset(),
) -> tuple[FieldCheck, ...]:
    """Say of every field of an account which property feeds it.

    ``mapping`` is field -> property id, ``names`` field -> what that property was last called, ``problems`` field ->
    what is wrong with it, ``left_out`` the fields that an admin chose nothing for.
    """
    by_id = {info.id: info for info in properties}
    return tuple(
        FieldCheck(
            field=spec.name,
            label=spec.label,
            state=FieldState.LEFT_OUT,
            message="Nothing feeds it, as an admin chose.",
        )
        if spec.name in left_out and spec.name not in problems
        else _field(
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
    message = f"No property feeds it. By itself the portal looks for {names}."
    if spec.name in OPTIONAL_FIELDS:
        message = f"Optional. By itself the portal looks for {names}."
    return FieldCheck(field=spec.name, label=spec.label, state=FieldState.UNMAPPED, message=message)


def qbr_properties(found: tuple[PropertyCheck, ...]) -> tuple[QBRProperty, ...]:
    """Say of each property that a QBR needs what is wrong with it, in a sentence."""
    return tuple(
        QBRProperty(
            name=check.name, type_word=check.type_word, state=check.state, message=_qbr_message(check)
        )
        for check in found
    )


def _qbr_message(check: PropertyCheck) -> str:
    if check.state == PropertyState.MISSING:
        return "It is not there yet."
    if check.state == PropertyState.OK:
        return ""
    # The clause goes on from “The database …: its property …”.
    return f"{check.clause[:1].upper()}{check.clause[1:]}. Change this in Notion: the portal changes nothing that is there."


def compared(found: Check, before: Check | None) -> Check:
    """Return the check with what is right now, what is newly wrong and how much still is, since the one before."""
    if before is None:
        return found
    if found.is_unanswered:
        # An hour in which Notion is down is no reason to forget which properties there are.
        return replace(
            found,
            fields=before.fields,
            properties=before.properties,
            carriers=before.carriers,
            qbr_properties=before.qbr_properties,
            source_title=before.source_title,
            source_url=before.source_url,
            qbr_title=before.qbr_title,
            qbr_url=before.qbr_url,
        )
    was, now = dict(_wrongs(before)), dict(_wrongs(found))
    rights = _rights(found)
    return replace(
        found,
        is_compared=True,
        # What could not be looked at this time is not right for that.
        now_right=_named({key: label for key, label in was.items() if key in rights and key not in now}),
        newly_wrong=_named({key: label for key, label in now.items() if key not in was}),
        still_wrong=sum(key in was for key in now),
    )


_Key = tuple[str, str]


def _wrongs(check: Check) -> Iterator[tuple[_Key, str]]:
    """Yield what is wrong, each under a key that stays the same from check to check.

    A step that sums up fields or properties gives way to them: they say which.
    """
    summed = {"Properties"} if any(one.is_open for one in check.fields) else set()
    if any(found.state != PropertyState.OK for found in check.qbr_properties):
        summed.add("QBR database")
    for step in check.steps:
        if step.is_wrong and step.title not in summed:
            yield ("step", step.title), step.title
    for one in check.fields:
        if one.is_open:
            yield ("field", one.field), one.label
    for found in check.qbr_properties:
        if found.state != PropertyState.OK:
            yield ("qbr", found.name), f"“{found.name}”"


def _named(labels: Mapping[_Key, str]) -> tuple[str, ...]:
    """Return the labels, those of the QBR database as one."""
    qbrs = [label for (kind, _), label in labels.items() if kind == "qbr"]
    others = [label for (kind, _), label in labels.items() if kind != "qbr"]
    if not qbrs:
        return tuple(others)
    listed = qbrs[0] if len(qbrs) == 1 else f"{', '.join(qbrs[:-1])} and {qbrs[-1]}"
    return (*others, f"{listed} in the QBR database")


def _rights(check: Check) -> set[_Key]:
    return {
        *(
            ("step", step.title)
            for step in check.steps
            if not step.is_wrong and step.state != StepState.SKIPPED
        ),
        *(("field", one.field) for one in check.fields if not one.is_open),
        *(("qbr", found.name) for found in check.qbr_properties if found.state == PropertyState.OK),
    }
