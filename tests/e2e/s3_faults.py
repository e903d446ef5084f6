# SPDX-License-Identifier: Apache-2.0
"""What goes wrong between a client and S3, for the `faults` of an S3 double.

A fault is played for one request. Its methods are the moments of an exchange; each may raise Refused (an error answer)
or Hangup (the connection is over).
"""
import random
import socket
import threading
import time

import s3_double
from s3_http import Answer, Hangup
from s3_signature import Refused


class Fault:
    continues = True  # answers 100 Continue to who waits for it

    def head(self, double, connection, request):
        """The head of the request is there, nothing was looked at yet."""

    def piece(self, connection, so_far):
        """Before each piece of the body; may tell how many bytes to take."""

    def body(self, double, connection, request):
        """The body is there, nothing is stored yet."""

    def done(self, double, connection, request):
        """The object is stored; the client does not know it."""

    def answer(self, double, connection, request, answer):
        connection.send(answer.head() + (b"" if request.method == "HEAD" else answer.body))


class Refusal(Fault):
    """An error answer: at the end of the body, or (`early`) instead of 100 Continue."""

    def __init__(self, status, code, message="Told so by the test.", early=False, more=None, headers=None):
        self.refused, self.early = Refused(status, code, message, more, headers), early

    def head(self, double, connection, request):
        if self.early:
            raise self.refused

    def body(self, double, connection, request):
        raise self.refused


def slow_down(early=False):
    return Refusal(503, "SlowDown", "Please reduce your request rate.", early)


TRANSIENT = [(500, "InternalError"), (502, "BadGateway"), (503, "SlowDown"), (503, "ServiceUnavailable"),
             (504, "GatewayTimeout"), (429, "TooManyRequests"), (409, "ConditionalRequestConflict"),
             (400, "RequestTimeout")]


class Redirect(Fault):
    """The bucket lives elsewhere: 301 with its region, once; the second try finds it at the same address."""

    def __init__(self, told=True):
        self.told = told

    def head(self, double, connection, request):
        bucket, _ = double._place(request)
        refused = s3_double.moved(bucket, f"s3.{bucket.region}.amazonaws.com")
        if not self.told:
            refused.headers = {}
        raise refused


class Reset(Fault):
    """RST when `at` bytes of the body came."""

    def __init__(self, at=0):
        self.at = at

    def piece(self, connection, so_far):
        if so_far >= self.at:
            raise Hangup("reset", reset=True)
        return self.at - so_far


class ResetBeforeAnswer(Fault):
    """RST when the whole body came. Whether it was stored (`stored`), the client cannot know."""

    def __init__(self, stored=True):
        self.stored = stored

    def body(self, double, connection, request):
        if not self.stored:
            raise Hangup("reset", reset=True)

    def done(self, double, connection, request):
        raise Hangup("reset", reset=True)


class Silence(Fault):
    """Never an answer; the object was stored or not."""

    def __init__(self, stored=True, seconds=300):
        self.stored, self.seconds = stored, seconds

    def _wait(self, connection):
        """Until the client hangs up."""
        connection.sock.settimeout(self.seconds)
        while connection.sock.recv(65536):
            pass
        raise Hangup("the client had enough")

    def body(self, double, connection, request):
        if not self.stored:
            self._wait(connection)

    def done(self, double, connection, request):
        self._wait(connection)


class SlowRead(Fault):
    """Takes the body in small sips; `pause` seconds before each of the first `sips`."""

    def __init__(self, pause=0.05, sips=20):
        self.pause, self.sips = pause, sips

    def piece(self, connection, so_far):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.sips -= 1
        if self.sips >= 0:
            time.sleep(self.pause)
        return 4096


class StopsReading(Fault):
    """Reads some of the body and then nothing more, for ever."""

    def __init__(self, at=65536, seconds=300):
        self.at, self.seconds = at, seconds

    def piece(self, connection, so_far):
        if so_far >= self.at:
            time.sleep(self.seconds)
            raise Hangup("stopped reading")
        return self.at - so_far


class NoContinue(Fault):
    """Never says 100 Continue, as old proxies do; the client must send all the same."""
    continues = False


class LateAnswer(Fault):
    def __init__(self, seconds):
        self.seconds = seconds

    def done(self, double, connection, request):
        time.sleep(self.seconds)


class Raw(Fault):
    """Bytes instead of an answer: garbage, or an answer as no server makes it. The object is not stored."""

    def __init__(self, *pieces, pause=0.0):
        self.pieces, self.pause = pieces, pause

    def body(self, double, connection, request):
        for piece in self.pieces:
            connection.send(piece)
            time.sleep(self.pause)
        connection.drain()
        raise Hangup("said something raw")


class Endless(Fault):
    """An answer whose head or body never ends."""

    def __init__(self, start, piece):
        self.start, self.piece_of = start, piece

    def body(self, double, connection, request):
        connection.send(self.start)
        while True:
            connection.send(self.piece_of)


class Lie(Fault):
    """Says 200, with these headers instead of the right ones; whether it stored is another matter."""

    def __init__(self, stored=True, **headers):
        self.stored = stored
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self, double, connection, request):
        if not self.stored:
            connection.send(Answer(200, {"ETag": '"0"', "x-amz-request-id": "LIE", **self.headers}).head())
            connection.drain()
            raise Hangup("lied")

    def answer(self, double, connection, request, answer):
        for name, value in self.headers.items():
            known = next((given for given in answer.headers if given.lower() == name.lower()), name)
            answer.headers[known] = value
            if value is None:
                del answer.headers[known]
        super().answer(double, connection, request, answer)


class WrongLength(Fault):
    """An answer that is `by` bytes longer (or shorter) than what follows. The object is stored."""

    def __init__(self, by):
        self.by = by

    def answer(self, double, connection, request, answer):
        answer.body = answer.body or b"x" * 10
        connection.send(answer.head(len(answer.body) + self.by) + answer.body)
        connection.drain()
        raise Hangup("told a wrong length")


class ErrorIn200(Fault):
    """CompleteMultipartUpload may fail after its 200 was sent."""

    def body(self, double, connection, request):
        text = b"<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
        connection.send(Answer(200, {"Content-Type": "application/xml"}, text).head() + text)
        connection.drain()
        raise Hangup("an error with status 200")


class SkewedClock(Fault):
    """From now on the server's clock is that far ahead."""

    def __init__(self, seconds):
        self.seconds = seconds

    def head(self, double, connection, request):
        double.skew = self.seconds


class Expired(Fault):
    """The session token ends just now."""

    def head(self, double, connection, request):
        raise Refused(400, "ExpiredToken", "The provided token has expired.")


# ---- which request gets one ----

def at(numbered):
    """Faults by the number of the request, from 1."""
    return lambda number, request: numbered.get(number)


def first(count, make):
    return lambda number, request: make() if number <= count else None


def always(make):
    return lambda number, request: make()


def chance(probability, makers, seed):
    """Each request has that chance to meet one of these."""
    source = random.Random(seed)
    return lambda number, request: source.choice(makers)() if source.random() < probability else None


class FlippingProxy:
    """Passes TCP on to a port; in the first `times` connections it turns over a bit of byte `at` of what goes there."""

    def __init__(self, port, at, times=1):
        self.port_behind, self.at, self.times = port, at, times
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection(("127.0.0.1", self.port_behind))
            flip = self.at if self.times > 0 else None
            self.times -= 1
            for pair in ((near, far, flip), (far, near, None)):
                threading.Thread(target=self._pass, args=pair, daemon=True).start()

    @staticmethod
    def _pass(source, sink, flip):
        so_far = 0
        try:
            while piece := source.recv(65536):
                if flip is not None and so_far <= flip < so_far + len(piece):
                    changed = bytearray(piece)
                    changed[flip - so_far] ^= 1
                    piece = bytes(changed)
                so_far += len(piece)
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()
