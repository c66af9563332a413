"""What a digest says, in a draft or in a chat: fixed sentences over the figures of the portal (SPEC 4.2, P1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.html import format_html, format_html_join

from accounts.scoring import wording
from accounts.selectors.alerts import AlertRow
from accounts.selectors.digests import SHOWN, ContractDate, News, OwnAccounts, WholeTeam
from accounts.selectors.team import Book
from csm_portal.ports.chat import ChatMessage
from csm_portal.ports.mail import Address, Draft

_LONGEST: Final = 220
# A name in angle brackets is a link or calls everybody in a space; what formats text is left out with it.
_MARKUP: Final = str.maketrans({"<": "‹", ">": "›", "*": "", "_": " ", "~": "", "`": "'"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading with its lines."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestText:
    """A whole digest: the subject, the sections that have something to say, and where to read on."""

    subject: str
    sections: tuple[Section, ...]
    url: str

    @property
    def is_empty(self) -> bool:
        return not self.sections


def text(news: News, *, reviews: Sequence[str], today: date, url: str) -> DigestText:
    """Return a digest. ``reviews`` are the QBRs that wait for the person, a line each."""
    sections = [
        *(_own(news.own) if news.own else ()),
        *([Section(title="QBRs that wait for you", lines=_at_most(reviews))] if reviews else ()),
        *(_team(news.whole) if news.whole else ()),
    ]
    # That some are held back is no news by itself.
    is_quiet = news.is_quiet and not reviews
    return DigestText(
        subject=f"{today:%A, %-d %B}: {_summary(news, len(reviews))}",
        sections=() if is_quiet else tuple(sections),
        url=url,
    )


def draft(told: DigestText, *, key: str, to: Address) -> Draft:
    """Return the digest as a draft to the person themselves."""
    parts = [f"{one.title}\n" + "\n".join(f"- {line}" for line in one.lines) for one in told.sections]
    html = format_html_join(
        "",
        "<p><strong>{}</strong></p><ul>{}</ul>",
        (
            (one.title, format_html_join("", "<li>{}</li>", ((line,) for line in one.lines)))
            for one in told.sections
        ),
    )
    link = format_html('<p><a href="{}">Open Today in the portal</a></p>', told.url) if told.url else ""
    return Draft(
        key=key,
        to=(to,),
        subject=told.subject,
        text="\n\n".join([*parts, *([told.url] if told.url else [])]) + "\n",
        html=f"<!doctype html><html><body>{html}{link}</body></html>\n",
    )


def chat_message(told: DigestText, *, key: str, person: str, person_id: str) -> ChatMessage:
    """Return the digest as a message; those of one person stand under one another."""
    lines = [f"*{_plain(person)}* – {_plain(told.subject)}"]
    for one in told.sections:
        lines += ["", f"*{_plain(one.title)}*", *(f"• {_plain(line)}" for line in one.lines)]
    if told.url:
        lines += ["", f"<{told.url}|Open Today in the portal>"]
    return ChatMessage(key=key, text="\n".join(lines), thread=f"digest-{person_id}")


def _summary(news: News, reviews: int) -> str:
    own, whole = news.own, news.whole
    said = []
    if own is not None:
        said += [f"{own.new_count} new"] if own.new_count else []
        said += [f"{own.due_count} due"] if own.due_count else []
    if whole is not None:
        said += [f"{wording.counted(whole.new_count, 'new alert')} in the team"] if whole.new_count else []
    said += [wording.counted(reviews, "QBR") + " for you"] if reviews else []
    return ", ".join(said) or "what comes up"


def _own(own: OwnAccounts) -> list[Section]:
    sections = []
    if own.new_count:
        sections.append(Section(title="New", lines=_alerts(own.new, own.new_count)))
    if own.due_count:
        sections.append(Section(title="Due today, or late", lines=_alerts(own.due, own.due_count)))
    if own.dates:
        sections.append(
            Section(
                title="Contract dates within seven days", lines=_at_most([_date(one) for one in own.dates])
            )
        )
    if own.held_back:
        noun = "1 alert waits" if own.held_back == 1 else f"{own.held_back} alerts wait"
        sections.append(
            Section(
                title="Held back",
                lines=(f"{noun} for a place: five go out a day. They stand in your list all the same.",),
            )
        )
    return sections


def _alerts(rows: Sequence[AlertRow], count: int) -> tuple[str, ...]:
    lines = [_alert(row) for row in rows]
    if count > len(rows):
        lines.append(f"and {count - len(rows)} more")
    return tuple(lines)


def _alert(row: AlertRow) -> str:
    again = f" ({row.reopened_because.rstrip('.')})" if row.reopened_because else ""
    by = "Late since" if row.is_late else "Look by"
    return _short(f"{row.account}: {row.headline}{again} {by} {wording.day(row.due_on)}.")


def _date(one: ContractDate) -> str:
    return f"{one.account}: {'notice' if one.is_notice else 'renewal'} {wording.day(one.on)}"


def _team(whole: WholeTeam) -> list[Section]:
    team = whole.team
    if whole.is_quiet:
        return []
    sections = []
    busy = [book for book in team.books if book.open]
    if busy:
        sections.append(Section(title="The team", lines=_at_most([_book(book) for book in busy], most=12)))
    if team.unowned.open:
        noun = "1 open alert" if team.unowned.open == 1 else f"{team.unowned.open} open alerts"
        sections.append(
            Section(
                title="Nobody owns",
                lines=(f"{noun} in accounts without an owner here: nobody is told of them.",),
            )
        )
    return sections


def _book(book: Book) -> str:
    said = [f"{book.open} open"]
    said += [f"{book.critical} critical"] if book.critical else []
    said += [f"{book.late} late"] if book.late else []
    oldest = f", the oldest of {wording.day(book.oldest_on)}" if book.oldest_on else ""
    return f"{book.owner}: {', '.join(said)}{oldest}"


def _at_most(lines: Sequence[str], *, most: int = SHOWN) -> tuple[str, ...]:
    shown = [_short(line) for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"and {len(lines) - most} more")
    return tuple(shown)


def _short(line: str) -> str:
    plain = re.sub(r"\s+", " ", line).strip()
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _plain(line: str) -> str:
    return re.sub(r"\s+", " ", line.translate(_MARKUP)).strip()
