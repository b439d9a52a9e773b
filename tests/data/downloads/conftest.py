"""A server on this machine that behaves as badly as it is told."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Faults:
    """What goes wrong, in how many of the next answers.

    Args:
        drops: bytes of the body after which the connection ends, an entry for each answer that is cut.
        codes: answers other than 200, one after the other.
        ranges: whether a range is honoured.
        claim: Content-Length in place of the true one; "" for none.
        tag: the ETag.
        redirect: where to send whoever asks.
        shift: bytes by which a part begins too late.
    """

    drops: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    ranges: bool = True
    claim: str | None = None
    tag: str | None = '"v1"'
    redirect: str | None = None
    shift: int = 0


class Server:
    """Serves one content under every path; tells what it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.faults = Faults()
        self.asked: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/set.zip"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(dict(self.headers))
                server.answer(self)

            def log_message(self, *_: object) -> None: ...

        return Handler

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        faults, total = self.faults, len(self.content)
        if faults.codes and (code := faults.codes.pop(0)) != 200:
            handler.send_error(code)
            return
        if faults.redirect is not None:
            handler.send_response(302)
            handler.send_header("Location", faults.redirect)
            handler.end_headers()
            return
        wanted = handler.headers.get("Range")
        fresh = handler.headers.get("If-Range") in {None, faults.tag}
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and faults.ranges and fresh else 0
        if start and start >= total:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{total}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        self._send(handler, start)

    def _send(self, handler: BaseHTTPRequestHandler, start: int) -> None:
        faults, total = self.faults, len(self.content)
        begin = start + faults.shift if start else 0
        body = self.content[begin:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {begin}-{total - 1}/{total}")
        claim = str(len(body)) if faults.claim is None else faults.claim
        if claim:
            handler.send_header("Content-Length", claim)
        if faults.tag is not None:
            handler.send_header("ETag", faults.tag)
        handler.end_headers()
        handler.wfile.write(body[: faults.drops.pop(0)] if faults.drops else body)


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server(bytes(range(256)) * 20)
    yield running
    running.close()
