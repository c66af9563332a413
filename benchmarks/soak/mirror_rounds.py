"""CHECK 35: after rounds of edits of every kind, the mirror is what a fresh one would be."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from accounts.models import Account, SyncState
from accounts.services import refresh
from benchmarks.soak.measured import Measured, Size
from benchmarks.soak.mirror_ground import Office, mirrored, office, row, synced, tenant
from csm_portal.core.models import Tenant
from csm_portal.core.scope import tenant_scope
from csm_portal.simulators.notion import seed

_ROUNDS: Final = {Size.FULL: 500, Size.SAMPLE: 6}
_ROWS: Final = {Size.FULL: 60, Size.SAMPLE: 25}
_SEED: Final = 35
_RENAMED: Final = ("ARR", "NPS Score", "Segment", "Notes", "Renewal Date", "CSM")


def figures(size: Size) -> Iterator[Measured]:
    """Hold the mirror against a fresh one after each round, and after a quick refresh in every other round."""
    chance = random.Random(_SEED)
    differing, unfinished, worse, done = 0, 0, 0, Counter[str]()
    with office() as place:
        here, fresh = tenant("lasting"), tenant("fresh")
        people = _People(place, chance, rows=_ROWS[size])
        # Both map their fields before anything is renamed: a mapping is by id, and no part of the mirror.
        synced(here, place, now=place.now)
        synced(fresh, place, now=place.now)
        for number in range(_ROUNDS[size]):
            for _ in range(chance.randrange(1, 9)):
                # Several edits fall into one minute, and the next scan into the minute of the last of them.
                place.pass_time(chance.choice((1, 5, 20, 90)))
                done[people.act()] += 1
            if number % 2:
                worse += _made_worse(here, fresh, place)
            run = synced(here, place, now=place.now)
            unfinished += run.state != SyncState.DONE
            _empty(fresh)
            synced(fresh, place, now=place.now)
            differing += mirrored(here) != mirrored(fresh)
    rounds = _ROUNDS[size]
    kinds = ", ".join(f"{count:,} × {kind}" for kind, count in sorted(done.items()))
    yield Measured(
        check="CHECK 35",
        what="Rounds of edits after which the mirror was not that of a fresh scan",
        reached=differing,
        target=0,
        is_reached=differing == 0,
        note=f"{rounds} rounds: {kinds}.",
    )
    yield Measured(
        check="CHECK 35",
        what="Rounds in which the full scan did not come to its end",
        reached=unfinished,
        target=0,
        is_reached=unfinished == 0,
    )
    yield Measured(
        check="CHECK 35",
        what="Rows that a quick refresh made neither as before nor as in Notion",
        reached=worse,
        target=0,
        is_reached=worse == 0,
        note=f"Over {rounds // 2} quick refreshes.",
    )


class _People:
    """The pages of a workspace by where they are, and what people do with them."""

    def __init__(self, place: Office, chance: random.Random, *, rows: int) -> None:
        self._place, self._chance = place, chance
        self._source = place.seeded.accounts_data_source_id
        _, self._elsewhere = seed.create_database(
            place.app.store, place.seeded.bot_id, title="Former", properties={"Name": {"title": {}}}
        )
        self._here = place.add(*(row(number) for number in range(rows)))
        self._trash: list[str] = []
        self._archive: list[str] = []
        self._away: list[str] = []
        self._names = {name: name for name in _RENAMED}
        self._acts: dict[str, tuple[int, Callable[[], None]]] = {
            "edit": (8, self._edit),
            "clear": (1, self._clear),
            "rename": (2, self._rename),
            "create": (2, self._create),
            "delete": (2, lambda: self._put(self._here, self._trash, in_trash=True)),
            "restore": (2, lambda: self._put(self._trash, self._here, in_trash=False)),
            "archive": (2, lambda: self._put(self._here, self._archive, is_archived=True)),
            "unarchive": (2, lambda: self._put(self._archive, self._here, is_archived=False)),
            "move away": (1, lambda: self._move(self._here, self._away, self._elsewhere)),
            "move back": (1, lambda: self._move(self._away, self._here, self._source)),
            "rename a property": (1, self._rename_property),
        }

    def act(self) -> str:
        """Do one thing; return what kind of thing it was."""
        kinds = list(self._acts)
        (kind,) = self._chance.choices(kinds, [self._acts[kind][0] for kind in kinds])
        self._acts[kind][1]()
        return kind

    def _edit(self) -> None:
        number = self._chance.randrange(1000)
        values: dict[str, Any] = {
            self._names["ARR"]: {"number": number},
            # Up to 13: some of them no NPS can be, which leaves the field unknown and says so.
            self._names["NPS Score"]: {"number": number % 14},
            self._names["Segment"]: {"select": {"name": f"Segment {number % 5}"}},
            self._names["Renewal Date"]: {"date": {"start": f"2027-0{1 + number % 9}-11"}},
            "Payment Current": {"checkbox": number % 2 == 0},
            "Usage Trend": {"select": {"name": ("growing", "stable", "declining")[number % 3]}},
        }
        chosen = self._chance.sample(sorted(values), self._chance.randrange(1, 4))
        self._set({name: values[name] for name in chosen})

    def _clear(self) -> None:
        self._set({self._names["ARR"]: {"number": None}, self._names["Notes"]: {"rich_text": []}})

    def _rename(self) -> None:
        self._set({"Account": _title(f"Renamed {self._chance.randrange(10**6)}")})

    def _create(self) -> None:
        body = {
            "parent": {"type": "data_source_id", "data_source_id": self._source},
            "properties": {
                "Account": _title(f"New {self._chance.randrange(10**6)}"),
                "Seats Used": {"number": 5},
            },
        }
        self._here.append(self._place.api("POST", "pages", body)["id"])

    def _rename_property(self) -> None:
        name = self._chance.choice(_RENAMED)
        new = name if self._names[name] != name else f"{name} {self._chance.randrange(100)}"
        body = {"properties": {self._names[name]: {"name": new}}}
        self._place.api("PATCH", f"data_sources/{self._source}", body)
        self._names[name] = new

    def _set(self, values: dict[str, Any]) -> None:
        if self._here:
            page_id = self._chance.choice(self._here)
            self._place.api("PATCH", f"pages/{page_id}", {"properties": values})

    def _put(self, source: list[str], target: list[str], **change: bool) -> None:
        if source:
            page_id = source.pop(self._chance.randrange(len(source)))
            self._place.api("PATCH", f"pages/{page_id}", change)
            target.append(page_id)

    def _move(self, source: list[str], target: list[str], data_source_id: str) -> None:
        if source:
            page_id = source.pop(self._chance.randrange(len(source)))
            body = {"parent": {"type": "data_source_id", "data_source_id": data_source_id}}
            self._place.api("POST", f"pages/{page_id}/move", body)
            target.append(page_id)


def _made_worse(of: Tenant, fresh: Tenant, place: Office) -> int:
    """Refresh what was edited of late; count the rows that are then neither as before nor as a scan gives them."""
    before = mirrored(of)
    with tenant_scope(of):
        refresh.quick(workspace=place.workspace(), now=place.now)
    after = mirrored(of)
    _empty(fresh)
    synced(fresh, place, now=place.now)
    now = mirrored(fresh)
    return sum(kept not in (before.get(key), now.get(key)) for key, kept in after.items())


def _empty(of: Tenant) -> None:
    with tenant_scope(of):
        Account.objects.all().delete()


def _title(words: str) -> dict[str, Any]:
    return {"title": [{"text": {"content": words}}]}
