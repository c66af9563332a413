"""The demo's books of business: two companies, their people and 120 customers. Pure, from a fixed seed."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from accounts.scoring.signals import HealthSignals
from csm_portal.demo.names import COMPANIES, CONTACTS
from csm_portal.demo.stories import goals_for, notes_for
from csm_portal.demo.trajectories import Shape, Year, year_of
from csm_portal.ports.workspace import Person

SEED = 20260101

FEATURES = (
    "Scheduling",
    "Time tracking",
    "Absence",
    "Payroll export",
    "Forecasting",
    "Mobile app",
    "Shift swaps",
    "Reports",
    "API",
)

# What finance reckons with: (tenant's currency) -> one unit of the other in it. Nobody at the second company has set any.
RATES: dict[str, dict[str, Decimal]] = {"EUR": {"USD": Decimal("0.92"), "GBP": Decimal("1.17")}}

# How often each kind of year comes in a healthy company's book of a hundred.
_MIX: tuple[tuple[Shape, int], ...] = (
    (Shape.STRONG, 20), (Shape.STEADY, 20), (Shape.EXPANDING, 11), (Shape.SLIPPING, 13), (Shape.SEASONAL, 7), (Shape.RECOVERING, 7),
    (Shape.NEW, 5), (Shape.COLLAPSED, 5), (Shape.CHAMPION_LEFT, 4), (Shape.ARREARS, 3), (Shape.OVERDUE, 2), (Shape.SILENT, 3),
)  # fmt: skip

# (name, share, seats from, to, price a seat and year, technical account manager)
_SEGMENTS: tuple[tuple[str, float, int, int, int, bool], ...] = (
    ("Enterprise", 0.20, 400, 2400, 118, True),
    ("Mid-Market", 0.45, 80, 380, 142, True),
    ("SMB", 0.35, 12, 75, 168, False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who signs in; ``roles`` are names of the portal's roles."""

    name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One account: the row that Notion holds today, and the year behind it."""

    name: str
    row: dict[str, Any]
    year: Year
    # The day on which somebody last touched its page in Notion.
    edited_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One tenant with its people and customers."""

    name: str
    slug: str
    time_zone: str
    currency: str
    people: tuple[Colleague, ...]
    customers: tuple[Customer, ...]


def _colleague(name: str, domain: str, *roles: str) -> Colleague:
    return Colleague(name=name, email=f"{name.split()[0].lower()}@{domain}", roles=roles)


BRIGHTLOOM = tuple(
    _colleague(name, "brightloom.example", *roles)
    for name, *roles in (
        ("Nora Lindqvist", "csm"), ("Mateo Herrera", "csm"), ("Priya Raman", "csm"),
        ("Claire Dubois", "manager"), ("Jonas Weber", "admin"), ("Sam Okafor", "sales"),
    )
)  # fmt: skip
# She has left, and three accounts still name her in Notion: nobody is told of them until somebody takes them over.
FORMER = _colleague("Lena Fischer", "brightloom.example")
_STILL_WITH_FORMER = frozenset({21, 52, 88})
TIDEWATER = tuple(
    _colleague(name, "tidewater.example", *roles)
    for name, *roles in (("Grace Kim", "csm"), ("Daniel Ortiz", "manager"), ("Ruth Adler", "admin"))
)


def companies(today: date) -> tuple[Company, Company]:
    """Return the demo's two tenants as of a day: the same customers for the same day, always."""
    random = Random(SEED)  # noqa: S311 (a demo's dice, not a secret's)
    first = Company(
        name="Brightloom",
        slug="brightloom",
        time_zone="Europe/Berlin",
        currency="EUR",
        people=BRIGHTLOOM,
        customers=_customers(COMPANIES[:100], BRIGHTLOOM, "EUR", today, random),
    )
    second = Company(
        name="Tidewater Analytics",
        slug="tidewater",
        time_zone="America/New_York",
        currency="USD",
        people=TIDEWATER,
        customers=_customers(COMPANIES[100:], TIDEWATER, "USD", today, random),
    )
    return first, second


def _customers(
    names: tuple[tuple[str, str], ...],
    people: tuple[Colleague, ...],
    currency: str,
    today: date,
    random: Random,
) -> tuple[Customer, ...]:
    owners = [person for person in people if "csm" in person.roles]
    deck = [shape for shape, count in _MIX for _ in range(count)]
    random.shuffle(deck)
    return tuple(
        _customer(
            name,
            country,
            deck[index % len(deck)],
            FORMER if index in _STILL_WITH_FORMER else owners[index % len(owners)],
            currency,
            today,
            random,
        )
        for index, (name, country) in enumerate(names)
    )


def _customer(
    name: str, country: str, shape: Shape, owner: Colleague, currency: str, today: date, random: Random
) -> Customer:
    segment, _, low, high, price, has_tam = random.choices(_SEGMENTS, weights=[s[1] for s in _SEGMENTS])[0]
    seats = round(random.triangular(low, high, low * 1.6))
    renews_on = _renewal(shape, today, random)
    year = year_of(
        shape, random=random, today=today, seats_purchased=seats, renews_on=renews_on, has_tam=has_tam
    )
    now = year.signals(today) or HealthSignals()
    arr = Decimal(round(seats * price * random.uniform(0.85, 1.2), -2))
    licensed = FEATURES[: max(3, round(len(FEATURES) * random.uniform(0.5, 1.0)))]
    used = licensed[: max(1, round(len(licensed) * (now.feature_adoption_rate or 0.3)))]
    contacts = [f"{person} ({role})" for person, role in zip(
        random.sample(CONTACTS[country], k=min(2, len(CONTACTS[country]))),
        random.sample(("Operations Director", "HR Lead", "IT Manager", "COO", "Programme Manager"), k=2),
        strict=False,
    )]  # fmt: skip
    is_silent = shape is Shape.SILENT
    met = year.last_meeting(today)
    row: dict[str, Any] = {
        "name": name,
        "owner": Person(name=owner.name, email=owner.email),
        "segment": segment,
        "lifecycle_stage": _stage(shape, renews_on, today),
        "arr": arr,
        "currency": {"us": "USD", "uk": "GBP"}.get(country, currency) if random.random() < 0.12 else currency,
        "feature_adoption_rate": now.feature_adoption_rate,
        "support_ticket_volume": now.support_ticket_volume,
        "support_sentiment": now.support_sentiment,
        "last_interaction_on": None if is_silent else met,
        "login_frequency_score": now.login_frequency_score,
        "usage_trend": now.usage_trend,
        "payment_current": now.payment_current,
        "stakeholder_engagement_score": now.stakeholder_engagement_score,
        "nps_score": now.nps_score,
        "renewal_on": renews_on,
        "notice_on": renews_on - timedelta(days=60) if renews_on and segment != "SMB" else None,
        "seats_used": None if is_silent else year.seats_used(today),
        "seats_purchased": None if is_silent else seats,
        "escalation_history_count": now.escalation_history_count,
        "tam_health_rag": now.tam_health_rag,
        "primary_contacts": contacts,
        "notes": notes_for(shape, contacts[0].split(" (")[0], random),
        "features_licensed": licensed,
        "features_used": used,
        "customer_goals": goals_for(random) if random.random() < 0.7 else None,
    }
    touched = today - timedelta(days=130 if is_silent else random.randint(1, 12))
    return Customer(
        name=name, row=row, year=year, edited_on=max(touched, met) if met and not is_silent else touched
    )


def _renewal(shape: Shape, today: date, random: Random) -> date | None:
    match shape:
        case Shape.OVERDUE:
            return today - timedelta(days=random.randint(6, 21))
        case Shape.COLLAPSED | Shape.CHAMPION_LEFT:
            return today + timedelta(days=random.randint(24, 150))
        case Shape.NEW:
            return today + timedelta(days=random.randint(230, 340))
        case Shape.STEADY if random.random() < 0.1:
            return None
        case _:
            return today + timedelta(days=random.randint(18, 350))


def _stage(shape: Shape, renews_on: date | None, today: date) -> str:
    if shape is Shape.NEW:
        return "Onboarding"
    if renews_on is not None and (renews_on - today).days <= 90:
        return "Renewal"
    return "Expansion" if shape is Shape.EXPANDING else "Adoption"
