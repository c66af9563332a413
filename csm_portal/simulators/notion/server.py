"""Serve the simulator on 127.0.0.1 with threads of the standard library."""

import selectors
import signal
import socket
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from types import FrameType
from typing import Any, Protocol, cast
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from csm_portal.simulators.notion.app import AnswerNeverComes, ConnectionDropped

HOST = "127.0.0.1"
_MAX_LINE_BYTES = 65536
_GRACE_SECONDS = 2.0
_LOOKING_SECONDS = 0.1


class App(Protocol):
    """A simulator, as this server sees it: a WSGI application that knows its address and can be closed."""

    public_url: str | None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]: ...

    def close(self) -> None: ...


class PortTaken(Exception):
    """Another program listens on the port."""


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a connection; a connection is kept for further requests, as HTTP/1.1 has it."""

    daemon_threads = True
    # A client that opens forty connections at once is told to wait, not refused.
    request_queue_size = 64

    def __init__(self, port: int, app: App) -> None:
        self.is_stopping = threading.Event()
        self._connections: dict[_Connection, bool] = {}
        self._changed = threading.Condition()
        self.app = app
        # A port that is taken closes the server again, which needs all of the above.
        super().__init__((HOST, port), _Connection)

    def mark(self, connection: "_Connection", *, is_busy: bool | None) -> None:
        """Write down whether a connection has a request under way; None for one that has ended."""
        with self._changed:
            if is_busy is None:
                self._connections.pop(connection, None)
            else:
                self._connections[connection] = is_busy
            self._changed.notify_all()

    def server_close(self) -> None:
        """Listen no more, let requests under way end for a moment, then cut every connection."""
        self.is_stopping.set()
        super().server_close()
        with self._changed:
            self._changed.wait_for(lambda: not any(self._connections.values()), timeout=_GRACE_SECONDS)
            connections = list(self._connections)
        for connection in connections:
            connection.cut()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is its own business."""


class _Connection(WSGIRequestHandler):
    """Answers the requests of one connection, one after the other, quietly."""

    protocol_version = "HTTP/1.1"
    # Each answer leaves in one piece; nothing would come to fill up a packet that waits.
    disable_nagle_algorithm = True

    @property
    def _server(self) -> _Server:
        return cast(_Server, self.server)

    def handle(self) -> None:
        self._server.mark(self, is_busy=False)
        try:
            self.close_connection = False
            while not self.close_connection and not self._server.is_stopping.is_set():
                self._handle_one()
        finally:
            self._server.mark(self, is_busy=None)

    def cut(self) -> None:
        """End the connection under whatever waits on it."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _handle_one(self) -> None:
        self.raw_requestline = self.rfile.readline(_MAX_LINE_BYTES + 1)
        if not self.raw_requestline:
            self.close_connection = True
        elif len(self.raw_requestline) > _MAX_LINE_BYTES:
            self.close_connection = True
            self.send_error(414)
        elif self.parse_request():
            # A body without a length cannot be told from the next request.
            self.close_connection |= "Transfer-Encoding" in self.headers
            self._server.mark(self, is_busy=True)
            try:
                self._answer()
            finally:
                self._server.mark(self, is_busy=False)

    def _answer(self) -> None:
        environ = {
            **self.get_environ(),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": self.rfile,
            "wsgi.errors": self.get_stderr(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        head: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            head.append((status, headers))

        try:
            body = self._server.app(environ, start_response)
        except ConnectionDropped:
            self.close_connection = True
        except AnswerNeverComes:
            self._server.mark(self, is_busy=False)
            self._hang()
        except Exception:
            self.close_connection = True
            traceback.print_exc(file=self.get_stderr())
            self.send_error(500)
        else:
            self._send(*head[0], b"".join(body))
            cast(Any, body).close()

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        lines = [f"{self.protocol_version} {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        self.wfile.write(head if self.command == "HEAD" else head + body)

    def _hang(self) -> None:
        """Keep silent until the client gives up or the server stops."""
        self.close_connection = True
        # Not select.select(), which fails in a process with a thousand files open.
        with selectors.DefaultSelector() as watched:
            watched.register(self.connection, selectors.EVENT_READ)
            while not self._server.is_stopping.is_set():
                ready = watched.select(_LOOKING_SECONDS)
                if ready and not self._is_there():
                    return
                if ready:
                    self._server.is_stopping.wait(_LOOKING_SECONDS)

    def _is_there(self) -> bool:
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

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


@contextmanager
def serving(app: App, *, port: int = 0) -> Iterator[str]:
    """Serve from threads of this process while the block runs; give the address. Raises PortTaken.

    The pages of the application lead to that address unless it has one already; the application stays open.
    """
    server = listen(app, port=port)
    address = f"http://{HOST}:{server.server_port}"
    given, app.public_url = app.public_url, app.public_url or address
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        app.public_url = given
