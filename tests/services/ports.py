"""Ports of 127.0.0.1 that stay free until the process that is to listen on them has started."""

import random
import socket
from contextlib import ExitStack

# The kernel gives its own ports to connections from 32768 upwards, those of every other test included. A port from
# there may be gone by the time a slow machine has started the server that it was meant for.
_CHOICE = range(20_000, 32_000, 10)


def free(count: int = 1) -> int:
    """Return the first of so many ports in a row, ten at most, that nobody has now."""
    while True:
        first = random.choice(_CHOICE)
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
