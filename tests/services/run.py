"""Runs all tests: on SQLite, on PostgreSQL with Redis, then in a real browser. ``make test`` calls it.

Arguments go on to pytest. Exit status 0 only if every run passed; what is missing is told in a sentence.

A test that fails beside others gets a second try alone: shared machines stall for seconds. What needed one is named at
the end, every time, as a test to mend (docs/decisions/0006).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.services import chromium, migrated, packages, postgres, redis

# What knows no database says the same beside any of them.
_NO_DATABASE = ("tests/unit", "tests/simulators", "tests/integrations")


# Python keeps what it compiles, whatever the environment says: pytest's rewritten tests take a worker fifteen seconds.
_KEEP_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}

# One for each processor, but two at least, and no more than four: a container may have fewer than it can see.
_WORKERS = min(4, max(2, os.cpu_count() or 2))

# More than a few failures are no stall.
_MOST_TRIED_AGAIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    name: str
    status: int
    seconds: float
    tried_again: tuple[str, ...] = ()


def run_lane(name: str, arguments: list[str], **environment: str) -> Lane:
    print(f"\n── {name} ──", flush=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="csm-tests-") as cache:

        def run(*more: str) -> int:
            command = [sys.executable, "-m", "pytest", "-q", "-o", f"cache_dir={cache}", *arguments]
            return subprocess.run(
                [*command, *more], env={**os.environ, **_KEEP_COMPILED, **environment}, check=False
            ).returncode

        status, again = run(), ()
        if status == 1 and 0 < len(failed := _failed(Path(cache))) <= _MOST_TRIED_AGAIN:
            again = failed
            print(f"\n── {name}: what failed, once more and alone ──", flush=True)
            status = run("-n", "0", "--last-failed", "--last-failed-no-failures", "none")
    return Lane(name=name, status=status, seconds=time.monotonic() - started, tried_again=again)


def _failed(cache: Path) -> tuple[str, ...]:
    """Return the ids of the tests that pytest has written down as failed."""
    noted = cache / "v" / "cache" / "lastfailed"
    return tuple(sorted(json.loads(noted.read_text()))) if noted.exists() else ()


def main() -> int:
    lanes: list[Lane] = []
    chosen = sys.argv[1:]
    try:
        browser = chromium.require()
        with (
            postgres.cluster() as database_url,
            redis.server() as redis_url,
            migrated.databases(database_url) as (file, template),
        ):
            # One more, for the tests that wait: for a queue, for the windows of a budget.
            many = f"-n{_WORKERS + 1}"
            lanes.append(
                run_lane("SQLite", [many, "-m", "not browser", *chosen], **{migrated.VARIABLE: file})
            )
            lanes.append(
                run_lane(
                    "PostgreSQL and Redis",
                    [
                        f"-n{_WORKERS}",
                        "-m",
                        "not browser and not one_database",
                        *(f"--ignore={path}" for path in _NO_DATABASE),
                        *chosen,
                    ],
                    DATABASE_URL=database_url,
                    REDIS_URL=redis_url,
                    **{migrated.VARIABLE: template},
                )
            )
            lanes.append(
                run_lane(
                    "Chromium",
                    [f"-n{_WORKERS}", "--dist", "loadfile", "-m", "browser", "tests/browser", *chosen],
                    CHROMIUM=browser,
                    **{migrated.VARIABLE: file},
                )
            )
    except (packages.Missing, migrated.Failed) as missing:
        print(f"\n{missing}", file=sys.stderr)
        return 1
    print()
    for lane in lanes:
        print(f"{'passed' if lane.status == 0 else 'FAILED'}  {lane.name}  ({lane.seconds:.0f} s)")
        for test in lane.tried_again:
            print(f"        needed a second try, to be mended: {test}")
    return max(lane.status for lane in lanes)


if __name__ == "__main__":
    sys.exit(main())
