"""An HTTP server that does what it is told to, right or wrong: each path is a scenario. Used by the tests of the network."""
import socket
import ssl
import struct
import threading
import time


class OddServer:
    """scenarios: path to function(connection, head, rest). `seen` collects the heads, `bodies` what came after them."""

    def __init__(self, scenarios, address=("127.0.0.1", 0), context=None, family=socket.AF_INET):
        self.scenarios, self.context = scenarios, context
        self.seen, self.bodies = [], []
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(20)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            data = b""
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, rest = data.split(b"\r\n\r\n", 1)
            head = head.decode("latin-1")
            self.seen.append(head)
            path = head.split(" ")[1]
            self.scenarios.get(path, self.scenarios.get("*", missing))(connection, head, rest)
        except (OSError, ssl.SSLError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def close(self):
        self.listener.close()


def length_of(head):
    for line in head.split("\r\n"):
        if line.lower().startswith("content-length:"):
            return int(line.split(":")[1])
    return 0


def read_body(connection, head, rest):
    length = length_of(head)
    while len(rest) < length:
        more = connection.recv(65536)
        if not more:
            break
        rest += more
    return rest


def answer(status, body=b"", headers=""):
    """A scenario: reads the request's body, answers."""
    if isinstance(body, str):
        body = body.encode()

    def act(connection, head, rest):
        if "expect: 100-continue" in head.lower():
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        read_body(connection, head, rest)
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body)
    return act


def raw(data, hold=0.0):
    """A scenario: these bytes, whatever was asked; then waits and closes."""
    def act(connection, _head, _rest):
        connection.sendall(data)
        time.sleep(hold)
    return act


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


missing = answer("404 Not Found")
