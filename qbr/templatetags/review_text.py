"""Writes the text of a review: figures that lead to their facts, findings that are marked.

A review holds hundreds of runs, so they are written without a template each; ``format_html`` escapes every one.
"""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from qbr.facts import shown_date
from qbr.models import QBRRevision
from qbr.preview import Run, Runs
from qbr.selectors.page import TEMPLATES

register = template.Library()


@register.simple_tag
def runs(line: Runs) -> SafeString:
    """Write one line of text."""
    return format_html_join("", "{}", ((_run(run),) for run in line))


def _run(run: Run) -> SafeString | str:
    if run.finding is not None and run.finding.is_open:
        return format_html(
            '<mark class="finding" title="{}">{}<span class="visually-hidden"> (not traced to a fact)</span></mark>',
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
            '<a class="fact" href="#fact-{}" title="{}: {}, as of {}">{}</a>',
            run.fact.id,
            run.fact.label,
            run.fact.source,
            shown_date(run.fact.as_of),
            run.text,
        )
    return run.text


@register.filter
def author(revision: QBRRevision) -> str:
    """Name whoever wrote a version: a person, or a model by name."""
    is_template = revision.author_id is None and revision.author_name == TEMPLATES
    return "the templates" if is_template else revision.author_name
