# SPDX-License-Identifier: Apache-2.0
"""Small HTTP endpoints at the addresses where ECS has its own, and the ways in which they answer: right, slow, without end."""
import fcntl
import socket
import struct
import threading
import time

TASK_ADDRESS = "169.254.170.2"


def give_address(interface, address):
    """As `ip address add` does: SIOCSIFADDR, SIOCSIFFLAGS (netdevice(7))."""
    with socket.socket() as s:
        request = struct.pack("16sH2s4s8s", interface.encode(), socket.AF_INET, b"", socket.inet_aton(address), b"")
        fcntl.ioctl(s, 0x8916, request)
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14s", interface.encode(), 0x41, b""))


class Endpoint:
    """Answers each connection by a function of (connection, request); counts them."""

    def __init__(self, address=TASK_ADDRESS, port=80, answer=None):
        self.asked, self.answer = [], answer
        self.listener = socket.create_server((address, port), backlog=16)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            threading.Thread(target=self._one, args=self.listener.accept()[:1], daemon=True).start()

    def _one(self, connection):
        with connection:
            try:
                request = connection.recv(65536)
                self.asked.append(request)
                self.answer(connection, request)
            except OSError:
                pass  # whoever asked had enough


def head(status="200 OK", *lines):
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode()


def whole(text, status="200 OK"):
    return head(status, f"Content-Length: {len(text)}") + text


def in_chunks(text):
    pieces = [text[i:i + 100] for i in range(0, len(text), 100)] + [b""]
    return head("200 OK", "Transfer-Encoding: chunked") + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces)


def drip(connection, _):
    connection.sendall(head("200 OK", "Content-Length: 1000"))
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


def pour(connection, _):
    connection.sendall(head("200 OK", "Transfer-Encoding: chunked"))
    while True:
        connection.sendall(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
