#!/usr/bin/env python3
"""One HTTP exchange against a server that does everything wrong that one can do: what comes of it is always told, within
the limits, and nothing is asked twice. With the build under sanitizers and with the libraries of the release,
which is in the sandbox that delivery has."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from checks import Stopwatch  # noqa: E402
from odd_server import OddServer, answer, raw, read_body, reset  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RELEASE = os.path.join(ROOT, "build", "release")


def release_tool(name):
    subprocess.run(["cmake", "--build", RELEASE, "--target", name, "--", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(RELEASE, "tests", "release", name)


def fail(text):
    sys.exit("FAIL: " + text)


def expect(condition, text):
    if not condition:
        fail(text)


def endless_head(connection, _head, _rest):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for i in range(100000):
        connection.sendall(b"X-%d: %s\r\n" % (i, b"a" * 1000))


def endless_line(connection, _head, _rest):
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Show: ")
    for _ in range(100):
        connection.sendall(b"x" * 65536)


def endless_interim(connection, _head, _rest):
    while True:
        connection.sendall(b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\n" * 100)


def endless_body(connection, _head, _rest):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"b" * 65536)


def dripping(connection, _head, _rest):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.1)


def reset_at_once(connection, _head, _rest):
    reset(connection)


def reset_after_body(connection, head, rest):
    read_body(connection, head, rest)
    reset(connection)


def reset_within_body(connection, _head, _rest):
    connection.recv(1000)
    reset(connection)


def never_reads(_connection, _head, _rest):
    time.sleep(4)


def refuses_body(status):
    def act(connection, head, rest):
        connection.sendall(b"HTTP/1.1 %s\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!" % status)
        connection.settimeout(1.5)
        try:
            server.bodies.append(rest + connection.recv(100))
        except OSError:
            server.bodies.append(rest)
    return act


def no_continue(connection, head, rest):
    """Never says 100: the body comes all the same, a second later."""
    stopwatch = Stopwatch()
    body = read_body(connection, head, rest)
    server.waited = stopwatch.took(), stopwatch.calm()
    server.bodies.append(body)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def keep_body(connection, head, rest):
    server.bodies.append(read_body(connection, head, rest))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


SCENARIOS = {
    "/plain": answer("200 OK", "hello", "X-Show:  first\r\nx-show:\tlast \r\nX-Showing: other\r\n"),
    "/chunked": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Show: real\r\nTrailer: X-Show\r\n\r\n"
                    b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-Show: forged\r\n\r\n", 0.2),
    "/interim": raw(b"HTTP/1.1 103 Early Hints\r\nX-Show: early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    "/bad_chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"),
    "/cut_chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhello"),
    "/endless_head": endless_head,
    "/endless_line": endless_line,
    "/endless_interim": endless_interim,
    "/endless_body": endless_body,
    "/dripping": dripping,
    "/reset": reset_at_once,
    "/reset_after_body": reset_after_body,
    "/reset_within_body": reset_within_body,
    "/never_reads": never_reads,
    "/silent": raw(b"", 4),
    "/stalls": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal", 4),
    "/closed": raw(b""),
    "/short": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"),
    "/long": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello", 0.2),
    "/garbage": raw(b"\x00\xff\x1b[2JSSH-2.0-OpenSSH\r\n\r\n"),
    "/negative": raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"),
    "/redirect": answer("307 Temporary Redirect", "moved", "Location: /plain\r\n"),
    "/refuses": refuses_body(b"403 Forbidden"),
    "/refuses_307": refuses_body(b"307 Temporary Redirect"),
    "/refuses_417": refuses_body(b"417 Expectation Failed"),
    "/no_continue": no_continue,
    "/keep": keep_body,
    "/fields": answer("200 OK", "", "Set-Cookie: a=b\r\nAlt-Svc: h2=\":1\"\r\nWWW-Authenticate: Negotiate\r\n"),
}
server = OddServer(SCENARIOS)


def run(tool, method, path, *arguments, status=None, trouble="answered", within=8.0, environment=None):
    stopwatch = Stopwatch()
    url = path if "://" in path else f"http://127.0.0.1:{server.port}{path}"
    done = subprocess.run([tool, method, url, *arguments], capture_output=True, timeout=300, check=False,
                          env={**os.environ, "AS_COURIER": "1", **(environment or {})})
    took = stopwatch.calm()
    if done.stderr:
        fail(f"{path} {arguments}: {done.stderr.decode()}")
    got = [json.loads(line) for line in done.stdout.splitlines()][-1]
    expect(got["trouble"] == trouble, f"{path} {arguments}: {got['trouble']}, not {trouble}: {got}")
    expect(status is None or got["status"] == status, f"{path}: status {got['status']}")
    expect((got["error"] == "") == (trouble == "answered"), f"{path}: error {got['error']!r}")
    expect(took < within, f"{path} {arguments}: {took:.1f} s")
    return got


def answers(tool):
    got = run(tool, "GET", "/plain", status=200)
    expect(got["body"] == "hello" and got["shown"] == "last", f"plain: {got}")
    expect(got["address"] == f"127.0.0.1:{server.port}", got["address"])
    got = run(tool, "GET", "/chunked", status=200)
    expect(got["body"] == "hello world" and got["shown"] == "real", f"a trailer is no header: {got}")
    got = run(tool, "GET", "/interim", status=200)
    expect(got["body"] == "ok" and got["shown"] == "", f"interim: {got}")
    expect(run(tool, "HEAD", "/plain", status=200)["body"] == "", "HEAD has a body")
    got = run(tool, "GET", "/redirect", status=307)
    expect(got["body"] == "moved", "the redirect was followed")
    got = run(tool, "GET", "/endless_body", "max=1000", status=200)
    expect(got["cut"] and len(got["body"]) == 1000, "cut")
    expect(not run(tool, "GET", "/plain", "max=5")["cut"], "an answer that just fits is not cut")
    expect(run(tool, "GET", "/plain", "max=0")["cut"], "nothing is kept, and that is told")
    expect(run(tool, "GET", "/long", status=200)["body"] == "hel", "more than was announced")
    expect(run(tool, "GET", "/missing", status=404)["body"] == "", "404")


def wrongs(tool):
    for path in ("/bad_chunk", "/cut_chunk", "/reset", "/closed", "/short", "/garbage", "/negative"):
        before = len(server.seen)
        run(tool, "GET", path, trouble="broken")
        expect(len(server.seen) == before + 1, f"{path} was asked more than once")
    got = run(tool, "GET", "/endless_head", trouble="broken")
    expect(len(got["head"]) <= 65536, "head")
    got = run(tool, "GET", "/endless_line", trouble="broken")
    expect("has a line without end" in got["error"], got["error"])
    run(tool, "GET", "/endless_interim", trouble="broken")
    run(tool, "GET", "/stalls", "stall=600", trouble="timed out", within=3.0)
    run(tool, "GET", "/silent", "stall=600", trouble="timed out", within=3.0)
    run(tool, "GET", "/silent", "total=700", trouble="timed out", within=2.0)
    run(tool, "GET", "/dripping", "stall=600", "total=1500", trouble="timed out", within=3.0)
    run(tool, "GET", "/silent", "stop=300", trouble="stopped", within=3.0)
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    got = run(tool, "GET", f"http://127.0.0.1:{closed.getsockname()[1]}/", trouble="no connect")
    expect("refused" in got["error"], got["error"])
    full = socket.socket()  # a full queue: SYNs are dropped
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    held = [socket.socket() for _ in range(3)]
    for each in held:
        each.setblocking(False)
        each.connect_ex(full.getsockname())
    got = run(tool, "GET", f"http://127.0.0.1:{full.getsockname()[1]}/", "connect=500", trouble="no connect", within=2.0)
    expect("security group" in got["error"], got["error"])
    for url in ("ftp://127.0.0.1/", "127.0.0.1/", "http://", "http:///x", "http://a b/", "http://user:pw@127.0.0.1/",
                "http://127.0.0.1", "http://127.0.0.1/#x", "http://127.0.0.1/\n", "http://%31/", "file:///etc/passwd",
                "http://\xe4/", "http://:80/"):
        got = run(tool, "GET", url if "://" in url else "://" + url, trouble="bad url")
        expect("pw" not in got["error"], got["error"])
    run(tool, "GET", "/plain", "header=X: a\r\nY: b", trouble="bad url")
    run(tool, "GET", "/plain", "header=no colon", trouble="bad url")


def body_of_server():
    """The last one; the server may be a moment behind."""
    until = time.monotonic() + 60
    while not server.bodies and time.monotonic() < until:
        time.sleep(0.01)
    expect(len(server.bodies) == 1, f"{len(server.bodies)} bodies")
    return server.bodies.pop()


def bodies(tool, work):
    path = os.path.join(work, "body")
    content = os.urandom(3 << 20)
    with open(path, "wb") as out:
        out.write(b"12345" + content + b"more")
    part = [f"file={path}", "at=5", f"len={len(content)}"]

    got = run(tool, "PUT", "/keep", *part, status=200)
    expect(body_of_server() == content and got["may_have_acted"], "the body as it is")
    head = server.seen[-1]
    expect("expect" not in head.lower() and "transfer-encoding" not in head.lower(), head)
    run(tool, "PUT", "/keep", *part, "expect=1", status=200)
    expect(body_of_server() == content, "the body, expected")
    run(tool, "PUT", "/no_continue", *part, "expect=1", status=200)
    expect(body_of_server() == content, "the body, a second later")
    waited, calm = server.waited
    expect(waited > 0.8 and calm < 4, f"a second is waited: {waited}")

    for refusal, status in (("/refuses", 403), ("/refuses_307", 307), ("/refuses_417", 417)):
        before = len(server.seen)
        got = run(tool, "PUT", refusal, *part, "expect=1", status=status)
        expect(got["body"] == "no!" and not got["may_have_acted"], f"{refusal}: {got}")
        expect(body_of_server() == b"" and len(server.seen) == before + 1, f"{refusal}: the body was sent")

    got = run(tool, "PUT", "/reset_after_body", *part, trouble="broken")
    expect(got["may_have_acted"], "the body was out")
    got = run(tool, "PUT", "/reset_within_body", f"file={path}", "len=3000000", trouble="broken")
    got = run(tool, "PUT", "/never_reads", f"file={work}/large", "len=100000000", "stall=700", trouble="timed out", within=4.0)
    expect(not got["may_have_acted"], "the body was not out")
    got = run(tool, "PUT", "/plain", f"file={path}", f"len={len(content) + 100}", trouble="ours")
    expect("shorter" in got["error"] and not got["may_have_acted"], got["error"])
    run(tool, "PUT", "/plain", "file=/proc/self/mem", "len=10", trouble="ours")

    run(tool, "POST", "/keep", "body=short", status=200)
    expect(body_of_server() == b"short", "a short body")
    expect("content-type" not in server.seen[-1].lower(), server.seen[-1])
    run(tool, "PUT", "/keep", status=200)
    expect(body_of_server() == b"" and "Content-Length: 0" in server.seen[-1], server.seen[-1])


def requests(tool, work):
    """What is sent is what was asked for, whatever the environment says."""
    odd = "/a/../b//./c%2F%7e/~x?q=%2f&r=a+b&s"
    foreign = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1",
               "HOME": work, "SSLKEYLOGFILE": os.path.join(work, "keys")}
    with open(os.path.join(work, ".netrc"), "w", encoding="ascii") as out:
        out.write("default login me password secret\n")
    run(tool, "GET", odd, "header=X-One: 1", "header=Authorization: x", environment=foreign, status=404)
    lines = server.seen[-1].split("\r\n")
    expect(lines[0] == f"GET {odd} HTTP/1.1", lines[0])
    version = json.loads(subprocess.check_output([os.environ["PROCSNAP"], "version", "--json"]))["version"]
    expect(sorted(lines[1:]) == sorted([f"Host: 127.0.0.1:{server.port}", f"User-Agent: procsnap/{version}", "X-One: 1",
                                        "Authorization: x"]), str(lines))
    before = len(server.seen)
    run(tool, "GET", "/fields", "times=3")
    expect(len(server.seen) == before + 3 and "Cookie" not in server.seen[-1], server.seen[-1])


def proxies(tool):
    def tunnel(connection, head, rest):
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nX-Show: proxy\r\n\r\n")
    proxy = OddServer({"*": tunnel, "http://example.invalid/x": answer("200 OK", "proxied")})
    got = run(tool, "GET", "http://example.invalid/x", f"proxy=http://127.0.0.1:{proxy.port}", status=200,
              environment={"no_proxy": "*"})
    expect(got["body"] == "proxied", str(got))
    got = run(tool, "GET", "https://example.invalid/x", f"proxy=http://127.0.0.1:{proxy.port}", trouble="no connect")
    expect("403" in got["error"] and got["head"] == "", str(got))
    expect(proxy.seen[-1].startswith("CONNECT example.invalid:443 HTTP/1.1"), proxy.seen[-1])
    run(tool, "GET", "/plain", "proxy=socks5://127.0.0.1:1", trouble="ours")
    proxy.close()


def main():
    tools = [os.environ["HTTP_TOOL"], release_tool("http_tool")]
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "large"), "wb") as out:
            out.truncate(100000000)
        for tool in tools:
            answers(tool)
            wrongs(tool)
            bodies(tool, work)
            requests(tool, work)
            proxies(tool)
        expect(not os.path.exists(os.path.join(work, "keys")), "TLS keys were written to a file")
    expect(threading.active_count() < 50, "threads of the server")


if __name__ == "__main__":
    main()
