"""Child processes that end when they should: the demo's servers, and a queue worker that is looked after.

django-q2's cluster must get SIGTERM at its main process only: a signal to its whole group hangs it, and its
orphans outlive it (LIBRARIES 1.5). So each child leads a session of its own, is asked to stop by its own pid,
and what is left of its group is killed after a deadline. Where the parent itself is killed, the kernel does the asking.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType


class Stopped(Exception):
    """Somebody asked this process to stop."""


class DidNotStart(Exception):
    """A child ended, or did not listen in time; the message says which and where its output is."""


@dataclass(slots=True, kw_only=True)
class Child:
    """One child with its name for a person, its output in a file or where ours goes, and its last seconds bounded."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None
    deadline_seconds: float = 20.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        with contextlib.nullcontext() if self.log is None else self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 (commands of our own)
                list(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ask_to_stop(self) -> None:
        if self.process is not None and not self.has_ended:
            self.process.terminate()

    def stop(self) -> None:
        """Wait for the end that was asked for; then end whatever is left of the child's session."""
        if self.process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=self.deadline_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def end_with_parent() -> None:
    """Ask the kernel, in a child before it becomes its program, for SIGTERM when the parent is killed (Linux alone)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def wait_for_port(child: Child, port: int, *, seconds: float = 60.0) -> None:
    """Wait until a child listens on 127.0.0.1. Raises DidNotStart with where to look."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.has_ended:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise DidNotStart(f"The {child.name} did not start. Its output is in {child.log}.")


def is_free(port: int) -> bool:
    """Tell whether nothing listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stop_on_signals() -> None:
    """Turn Ctrl-C, SIGTERM and a closed terminal into Stopped, once: a second one does not tear the tidying up apart."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise Stopped

    for name in names:
        signal.signal(name, stop)


def stop_all(children: Sequence[Child]) -> None:
    """Ask all to stop, then wait for each, last started first."""
    for child in reversed(children):
        child.ask_to_stop()
    for child in reversed(children):
        child.stop()
