"""Serve the simulator on 127.0.0.1 with threads of the standard library."""

import signal
import sys
import threading
from socketserver import ThreadingMixIn
from types import FrameType
from typing import IO, Any, cast
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from csm_portal.simulators.notion.app import App, ConnectionDropped

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens on the port."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A client that opens forty connections at once is told to wait, not refused.
    request_queue_size = 64

    def __init__(self, port: int, app: App) -> None:
        super().__init__((HOST, port), _Request)
        self.app = app

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is its own business."""


class _Answering(ServerHandler):
    def handle_error(self) -> None:
        """Answer 500 and log why; say nothing at all where a fault asked for that."""
        if not isinstance(sys.exc_info()[1], ConnectionDropped):
            super().handle_error()


class _Request(WSGIRequestHandler):
    """Answers one connection, quietly."""

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.send_error(414)
        elif self.parse_request():
            reading, writing = cast(IO[bytes], self.rfile), cast(IO[bytes], self.wfile)
            handler = _Answering(reading, writing, self.get_stderr(), self.get_environ(), multithread=True)
            # The base class reads this name when it writes the head of the answer.
            handler.request_handler = self  # type: ignore[attr-defined]
            handler.run(cast(_Server, self.server).app)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: one line a request would drown what the demo prints."""


def listen(app: App, *, port: int) -> _Server:
    """Return a server bound to a port of this machine, 0 for any free one. Raises PortTaken."""
    try:
        return _Server(port, app)
    except OSError as error:
        raise PortTaken(
            f"The simulator cannot listen on port {port} of {HOST}: {error.strerror}. "
            "Stop what uses it, or choose another with --port."
        ) from error


def serve(app: App, server: _Server) -> None:
    """Answer until SIGTERM or SIGINT, then finish what is under way and close the file."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the loop below, so it must not run on the same thread.
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        server.server_close()
        app.close()
