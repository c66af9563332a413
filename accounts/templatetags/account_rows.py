"""The rows of the portfolio and of the churn risk, written in one go.

Fifty rows of nine cells through a template cost several times what the rest of the page does; as one string each,
from the design's own cells, they cost less than the query. ``fill`` escapes whatever comes from outside.
"""

from datetime import date
from decimal import Decimal
from typing import Final

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts.selectors.churn_risk import RiskPage, RiskRow
from accounts.selectors.portfolio import PortfolioPage, PortfolioRow
from csm_portal.templatetags import portal, wording
from csm_portal.templatetags.markup import fill, fill_each

register = template.Library()

# Two lines, as the name and the renewal have: a third would cost a quarter of the rows on a screen.
_DRIVERS: Final = 2
_NOTHING: Final = SafeString("")
_UNSCORED: Final = SafeString('<span class="muted small">Not scored yet</span>')


@register.simple_tag
def portfolio_rows(page: PortfolioPage, *, with_owner: bool) -> SafeString:
    """Draw the table rows of a page of the portfolio."""
    return SafeString("".join(_row(row, today=page.today, with_owner=with_owner) for row in page.rows))


_ROW: Final = (
    '<tr><th scope="row" class="cell-name-column"><a class="cell-name" href="{}">{}</a>'
    '<span class="cell-sub">{}</span></th>'
    '<td data-label="Band">{}</td>'
    '<td data-label="Score">{}</td>'
    '<td data-label="Change">{}{}</td>'
    '<td data-label="What costs most" class="is-wide gives-way">{}</td>'
    '<td data-label="Renewal" class="nowrap">{}</td>'
    '<td data-label="ARR" class="num">{}</td>{}</tr>'
)


def _row(row: PortfolioRow, *, today: date, with_owner: bool) -> SafeString:
    is_scored = row.score is not None
    return fill(
        _ROW,
        reverse("account", args=[row.account_id]),
        row.name,
        _beneath_the_name(row),
        _band(row) if is_scored else _UNSCORED,
        _score(row) if is_scored else _NOTHING,
        portal.sparkline(row.sparkline, row.band) if is_scored else _NOTHING,
        _change(row.change) if is_scored else _NOTHING,
        portal.driver_chips(row.drivers, _DRIVERS) if is_scored else _NOTHING,
        _renewal(row.renewal_on, today=today),
        _amount(row.arr, row.currency),
        _owner(row.owner, is_user=row.owner_is_user) if with_owner else _NOTHING,
    )


def _beneath_the_name(row: PortfolioRow) -> SafeString | str:
    kind = " · ".join(word for word in (row.segment, row.stage) if word)
    if row.left_on is None:
        return kind
    left = fill("<strong>Left on {}</strong>", wording.day(row.left_on))
    return fill("{} · {}", left, kind) if kind else left


def _band(row: PortfolioRow) -> SafeString:
    badge = portal.band_badge(row.band, row.is_last_known)
    return fill('{}<span class="cell-sub">A person says {}</span>', badge, row.word) if row.word else badge


def _score(row: PortfolioRow) -> SafeString:
    meter = portal.score_meter(row.score, row.band)
    if row.coverage is None or row.coverage == 1:
        return meter
    return fill('{}<span class="cell-sub">{} known</span>', meter, wording.percent(row.coverage))


def _change(points: int | None) -> SafeString:
    return fill('<span class="cell-sub">{}</span>', portal.score_delta(points))


def _renewal(on: date | None, *, today: date) -> SafeString | str:
    told = portal.days_until(on, today)
    return told if on is None else fill('{}<span class="cell-sub">{}</span>', told, wording.day(on))


def _amount(arr: Decimal | None, currency: str) -> SafeString:
    if arr is None:
        return SafeString('<span class="muted">Not known</span>')
    return fill('<span class="money">{}</span>', wording.money(arr, currency))


def _owner(name: str, *, is_user: bool) -> SafeString:
    if not name:
        return SafeString('<td data-label="Owner" class="owner-cell"><span class="muted">Nobody</span></td>')
    return fill(
        '<td data-label="Owner" class="owner-cell"><span><bdi>{}</bdi>{}</span></td>',
        name,
        _NOTHING if is_user else SafeString('<span class="cell-sub">not a user here</span>'),
    )


@register.simple_tag
def risk_rows(page: RiskPage, *, with_owner: bool) -> SafeString:
    """Draw the table rows of a page of the churn risk."""
    return SafeString("".join(_risk_row(row, today=page.today, with_owner=with_owner) for row in page.rows))


_RISK_ROW: Final = (
    '<tr><th scope="row" class="cell-name-column"><a class="cell-name" href="{}">{}</a>'
    '<span class="cell-sub">{}</span></th>'
    '<td data-label="Risk">{}</td>'
    '<td data-label="Why" class="is-wide">{}</td>'
    '<td data-label="Until"><span>{}</span></td>'
    '<td data-label="Health" class="gives-way"><span>{}<span class="cell-sub">{} of 100</span></span></td>'
    '<td data-label="ARR at risk" class="num">{}</td></tr>'
)


def _risk_row(row: RiskRow, *, today: date, with_owner: bool) -> SafeString:
    return fill(
        _RISK_ROW,
        reverse("account", args=[row.account_id]),
        row.name,
        " · ".join(word for word in (row.segment, _owner_words(row) if with_owner else "") if word),
        portal.risk_badge(row.level),
        _why(row),
        _until(row, today=today),
        portal.band_badge(row.band, row.is_last_known),
        row.score,
        _amount(row.arr, row.currency),
    )


def _owner_words(row: RiskRow) -> str:
    if not row.owner:
        return "nobody's"
    return row.owner if row.owner_is_user else f"{row.owner}, not a user here"


def _why(row: RiskRow) -> SafeString:
    sentences = ((fact.sentence,) for fact in row.facts)
    trigger = fill('<li class="muted">Called by {}</li>', row.trigger) if row.trigger else _NOTHING
    return fill('<ul class="reasons">{}{}</ul>', fill_each("<li>{}</li>", sentences), trigger)


def _until(row: RiskRow, *, today: date) -> SafeString | str:
    told = portal.days_until(row.until, today)
    if row.until is None:
        return told
    return fill(
        '<span class="nowrap">{}</span><span class="cell-sub">{} <span class="nowrap">{}</span></span>',
        told,
        row.until_is,
        wording.day(row.until),
    )
