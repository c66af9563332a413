"""CHECK 36: each mapped property renamed, retyped and removed."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from accounts.mirror import COLUMNS_OF
from accounts.models import Account, AccountHealth, SyncState
from accounts.selectors.account_inputs import INPUT_FIELDS
from accounts.services import health
from benchmarks.soak.measured import Measured, Size
from benchmarks.soak.mirror_ground import Office, office, row, synced, tenant
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.ports.workspace import ACCOUNT_FIELDS, FieldSpec, ValueKind

_SAMPLED: Final = ("nps_score", "last_interaction_on")
_EVERYTHING: Final = {
    "name": "Acme",
    "lifecycle_stage": "Adoption",
    "notice_on": "2026-10-01",
    "features_licensed": ["Reports", "API"],
    "features_used": ["Reports"],
    "customer_goals": "Onboard two more teams.",
}


def figures(size: Size) -> Iterator[Measured]:
    """Change each property in a workspace of its own, and look at what a scan says, keeps and scores."""
    untold, lost, moved, unmarked, tried, renamed = [], [], [], [], 0, 0
    for spec in ACCOUNT_FIELDS:
        if size is Size.SAMPLE and spec.name not in _SAMPLED:
            continue
        for kind, change in _changes(spec).items():
            tried += 1
            renamed += kind == "renamed"
            name = f"{spec.property_names[0]} {kind}"
            with office() as place:
                seen = _seen(place, spec, change, slug=f"{spec.name}-{kind}".replace("_", "-"))
            if not seen["told"] or (seen["state"] == SyncState.DONE) != (kind == "renamed"):
                untold.append(name)
            if not seen["kept"]:
                lost.append(name)
            if not seen["stands"]:
                moved.append(name)
            if seen["marked"] != (kind != "renamed" and spec.name in INPUT_FIELDS):
                unmarked.append(name)
    note = f"{tried} changes of {renamed} properties."
    yield _none("Changes that the sync does not tell by the property's name", untold, note)
    yield _none("Changes after which a value of the mirror is another", lost)
    yield _none("Changes after which a score or band is another", moved)
    yield _none("Changes that freeze a score without saying so, or the reverse", unmarked)


def _changes(spec: FieldSpec) -> Mapping[str, Any]:
    changes: dict[str, Any] = {"renamed": {"name": "Another name"}}
    if spec.name != "name":
        # Notion neither removes nor retypes a title.
        changes |= {"retyped": _unfit(spec), "removed": None}
    return changes


def _unfit(spec: FieldSpec) -> dict[str, Any]:
    if spec.kind in (ValueKind.DATE, ValueKind.TEXTS, ValueKind.PERSON):
        return {"checkbox": {}}
    # Anything can be read as a text, but for what only Notion's own pages press.
    return {"button": {}} if spec.kind is ValueKind.TEXT else {"date": {}}


def _seen(place: Office, spec: FieldSpec, change: Any, *, slug: str) -> dict[str, Any]:
    of = tenant(slug)
    place.add(row(7, **_EVERYTHING))
    _scan(of, place)
    before, shown = _values(of), _shown(of)
    name = spec.property_names[0]
    path = f"data_sources/{place.seeded.accounts_data_source_id}"
    place.api("PATCH", path, {"properties": {name: change}})
    place.pass_time(timedelta(days=1).total_seconds())
    run = _scan(of, place)
    row_now = _row(of)
    return {
        "state": run.state,
        "told": any(f"“{name}”" in problem for problem in run.problems),
        "kept": _values(of) == before,
        # A day later a score that goes on may differ by what ages: only one that is frozen may not.
        "stands": not row_now.is_last_known or _shown(of) == shown,
        "marked": row_now.is_last_known and row_now.band_reason.startswith("Frozen since"),
    }


def _scan(of: Tenant, place: Office) -> Any:
    run = synced(of, place, now=place.now)
    with tenant_scope(of):
        health.score_accounts(as_of=place.now.date(), now=place.now)
    return run


def _row(of: Tenant) -> AccountHealth:
    with tenant_scope(of):
        return AccountHealth.objects.select_related("latest").get()


def _shown(of: Tenant) -> tuple[Any, ...]:
    row = _row(of)
    return row.score, row.effective_band, row.computed_band, row.coverage, row.latest.inputs


def _values(of: Tenant) -> tuple[Any, ...]:
    with tenant_scope(of):
        account = Account.objects.get()
    return tuple(getattr(account, column) for columns in COLUMNS_OF.values() for column in columns)


def _none(what: str, found: list[str], note: str = "") -> Measured:
    told = note or ("; ".join(found[:6]) if found else "")
    return Measured(
        check="CHECK 36", what=what, reached=len(found), target=0, is_reached=not found, note=told
    )
