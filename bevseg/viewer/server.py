"""Answers of a session over HTTP, for a browser on this machine and for nobody else.

The server listens on the loopback address alone. Every request must name this server as its host: so a foreign name
that points to this machine (DNS rebinding) gets nothing. A page of another origin may send nothing. Every request
carries a secret token, but for the scripts and styles of the page: they are the same for everyone, and hold nothing
of the user. No path leads to a file: the files of the page are a fixed list.

The browser is opened with a ticket that is good for one request: other users of the machine see its arguments.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import re
import secrets
import socketserver
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import PurePath
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bevseg.config.files import parse_json
from bevseg.errors import BevsegError, UsageError
from bevseg.printable import printable, utf8_values
from bevseg.viewer.session import Session

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000
"""Of a request."""

PATIENCE = 60.0
"""Seconds without a byte after which a connection is closed."""

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""Suffix of a file of the page -> its type."""

INDEX, TICKET = "index.html", "/open"

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""

_TILE = re.compile(r"/tile/(\d{1,9})")
_HOSTS = ("127.0.0.1", "localhost")


class RefusalError(Exception):
    """A request that is not answered: its status, and a sentence that says why."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        super().__init__(why)
        self.status, self.why = status, why


class RedirectError(Exception):
    """A request with the ticket: it is led to the page."""


class ViewServer(ThreadingHTTPServer):
    """A server for one session. `serve_forever` answers, `server_close` ends.

    Parameters
    ----------
    session
        What is shown.
    port
        To listen on; 0 for any that is free.

    Raises
    ------
    UsageError
        If the port cannot be used.
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows another program could take the port over

    def __init__(self, session: Session, port: int = 0) -> None:
        self.session = session
        self.token = secrets.token_urlsafe(32)
        self._ticket: str | None = secrets.token_urlsafe(32)
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise UsageError(
                f"Port {port} cannot be used",
                why=getattr(error, "strerror", None) or str(error),
                hint="leave --port out, or name another one",
            ) from error

    def server_bind(self) -> None:
        """Bind without a look-up of names, which may ask the network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    @property
    def url(self) -> str:
        """Address of the page, with the token."""
        return f"http://127.0.0.1:{self.server_port}/?token={self.token}"

    @property
    def ticket_url(self) -> str:
        """Address that leads to the page once. Other users may see it among the arguments of the browser."""
        return f"http://127.0.0.1:{self.server_port}{TICKET}?ticket={self._ticket}"

    def takes(self, ticket: str) -> bool:
        """Return whether a ticket is the right one, and void it."""
        expected, self._ticket = self._ticket, None
        return expected is not None and hmac.compare_digest(_bytes(ticket), _bytes(expected))

    @property
    def hosts(self) -> set[str]:
        """What a request may name as its host."""
        hosts = {f"{host}:{self.server_port}" for host in _HOSTS}
        return hosts | set(_HOSTS) if self.server_port == 80 else hosts


def page_files() -> dict[str, Any]:
    """Return the files of the page: name -> file of the package."""
    folder = resources.files("bevseg.viewer") / "page"
    return {file.name: file for file in folder.iterdir() if PurePath(file.name).suffix in TYPES}


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "bevseg", ""
    timeout = PATIENCE

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Do what is asked for."""
        self._answer(self._post)

    def _answer(self, respond: Callable[[str, Mapping[str, str]], tuple[str, bytes]]) -> None:
        status = HTTPStatus.OK
        location = None
        try:
            path, query = self._checked()
            kind, body = respond(path, query)
        except RedirectError:
            status, location, (kind, body) = HTTPStatus.SEE_OTHER, self.server.url, _json({})
        except RefusalError as refusal:
            status, (kind, body) = refusal.status, _json({"error": refusal.why})
        except BevsegError as error:
            status = (
                HTTPStatus.BAD_REQUEST if isinstance(error, UsageError) else HTTPStatus.INTERNAL_SERVER_ERROR
            )
            kind, body = _json(
                {"error": error.what, "where": _text(error.where), "why": error.why, "hint": error.hint}
            )
        except (ConnectionError, TimeoutError):
            self.close_connection = True
            return
        except Exception as error:  # the server goes on, whatever a request meets
            log.exception("the viewer could not answer a request")
            status, (kind, body) = (
                HTTPStatus.INTERNAL_SERVER_ERROR,
                _json({"error": f"{type(error).__name__}: {error}"}),
            )
        if status != HTTPStatus.OK:
            self.close_connection = True  # what is left of the request is not read
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def end_headers(self) -> None:
        """Add the headers that every answer has."""
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        super().end_headers()

    def _checked(self) -> tuple[str, Mapping[str, str]]:
        """Return path and query of a request that comes from the page; RefusalError for any other."""
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            raise RefusalError(
                HTTPStatus.FORBIDDEN, "The host is not this server: open the address that bevseg printed"
            )
        origins = self.headers.get_all("Origin", [])
        if origins and origins not in [[f"http://{host}"] for host in self.server.hosts]:
            raise RefusalError(HTTPStatus.FORBIDDEN, "Pages of other origins may ask nothing")
        try:
            parts = urlsplit(self.path)
            fields = parse_qs(parts.query, max_num_fields=20)
        except ValueError:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "The address cannot be read") from None
        query = {name: values[0] for name, values in fields.items()}
        if self.command == "GET" and parts.path == TICKET and self.server.takes(query.get("ticket", "")):
            raise RedirectError
        given = self.headers.get("X-Bevseg-Token") or query.get("token", "")
        is_public = self.command == "GET" and parts.path.removeprefix("/") in set(page_files()) - {INDEX}
        if not is_public and not hmac.compare_digest(_bytes(given), _bytes(self.server.token)):
            raise RefusalError(
                HTTPStatus.FORBIDDEN, "The token is missing or wrong: open the address that bevseg printed"
            )
        return parts.path, query

    def _get(self, path: str, query: Mapping[str, str]) -> tuple[str, bytes]:
        session = self.server.session
        tile = _TILE.fullmatch(path)
        if tile is not None:
            return _binary(session.records(self._tile(tile[1]), *_range(query)))
        if path == "/classes":
            return _binary(session.classes(self._tile(query.get("tile", "")), *_range(query)))
        if path == "/selected":
            tile_number = self._tile(query.get("tile", ""))
            return _binary(session.selected(_whole(query, "selection"), tile_number, *_range(query)))
        if path == "/point":
            return _json(session.point(query.get("cloud", ""), _whole(query, "index")))
        answers: dict[str, Callable[[], Any]] = {
            "/scene.json": session.scene,
            "/places.json": session.places,
            "/edits.json": session.edits,
        }
        if path in answers:
            return _json(answers[path]())
        name = INDEX if path == "/" else path.removeprefix("/")
        files = page_files()
        if name not in files:
            raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such page")
        return TYPES[PurePath(name).suffix], files[name].read_bytes()

    def _post(self, path: str, query: Mapping[str, str]) -> tuple[str, bytes]:
        session = self.server.session
        with_body: dict[str, Callable[[object], Any]] = {"/select": session.select, "/edit": session.edit}
        without: dict[str, Callable[[], Any]] = {"/undo": session.undo, "/redo": session.redo}
        if path not in with_body and path not in without:
            raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such action")
        body = self._body()
        return _json(with_body[path](_parsed(body)) if path in with_body else without[path]())

    def _body(self) -> bytes:
        """Return the body of a request; RefusalError if it is too large, or of unknown size."""
        length = self.headers.get("Content-Length", "0" if "Transfer-Encoding" not in self.headers else "")
        if not re.fullmatch(r"\d{1,18}", length):
            raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "The size of the request is not stated")
        if int(length) > MOST_BYTES:
            raise RefusalError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request has at most {MOST_BYTES:,} bytes"
            )
        if int(length) and self.headers.get_content_type() != "application/json":
            raise RefusalError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "A request has the type application/json")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError("the request was cut off")
        return body

    def _tile(self, number: str) -> int:
        if not number.isdecimal() or len(number) > 9 or int(number) >= len(self.server.session.tiles.table):
            raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such tile")
        return int(number)

    def log_message(self, format: str, *args: Any) -> None:
        """Log a request without its query: the token stays out of logs."""
        text = re.sub(r"\?\S*", "", format % args)
        log.debug("%s", printable(text))


def _range(query: Mapping[str, str]) -> tuple[int, int | None]:
    """Return which records are asked for: from, and to; all without."""
    return _whole(query, "from", 0), _whole(query, "to") if "to" in query else None


def _whole(query: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = query.get(name, "" if default is None else str(default))
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise RefusalError(HTTPStatus.BAD_REQUEST, f"{name} is not a whole number")
    return int(text)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "The request is not JSON: it is not UTF-8") from None
    return parse_json(text, "request", UsageError, hint="send a JSON object", most_bytes=MOST_BYTES)


def _json(value: object) -> tuple[str, bytes]:
    text = json.dumps(utf8_values(value), ensure_ascii=True, allow_nan=False)
    return "application/json", text.encode()


def _binary(content: bytes) -> tuple[str, bytes]:
    return "application/octet-stream", content


def _text(value: object) -> str | None:
    return None if value is None else printable(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
