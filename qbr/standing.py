"""What stands on a review's page, held against what the portal left there: what goes, what stays, what is asked. Pure.

A block belongs to the portal if the portal wrote it, by its id, and it still reads as it did. Everything else is
somebody's, and goes only where that person's colleague said so after seeing it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from csm_portal.ports.qbr_pages import STATUS, QBRBlock, QBRBody, QBRPageState

# Where the integration may not see the accounts any more, Notion shows the relation as empty.
_MAY_READ_EMPTY: Final = frozenset({"Account"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the portal knows of a page from its journal.

    ``ours`` and ``doomed`` map block ids to fingerprints: what was read back when a version was last complete, and
    what a publication that ended halfway was about to take away. ``kept`` are blocks that were left alone beside
    ours. ``texts`` are the lines of every version that may stand there from its beginning on.
    """

    ours: Mapping[str, str] = field(default_factory=dict)
    doomed: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    values: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[tuple[str, ...], ...] = ()
    lines: tuple[str, ...] = ()
    is_half_done: bool = False

    @property
    def ids(self) -> frozenset[str]:
        return self.kept.union(self.ours, self.doomed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What becomes of each block that stands: left alone, taken away, or already part of the new version."""

    kept: tuple[str, ...] = ()
    doomed: Mapping[str, str] = field(default_factory=dict)
    written: tuple[str, ...] = ()


def plan(body: QBRBody, known: Known, *, lines: Sequence[str]) -> Plan | None:
    """Return how a page becomes one that says ``lines``, or None where somebody has changed it.

    ``body.lines`` are those of the blocks that ``known`` does not name.
    """
    standing = {block.id: block.fingerprint for block in body.blocks}
    gone = known.ours.keys() - standing.keys() - known.doomed.keys()
    expected = {**known.ours, **known.doomed}
    edited = [id for id, held in standing.items() if expected.get(id, held) != held]
    order = [id for id in standing if id in known.ours]
    moved = order != [id for id in known.ours if id in standing]
    if gone or edited or moved or not any(is_beginning(body.lines, text) for text in (lines, *known.texts)):
        return None
    rest = {id: held for id, held in standing.items() if id not in known.ids}
    is_begun = is_beginning(body.lines, lines)
    going = {id: held for id, held in standing.items() if id in expected}
    return Plan(
        kept=tuple(id for id in standing if id in known.kept),
        doomed=going if is_begun else {**going, **rest},
        written=tuple(rest) if is_begun else (),
    )


def plan_beside(body: QBRBody, known: Known) -> Plan:
    """Return how a new version comes to stand beside all that a person may have a hand in.

    Only what a publication that ended halfway has left goes, where it still reads as the portal wrote it.
    """
    standing = {block.id: block.fingerprint for block in body.blocks}
    rest = {id: held for id, held in standing.items() if id not in known.ids}
    is_own_half = bool(rest) and any(is_beginning(body.lines, text) for text in known.texts)
    going = {id: held for id, held in standing.items() if known.doomed.get(id) == held}
    if is_own_half:
        going |= rest
    return Plan(kept=tuple(id for id in standing if id not in going), doomed=going)


def plan_anew(body: QBRBody) -> Plan:
    """Return how the page becomes the portal's alone."""
    return Plan(doomed={block.id: block.fingerprint for block in body.blocks})


def is_beginning(lines: Sequence[str], text: Sequence[str]) -> bool:
    """Tell whether a text begins with these lines; no lines begin every text."""
    return list(lines) == list(text[: len(lines)])


def changed_values(
    state: QBRPageState, known: Known, *, wanted: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    """Return name, what the portal wrote and what stands now, for each property that somebody changed.

    A property that already says what it is to say is no difference, nor is one that was never written.
    """
    changed = []
    for name, before in known.values.items():
        now = state.values.get(name, "")
        is_ours = now in (before, wanted.get(name, before)) or (not now and name in _MAY_READ_EMPTY)
        if not is_ours and not (name == STATUS and known.is_half_done):
            changed.append((name, before, now))
    return changed


def changed_question(
    state: QBRPageState,
    body: QBRBody,
    *,
    ours: Iterable[str],
    values: Iterable[tuple[str, str, str]] = (),
) -> dict[str, Any]:
    """Return what was found, as JSON values: for a person to see, and to tell later whether it is still so."""
    return {
        "kind": "changed",
        "pages": [page_value(state)],
        "seen": seen(body),
        "ours": list(ours),
        "theirs": [line for block in body.blocks for line in block.lines],
        "values": [list(value) for value in values],
        "now": dict(state.values),
    }


def page_value(state: QBRPageState) -> dict[str, str]:
    return {"title": state.title, "url": state.url}


def seen(body: QBRBody) -> list[list[str]]:
    """Return ids and fingerprints of all blocks in order: equal where nothing has changed."""
    return [[block.id, block.fingerprint] for block in body.blocks]


def record(blocks: Iterable[QBRBlock], *, kept: Iterable[str], state: QBRPageState) -> dict[str, Any]:
    """Return what a complete page holds, as JSON values; ``own`` and ``values`` are what later changes are told from."""
    beside = set(kept)
    own = [block for block in blocks if block.id not in beside]
    return {
        "own": [[block.id, block.fingerprint] for block in own],
        "kept": sorted(beside),
        "lines": [line for block in own for line in block.lines],
        "values": dict(state.values),
    }
