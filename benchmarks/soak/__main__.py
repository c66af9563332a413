"""``make soak``: every check of this package at full size. See docs/soak.md.

Each subject runs in a process and on a database of its own, one after the other: what one leaves behind is not
there for the next, and one that breaks off takes nobody with it. Writes ``benchmarks/results/soak.json``, where the
figures of subjects that were not asked for stay as they are, and exits 0 only where nothing falls short.
"""

import argparse
import importlib
import json
import multiprocessing
import os
import pkgutil
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import django

from benchmarks import soak
from benchmarks.soak.measured import Measured, Size, verdict

RESULT = Path(__file__).resolve().parent.parent / "results" / "soak.json"


def main(arguments: Sequence[str]) -> int:
    """Measure and return the exit status: 1 if anything falls short, 2 if nothing can be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description="Run the checks at full size.")  # fmt: skip
    parser.add_argument("subjects", nargs="*", help="which to run; all where none is named")
    parser.add_argument("--sample", action="store_true", help="run them at the size of the tests")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument(
        "--postgres", action="store_true", help="run on a PostgreSQL that lives for this run alone"
    )
    given = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-soak-")))
        os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'template.sqlite3'}"
        if given.postgres:
            from tests.services import packages, postgres

            try:
                os.environ["DATABASE_URL"] = stack.enter_context(postgres.cluster())
            except packages.Missing as missing:
                print(missing, file=sys.stderr)
                return 2
        _prepare()
        known = subjects()
        if unknown := sorted(set(given.subjects) - set(known)):
            parser.error(f"No subject is called {', '.join(unknown)}. There are: {', '.join(known)}.")
        size = Size.SAMPLE if given.sample else Size.FULL
        figures = {
            name: list(_told(name, size=size, folder=folder))
            for name in known
            if name in (given.subjects or known)
        }
    if given.output or not given.sample:
        _write(figures, output=given.output or RESULT)
    is_reached, line = verdict([figure for found in figures.values() for figure in found])
    print(f"\n{line}")
    return 0 if is_reached else 1


def subjects() -> list[str]:
    """Name the modules of this package that have a ``run``. One that cannot be imported is named: it falls short."""
    names = []
    for module in pkgutil.iter_modules(soak.__path__):
        if module.name == "__main__":
            continue
        try:
            has_run = hasattr(importlib.import_module(f"{soak.__name__}.{module.name}"), "run")
        except Exception:
            has_run = True
        if has_run:
            names.append(module.name)
    return sorted(names)


def _prepare() -> None:
    """Start Django on an empty, migrated database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    database = f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
    print(f"{database}, Python {platform.python_version()}, Django {django.__version__}", flush=True)
    connection.close()


def _told(name: str, *, size: Size, folder: Path) -> Iterator[Measured]:
    """Run a subject, print each figure as it comes, and hand it on."""
    print(f"\n{name}", flush=True)
    begun = time.monotonic()
    for figure in _figures(name, size=size, folder=folder):
        print(figure.line(), flush=True)
        yield figure
    print(f"  {time.monotonic() - begun:.0f} s", flush=True)


def _figures(name: str, *, size: Size, folder: Path) -> Iterator[Measured]:
    forking = multiprocessing.get_context("fork")
    here, there = forking.Pipe(duplex=False)
    process = forking.Process(target=_run, args=(name, size, folder, there))
    process.start()
    there.close()
    answer: Measured | str | None = "Its process ended without a word."
    try:
        while isinstance(answer := here.recv(), Measured):
            yield answer
    except EOFError:
        answer = "Its process ended without a word."
    process.join()
    if answer:
        print(answer, file=sys.stderr)
        yield Measured(
            check=name,
            what="the subject runs to its end",
            reached="broke off",
            target="its end",
            is_reached=False,
            note=str(answer).strip().rsplit("\n", 1)[-1],
        )


def _run(name: str, size: Size, folder: Path, answers: Connection) -> None:
    """Run a subject in this process: its figures, then None, or a text that says why it broke off."""
    from benchmarks.soak import ground

    try:
        module = importlib.import_module(f"{soak.__name__}.{name}")
        with ground.own_database(name, folder=folder):
            for figure in module.run(size):
                answers.send(figure)
    except BaseException:
        answers.send(traceback.format_exc())
    else:
        answers.send(None)


def _write(figures: dict[str, list[Measured]], *, output: Path) -> None:
    held = json.loads(output.read_text(encoding="utf-8")) if output.exists() else {}
    held |= {name: [figure.to_mapping() for figure in found] for name, found in figures.items()}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(held, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
