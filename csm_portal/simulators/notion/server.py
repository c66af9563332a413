"""Serve the simulator on 127.0.0.1 with threads of the standard library."""

import signal
import threading
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any
from wsgiref.simple_server import ServerHandler, WSGIRequestHandler, WSGIServer

from csm_portal.simulators.notion.app import App, ConnectionDropped

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens on the port."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # A client that opens forty connections at once is told to wait, not refused.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is its own business."""


class _Request(WSGIRequestHandler):
    """Answers one connection, quietly, and ends it without a word where a fault asks for that."""

    server: _Server

    def handle(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if len(self.raw_requestline) > 65536:
            self.send_error(414)
            return
        if not self.parse_request():
            return
        handler = _Answering(self.rfile, self.wfile, self.get_stderr(), self.get_environ(), multithread=True)
        handler.request_handler = self
        try:
            handler.run(self.server.get_app())
        except ConnectionDropped:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: one line a request would drown what the demo prints."""


class _Answering(ServerHandler):
    request_handler: WSGIRequestHandler

    def run(self, application: Any) -> None:
        """Answer, but let a dropped connection through to the socket."""
        try:
            self.setup_environ()
            self.result = application(self.environ, self.start_response)
            self.finish_response()
        except ConnectionDropped:
            raise
        except (ConnectionAbortedError, BrokenPipeError, ConnectionResetError):
            return
        except Exception:
            self.handle_error()


def listen(app: App, *, port: int) -> _Server:
    """Return a server bound to a port of this machine, 0 for any free one. Raises PortTaken."""
    try:
        server = _Server((HOST, port), _Request)
    except OSError as error:
        raise PortTaken(
            f"Port {port} on {HOST} is taken by another program. Stop it, or choose another port with --port."
        ) from error
    server.set_app(app)
    return server


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
