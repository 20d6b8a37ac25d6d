"""The local socket of a running service: a Unix socket under the data folder, for the command line.

A request is one JSON line ``{"op", "args", "body_bytes"}``, followed by that many raw bytes. The
answer is any number of ``{"progress": …}`` lines and then ``{"result": …}`` or ``{"error": …}``.
Who may open the socket file owns the data, so there are no keys here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import orjson

from pipeline import disk, errors
from pipeline.errors import BusyError, SpotterError, StorageError
from pipeline.gateway.plain_json import dumps

FILE_NAME = "spotter.sock"
BODY_BYTES_MAX = 64 << 20
LINE_BYTES_MAX = 1 << 20
HELLO_SECONDS_MAX = 10.0
_PATH_BYTES_MAX = 100  # the kernel takes 107; a longer path goes through a directory handle

Progress = Callable[[dict[str, object]], None]
Handler = Callable[[str, dict[str, Any], bytes, Progress], object]


class LocalServer:
    """Serves ``handler`` on the data folder's socket, one thread per connection."""

    def __init__(self, data: Path, handler: Handler) -> None:
        self._path = data / FILE_NAME
        self._path.unlink(missing_ok=True)  # whoever left it is dead: this process holds the folder's lock
        self._server = _Server(self._path, handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering and remove the socket file."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


class LocalClient:
    """A connection to the service that owns a data folder."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._stream = connection.makefile("rwb")

    @classmethod
    def connect(cls, data: Path) -> LocalClient | None:
        """The running service's socket, None when no service answers; raises BusyError when it hangs."""
        path = data / FILE_NAME
        if not path.exists():
            return None
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(HELLO_SECONDS_MAX)
            with _address(path) as address:
                connection.connect(address)
            client = cls(connection)
            client.call("hello")
        except TimeoutError:
            connection.close()
            raise BusyError(
                f"the service on {data} does not answer",
                f"it was silent for {HELLO_SECONDS_MAX:g} s",
                "look at its output; stop it and start `spotter up` again",
            ) from None
        except OSError:  # a socket file without a service behind it
            connection.close()
            return None
        connection.settimeout(None)
        return client

    def call(
        self, op: str, args: dict[str, object] | None = None, body: bytes = b"", progress: Progress | None = None
    ) -> Any:
        """The result of ``op``; raises the SpotterError that the service raised."""
        try:
            self._stream.write(orjson.dumps({"op": op, "args": args or {}, "body_bytes": len(body)}) + b"\n")
            self._stream.write(body)
            self._stream.flush()
            for line in self._stream:
                answer = orjson.loads(line)
                if "progress" in answer:
                    if progress:
                        progress(answer["progress"])
                elif "error" in answer:
                    raise _error(answer["error"])
                else:
                    return answer["result"]
        except (BrokenPipeError, ConnectionResetError):
            pass
        raise StorageError(
            "the service stopped before it answered",
            "its process ended or was restarted",
            "run the command again; sending data twice does no harm",
        )

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self._stream.close()
        self._connection.close()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: Path, handler: Handler) -> None:
        super().__init__(str(path), _Connection, bind_and_activate=False)
        self.handler = handler
        with _address(path) as address:
            self.socket.bind(address)
        path.chmod(0o600)
        self.server_activate()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke: the client is gone, and nothing is left to tell it."""


class _Connection(socketserver.StreamRequestHandler):
    server: _Server
    wbufsize = -1

    def handle(self) -> None:
        while line := self.rfile.readline(LINE_BYTES_MAX):
            request = orjson.loads(line)
            self._send(self._answer(request))

    def _answer(self, request: dict[str, Any]) -> dict[str, object]:
        try:
            body = _read_exactly(self.rfile, int(request["body_bytes"]))
            if request["op"] == "hello":
                return {"result": "spotter"}
            progress: Progress = lambda step: self._send({"progress": step})  # noqa: E731
            return {"result": self.server.handler(request["op"], request["args"], body, progress)}
        except SpotterError as error:
            return {"error": _fields(error)}
        except OSError as error:
            return {"error": _fields(disk.in_words(error))}
        except Exception as error:
            return {
                "error": {
                    "type": "SpotterError",
                    "what": f"the service met an error it did not foresee while it did {request['op']!r}",
                    "why": f"{type(error).__name__}: {error}",
                    "do": "run the command again; if it stays, `spotter doctor` looks for what is wrong",
                }
            }

    def _send(self, message: dict[str, object]) -> None:
        self.wfile.write(dumps(message) + b"\n")
        self.wfile.flush()


def _read_exactly(stream: BufferedIOBase, count: int) -> bytes:
    if not 0 <= count <= BODY_BYTES_MAX:
        raise SpotterError(
            "the body is too large for the local socket",
            f"it has {count} bytes, the most is {BODY_BYTES_MAX}",
            "send fewer lines at once",
        )
    body = stream.read(count)
    if len(body) != count:
        raise ConnectionResetError
    return body


def _fields(error: SpotterError) -> dict[str, str]:
    return {"type": type(error).__name__, "what": error.what, "why": error.why, "do": error.do}


def _error(fields: dict[str, str]) -> SpotterError:
    kind = getattr(errors, fields["type"], SpotterError)
    known = isinstance(kind, type) and issubclass(kind, SpotterError)
    return (kind if known else SpotterError)(fields["what"], fields["why"], fields["do"])


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """The path as a socket address; a path beyond the kernel's length goes through its open folder."""
    text = str(path)
    if len(os.fsencode(text)) <= _PATH_BYTES_MAX:
        yield text
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
