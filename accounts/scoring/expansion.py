"""Where an account could grow, by rules over seats, adoption and health that can be read in one table (SPEC 4.3). Pure.

A rule says yes or no to one account on one day and names the dated facts that it stood on. Who must not be called at
all is decided before any rule: ``bar``. What it is worth stands in ``expansion_sizing``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import Any, Final

from accounts.scoring import wording
from accounts.scoring.bands import Band
from accounts.scoring.churn import RiskLevel
from accounts.scoring.signals import Sentiment, Trend


class OpportunityType(StrEnum):
    SEATS = "expansion_seats"
    MODULE = "expansion_module"
    INTEGRATION = "expansion_integration"

    @property
    def label(self) -> str:
        return {"expansion_seats": "More seats", "expansion_module": "Module"}.get(self.value, "Integration")


class Confidence(StrEnum):
    MEDIUM = "medium"
    HIGH = "high"


RANK: Final[Mapping[str, int]] = {confidence: rank for rank, confidence in enumerate(Confidence)}

# Shares in per cent.
SEATS_NEAR: Final = 90
SEATS_FULL: Final = 95
SEATS_GROWN: Final = 5
GROWN_OVER_DAYS: Final = 90
ADOPTION_HIGH: Final = 70
ADOPTION_VERY_HIGH: Final = 85
LOGINS_HIGH: Final = 70
SLACK: Final = 5
"""What was found stays while it misses a share by less than this, so that it does not come and go with the noise."""
FREE_SEATS: Final = 15
"""So many per cent of the seats should be free after the purchase."""
FEWEST_PEERS: Final = 10
"""With fewer accounts in a segment, what others have is no benchmark (SPEC 1)."""
QUIET_DAYS: Final = 180
"""A module that was declined is not proposed again for so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row of the table: when a type is found, and how sure that is."""

    kind: OpportunityType
    confidence: Confidence
    when: str
    why: str


RULES: Final = (
    Rule(
        kind=OpportunityType.SEATS,
        confidence=Confidence.HIGH,
        when="More seats are used than were bought, and usage is not declining.",
        why="The customer already works with what they have not bought.",
    ),
    Rule(
        kind=OpportunityType.SEATS,
        confidence=Confidence.HIGH,
        when=f"At least {SEATS_FULL} % of the seats are used, {SEATS_GROWN} points or more of them since {GROWN_OVER_DAYS} days ago, "
        "and usage is not declining.",
        why="At this pace there is no seat left soon.",
    ),
    Rule(
        kind=OpportunityType.SEATS,
        confidence=Confidence.MEDIUM,
        when=f"At least {SEATS_NEAR} % of the seats are used, and usage grows or {SEATS_GROWN} points or more came since {GROWN_OVER_DAYS} days ago.",
        why="Near the limit and growing; a full account that stands still needs nothing.",
    ),
    Rule(
        kind=OpportunityType.MODULE,
        confidence=Confidence.HIGH,
        when=f"Green, adoption at {ADOPTION_VERY_HIGH} % or more, every licensed feature in use, usage not declining, and a module "
        "that is sold is not licensed.",
        why="They use all that they bought.",
    ),
    Rule(
        kind=OpportunityType.MODULE,
        confidence=Confidence.MEDIUM,
        when=f"Green, adoption at {ADOPTION_HIGH} % or more, at most one licensed feature idle, usage not declining, and a module that is "
        "sold is not licensed.",
        why="What they bought is in use; more makes sense once the present is adopted.",
    ),
    Rule(
        kind=OpportunityType.INTEGRATION,
        confidence=Confidence.HIGH,
        when=f"Green, adoption at {ADOPTION_HIGH} % or more, logins at {LOGINS_HIGH} % or more and growing, and an integration that is sold is "
        "not licensed.",
        why="The product has become a daily tool, and the next gain is not to type things twice.",
    ),
    Rule(
        kind=OpportunityType.INTEGRATION,
        confidence=Confidence.MEDIUM,
        when=f"Green, adoption at {ADOPTION_HIGH} % or more, logins at {LOGINS_HIGH} % or more, usage not declining, and an integration that is "
        "sold is not licensed.",
        why="A daily tool is worth connecting with the others.",
    ),
)
HEADER: Final = ("type", "confidence", "found when", "why")


def table() -> tuple[tuple[str, str, str, str], ...]:
    """Return the rules as rows of HEADER, for the documentation and the help page."""
    return tuple((f"`{rule.kind}`", rule.confidence.value, rule.when, rule.why) for rule in RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A module or an integration that is sold. ``peers`` of ``of`` accounts of the segment have licensed it."""

    name: str
    is_integration: bool
    peers: int = 0
    of: int = 0

    @property
    def key(self) -> str:
        return key(self.name)


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """Return a name as it is compared: without case and doubled spaces."""
    return " ".join(name.casefold().split())


_INTEGRATION_WORDS: Final = frozenset(
    "api apis connector connectors integration integrations webhook webhooks sso scim".split()  # noqa: SIM905
)


def reads_as_integration(name: str) -> bool:
    """Tell an integration by a word of its name, where no price list says what a feature is."""
    return bool(_INTEGRATION_WORDS & set(key(name).replace("-", " ").replace("/", " ").split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatsThen:
    """The share of the seats that was used on an earlier day (1.0 is all of them)."""

    on: date
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a scan knows of one account when it asks where it could grow. Shares are 0 to 1, None is not known.

    ``band`` is the effective one. ``licensed`` and ``used`` are None where features are not mapped. ``found`` names the
    types that were found before and last, ``declined`` the keys of products that were turned down lately.
    """

    as_of: date
    score: int
    band: Band
    is_last_known: bool = False
    risk: RiskLevel | None = None
    payment_current: bool | None = None
    said_red: bool = False
    seats_used: int | None = None
    seats_purchased: int | None = None
    seats_then: SeatsThen | None = None
    usage_trend: str | None = None
    sentiment: str | None = None
    adoption: float | None = None
    logins: float | None = None
    licensed: tuple[str, ...] | None = None
    used: tuple[str, ...] | None = None
    segment: str = ""
    catalogue: tuple[Product, ...] = ()
    found: frozenset[OpportunityType] = frozenset()
    declined: frozenset[str] = frozenset()

    @property
    def grows(self) -> bool:
        return self.usage_trend == Trend.GROWING

    @property
    def declines(self) -> bool:
        return self.usage_trend == Trend.DECLINING


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One dated fact that speaks for an expansion: ``on`` is the day that it is about."""

    code: str
    sentence: str
    on: date

    def to_mapping(self) -> dict[str, str]:
        return {"code": self.code, "sentence": self.sentence, "on": self.on.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One way in which an account could grow, before it is put into words.

    ``product`` is what would be sold, ``seats`` how many more would be bought. ``measure`` is what a person who turns it
    down has seen: while it is the same, nothing has changed.
    """

    kind: OpportunityType
    confidence: Confidence
    product: Product | None = None
    seats: int = 0
    measure: Mapping[str, Any] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return "" if self.product is None else self.product.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Lead):
    """A lead in words: a headline, and the dated facts that it stands on."""

    headline: str
    evidence: tuple[Evidence, ...]


_NO_CALL: Final = frozenset({RiskLevel.HIGH, RiskLevel.CRITICAL})


def bar(case: Case) -> str:
    """Say in a sentence why nobody may offer this account anything at the moment; empty where nothing speaks against it.

    Red and in arrears are the contract (SPEC 4.3). Not knowing how an account is, and knowing that it may leave, are no
    better reasons to sell it more.
    """
    if case.payment_current is False:
        return "The account is in arrears."
    if case.band is Band.RED:
        return f"Health is Red with a score of {case.score}."
    if case.said_red:
        return "A colleague stands for Red on this account."
    if case.band is Band.UNKNOWN:
        return "Too little is known to call a band."
    if case.is_last_known:
        return "The band is only last known: data that it stood on is missing or cannot be read."
    if case.risk in _NO_CALL:
        return f"Churn risk is {case.risk}."
    if case.sentiment == Sentiment.NEGATIVE:
        return "Support sentiment is negative: the complaint comes first."
    return ""


def find(case: Case) -> tuple[Lead, ...]:
    """Return the ways in which an account could grow, at most one of each type. Asks no ``bar``."""
    leads = (_seats(case), _product(case, is_integration=False), _product(case, is_integration=True))
    return tuple(one for one in leads if one is not None)


def told(lead: Lead, case: Case) -> Found:
    """Put a lead of this case into words."""
    headline, evidence = (
        _seats_told(lead, case) if lead.kind is OpportunityType.SEATS else _product_told(lead, case)
    )
    return Found(
        kind=lead.kind,
        confidence=lead.confidence,
        product=lead.product,
        seats=lead.seats,
        measure=lead.measure,
        headline=headline,
        evidence=(*evidence, *_usage(case), _health(case)),
    )


def _limit(share: int, kind: OpportunityType, case: Case) -> int:
    return share - SLACK if kind in case.found else share


def _seats(case: Case) -> Lead | None:
    used, bought = case.seats_used, case.seats_purchased
    if used is None or not bought or case.declines:
        return None
    was_found = OpportunityType.SEATS in case.found
    is_over = used > bought
    if not is_over and used * 100 < _limit(SEATS_NEAR, OpportunityType.SEATS, case) * bought:
        return None
    grown = _seats_grown(case)
    if not (is_over or case.grows or grown >= SEATS_GROWN or was_found):
        return None
    is_sure = is_over or (used * 100 >= SEATS_FULL * bought and grown >= SEATS_GROWN)
    return Lead(
        kind=OpportunityType.SEATS,
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        seats=more_seats(used, bought),
        # A step of a tenth, so that the news is growth and not one colleague who joined.
        measure={"purchased": bought, "used_tenths": used * 10 // bought},
    )


def _seats_told(lead: Lead, case: Case) -> tuple[str, list[Evidence]]:
    used, bought = case.seats_used or 0, case.seats_purchased or 1
    over = f", {used - bought:,} more than were bought" if used > bought else ""
    evidence = [
        Evidence(
            code="seats",
            sentence=f"{used:,} of {bought:,} seats are in use ({wording.percent(used / bought)}){over}.",
            on=case.as_of,
        )
    ]
    then, grown = case.seats_then, _seats_grown(case)
    if then is not None and grown >= SEATS_GROWN:
        sentence = f"On {wording.day(then.on)} it was {wording.percent(then.share)}: {wording.points(grown)} more since then."
        evidence.append(Evidence(code="seats_grew", sentence=sentence, on=then.on))
    more = wording.counted(lead.seats, "more seat")
    return f"{used:,} of {bought:,} seats are in use: {more} would leave room to grow.", evidence


def more_seats(used: int, bought: int) -> int:
    """Return how many seats to buy so that FREE_SEATS per cent of all are free; at least one."""
    return max(1, ceil(used * 100 / (100 - FREE_SEATS)) - bought)


def _seats_grown(case: Case) -> int:
    """Return by how many points the share of used seats has grown since the earlier day; 0 where that is not known."""
    if case.seats_then is None or not case.seats_purchased or case.seats_used is None:
        return 0
    return int((case.seats_used / case.seats_purchased - case.seats_then.share) * 100 + 1e-9)


def _product(case: Case, *, is_integration: bool) -> Lead | None:
    kind = OpportunityType.INTEGRATION if is_integration else OpportunityType.MODULE
    if case.band is not Band.GREEN or case.licensed is None or case.declines or case.adoption is None:
        return None
    if case.adoption * 100 < _limit(ADOPTION_HIGH, kind, case):
        return None
    if is_integration and (case.logins is None or case.logins * 100 < _limit(LOGINS_HIGH, kind, case)):
        return None
    unused = _unused(case)
    if not is_integration and case.used is not None and unused > 1:
        return None
    product = _best(case, is_integration=is_integration)
    if product is None:
        return None
    is_sure = (
        case.grows
        if is_integration
        else case.adoption * 100 >= ADOPTION_VERY_HIGH and unused == 0 and case.used is not None
    )
    return Lead(
        kind=kind,
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        product=product,
        measure={"licensed": sorted(key(name) for name in case.licensed)},
    )


def _product_told(lead: Lead, case: Case) -> tuple[str, list[Evidence]]:
    name, on = lead.subject, case.as_of
    adoption, licensed = wording.percent(case.adoption or 0), case.licensed or ()
    count = wording.counted(len(licensed), "licensed feature")
    facts = [
        ("not_licensed", f"{name} is sold and not among the {count}."),
        ("adoption", f"Feature adoption is at {adoption}."),
    ]
    if licensed and case.used is not None and _unused(case) == 0:
        facts.append(("all_used", "Every licensed feature is in use."))
    if lead.kind is OpportunityType.INTEGRATION and case.logins is not None:
        facts.append(("logins", f"Login frequency is at {wording.percent(case.logins)}."))
    product = lead.product
    if product is not None and product.of >= FEWEST_PEERS and product.peers:
        where = f" in {case.segment}" if case.segment else ""
        facts.append(("peers", f"{product.peers:,} of {product.of:,} accounts{where} have licensed {name}."))
    evidence = [Evidence(code=code, sentence=sentence, on=on) for code, sentence in facts]
    return f"{name} is not licensed, and adoption is at {adoption}.", evidence


def _best(case: Case, *, is_integration: bool) -> Product | None:
    """Return the product that most of the peers have, among those that are not licensed and were not turned down."""
    licensed = {key(name) for name in case.licensed or ()}
    choice = [
        one
        for one in case.catalogue
        if one.is_integration is is_integration and one.key not in licensed and one.key not in case.declined
    ]
    return min(choice, key=lambda one: (-one.peers / one.of if one.of else 0, one.key), default=None)


def _unused(case: Case) -> int:
    used = {key(name) for name in case.used or ()}
    return sum(key(name) not in used for name in case.licensed or ())


def _usage(case: Case) -> list[Evidence]:
    return [Evidence(code="growing", sentence="Usage is growing.", on=case.as_of)] if case.grows else []


def _health(case: Case) -> Evidence:
    return Evidence(
        code="health", sentence=f"Health is {case.band} with a score of {case.score}.", on=case.as_of
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was there when somebody answered: what is compared to tell whether the facts have changed since."""

    confidence: Confidence
    measure: Mapping[str, Any]


def news(before: Seen, now: Lead) -> str:
    """Say what has changed since an answer, in a sentence; empty where it is the same story (SPEC 4.3)."""
    if RANK[now.confidence] > RANK[before.confidence]:
        return f"It has grown surer since the last answer: {now.confidence} instead of {before.confidence}."
    if now.measure == before.measure:
        return ""
    if now.kind is OpportunityType.SEATS:
        bought, tenths = before.measure.get("purchased"), before.measure.get("used_tenths", 0)
        if bought != now.measure["purchased"]:
            return "The number of seats that were bought has changed since the last answer."
        return "More seats are in use than at the last answer." if now.measure["used_tenths"] > tenths else ""
    return "Other features are licensed than at the last answer."
