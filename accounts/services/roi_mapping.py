"""Keeps which properties are figures of the customers' return, and holds them against the live schema (SPEC 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import roi_facts
from accounts.models import ROIFactMapping
from accounts.roi_facts import ROIFact
from csm_portal.core import audit
from csm_portal.core.models import NotionConnection, User
from csm_portal.ports.workspace import DataSourceInfo, PropertyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One ROI fact as a person wants it. ``unit`` is a word in the plural, a currency's three letters, or \"%\"."""

    label: str
    unit: str
    period: str
    info: PropertyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The ROI facts that can be read today, and a sentence for each that cannot."""

    facts: tuple[ROIFact, ...]
    problems: tuple[str, ...]

    @property
    def properties(self) -> Mapping[str, str]:
        """Field name -> property id, as a scan takes it."""
        return {fact.key: fact.property_id for fact in self.facts}


def stored() -> list[ROIFact]:
    """Return the mapped ROI facts in their order. One query."""
    rows = list(ROIFactMapping.objects.order_by("position", "pk"))
    return [
        ROIFact(
            id=fact_id,
            label=row.label,
            unit=row.unit,
            period=row.period,
            property_id=row.property_id,
            property_name=row.property_name,
        )
        for row, fact_id in zip(rows, roi_facts.ids([row.label for row in rows]), strict=True)
    ]


def live(source: DataSourceInfo) -> Live:
    """Return the mapped ROI facts under the names that their properties have today."""
    by_id = {info.id: info for info in source.properties}
    facts, problems = [], []
    for fact in stored():
        info = by_id.get(fact.property_id)
        if info is None:
            problems.append(
                f"The property “{fact.property_name}”, which holds the ROI fact “{fact.label}”, is no longer in "
                f"“{source.title}”. Until an admin chooses another on the Notion page, reviews go without it."
            )
            continue
        facts.append(
            ROIFact(
                id=fact.id,
                label=fact.label,
                unit=fact.unit,
                period=fact.period,
                property_id=fact.property_id,
                property_name=info.name,
            )
        )
    return Live(facts=tuple(facts), problems=tuple(problems))


@transaction.atomic
def choose(wanted: Sequence[Wanted], *, connection: NotionConnection, actor: User, now: datetime) -> bool:
    """Let these be the ROI facts, in this order; tell whether that changes anything."""
    before = [(fact.label, fact.unit, fact.period, fact.property_id) for fact in stored()]
    if before == [(one.label, one.unit, one.period, one.info.id) for one in wanted]:
        return False
    ROIFactMapping.objects.all().delete()
    ROIFactMapping.objects.bulk_create(
        ROIFactMapping(
            position=place,
            label=one.label,
            unit=one.unit,
            period=one.period,
            property_id=one.info.id,
            property_name=one.info.name[:300],
            property_type=one.info.type[:40],
        )
        for place, one in enumerate(wanted)
    )
    data = {"labels": [one.label for one in wanted]}
    audit.record("notion.roi_facts_changed", connection, actor=actor, at=now, data=data)
    return True
