#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that goes wrong between a client and S3: no snapshot that is reported delivered is missing, none is
overwritten, none is lost. What passes by itself is waited for; what does not is told at once.

SEED chooses the random runs, of which RUNS are made (8 where it is not set).
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import s3_http  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOT_DELIVERED, push  # noqa: E402
from endpoint import give_address  # noqa: E402

RUNS = int(os.environ.get("RUNS", "8"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)
EITHER = (DELIVERED, NOT_DELIVERED)
CLEAR, OSC = "\x1b[2J", "\x1b]0;owned\x07"


def run_with(what, folder, bundle, how, expected, deadline="10s", **double_options):
    double = s3_double.Double(faults=how, **double_options)
    run = push(folder, bundle, double, deadline=deadline)
    delivery.judge(what, run, bundle, double, expected)
    return double, run


def once(make):
    return faults.first(1, make)


def check_transient(folder, bundle):
    """Things that pass: delivered in the end."""
    size = len(bundle.files[bundle.name])
    for what, make in (
            *((f"{status} {code} once", lambda status=status, code=code: faults.Refusal(status, code)) for status,
              code in faults.TRANSIENT),
            ("503 instead of 100-continue", lambda: faults.slow_down(early=True)),
            *((f"reset at byte {at}", lambda at=at: faults.Reset(at)) for at in (0, 1, size // 2, size - 1)),
            ("reset before it is stored", lambda: faults.ResetBeforeAnswer(stored=False)),
            ("garbage once", lambda: faults.Raw(b"\x00\xff\x17\x03\r\n\r\nno HTTP\r\n")),
            ("half an answer once", lambda: faults.Raw(b"HTTP/1.1 200 OK\r\nETag: \"")),
            ("never 100-continue", faults.NoContinue), ("a slow answer", lambda: faults.LateAnswer(2)),
            ("a slow reader", lambda: faults.SlowRead(0.02, 40)),
            ("a clock ahead by an hour", lambda: faults.SkewedClock(3600)),
            ("a clock behind by a day", lambda: faults.SkewedClock(-86400))):
        double, run = run_with(what, folder, bundle, once(make), (DELIVERED,))
        holds(f"{what}: a try was made again, or was not needed", 2 <= len(double.log) <= 4,
              [str(entry) for entry in double.log])
        for receipt in run.receipts():
            expected = 2 if len(double.log) > 2 else 1
            holds(f"{what}: the tries are counted", receipt.get("tries") in (expected, len(double.log)),
                  (receipt.get("tries"), len(double.log)))


def check_three_times(folder, bundle):
    double, _ = run_with("503 three times", folder, bundle, faults.first(3, faults.slow_down), (DELIVERED,), "20s")
    times = [entry.time for entry in double.log]
    holds("503 three times: waits in between", times[3] - times[0] > 0.05, times)


def check_moved(folder, bundle):
    """The bucket is in another region than thought."""
    for what, told in (("301 with the region", True), ("301, the region only in what a HEAD would tell", False)):
        bucket = s3_double.Bucket("evidence", "us-west-2")
        double, run = run_with(what, folder, bundle, once(lambda told=told: faults.Redirect(told)),
                               (DELIVERED,) if told else EITHER, buckets=[bucket])
        holds(f"{what}: asked few times", len(double.log) <= 5, [str(entry) for entry in double.log])
    _, run = run_with("301 for ever", folder, bundle, faults.always(faults.Redirect), (NOT_DELIVERED,))
    holds("301 for ever: told with S3's own code", "PermanentRedirect" in run.stderr, run.stderr)


def check_ambiguous(folder, bundle):
    """The object was stored, but the answer got lost: the next try is refused, and nobody knows by whom."""
    for what, make in (("reset after it was stored", faults.ResetBeforeAnswer),
                       ("silence after it was stored", lambda: faults.Silence(seconds=60)),
                       ("an answer of a wrong length", lambda: faults.WrongLength(100)),
                       ("a shorter answer", lambda: faults.WrongLength(-5))):
        double, run = run_with(what, folder, bundle, once(make), EITHER, "20s")
        equal(f"{what}: the bundle is there", True, bundle.name in delivery.stored(double, bundle))
        if run.status == NOT_DELIVERED and len(double.log) > 1 and double.log[1].code == "PreconditionFailed":
            holds(f"{what}: what 412 means here is told", "412" in run.stderr or "PreconditionFailed" in run.stderr,
                  run.stderr)
    double = s3_double.Double(faults=once(lambda: faults.ResetBeforeAnswer(stored=False)))
    foreign = s3_http.Body()
    foreign.add(b"x" * len(bundle.files[bundle.name]))
    foreign.end()
    request = s3_http.Request(b"PUT / HTTP/1.1\r\nHost: x")
    double.bucket().objects[delivery.PREFIX + bundle.name] = [s3_double.Stored(request, foreign, "0" * 32, "")]
    run = push(folder, bundle, double, deadline="10s")
    sure = [receipt for receipt in run.receipts() if receipt.get("certain", True)]
    equal("lost, and the name taken by others: never called delivered", (NOT_DELIVERED, [], []),
          (run.status, sure, double.overwritten))


def check_for_ever(folder, bundle):
    """Things that do not pass: told within the deadline, and the file is kept."""
    for what, make, word in (
            ("503 for ever", faults.slow_down, "SlowDown"),
        ("500 for ever", lambda: faults.Refusal(500, "InternalError"), "InternalError"),
            ("409 for ever", lambda: faults.Refusal(409, "ConditionalRequestConflict"), "ConditionalRequestConflict"),
            ("reset for ever", lambda: faults.Reset(1000), None),
        ("silence", lambda: faults.Silence(stored=False, seconds=60), None),
            ("nobody reads", lambda: faults.StopsReading(1000, seconds=60), None),
            ("a head without end", lambda: faults.Endless(b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 4000 + b"\r\n"),
             None),
            ("one line without end", lambda: faults.Endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65536), None),
            ("an error without end", lambda: faults.Endless(
                b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"<" * 0x8000 + b"\r\n"),
             None),
            ("100 Continue without end", lambda: faults.Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), None),
            ("a byte now and then", lambda: faults.Raw(b"HTTP/1.1 200 OK\r\n", *[b"X"] * 200, pause=0.2), None)):
        _, run = run_with(what, folder, bundle, faults.always(make), (NOT_DELIVERED,), "2s")
        holds(f"{what}: told", run.stderr and (word is None or word in run.stderr), run.stderr)


def check_at_once(folder, bundle):
    """What no second try would change."""
    for status, code in ((403, "AccessDenied"), (403, "SignatureDoesNotMatch"), (403, "InvalidAccessKeyId"),
                         (404, "NoSuchBucket"),
                         (400, "InvalidRequest"), (400, "EntityTooLarge"), (400, "KMS.NotFoundException"),
                         (405, "MethodNotAllowed"),
                         (501, "NotImplemented"), (412, "PreconditionFailed")):
        for early in (False, True):
            what = f"{status} {code}{' instead of 100-continue' if early else ''}"
            double, run = run_with(what, folder, bundle,
                                   faults.always(lambda: faults.Refusal(status, code, early=early)), (NOT_DELIVERED,))
            holds(f"{what}: told with S3's own code, at once", code in run.stderr and run.took < 5,
                  (run.took, run.stderr))
            holds(f"{what}: not tried again", len(double.log) <= 2, [str(entry) for entry in double.log])


def check_lies(folder, bundle):
    """An endpoint that says stored, and has not, or something else."""
    wrong = s3_double._coded(b"\0" * 32)
    for what, make in (("200 with another checksum", lambda: faults.Lie(stored=False, x_amz_checksum_sha256=wrong)),
                       ("stored, and another checksum told", lambda: faults.Lie(x_amz_checksum_sha256=wrong))):
        double, run = run_with(what, folder, bundle, faults.always(make), (NOT_DELIVERED,))
    for what, status in (("204", 204), ("206", 206), ("304", 304), ("100 and nothing else", 100), ("999", 999),
                         ("302 elsewhere", 302)):
        text = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n".encode()
        run_with(f"{what} is no delivery", folder, bundle, faults.always(lambda text=text: faults.Raw(text)),
                 (NOT_DELIVERED,), "2s")


def check_hostile_words(folder, bundle):
    """What an endpoint says reaches the terminal and the receipt: it must not act there, nor break them."""
    for what, headers in (("escape sequences", {"x_amz_request_id": CLEAR + "id", "x_amz_id_2": OSC}),
                          ("quotes and braces",
                           {"x_amz_request_id": '"},{"delivered":"', "x_amz_version_id": "\\u0000\\"}),
                          ("bytes that are no UTF-8", {"x_amz_request_id": "\xff\xfe\x80"}),
                          ("long values", {"x_amz_request_id": "R" * 7000, "x_amz_version_id": "V" * 7000})):
        _, run = run_with(f"in an answer: {what}", folder, bundle,
                          faults.always(lambda headers=headers: faults.Lie(**headers)), EITHER)
    for what, code, message in (("escape sequences", f"{CLEAR}Denied", OSC), ("markup", "<Code>", "&amp;lt;]]>"),
                                ("a long one", "C" * 5000, "M" * 500000),
                                ("lines", "A\r\nB", "procsnap: delivered\nEVIDENCE v1 bundle=x")):
        _, run = run_with(f"in an error: {what}", folder, bundle,
                          faults.always(lambda: faults.Refusal(403, code, message)), (NOT_DELIVERED,))
        holds(f"in an error: {what}: no line of its own", "\nEVIDENCE" not in run.stderr and len(run.stderr) < 20000,
              run.stderr[-1000:])


def check_altered(folder, bundle):
    """A bit turns over on the way: once, or each time."""
    for what, times, expected in (("once", 1, EITHER), ("always", 1 << 30, (NOT_DELIVERED,))):
        double = s3_double.Double()
        proxy = faults.FlippingProxy(double.port, len(bundle.files[bundle.name]) // 2, times)
        run = delivery.Push(folder, bundle.path, delivery.DEST, "--endpoint-url", proxy.url).end()
        delivery.judge(f"a bit turned over {what}", run, bundle, double, expected)


def check_nobody(folder, bundle):
    mute, double = s3_http.Mute(), s3_double.Double()
    for what, url in (("a server that says nothing", f"http://127.0.0.1:{mute.port}"),
                      ("nobody listens", "http://127.0.0.1:9"),
                      ("no such host", "http://s3.nowhere.invalid"), ("no route", "http://192.0.2.1"),
                      ("TLS where there is none", f"https://127.0.0.1:{double.port}"),
                      ("a TLS handshake that stalls", f"https://127.0.0.1:{mute.port}")):
        run = delivery.Push(folder, bundle.path, delivery.DEST, "--endpoint-url", url, deadline="2s").end()
        delivery.judge(what, run, bundle, double, (NOT_DELIVERED,))
        holds(f"{what}: told", run.stderr, run.stderr)


def check_comes_back(folder, bundle):
    """Nobody listens for a while, then somebody does."""
    reserved = s3_double.Double()
    port = reserved.port
    reserved.close()
    made = []

    def later():
        time.sleep(2)
        made.append(s3_double.Double(address=("127.0.0.1", port)))
    threading.Thread(target=later, daemon=True).start()
    run = delivery.Push(folder, bundle.path, delivery.DEST, "--endpoint-url", f"http://127.0.0.1:{port}",
                        deadline="30s").end()
    delivery.judge("an outage of two seconds", run, bundle, made[0], (DELIVERED,))


def check_at_random(folder, bundle):
    size = len(bundle.files[bundle.name])
    source = random.Random(SEED)
    about(f"SEED={SEED}")
    makers = [faults.slow_down, lambda: faults.slow_down(True), lambda: faults.Refusal(500, "InternalError"),
              lambda: faults.Refusal(409, "ConditionalRequestConflict"), lambda: faults.Reset(source.randrange(size)),
              lambda: faults.ResetBeforeAnswer(False), faults.ResetBeforeAnswer, faults.NoContinue,
              lambda: faults.LateAnswer(0.5),
              lambda: faults.WrongLength(7), lambda: faults.Raw(b"HTTP/1.1 200"),
              lambda: faults.SkewedClock(source.choice((0, 4000, -4000))),
              lambda: faults.Expired()]
    seen = {}
    for number in range(RUNS):
        how = faults.chance(0.6, makers, source.randrange(1 << 32))
        double, run = run_with(f"random run {number}", folder, bundle, how, EITHER, "12s")
        seen.setdefault(run.status, []).append([entry.fault for entry in double.log])
    about({status: len(found) for status, found in seen.items()})


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    with odd.folder() as folder:
        bundle = delivery.Bundle(folder)
        for check in (check_transient, check_three_times, check_moved, check_ambiguous, check_for_ever, check_at_once,
                      check_lies,
                      check_hostile_words, check_altered, check_nobody, check_comes_back, check_at_random):
            check(folder, bundle)
    finish()


main()
