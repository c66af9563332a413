"""The tags and filters that page templates are written with. ``templates/components/README.md`` shows each.

Everything is rendered through templates, ``format_html`` or ``fill``, so text from outside is always escaped.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from django import template
from django.forms import BoundField
from django.http import QueryDict
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from csm_portal.core.models import Job, JobState
from csm_portal.templatetags import cells, states, trends, wording
from csm_portal.templatetags.markup import fill, fill_each

register = template.Library()

_CALLOUT_ICONS: Final = {
    "info": "info",
    "green": "check",
    "amber": "alert",
    "red": "alert",
    "unknown": "help",
}
_CURRENT: Final = SafeString(' aria-current="page"')
_MESSAGE_TONES: Final = {"success": "green", "warning": "amber", "error": "red"}


# Figures and words


@register.filter
def money(amount: wording.Amount | None, currency: str = "") -> str:
    """Say an amount: ``{{ account.arr|money:account.currency }}`` is ``€ 48,000``."""
    return wording.money(amount, currency)


@register.filter
def money_short(amount: wording.Amount | None, currency: str = "") -> str:
    """Say an amount in few letters: ``€ 1.2M``."""
    return wording.money(amount, currency, short=True)


@register.inclusion_tag("components/money_sums.html")
def money_sums(sums: Mapping[str, wording.Amount | None], short: bool = False) -> dict[str, Any]:
    """Show one total a currency; currencies are never added up."""
    return {"amounts": wording.money_sums(sums, short=short)}


register.filter("signed", wording.signed)
register.filter("percent", wording.percent)
register.filter("day", lambda value: wording.day(value) if value else wording.NOT_KNOWN)


@register.filter
def as_words(name: str) -> str:
    """Return a key such as ``last_known`` as words: “Last known”."""
    words = str(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


@register.filter
def outcome(job: Job) -> str:
    """Say what came of a job: its error, what it counted, or how far it is."""
    if job.error:
        return job.error
    if job.state != JobState.DONE:
        return job.progress_message
    counted = [
        f"{as_words(name)}: {value:,}"
        for name, value in job.result.items()
        if isinstance(value, int) and not isinstance(value, bool) and value
    ]
    return " · ".join(counted) or job.progress_message


@register.filter
def initials(name: str) -> str:
    """Give the one or two letters that stand for a person: ``Ada Lovelace`` is ``AL``."""
    words = str(name or "").split()
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


@register.simple_tag
def days_until(on: date | None, today: date | None = None, soon: int = 30) -> SafeString | str:
    """Say when a deadline falls, with its date on hover: ``in 14 days``, ``3 days overdue``."""
    if on is None:
        return fill('<span class="muted">{}</span>', "No date")
    told = wording.countdown(on, today=today or timezone.localdate(), soon_days=soon)
    return fill(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        told.tone,
        on.isoformat(),
        wording.day(on),
        told.text,
    )


@register.simple_tag
def relative_time(moment: datetime | date | None, now: datetime | None = None) -> SafeString:
    """Say how long ago something was, with the moment on hover."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', "never")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        _full(moment),
        wording.ago(moment, now=_local_now(now)),
    )


@register.inclusion_tag("components/age.html")
def data_age(
    moment: datetime | date | None, label: str = "", stale_after: int = 7, now: datetime | None = None
) -> dict[str, Any]:
    """Mark how old a value is; older than ``stale_after`` days it says so in a word."""
    here = _local_now(now)
    if moment is None:
        return {"label": label, "text": "never read", "is_stale": True}
    on = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return {
        "label": label,
        "text": wording.ago(moment, now=here),
        "iso": moment.isoformat(),
        "full": _full(moment),
        "is_stale": (here.date() - on).days > stale_after,
    }


def _local_now(now: datetime | None) -> datetime:
    return timezone.localtime(now) if now is not None else timezone.localtime()


def _full(moment: datetime | date) -> str:
    if not isinstance(moment, datetime):
        return wording.day(moment)
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return f"{wording.day(local)}, {local:%H:%M} {local:%Z}".strip()


# Health


@register.simple_tag
def band_badge(band: str | None, is_last_known: bool = False) -> SafeString:
    """Show a band as shape, word and colour; ``is_last_known`` marks one that stands for want of data."""
    return cells.badge(states.band(band), note="last known" if is_last_known else "")


@register.simple_tag
def risk_badge(level: str | None) -> SafeString:
    """Show a churn risk level: low, medium, high, critical."""
    return cells.badge(states.risk(level))


@register.simple_tag
def state_chip(state: str | None) -> SafeString:
    """Show the state of a QBR, job, sync run, schedule slot, alert or delivery."""
    return cells.badge(states.state(state))


@register.simple_tag
def score_meter(score: float | None, band: str | None = None) -> SafeString:
    """Show a score as figure and bar; None reads as no score, never as nought."""
    return cells.meter(score, tone=states.band(band).tone)


@register.simple_tag
def score_delta(points: float | None, since: str = "") -> SafeString:
    """Show a change of score with an arrow; ``since`` says since when."""
    return cells.delta(points, since=since)


@register.simple_tag
def driver_chips(drivers: Iterable[Any] | None, limit: int = 3) -> SafeString:
    """List what cost the score most: items with ``label`` and ``points`` (a penalty, of either sign)."""
    return cells.chips(drivers or (), limit=limit)


@register.simple_tag
def sparkline(
    points: Iterable[float | None] | None, band: str | None = None, label: str = "Score"
) -> SafeString:
    """Draw scores from oldest to newest; None is a gap."""
    return cells.sparkline(points or (), tone=states.band(band).tone, label=label)


@register.inclusion_tag("components/trend_chart.html")
def trend_chart(
    points: Iterable[Any],
    red: float = 40,
    amber: float = 70,
    marks: Iterable[Any] = (),
    title: str = "Health score",
    limits: Iterable[Any] = (),
) -> dict[str, Any]:
    """Draw a score history: ``(date, score[, band])`` points, thresholds, ``(date, label)`` policy marks.

    ``limits`` are the thresholds by the day from which they held, where others held before.
    """
    return {"trend": trends.lay_out(points, red=red, amber=amber, marks=marks, title=title, limits=limits)}


# Pieces of pages


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """Draw an icon; without a label it is decoration and hidden from assistive technology."""
    return cells.icon(name, label=label)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, unit: str = "", search: bool = False) -> dict[str, Any]:
    """Show a form field with its label, help and errors, tied together for assistive technology."""
    widget = bound.field.widget
    return {
        "field": bound,
        "unit": unit,
        "is_search": search,
        "is_check": getattr(widget, "input_type", "") == "checkbox" and not bound.use_fieldset,
        "is_choice_list": bound.use_fieldset,
    }


@register.simple_tag
def nav_entries(entries: Iterable[Any]) -> SafeString:
    """List the pages of the portal, each with its icon and how much waits there. Every page shows them twice."""
    return fill_each(
        '<li><a href="{}"{}>{}{}{}</a></li>',
        (
            (
                entry.url,
                _CURRENT if entry.is_current else "",
                cells.icon(entry.icon),
                entry.label,
                fill('<span class="nav-count">{}</span>', entry.count) if entry.count else "",
            )
            for entry in entries
        ),
    )


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: Any) -> dict[str, Any]:
    """Show every visible field of a form under a summary of its errors, hidden fields included."""
    return {"form": form}


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: Any) -> dict[str, Any]:
    """List a form's errors at its head, each a link to its field."""
    return {"form": form}


@register.simple_block_tag
def callout(content: str, tone: str = "info", title: str = "") -> SafeString:
    """Set a few sentences apart: ``{% callout "amber" title="…" %}…{% endcallout %}``."""
    kind = tone if tone in _CALLOUT_ICONS else "info"
    heading = format_html('<p class="callout-title">{}</p>', title) if title else ""
    return format_html(
        '<div class="callout is-{}">{}<div>{}{}</div></div>',
        kind,
        cells.icon(_CALLOUT_ICONS[kind]),
        heading,
        content,
    )


@register.inclusion_tag("components/message.html")
def message(note: Any) -> dict[str, Any]:
    """Show one of Django's messages, or a sentence."""
    tone = _MESSAGE_TONES.get(getattr(note, "level_tag", ""), "info")
    return {"tone": tone, "icon": _CALLOUT_ICONS[tone], "text": note}


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(
    context: Context,
    label: str,
    key: str,
    current: str = "",
    target: str = "",
    css: str = "",
    first: str = "asc",
) -> dict[str, Any]:
    """Head a column that can be sorted: ``sort=score`` ascending, ``sort=-score`` descending.

    ``current`` is the order in force (else the request's), ``first`` the direction of the first click,
    ``target`` the id that htmx swaps. The cursor is dropped: another order begins on its first page.
    """
    query = _query(context)
    order = current or query.get("sort", "")
    is_current = order.removeprefix("-") == key
    is_descending = order.startswith("-") if is_current else first == "asc"
    query["sort"] = key if is_descending else f"-{key}"
    query.pop("cursor", None)
    return {
        "label": label,
        "key": key,
        "url": f"?{query.urlencode()}",
        "direction": ("descending" if order.startswith("-") else "ascending") if is_current else "",
        "target": target,
        "css": css,
    }


def _query(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if request is not None else QueryDict(mutable=True)


@register.inclusion_tag("components/pager.html")
def pager(previous_url: str = "", next_url: str = "", summary: str = "", target: str = "") -> dict[str, Any]:
    """Link to the page before and the page after; ``summary`` says what is shown."""
    return {"previous_url": previous_url, "next_url": next_url, "summary": summary, "target": target}


@register.inclusion_tag("components/qbr_steps.html")
def qbr_steps(state: str) -> dict[str, Any]:
    """Show where a QBR stands on its way from draft to published."""
    return {"steps": states.qbr_steps(state)}


@register.inclusion_tag("components/confirm.html", takes_context=True)
def confirm(
    context: Context,
    action: str,
    label: str,
    question: str,
    button: str = "",
    tone: str = "danger",
    name: str = "",
    value: str = "",
) -> dict[str, Any]:
    """Ask before a POST that cannot be taken back; opens without scripts."""
    return {
        "csrf_token": context.get("csrf_token"),
        "action": action,
        "label": label,
        "question": question,
        "button": button or label,
        "tone": tone,
        "name": name,
        "value": value,
    }
