"""Adoption coaching: which parts of the product are under-used, by which dated evidence, and what to do (SPEC 4.4).

By the features that are licensed and not used, where the workspace names both; else by overall adoption, and the
text says so. Pure: the same facts, the same plan. What is written for the plan's steps (title, why) may be read by the
customer; the evidence is for colleagues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from accounts.scoring import coaching_words as words
from accounts.scoring.policy import HealthPolicy
from accounts.scoring.signals import HealthSignals, Sentiment, Trend

LEAST_PEERS: Final = 10
"""A comparison with fewer accounts says nothing (SPEC 1)."""
MOST_FEATURES: Final = 3
"""More at a time is no plan."""
FALL: Final = 0.05
"""Adoption that fell by so much is called falling."""
FIRST_AFTER: Final = timedelta(days=5)
NEXT_AFTER: Final = timedelta(days=7)
LOOK_BACK_AFTER: Final = timedelta(days=21)


class Cause(StrEnum):
    """What a recommendation is about; in the order in which a plan takes them up."""

    COMPLAINT = "complaint"
    FEATURE = "feature"
    ADOPTION = "adoption"
    USAGE = "usage"
    SEATS = "seats"
    SPONSOR = "sponsor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """The median adoption (0 to 1) of the accounts of a segment, and how many they are."""

    segment: str
    median: float
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Of the other accounts of the segment that license a feature: how many use it."""

    licensed: int
    used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of an account on the day ``as_of``.

    ``licensed`` and ``used`` are None where the workspace names no features. ``peers`` goes by the feature's name in
    lower case. ``since`` says from which day on a field's present value stands. ``before`` is the adoption (0 to 1) of an
    earlier day, ``seats`` how many are used and purchased.
    """

    signals: HealthSignals
    policy: HealthPolicy
    as_of: date
    licensed: Sequence[str] | None = None
    used: Sequence[str] | None = None
    benchmark: Benchmark | None = None
    peers: Mapping[str, Peers] = field(default_factory=dict)
    since: Mapping[str, date] = field(default_factory=dict)
    before: tuple[date, float] | None = None
    seats: tuple[int, int] | None = None

    @property
    def names_features(self) -> bool:
        """Whether it can be told which features lie idle."""
        return bool(self.licensed) and self.used is not None

    def on(self, *fields: str) -> date:
        """Return the day since which the fields hold what they hold, as far as that is known."""
        days = [self.since[name] for name in fields if name in self.since]
        return min(max(days, default=self.as_of), self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One dated fact that calls for a recommendation; ``signal`` is the input of SPEC 1 that it was read from."""

    signal: str
    sentence: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One area to work on. ``area`` is the name of a feature, or of what the cause is about."""

    cause: Cause
    area: str
    title: str
    why: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coaching:
    """What to work on, most urgent first; ``scope`` says what the comparison rests on, or why there is nothing to do."""

    recommendations: tuple[Recommendation, ...]
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a plan, before anybody has edited it."""

    cause: str
    area: str
    title: str
    why: str
    due_on: date
    evidence: tuple[Evidence, ...] = ()


def recommend(known: Known) -> Coaching:
    """Return what to work on with an account, each thing with the dated facts that call for it."""
    adoption = _adoption(known)
    features = _features(known, adoption)
    found = [
        *_complaint(known),
        *features,
        *([] if features else _overall(known, adoption)),
        *_usage(known),
        *_seats(known),
        *_sponsor(known, is_wanted=bool(features or adoption)),
    ]
    # Complaints and empty sponsors are reasons to begin elsewhere, no reason for a plan of adoption by themselves.
    if not any(one.cause in (Cause.FEATURE, Cause.ADOPTION, Cause.USAGE, Cause.SEATS) for one in found):
        found = []
    return Coaching(recommendations=tuple(found), scope=_scope(known, found))


def steps(coaching: Coaching, *, as_of: date) -> tuple[Step, ...]:
    """Return the plan that follows: a step each, a week apart, then a look at what it has changed."""
    made: list[Step] = []
    due = as_of + FIRST_AFTER
    for one in coaching.recommendations:
        made.append(
            Step(
                cause=one.cause,
                area=one.area,
                title=one.title,
                why=one.why,
                due_on=working_day(due),
                evidence=one.evidence,
            )
        )
        due += NEXT_AFTER
    if made:
        title, why = words.look_back()
        due = due - NEXT_AFTER + LOOK_BACK_AFTER
        made.append(Step(cause="", area="", title=title, why=why, due_on=working_day(due)))
    return tuple(made)


def working_day(day: date) -> date:
    """Return the day, or the Monday after it where it falls on a weekend."""
    return day + timedelta(days=7 - day.weekday()) if day.weekday() > 4 else day


def unused(licensed: Sequence[str], used: Sequence[str]) -> tuple[str, ...]:
    """Return the features that are licensed and not used, in the workspace's order, each once; case does not count."""
    in_use = {_key(name) for name in used}
    found: dict[str, str] = {}
    for name in licensed:
        if _key(name) and _key(name) not in in_use:
            found.setdefault(_key(name), " ".join(name.split()))
    return tuple(found.values())


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()


def _features(known: Known, adoption: Sequence[Evidence]) -> list[Recommendation]:
    if not known.names_features:
        return []
    idle = unused(known.licensed or (), known.used or ())
    # What most others use is the easiest to win somebody for; the workspace's order decides between equals.
    idle = tuple(sorted(idle, key=lambda name: -_share(known.peers.get(_key(name)))))[:MOST_FEATURES]
    on = known.on("features_licensed", "features_used")
    return [_feature(name, known, adoption, on=on) for name in idle]


def _feature(name: str, known: Known, adoption: Sequence[Evidence], *, on: date) -> Recommendation:
    peers = known.peers.get(_key(name))
    if peers is not None and peers.licensed < LEAST_PEERS:
        peers = None
    evidence = [Evidence(signal="features_used", sentence=words.feature_idle(name), on=on)]
    if peers is not None:
        compared = words.feature_of_others(name, used=peers.used, licensed=peers.licensed)
        evidence.append(Evidence(signal="features_used", sentence=compared, on=known.as_of))
    others = None if peers is None else (peers.used, peers.licensed)
    title, why = words.feature_step(name, others=others)
    return Recommendation(
        cause=Cause.FEATURE, area=name, title=title, why=why, evidence=(*evidence, *adoption)
    )


def _share(peers: Peers | None) -> float:
    return peers.used / peers.licensed if peers is not None and peers.licensed >= LEAST_PEERS else 0.0


def _adoption(known: Known) -> list[Evidence]:
    """Return what speaks of adoption as a whole: below its benchmark, below what is asked, or falling."""
    rate = known.signals.feature_adoption_rate
    if rate is None:
        return []
    found, on = [], known.on("feature_adoption_rate")
    mark = known.benchmark
    if mark is not None and mark.accounts >= LEAST_PEERS and rate < mark.median:
        found.append(words.below_median(rate, mark.median, accounts=mark.accounts, segment=mark.segment))
    elif rate * 100 < known.policy.adoption_threshold:
        found.append(words.below_asked(rate, known.policy.adoption_threshold))
    if known.before is not None and known.before[1] - rate >= FALL:
        found.append(words.fell(known.before[1], rate, since=known.before[0]))
    return [Evidence(signal="feature_adoption_rate", sentence=sentence, on=on) for sentence in found]


def _overall(known: Known, adoption: Sequence[Evidence]) -> list[Recommendation]:
    rate = known.signals.feature_adoption_rate
    if not adoption or rate is None:
        return []
    mark = known.benchmark if known.benchmark and known.benchmark.accounts >= LEAST_PEERS else None
    title, why = words.overall_step(
        rate,
        median=None if mark is None or rate >= mark.median else (mark.median, mark.accounts),
        names_features=known.names_features,
    )
    return [
        Recommendation(
            cause=Cause.ADOPTION, area=words.OVERALL, title=title, why=why, evidence=tuple(adoption)
        )
    ]


def _usage(known: Known) -> list[Recommendation]:
    level, found = known.signals.login_frequency_score, []
    is_low = level is not None and level * 100 < known.policy.login_threshold
    is_declining = known.signals.usage_trend == Trend.DECLINING
    if is_declining:
        on = known.on("usage_trend")
        found.append(Evidence(signal="usage_trend", sentence="Usage is declining.", on=on))
    if level is not None and is_low:
        sentence = words.logins(level, known.policy.login_threshold)
        on = known.on("login_frequency_score")
        found.append(Evidence(signal="login_frequency_score", sentence=sentence, on=on))
    if not found:
        return []
    title, why = words.usage_step(level, is_declining=is_declining)
    return [Recommendation(cause=Cause.USAGE, area=words.LOGINS, title=title, why=why, evidence=tuple(found))]


def _seats(known: Known) -> list[Recommendation]:
    share = known.signals.seats_utilization
    if share is None or share * 100 >= known.policy.seats_threshold or known.seats is None:
        return []
    used, purchased = known.seats
    title, why = words.seats_step(used, purchased)
    on = known.on("seats_used", "seats_purchased")
    evidence = Evidence(signal="seats_utilization", sentence=words.seats(used, purchased), on=on)
    return [Recommendation(cause=Cause.SEATS, area=words.SEATS, title=title, why=why, evidence=(evidence,))]


def _sponsor(known: Known, *, is_wanted: bool) -> list[Recommendation]:
    level = known.signals.stakeholder_engagement_score
    if not is_wanted or level is None or level * 100 >= known.policy.stakeholder_threshold:
        return []
    title, why = words.sponsor_step()
    sentence = words.engagement(level, known.policy.stakeholder_threshold)
    on = known.on("stakeholder_engagement_score")
    evidence = Evidence(signal="stakeholder_engagement_score", sentence=sentence, on=on)
    return [
        Recommendation(cause=Cause.SPONSOR, area=words.SPONSOR, title=title, why=why, evidence=(evidence,))
    ]


def _complaint(known: Known) -> list[Recommendation]:
    if known.signals.support_sentiment != Sentiment.NEGATIVE:
        return []
    tickets = known.signals.support_ticket_volume
    title, why = words.complaint_step(tickets)
    on = known.on("support_sentiment")
    evidence = Evidence(signal="support_sentiment", sentence="Support sentiment is negative.", on=on)
    return [
        Recommendation(cause=Cause.COMPLAINT, area=words.SUPPORT, title=title, why=why, evidence=(evidence,))
    ]


def _scope(known: Known, found: Sequence[Recommendation]) -> str:
    """Say what the recommendations rest on; where there are none, why."""
    mark = known.benchmark if known.benchmark and known.benchmark.accounts >= LEAST_PEERS else None
    return words.scope(
        names_features=known.names_features,
        rate=known.signals.feature_adoption_rate,
        benchmark=None if mark is None else (mark.median, mark.accounts, mark.segment),
        has_segment=known.benchmark is not None,
        is_empty=not found,
    )
