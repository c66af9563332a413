"""Which Notion property feeds which field of an account (SPEC 2.3): found by name, kept by id."""

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from csm_portal.integrations.notion import atoms, properties
from csm_portal.integrations.notion.answers import DataSourceAnswer
from csm_portal.ports.workspace import (
    ACCOUNT_FIELDS,
    ROI_PREFIX,
    DataSourceInfo,
    FieldSpec,
    MappingProblem,
    PropertyInfo,
    PropertyMapping,
    ValueKind,
)

FIELDS: Mapping[str, FieldSpec] = {spec.name: spec for spec in ACCOUNT_FIELDS}

_TYPE_WORDS = {
    "title": "title",
    "rich_text": "text",
    "multi_select": "multi-select",
    "people": "person",
    "checkbox": "checkbox",
    "phone_number": "phone",
    "unique_id": "ID",
}
_WANTED = {
    ValueKind.TEXT: "a text or a select",
    ValueKind.NUMBER: "a number, a formula or a rollup",
    ValueKind.COUNT: "a number, a formula or a rollup",
    ValueKind.RATIO: "a number, a formula or a rollup",
    ValueKind.DATE: "a date, a formula or a rollup",
    ValueKind.BOOL: "a checkbox, or a select with Yes and No",
    ValueKind.CHOICE: "a select or a status",
    ValueKind.PERSON: "a person, an e-mail or a text",
    ValueKind.TEXTS: "a multi-select, a text or a relation",
    ValueKind.FACT: "a number, a text, a formula, a rollup, a date or a select",
}


def spec_of(field: str) -> FieldSpec | None:
    """Return the field of this name, an ROI fact among them; None where the portal has none."""
    if field.startswith(ROI_PREFIX):
        return FieldSpec(name=field, kind=ValueKind.FACT, property_names=("ROI fact",), label="the ROI fact")
    return FIELDS.get(field)


def describe(source: DataSourceAnswer) -> DataSourceInfo:
    """Return a data source as the port knows it. A property that is no property is left out."""
    return DataSourceInfo(
        id=source.id,
        database_id=source.parent.database_id or "",
        title=title_of(source),
        url=source.url,
        properties=tuple(_properties(source)),
    )


def title_of(source: DataSourceAnswer) -> str:
    """Return the name of a data source, or what Notion shows where it has none."""
    try:
        return atoms.plain_text(source.title).strip() or "Untitled"
    except atoms.Unreadable:
        return "Untitled"


def same_property(one: str, other: str) -> bool:
    """Tell whether two property ids are the same: Notion sends them percent-encoded here, plain there."""
    return unquote(one) == unquote(other)


def defaults(source: DataSourceInfo) -> dict[str, str]:
    """Return field -> property id for each field found under one of its default names.

    Of several candidates the first whose type can carry the field, else the first. The account's name
    is the title property, whatever that is called, where none of its names is there.
    """
    found: dict[str, str] = {}
    by_name = {info.name.strip().casefold(): info for info in reversed(source.properties)}
    for spec in ACCOUNT_FIELDS:
        candidates = [by_name[name.casefold()] for name in spec.property_names if name.casefold() in by_name]
        able = [info for info in candidates if _can_carry(info, spec)]
        # A relation called “Account” could carry a name, but not better than the title does.
        titles = [info for info in source.properties if info.type == "title"] if spec.name == "name" else []
        named_title = [info for info in able if info.type == "title"]
        if chosen := next(
            iter([*named_title, *_without_relations(able, spec), *titles, *able, *candidates]), None
        ):
            found[spec.name] = chosen.id
    return found


def problems(source: DataSourceInfo, mapping: PropertyMapping) -> list[MappingProblem]:
    """Name each mapped property that is missing or cannot carry its field, and each required field without one."""
    return [problem for field in _fields_to_check(mapping) if (problem := _problem(source, mapping, field))]


def _fields_to_check(mapping: PropertyMapping) -> Iterable[str]:
    yield from mapping
    yield from (spec.name for spec in ACCOUNT_FIELDS if spec.required and spec.name not in mapping)


def _problem(source: DataSourceInfo, mapping: PropertyMapping, field: str) -> MappingProblem | None:
    spec = spec_of(field)
    if spec is None:
        return MappingProblem(
            field=field,
            property_name="",
            message=f"The portal has no field “{field}”. Remove it from the mapping.",
        )
    wanted = spec.property_names[0]
    if field not in mapping:
        return MappingProblem(
            field=field,
            property_name=wanted,
            message=f"No property is chosen for {spec.label}. Every account needs one: choose it.",
        )
    info = find(source, mapping[field])
    if info is None:
        return MappingProblem(
            field=field,
            property_name=wanted,
            message=f"The property chosen for {spec.label} is no longer in “{source.title}”. Choose another, "
            f"or add the property “{wanted}” in Notion.",
        )
    if not _can_carry(info, spec):
        return MappingProblem(
            field=field,
            property_name=info.name,
            message=f"The property “{info.name}” is of type {type_word(info.type)} and cannot carry {spec.label}. "
            f"Choose {_WANTED[spec.kind]}.",
        )
    return None


def find(source: DataSourceInfo, property_id: str) -> PropertyInfo | None:
    """Return the property with this id, however the id is encoded."""
    return next((info for info in source.properties if same_property(info.id, property_id)), None)


def type_word(kind: str) -> str:
    """Return the name that Notion's own pages use for a property type."""
    return _TYPE_WORDS.get(kind, kind.replace("_", " "))


def _can_carry(info: PropertyInfo, spec: FieldSpec) -> bool:
    return info.type in properties.CARRIERS[spec.kind]


def _without_relations(able: list[PropertyInfo], spec: FieldSpec) -> list[PropertyInfo]:
    return able if spec.kind is ValueKind.TEXTS else [info for info in able if info.type != "relation"]


def _properties(source: DataSourceAnswer) -> Iterable[PropertyInfo]:
    for name, schema in source.properties.items():
        kind, identifier = schema.get("type"), schema.get("id")
        if isinstance(kind, str) and isinstance(identifier, str):
            yield PropertyInfo(id=identifier, name=name, type=kind, options=tuple(_options(schema.get(kind))))


def _options(config: object) -> Iterable[str]:
    options = config.get("options") if isinstance(config, dict) else None
    for option in options if isinstance(options, list) else ():
        if isinstance(option, dict) and isinstance(option.get("name"), str):
            yield option["name"]
