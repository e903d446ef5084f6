# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 for the S3 double: each step of an exchange can be made late, wrong, or not at all."""
import hashlib
import socket
import ssl
import struct
import threading
import urllib.parse

LONGEST_HEAD, PIECE = 16384, 65536
KEPT_BYTES = 512 << 20  # of a longer body only the hashes are kept
REASONS = {100: "Continue", 200: "OK", 204: "No Content", 301: "Moved Permanently", 307: "Temporary Redirect",
           400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
           411: "Length Required", 412: "Precondition Failed", 417: "Expectation Failed", 429: "Too Many Requests",
           500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Slow Down",
           504: "Gateway Timeout"}


class Hangup(Exception):
    """This connection is over, without another word; `reset` as a broken network does it (RST)."""

    def __init__(self, why, reset=False):
        super().__init__(why)
        self.reset = reset


class Request:
    def __init__(self, head):
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise Hangup(f"no request: {first!r}")
        self.method, self.target, self.version = words
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        path, _, query = self.target.partition("?")
        self.path = urllib.parse.unquote_to_bytes(path)
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        self.query = [(urllib.parse.unquote(name), urllib.parse.unquote(value)) for name, _, value in pairs]
        self.body = None

    def header(self, name, default=None):
        """The value; of a header that came several times, all of them."""
        found = [value for given, value in self.headers if given.lower() == name]
        return ",".join(found) if found else default

    def argument(self, name):
        return dict(self.query).get(name)


class Body:
    def __init__(self):
        self.size, self.data = 0, b""
        self._sha256, self._md5, self._pieces = hashlib.sha256(), hashlib.md5(usedforsecurity=False), []

    def add(self, piece):
        self.size += len(piece)
        self._sha256.update(piece)
        self._md5.update(piece)
        if self.size <= KEPT_BYTES:
            self._pieces.append(piece)

    def end(self):
        self.sha256, self.md5 = self._sha256.digest(), self._md5.digest()
        self.data = b"".join(self._pieces) if self.size <= KEPT_BYTES else None


class Answer:
    def __init__(self, status, headers=(), body=b"", reason=None):
        self.status, self.headers, self.body = status, dict(headers), body
        self.reason = REASONS.get(status, "Unknown") if reason is None else reason

    def head(self, length=None):
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in self.headers.items()),
                 f"Content-Length: {len(self.body) if length is None else length}", "", ""]
        return "\r\n".join(lines).encode("latin-1")


class Connection:
    def __init__(self, sock):
        self.sock, self.buffer, self.continued = sock, b"", False

    def send(self, data):
        self.sock.sendall(data)

    def more(self, amount=PIECE):
        if not self.buffer:
            self.buffer = self.sock.recv(PIECE)
            if not self.buffer:
                raise Hangup("the client closed")
        piece, self.buffer = self.buffer[:amount], self.buffer[amount:]
        return piece

    def request(self):
        """The next one, or None where the client has no further."""
        self.continued, head = False, b""
        while b"\r\n\r\n" not in head:
            try:
                head += self.more()
            except Hangup:
                return None
            if b"\r\n\r\n" not in head[:LONGEST_HEAD] and len(head) > LONGEST_HEAD:
                raise Hangup("a head without end")
        head, _, rest = head.partition(b"\r\n\r\n")
        self.buffer = rest + self.buffer
        return Request(head)

    def go_on(self, request):
        """Says 100 Continue to a client that waits for it."""
        if (request.header("expect") or "").lower() == "100-continue" and not self.continued:
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.continued = True

    def body(self, request, each=lambda so_far: None):
        """Reads it all; `each` is called before each piece with the number of bytes that came, and may tell how many
        to take next."""
        left, made = int(request.header("content-length", "0")), Body()
        while left:
            piece = self.more(min(left, each(made.size) or PIECE))
            made.add(piece)
            left -= len(piece)
        made.end()
        return made

    def drain(self):
        """What the client still sends is read and forgotten: else the kernel's RST would eat our answer."""
        try:
            self.sock.settimeout(2)
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(PIECE):
                pass
        except OSError:
            pass

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Server:
    """Gives each request to `exchange(connection, request)`, which answers whether the connection goes on."""

    def __init__(self, exchange, address=("127.0.0.1", 0), tls=None):
        self.exchange, self.tls = exchange, tls
        self._listen(address)

    def _listen(self, address):
        self.listener = socket.create_server(address, backlog=64)
        self.host, self.port = self.listener.getsockname()[:2]
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def _serve(self, listener):
        while True:
            try:
                sock = listener.accept()[0]
            except OSError:
                return  # closed
            threading.Thread(target=self._one, args=(sock,), daemon=True).start()

    def _one(self, sock):
        try:
            sock.settimeout(300)
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self._talk(Connection(sock))
        except (OSError, ssl.SSLError):
            pass  # the client had enough
        finally:
            sock.close()

    def _talk(self, connection):
        try:
            while (request := connection.request()) is not None:
                if not self.exchange(connection, request):
                    connection.drain()
                    return
        except Hangup as end:
            if end.reset:
                connection.reset()

    def close(self):
        """Nobody listens any more: connection refused."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def reopen(self):
        """At the same address."""
        self._listen((self.host, self.port))


class Mute:
    """Accepts, and never says a word: a TLS handshake that stalls, or a server that hangs."""

    def __init__(self, address=("127.0.0.1", 0)):
        self.listener, self.held = socket.create_server(address, backlog=64), []
        self.host, self.port = self.listener.getsockname()[:2]
        threading.Thread(target=self._hold, daemon=True).start()

    def _hold(self):
        try:
            while True:
                self.held.append(self.listener.accept()[0])
        except OSError:
            pass  # closed

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
