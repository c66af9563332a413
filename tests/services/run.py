"""Runs all tests: on SQLite, on PostgreSQL with Redis, then in a real browser. ``make test`` calls it.

Arguments go on to pytest. Exit status 0 only if every run passed; what is missing is told in a sentence.
"""

import os
import subprocess
import sys
import time

from tests.services import chromium, packages, postgres, redis

# What knows no database says the same beside any of them.
_NO_DATABASE = ("tests/unit", "tests/simulators", "tests/integrations")


def _pytest(name: str, arguments: list[str], **environment: str) -> tuple[str, int, float]:
    print(f"\n── {name} ──", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments, *sys.argv[1:]],
        env={**os.environ, **environment},
        check=False,
    )
    return name, done.returncode, time.monotonic() - started


def main() -> int:
    outcomes = []
    try:
        browser = chromium.require()
        outcomes.append(_pytest("SQLite", ["-n", "2", "-m", "not browser"]))
        with postgres.cluster() as database_url, redis.server() as redis_url:
            outcomes.append(
                _pytest(
                    "PostgreSQL and Redis",
                    [
                        "-n",
                        "2",
                        "-m",
                        "not browser and not one_database",
                        *(f"--ignore={path}" for path in _NO_DATABASE),
                    ],
                    DATABASE_URL=database_url,
                    REDIS_URL=redis_url,
                )
            )
        outcomes.append(
            _pytest(
                "Chromium",
                ["-n", "2", "--dist", "loadfile", "-m", "browser", "tests/browser"],
                CHROMIUM=browser,
            )
        )
    except packages.Missing as missing:
        print(f"\n{missing}", file=sys.stderr)
        return 1
    print()
    for name, status, seconds in outcomes:
        print(f"{'passed' if status == 0 else 'FAILED'}  {name}  ({seconds:.0f} s)")
    return max(status for _name, status, _seconds in outcomes)


if __name__ == "__main__":
    sys.exit(main())
