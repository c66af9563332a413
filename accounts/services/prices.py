"""The tenant's price list: what a seat, a module and an integration cost, by which expansions are sized (SPEC 4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import PriceItem
from accounts.scoring import expansion
from accounts.scoring.expansion_sizing import LONGEST_NAME, Basis, Price, PriceKind
from csm_portal import currency_codes
from csm_portal.core import audit
from csm_portal.core.models import Tenant, User
from csm_portal.core.scope import current_tenant_id


class NotPossible(ValueError):
    """The price cannot be as given; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a file or a form came to."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


@transaction.atomic
def save(prices: Sequence[Price], *, actor: User, now: datetime, source: str = "") -> Taken:
    """Add prices, or change those of the same thing in the same currency. One audit row, none where nothing changed.

    ``source`` names the file. Raises NotPossible.
    """
    Tenant.objects.select_for_update(no_key=True).get(pk=current_tenant_id())
    known = {(row.kind, row.name_key, row.currency): row for row in PriceItem.objects.all()}
    added, changed, changes, unchanged = [], [], [], 0
    for price in prices:
        _check(price)
        place = (price.kind.value, expansion.key(price.name), price.currency)
        row = known.get(place)
        if row is not None and _told(row) == _values(price):
            unchanged += 1
            continue
        changes.append(
            {
                "price": f"{price.name or 'Seat'} in {price.currency}",
                "from": None if row is None else _plain(_told(row)),
                "to": _plain(_values(price)),
            }
        )
        if row is None:
            row = known[place] = PriceItem(kind=place[0], name_key=place[1], currency=place[2])
            added.append(row)
        elif row not in added:
            changed.append(row)
        for name, value in _values(price).items():
            setattr(row, name, value)
        row.changed_at, row.changed_by = now, actor
    PriceItem.objects.bulk_create(added)
    PriceItem.objects.bulk_update(changed, ["name", "amount", "period", "basis", "changed_at", "changed_by"])
    if changes:
        tenant = Tenant.objects.get(pk=current_tenant_id())
        data = {"prices": changes[:200], "count": len(changes), **({"file": source[:200]} if source else {})}
        audit.record("prices.changed", tenant, actor=actor, at=now, data=data)
    return Taken(added=len(added), changed=len(changed), unchanged=unchanged)


@transaction.atomic
def remove(item: PriceItem, *, actor: User, now: datetime) -> None:
    """Take a price off the list; what it sized stays as it was sized until the next scan."""
    audit.record("price.removed", item, actor=actor, at=now, data=_plain(_told(item)))
    item.delete()


def _check(price: Price) -> None:
    if price.amount <= 0:
        raise NotPossible("A price is more than 0. Leave out what has no price.")
    if refusal := currency_codes.refusal(price.currency):
        raise NotPossible(refusal)
    # Compared without case, a name may be longer than it was written: ß is ss.
    if (length := max(len(price.name), len(expansion.key(price.name)))) > LONGEST_NAME:
        raise NotPossible(f"The name has {length:,} characters; {LONGEST_NAME} are the most.")
    if price.kind is PriceKind.SEAT and price.name:
        raise NotPossible("A seat price has no name: there is one for each currency.")
    if price.kind is not PriceKind.SEAT and not price.name.strip():
        raise NotPossible("Name the module or integration exactly as Notion lists it among the features.")
    if price.kind is PriceKind.SEAT and price.basis is not Basis.SEAT:
        raise NotPossible("The price of a seat is a price by the seat.")


def _values(price: Price) -> dict[str, Any]:
    return {
        "name": " ".join(price.name.split()),
        "amount": price.amount,
        "period": price.period.value,
        "basis": price.basis.value,
    }


def _told(row: PriceItem) -> dict[str, Any]:
    return {"name": row.name, "amount": row.amount, "period": row.period, "basis": row.basis}


def _plain(values: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
