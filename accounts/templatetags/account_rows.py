"""The rows of the portfolio, written in one go.

Fifty rows of nine cells through a template cost several times what the rest of the page does; as one string each,
from the design's own cells, they cost less than the query. ``format_html`` escapes whatever comes from outside.
"""

from datetime import date
from typing import Final

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.selectors.portfolio import PortfolioPage, PortfolioRow
from csm_portal.templatetags import portal, wording

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
    return format_html(
        _ROW,
        reverse("account", args=[row.account_id]),
        row.name,
        " · ".join(word for word in (row.segment, row.stage) if word),
        portal.band_badge(row.band, row.is_last_known) if is_scored else _UNSCORED,
        _score(row) if is_scored else _NOTHING,
        portal.sparkline(row.sparkline, row.band) if is_scored else _NOTHING,
        _change(row.change) if is_scored else _NOTHING,
        portal.driver_chips(row.drivers, _DRIVERS) if is_scored else _NOTHING,
        _renewal(row.renewal_on, today=today),
        _amount(row),
        _owner(row) if with_owner else _NOTHING,
    )


def _score(row: PortfolioRow) -> SafeString:
    meter = portal.score_meter(row.score, row.band)
    if row.coverage is None or row.coverage == 1:
        return meter
    return format_html('{}<span class="cell-sub">{} known</span>', meter, wording.percent(row.coverage))


def _change(points: int | None) -> SafeString:
    return format_html('<span class="cell-sub">{}</span>', portal.score_delta(points))


def _renewal(on: date | None, *, today: date) -> SafeString | str:
    told = portal.days_until(on, today)
    return told if on is None else format_html('{}<span class="cell-sub">{}</span>', told, wording.day(on))


def _amount(row: PortfolioRow) -> SafeString:
    if row.arr is None:
        return SafeString('<span class="muted">Not known</span>')
    return format_html('<span class="money">{}</span>', wording.money(row.arr, row.currency))


def _owner(row: PortfolioRow) -> SafeString:
    if not row.owner:
        return SafeString('<td data-label="Owner" class="gives-way"><span class="muted">Nobody</span></td>')
    return format_html(
        '<td data-label="Owner" class="gives-way"><span class="name">{}</span>{}</td>',
        row.owner,
        _NOTHING if row.owner_is_user else SafeString('<span class="cell-sub">not a user here</span>'),
    )
