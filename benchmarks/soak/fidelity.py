"""How much the simulated Notion is like the real one: key by key and type by type, for each type of property.

And whether it stays as quick when a workspace is as large as the checks want it: a slow mock would be what is measured.

Every recorded page and data source is made again in the simulator, through the API wherever a request can make it,
and read back. Compared is what a client sees of it: which keys there are, how deep, and which JSON type stands there.

Run by itself (``python -m benchmarks.soak.fidelity``) it prints each type's share and every difference.
"""

import os
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from benchmarks import recordings
from benchmarks.soak.measured import Measured, Size
from csm_portal.simulators.notion import errors, seed
from csm_portal.simulators.notion.app import App, create_app
from csm_portal.simulators.notion.remembered import Pages

CHECK = "FIDELITY"
SAMPLE_EVERY = 4
Spot: TypeAlias = tuple[str, str]
"""A place in a document and the JSON type that stands there."""

# How many rows, over how many pages of each question, may cost how many times as much.
LARGE: Mapping[Size, tuple[int, int, float]] = {Size.FULL: (100_000, 21, 2.0), Size.SAMPLE: (1500, 3, 4.0)}
_SMALL = 1000
_CLUSTERS = 10
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MIDDLE = (_FIRST + timedelta(hours=5)).isoformat()


def _by(direction: str, **created: str) -> dict[str, Any]:
    body: dict[str, Any] = {"sorts": [{"timestamp": "created_time", "direction": direction}]}
    if created:
        body["filter"] = {"timestamp": "created_time", "created_time": created}
    return body


_QUESTIONS: Mapping[str, dict[str, Any]] = {
    "everything": {},
    "ascending": _by("ascending"),
    "descending": _by("descending"),
    "ascending from the middle": _by("ascending", on_or_after=_MIDDLE),
    "descending from the middle": _by("descending", on_or_before=_MIDDLE),
    "descending before the middle": _by("descending", before=_MIDDLE),
    "one cluster": _by("ascending", equals=_MIDDLE),
    "the archive": {"is_archived": True},
}

KNOWN: Mapping[str, str] = {}
"""Types of property in which a difference is known, and what it is; docs/simulator.md names the same."""

_COMPUTED = (
    "created_time", "created_by", "last_edited_time", "last_edited_by", "unique_id", "button", "place", "verification",
    "formula", "rollup",
)  # fmt: skip
# The real API sends these configurations, the official types do not know them.
_NOT_IN_THE_TYPES = ("button", "place", "verification")
_BEHIND = "Behind the rollups"
_DAY = "Behind the dates"
# What a formula said is not in an answer; these come to a result of the same kind.
_EXPRESSIONS = {
    "boolean": "true", "number": "1", "string": '"words"', "date": f'prop("{_DAY}")', "nothing": 'prop("Nowhere")',
}  # fmt: skip
# What stands in a list that a configuration counts: some options or none, as the data source happens to have them.
_LISTED_ONCE = ("options", "groups")


@dataclass(slots=True)
class Comparison:
    """What was compared under one name: spots that both have, and those that only one of them has."""

    documents: int = 0
    shared: int = 0
    missing: Counter[Spot] = field(default_factory=Counter)
    added: Counter[Spot] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        total = self.shared + self.missing.total() + self.added.total()
        return self.shared / total if total else 1.0

    def hold(self, theirs: Any, ours: Any) -> None:
        """Compare one document that the real API has sent with the one that the simulator gives."""
        real, simulated = set(spots(theirs)), set(spots(ours))
        self.documents += 1
        self.shared += len(real & simulated)
        self.missing.update(real - simulated)
        self.added.update(simulated - real)

    def differences(self) -> list[str]:
        return [
            f"{sign} {place or '(all of it)'}: {kind} ({count}×)"
            for sign, found in (("missing", self.missing), ("added", self.added))
            for (place, kind), count in sorted(found.items())
        ]


@dataclass(slots=True)
class Report:
    """``values`` are properties of pages by type, ``configurations`` those of data sources, ``frames`` all around."""

    values: dict[str, Comparison] = field(default_factory=lambda: defaultdict(Comparison))
    configurations: dict[str, Comparison] = field(default_factory=lambda: defaultdict(Comparison))
    frames: dict[str, Comparison] = field(default_factory=lambda: defaultdict(Comparison))
    answers: int = 0
    problems: list[str] = field(default_factory=list)


def spots(value: Any, place: str = "") -> Iterator[Spot]:
    """Yield every place in a document with its JSON type. The items of a list share one place."""
    match value:
        case dict():
            yield place, "object"
            for key, inner in value.items():
                yield from spots(inner, f"{place}.{key}" if place else key)
        case list():
            yield place, "array"
            for inner in value:
                yield from spots(inner, f"{place}[]")
        case bool():
            yield place, "boolean"
        case None:
            yield place, "null"
        case int() | float():
            yield place, "number"
        case _:
            yield place, "string"


def run(size: Size) -> Iterator[Measured]:
    """Yield the share of keys and types that agree, for each type of property, and what the schema says of answers.

    And how much more a page of a query costs in a large data source than in a small one, in the processor's time.
    """
    yield from _likeness(size)
    rows, pages, target = LARGE[size]
    yield growth(rows, pages=pages, target=target)


def growth(rows: int, *, pages: int, target: float) -> Measured:
    """Return how many times as much the dearest page of a scan costs among ``rows`` rows as among a thousand.

    A page costs what its rows cost, wherever they stand: above one is the noise of the machine.
    """
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        for count in (_SMALL, rows):
            with closing(create_app(Path(folder) / f"{count}.sqlite3")) as app:
                began = time.perf_counter()
                source_id, client = _clustered(app, count)
                took = time.perf_counter() - began
                costs[count] = {
                    name: _cost(app, client, source_id, body, pages=pages)
                    for name, body in _QUESTIONS.items()
                }
    factors = {name: costs[rows][name] / costs[_SMALL][name] for name in _QUESTIONS}
    dearest = max(factors, key=lambda name: factors[name])
    return Measured(
        check=CHECK,
        what=f"cost of a page among {rows:,} rows ÷ among {_SMALL:,}, the worst of {len(factors)}",
        reached=round(factors[dearest], 2),
        target=target,
        is_reached=factors[dearest] <= target,
        note=f"The worst is {dearest}. The rows were filled in {took:.1f} s.",
    )


def _clustered(app: App, count: int) -> tuple[str, httpx.Client]:
    """Fill accounts whose times of creation stand in ten clusters; return their data source and a client for it."""
    workspace = seed.create_workspace(app.store)
    for cluster in range(_CLUSTERS):
        numbers = range(cluster * count // _CLUSTERS, (cluster + 1) * count // _CLUSTERS)
        seed.add_account_rows(
            app.store,
            workspace.accounts_data_source_id,
            ({"name": f"Account {number}", "arr": number, "segment": "Mid-Market"} for number in numbers),
            created_at=_FIRST + timedelta(hours=cluster),
        )
    headers = {"Authorization": f"Bearer {workspace.token}", "Notion-Version": errors.VERSION}
    transport = httpx.WSGITransport(app)
    client = httpx.Client(transport=transport, base_url="http://simulator", headers=headers)
    return workspace.accounts_data_source_id, client


def _cost(app: App, client: httpx.Client, source_id: str, body: Mapping[str, Any], *, pages: int) -> float:
    """Return the median processor time of the pages of a query, begun again where it is at its end."""
    times, cursor = [], None
    for _ in range(pages):
        # Rows that were written before would cost less, and a small data source has more of them.
        app.store.pages = Pages()
        began = time.process_time()
        place: dict[str, Any] = {"start_cursor": cursor} if cursor else {}
        answer = client.post(f"/v1/data_sources/{source_id}/query", json={**body, **place})
        times.append(time.process_time() - began)
        cursor = answer.raise_for_status().json()["next_cursor"]
    return statistics.median(times)


def _likeness(size: Size) -> Iterator[Measured]:
    if not recordings.are_here():
        yield Measured(
            check=CHECK,
            what="recorded answers to compare with",
            reached="none",
            target="some",
            is_reached=True,
            note=f"Not measured: {recordings.FOLDER} is missing.",
        )
        return
    report = compare(every=1 if size is Size.FULL else SAMPLE_EVERY)
    for title, found in (
        ("page property", report.values),
        ("property of a data source", report.configurations),
        ("around them", report.frames),
    ):
        for kind, comparison in sorted(found.items()):
            differences = comparison.differences()
            yield Measured(
                check=CHECK,
                what=f"{title}, {kind}: keys and types that agree",
                reached=f"{comparison.share:.1%}",
                target="100.0%" if kind not in KNOWN else "known",
                is_reached=not differences or kind in KNOWN,
                note="; ".join([*differences, KNOWN.get(kind, "")][:4]) if differences else "",
            )
    yield Measured(
        check=CHECK,
        what=f"answers that the official types do not allow, of {report.answers}",
        reached=len(report.problems),
        target=0,
        is_reached=not report.problems,
        note="; ".join(report.problems[:3]),
    )


def compare(*, every: int = 1) -> Report:
    """Make the recorded pages and data sources again (each ``every``th) and compare them with the originals."""
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Path(folder) / "fidelity.sqlite3")
        with closing(app):
            twin = _Twin(app, report)
            sources = recordings.recorded("data_sources") + recordings.recorded_before("data_sources")
            for source in sources[:: 1 if every == 1 else 2]:
                twin.compare_source(source)
            pages = recordings.recorded("pages") + recordings.recorded_before("pages")
            for page in pages[::every]:
                twin.compare_page(page)
    return report


class _Twin:
    """A workspace in which recorded things are made again."""

    def __init__(self, app: App, report: Report) -> None:
        self._app = app
        self._report = report
        self._workspace = seed.create_workspace(app.store)
        self._client = httpx.Client(
            transport=httpx.WSGITransport(app),
            base_url="http://simulator",
            headers={
                "Authorization": f"Bearer {self._workspace.token}",
                "Notion-Version": errors.VERSION,
            },
        )
        home = self._ask("POST", "/v1/databases", {"parent": {"type": "workspace", "workspace": True}})
        row = {"parent": {"database_id": home["id"]}, "properties": {}}
        self._home_id = self._ask("POST", "/v1/pages", row)["id"]
        self._targets_id = self._new_source({"Name": {"title": {}}, "Amount": {"number": {}}})
        self._targets: list[str] = []
        self._people: dict[str, str] = {}

    def compare_source(self, recorded: Mapping[str, Any]) -> None:
        wanted = {
            name: _configuration(prop, self._targets_id) for name, prop in recorded["properties"].items()
        }
        database = self._ask(
            "POST",
            "/v1/databases",
            {
                "parent": {"type": "page_id", "page_id": self._home_id},
                "title": _runs_asked(recorded["title"]),
                "description": _runs_asked(recorded["description"]),
                "icon": _decoration(recorded["icon"]),
                "cover": _decoration(recorded["cover"]),
                "initial_data_source": {"properties": _plain_first(wanted)},
            },
        )
        later = {name: config for name, config in wanted.items() if "rollup" in config}
        source_id = database["data_sources"][0]["id"]
        if later:
            self._ask("PATCH", f"/v1/data_sources/{source_id}", {"properties": later})
        ours = self._ask("GET", f"/v1/data_sources/{source_id}")
        self._hold_types("DataSourceObjectResponse", ours, without=_NOT_IN_THE_TYPES)
        self._hold_types("DatabaseObjectResponse", database)
        for name, theirs in recorded["properties"].items():
            kind = theirs["type"]
            self._report.configurations[kind].hold(_once(theirs, kind), _once(ours["properties"][name], kind))
        self._report.frames["data source"].hold(_frame(recorded), _frame(ours))

    def compare_page(self, recorded: Mapping[str, Any]) -> None:
        page_id = (
            self._row(recorded)
            if recorded["parent"]["type"] == "data_source_id"
            else self._sub_page(recorded)
        )
        ours = self._ask("GET", f"/v1/pages/{page_id}")
        self._hold_types("PageObjectResponse", ours)
        for name, theirs in recorded["properties"].items():
            value = ours["properties"][name]
            self._report.values[theirs["type"]].hold(theirs, value)
            item = self._ask("GET", f"/v1/pages/{page_id}/properties/{value['id']}")
            self._hold_types("GetPagePropertyResponse", item)
        self._report.frames["page"].hold(_frame(recorded), _frame(ours))

    def _row(self, recorded: Mapping[str, Any]) -> str:
        properties = recorded["properties"]
        wanted = {name: _configuration_for(value, self._targets_id) for name, value in properties.items()}
        behind = {
            "relation": {"data_source_id": self._targets_id, "type": "single_property", "single_property": {}}
        }
        database = self._ask(
            "POST",
            "/v1/databases",
            {
                "parent": {"type": "page_id", "page_id": self._home_id},
                "initial_data_source": {"properties": {_BEHIND: behind, _DAY: {"date": {}}, **wanted}},
            },
        )
        source_id = database["data_sources"][0]["id"]
        values = {name: self._value(value) for name, value in properties.items() if _is_asked(value)}
        values[_DAY] = {"date": {"start": "2026-05-15"}}
        page = self._ask(
            "POST",
            "/v1/pages",
            {
                "parent": {"data_source_id": source_id},
                "properties": values,
                "icon": _decoration(recorded["icon"]),
                "cover": _decoration(recorded["cover"]),
            },
        )
        listing = self._ask("POST", f"/v1/data_sources/{source_id}/query", {})
        self._hold_types("QueryDataSourceResponse", listing)
        return str(page["id"])

    def _sub_page(self, recorded: Mapping[str, Any]) -> str:
        (title,) = (value["title"] for value in recorded["properties"].values() if value["type"] == "title")
        page = self._ask(
            "POST",
            "/v1/pages",
            {
                "parent": {"page_id": self._home_id},
                "properties": {"title": {"title": self._runs(title)}},
                "icon": _decoration(recorded["icon"]),
                "cover": _decoration(recorded["cover"]),
            },
        )
        return str(page["id"])

    def _value(self, recorded: Mapping[str, Any]) -> dict[str, Any]:
        kind, value = recorded["type"], recorded[recorded["type"]]
        match kind:
            case "title" | "rich_text":
                value = self._runs(value)
            case "select" | "status":
                value = {"name": value["name"]}
            case "multi_select":
                value = [{"name": option["name"]} for option in value]
            case "people":
                value = [{"id": self._person(user)} for user in value]
            case "relation":
                # One more than is shown, where the real page says that there are more.
                value = [{"id": i} for i in self._related(len(value) + bool(recorded.get("has_more")))]
            case "files":
                value = [{key: item[key] for key in ("name", "type", item["type"])} for item in value]
        return {kind: value}

    def _runs(self, runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        asked = _runs_asked(runs)
        for run in asked:
            if run["type"] == "mention":
                run["mention"] = {"user": {"id": self._person(run["mention"]["user"])}}
        return asked

    def _person(self, user: Mapping[str, Any]) -> str:
        if user["id"] not in self._people:
            email = (user.get("person") or {}).get("email")
            self._people[user["id"]] = seed.add_person(self._app.store, user["name"], email)
        return self._people[user["id"]]

    def _related(self, count: int) -> list[str]:
        if count > len(self._targets):
            rows = ({"name": f"Target {number}"} for number in range(count - len(self._targets)))
            self._targets += seed.add_account_rows(
                self._app.store, self._targets_id, ({"Name": row["name"]} for row in rows)
            )
        return self._targets[:count]

    def _new_source(self, properties: Mapping[str, Any]) -> str:
        return seed.create_database(
            self._app.store, self._workspace.bot_id, title="Targets", properties=properties
        )[1]

    def _hold_types(self, name: str, answer: Mapping[str, Any], *, without: Iterable[str] = ()) -> None:
        """Hold an answer against the official types, without properties whose configuration they do not know."""
        document = dict(answer)
        document.pop("request_id", None)
        if without:
            properties = document["properties"].items()
            document["properties"] = {key: prop for key, prop in properties if prop["type"] not in without}
        self._report.answers += 1
        self._report.problems += [f"{name} {problem}" for problem in recordings.problems(name, document)]

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self._client.request(method, path, json=body)
        if answer.status_code != 200:
            raise RuntimeError(f"The simulator refused {method} {path}: {answer.text}")
        told: dict[str, Any] = answer.json()
        return told


def _is_asked(recorded: Mapping[str, Any]) -> bool:
    kind = recorded["type"]
    return kind not in _COMPUTED and recorded[kind] not in (None, [])


def _runs_asked(runs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: run[key] for key in ("type", run["type"], "annotations")} for run in runs]


def _decoration(recorded: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return {recorded["type"]: recorded[recorded["type"]]} if recorded else None


def _configuration(recorded: Mapping[str, Any], target_id: str) -> dict[str, Any]:
    """Return what a request says to get a property that is configured as a recorded one."""
    kind, config = recorded["type"], recorded[recorded["type"]]
    asked: dict[str, Any] = {}
    match kind:
        case "number":
            asked = {"format": config["format"]}
        case "select" | "multi_select" | "status":
            asked = {"options": [{key: o[key] for key in ("name", "color")} for o in config["options"]]}
        case "relation":
            side = "dual_property" if "dual_property" in config else "single_property"
            asked = {"data_source_id": target_id, "type": side, side: {}}
        case "rollup":
            names = ("relation_property_name", "rollup_property_name", "function")
            asked = {name: config[name] for name in names}
        case "formula":
            asked = {"expression": config["expression"]}
        case "unique_id":
            asked = {"prefix": config["prefix"]}
    return {kind: asked} | ({"description": recorded["description"]} if recorded["description"] else {})


def _configuration_for(recorded: Mapping[str, Any], target_id: str) -> dict[str, Any]:
    """Return what a request says to get a property that can hold a recorded value."""
    kind, value = recorded["type"], recorded[recorded["type"]]
    asked: dict[str, Any] = {}
    match kind:
        case "select" | "status" if value:
            asked = {"options": [{key: value[key] for key in ("name", "color")}]}
        case "multi_select":
            asked = {"options": [{key: option[key] for key in ("name", "color")} for option in value]}
        case "relation":
            asked = {"data_source_id": target_id, "type": "single_property", "single_property": {}}
        case "rollup":
            asked = {
                "relation_property_name": _BEHIND,
                "rollup_property_name": "Amount",
                "function": value["function"],
            }
        case "formula":
            asked = {
                "expression": _EXPRESSIONS[value["type"] if value[value["type"]] is not None else "nothing"]
            }
        case "unique_id":
            asked = {"prefix": value["prefix"]}
    return {kind: asked}


def _plain_first(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what speaks of a relation by name; it comes once that is there."""
    return {name: config for name, config in wanted.items() if "rollup" not in config}


def _once(prop: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return a configuration with its lists cut to those items that say what an item looks like."""
    config = dict(prop[kind])
    for key in _LISTED_ONCE:
        if key in config:
            config[key] = config[key][:1]
    return {**prop, kind: config}


def _frame(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands around the properties. A request id belongs to an answer, not to what it tells of."""
    return {key: value for key, value in answer.items() if key not in ("properties", "request_id")}


def main() -> int:
    """Print the share of each type and every difference."""
    if not recordings.are_here():
        print(f"There is nothing to compare with: {recordings.FOLDER} is missing.")
        return 2
    report = compare()
    for title, found in (
        ("Values of pages", report.values),
        ("Properties of data sources", report.configurations),
        ("Around them", report.frames),
    ):
        print(f"\n{title}\n")
        for kind, comparison in sorted(found.items()):
            print(f"  {kind:<18}{comparison.share:>8.1%}  of {comparison.documents} recorded")
            for difference in comparison.differences():
                print(f"      {difference}")
    print(f"\n{report.answers} answers held against the official types, {len(report.problems)} do not fit.")
    for problem in report.problems[:20]:
        print(f"  {problem}")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    raise SystemExit(main())
