"""Writes the text of a review: figures that lead to their facts, findings that are marked.

A review holds hundreds of runs, so they are written without a template each; ``format_html`` escapes every one.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from csm_portal.templatetags import portal
from qbr.document import HEADINGS, SectionKey
from qbr.facts import shown_date
from qbr.models import QBRRevision
from qbr.preview import Run, Runs
from qbr.selectors import versions

register = template.Library()
# “30 September 2026” and “1,234,567 accounts” fit on any phone.
_LONGEST_ON_A_LINE: Final = 20


@register.simple_tag
def runs(line: Runs) -> SafeString:
    """Write one line of text."""
    return format_html_join("", "{}", ((_run(run),) for run in line))


def _run(run: Run) -> SafeString | str:
    told = _told(run)
    if run.is_commented:
        told = format_html('<span class="commented">{}</span>', told)
    if run.ends:
        told += format_html_join(
            "",
            '<a class="remark-number no-print" href="#thread-{}"><span class="visually-hidden">Comment </span>{}</a>',
            ((mark.id, mark.number) for mark in run.ends),
        )
    return told


def _told(run: Run) -> SafeString | str:
    if run.finding is not None and run.finding.is_open:
        return format_html(
            '<mark class="finding{}" title="{}">{}<span class="visually-hidden"> (not traced to a fact)</span></mark>',
            _holding(run.text),
            run.finding.message,
            run.text,
        )
    if run.finding is not None and run.finding.vouch is not None:
        return format_html(
            '<mark class="finding is-vouched" title="{} vouches for it: {}">{}'
            '<span class="visually-hidden"> ({} vouches for it)</span></mark>',
            run.finding.vouch.person,
            run.finding.vouch.reason,
            run.text,
            run.finding.vouch.person,
        )
    if run.fact is not None:
        return format_html(
            '<a class="fact{}" href="#fact-{}" title="{}: {}, as of {}">{}</a>',
            _holding(run.text),
            run.fact.id,
            run.fact.label,
            run.fact.source,
            shown_date(run.fact.as_of),
            run.text,
        )
    return run.text


def _holding(text: str) -> str:
    """Return the class that holds a figure and its unit, or a day and its month, on one line; longer text may break."""
    is_figure = len(text) <= _LONGEST_ON_A_LINE and any(char.isdigit() for char in text)
    return " nowrap" if is_figure else ""


@register.simple_tag
def comment_link(qbr_id: UUID, place: str, line: Runs) -> SafeString:
    """Write the link that begins a comment on a passage; it is named by the first words of it."""
    url = f"{reverse('qbr-comment', args=[qbr_id])}?{urlencode({'on': place})}"
    return format_html(
        '<a class="remark-add no-print" href="{}" hx-get="{}" hx-target="#comment-form" hx-swap="outerHTML">{}'
        '<span class="remark-add-label">Comment<span class="visually-hidden"> on “{}”</span></span></a>',
        url,
        url,
        portal.icon("comment"),
        Truncator("".join(run.text for run in line)).words(5),
    )


@register.simple_tag
def form_key() -> str:
    """Return a key for one form, so that a second click on it does nothing twice."""
    return str(uuid4())


@register.filter
def section_name(key: str) -> str:
    """Name a section."""
    return HEADINGS[SectionKey(key)]


@register.filter
def author(revision: QBRRevision) -> str:
    """Name whoever wrote a version: a person, a model by name, the templates."""
    return versions.author(revision)


@register.filter
def of_section(stand_ins: Mapping[str, str] | str, key: str | None) -> str:
    """Return why the templates wrote a section in a model's place, "" where they did not or nothing is said of it."""
    return stand_ins.get(key, "") if key and not isinstance(stand_ins, str) else ""
