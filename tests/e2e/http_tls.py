#!/usr/bin/env python3
"""TLS to servers of all sorts: the right one is spoken to, all others are refused and the reason is told. With the release
it is also seen that neither TLS nor the resolver opens a file of the machine, whatever the environment points at, and
that a name server without an answer holds nobody up."""
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_exchange import Stopwatch, expect, fail, release_tool, run  # noqa: E402
from odd_server import OddServer, answer, reset  # noqa: E402


class Authority:
    """Certificates, made with the openssl command."""

    def __init__(self, work):
        self.work = work

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.work, check=True, capture_output=True, timeout=300)

    def key(self, name, kind):
        how = {"rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
               "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "ed25519": ["ED25519"]}[kind]
        self.openssl("genpkey", "-algorithm", *how, "-out", f"{name}.key")

    def root(self, name, kind="p256"):
        self.key(name, kind)
        self.openssl("req", "-x509", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-days", "30", "-out",
                     f"{name}.pem", "-addext", "keyUsage=critical,keyCertSign")

    def issue(self, name, issuer, kind="p256", names="DNS:localhost,IP:127.0.0.1", days=("20260101000000Z", "20361231000000Z"),
              authority=False):
        self.key(name, kind)
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        with open(os.path.join(self.work, "ca.cnf"), "w", encoding="ascii") as out:
            out.write("[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                      "policy=p\nunique_subject=no\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\n" +
                      ("basicConstraints=critical,CA:TRUE\n" if authority else f"subjectAltName={names}\n"))
        open(os.path.join(self.work, "index.txt"), "a", encoding="ascii").close()
        self.openssl("ca", "-batch", "-config", "ca.cnf", "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key", "-in",
                     f"{name}.csr", "-out", f"{name}.pem", "-notext", "-rand_serial", "-startdate", days[0], "-enddate", days[1])

    def path(self, name):
        return os.path.join(self.work, f"{name}.pem")

    def serve(self, name, low=ssl.TLSVersion.TLSv1_2, high=ssl.TLSVersion.TLSv1_3, ciphers=None, curve=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = low, high
        if curve:
            context.set_ecdh_curve(curve)
        context.load_cert_chain(self.path(name), os.path.join(self.work, f"{name}.key"))
        return OddServer({"/": answer("200 OK", "secure")}, context=context)


def make(work):
    a = Authority(work)
    a.root("root")
    a.root("stranger")
    for kind in ("rsa", "p256", "p384", "ed25519"):
        a.issue(kind, "root", kind)
    a.issue("expired", "root", days=("20200101000000Z", "20210101000000Z"))
    a.issue("future", "root", days=("20350101000000Z", "20361231000000Z"))
    a.issue("elsewhere", "root", names="DNS:example.com")
    a.issue("foreign", "stranger")
    a.issue("middle", "root", authority=True)
    a.issue("below", "middle")
    a.key("itself", "p256")
    a.openssl("req", "-x509", "-new", "-key", "itself.key", "-subj", "/CN=localhost", "-days", "30", "-out", "itself.pem",
              "-addext", "subjectAltName=DNS:localhost")
    with open(a.path("both"), "w", encoding="ascii") as out:
        for name in ("stranger", "root"):
            with open(a.path(name), encoding="ascii") as part:
                out.write(f"comment\n{part.read()}")
    return a


def good(tool, a):
    def ok(server, ca="root", host="localhost"):
        got = run(tool, "GET", f"https://{host}:{server.port}/", f"ca={a.path(ca)}", status=200)
        expect(got["body"] == "secure", str(got))
        server.close()
    one_two, one_three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    for kind in ("rsa", "p256", "p384", "ed25519"):
        ok(a.serve(kind, high=one_two))
        ok(a.serve(kind, low=one_three))
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"):
        ok(a.serve("rsa", high=one_two, ciphers=f"ECDHE-RSA-{cipher}"))
        ok(a.serve("p256", high=one_two, ciphers=f"ECDHE-ECDSA-{cipher}"))
    for curve in ("prime256v1", "secp384r1"):  # X25519 is what both sides put first; ssl cannot name it everywhere
        ok(a.serve("p256", low=one_three, curve=curve))
    ok(a.serve("p256"), ca="both")
    ok(a.serve("p256"), host="127.0.0.1")
    ok(a.serve("itself"), ca="itself")
    ok(a.serve("below"), ca="middle")


def bad(tool, a):
    def refused(server, clue, *arguments, ca="root", trouble="no trust"):
        ca_argument = [f"ca={a.path(ca)}"] if ca else []
        got = run(tool, "GET", f"https://localhost:{server.port}/", *ca_argument, *arguments, trouble=trouble)
        expect(clue in got["error"], f"{clue!r} is not in: {got['error']}")
        expect(not server.seen and not got["may_have_acted"], "a request reached a server that is not trusted")
        server.close()
    refused(a.serve("p256"), "--ca-file", ca=None)
    refused(a.serve("foreign"), "--ca-file")
    refused(a.serve("itself"), "--ca-file")
    refused(a.serve("below"), "--ca-file")  # the one between is not sent
    refused(a.serve("expired"), "has expired, by this machine's clock (20")
    refused(a.serve("future"), "is not valid yet")
    refused(a.serve("elsewhere"), "another name")
    refused(a.serve("p256", low=ssl.TLSVersion.TLSv1, high=ssl.TLSVersion.TLSv1_1), "TLS 1.2")
    refused(a.serve("rsa", high=ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA:@SECLEVEL=0"), "TLS 1.2")
    plain = OddServer({})
    plain._serve = lambda connection: (connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), connection.close())
    refused(plain, "does it speak TLS")
    mute = OddServer({})
    mute._serve = lambda connection: threading.Event().wait(5)
    refused(mute, "handshake", "connect=700", trouble="timed out")
    rude = OddServer({})
    rude._serve = lambda connection: (connection.recv(10), reset(connection))
    refused(rude, "broke", trouble="broken")
    brief = OddServer({})
    brief._serve = lambda connection: (connection.recv(65536), connection.close())
    refused(brief, "broke", trouble="broken")
    server = a.serve("p256")
    for content, clue in ((b"", "no certificate"), (b"hello", "no certificate"), (b"x" * (2 << 20), "longer"),
                          (open(a.path("root"), "rb").read() + b"-----BEGIN CERTIFICATE-----\nAAAA\n", "no certificate")):
        with open(os.path.join(a.work, "odd.pem"), "wb") as out:
            out.write(content)
        got = run(tool, "GET", f"https://localhost:{server.port}/", f"ca={a.path('odd')}", trouble="ours")
        expect(clue in got["error"], got["error"])
    for path in ("/nonexistent", a.work):
        got = run(tool, "GET", f"https://localhost:{server.port}/", f"ca={path}", trouble="ours")
        expect(path in got["error"], got["error"])
    server.close()


def no_file_of_the_machine(tool, a):
    trap = os.path.join(a.work, "trap")
    os.makedirs(trap)
    for name in ("openssl.cnf", ".netrc", ".curlrc", "keys", "hosts"):
        with open(os.path.join(trap, name), "w", encoding="ascii") as out:
            out.write("openssl_conf = x\n[x]\noid_section = nothing\n")
    environment = {name: os.path.join(trap, "openssl.cnf") for name in
                   ("OPENSSL_CONF", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "HOSTALIASES", "TZ", "LOCPATH")}
    environment |= {name: trap for name in ("SSL_CERT_DIR", "OPENSSL_MODULES", "OPENSSL_ENGINES", "HOME", "CURL_HOME",
                                            "XDG_CONFIG_HOME", "TZDIR", "MUSL_LOCPATH", "RANDFILE")}
    environment["SSLKEYLOGFILE"] = os.path.join(trap, "new_keys")
    server = a.serve("p256")
    log = os.path.join(a.work, "strace")
    for url, named in ((f"https://localhost:{server.port}/", [f"ca={a.path('root')}", f"file={a.path('root')}", "len=10"]),
                       (f"https://localhost:{server.port}/", []), ("https://nobody.invalid/", [])):
        subprocess.run(["strace", "-f", "-o", log, tool, "PUT", url, *named], env={**os.environ, **environment}, timeout=300,
                       check=False, stdout=subprocess.DEVNULL)
        with open(log, encoding="utf-8", errors="replace") as text:
            calls = text.read()
        opened = set(re.findall(r'"(/[^"]*|[a-z.][^"]*)"', "\n".join(
            line for line in calls.splitlines() if re.search(r" (open\w*|stat\w*|newfstatat|access|readlink\w*)\(", line))))
        allowed = {"/etc/hosts", "/etc/resolv.conf", *(n.split("=", 1)[1] for n in named if n[0] in "cf")}
        expect(opened <= allowed, f"files were looked at: {opened - allowed}")
        expect({"/etc/hosts", "/etc/resolv.conf"} <= opened or "localhost" in url, f"only these were seen: {opened}")
        expect(len(re.findall(r"execve\(", calls)) == 1, "a program was started")
        expect(all("CLONE_THREAD" in line for line in calls.splitlines() if re.search(r" (clone3?|v?fork)\(", line)),
               "a process was started")
    expect(not os.path.exists(environment["SSLKEYLOGFILE"]), "TLS keys were written to a file")
    server.close()


SILENT = """
set -e
ip link set lo up
mount --bind "$1/resolv.conf" /etc/resolv.conf
python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 53))
open("'$1'/ready", "w").close()
time.sleep(20)' &
for i in $(seq 100); do [ ! -e "$1/ready" ] || break; sleep 0.1; done
start=$(date +%s%N)
"$2" GET https://evidence.example/ connect=1500 total=3000 || true
echo $((($(date +%s%N) - start) / 1000000))
kill $!
"""


def silent_resolver(tool, work):
    """resolv.conf asks for ten tries of a minute each."""
    with open(os.path.join(work, "resolv.conf"), "w", encoding="ascii") as out:
        out.write("nameserver 127.0.0.1\noptions timeout:60 attempts:10 ndots:5\nsearch a.example b.example c.example\n")
    stopwatch = Stopwatch()
    done = subprocess.run(["unshare", "-mn", "bash", "-c", SILENT, "bash", work, tool], env={**os.environ, "AS_COURIER": "1"},
                          capture_output=True, timeout=300, text=True, check=False)
    lines = done.stdout.splitlines()
    expect(len(lines) == 2, done.stderr)
    expect('"trouble":"no name"' in lines[0] and "did not answer" in lines[0], lines[0])
    expect(int(lines[1]) - stopwatch.waited() * 1000 < 4000, f"{lines[1]} ms although 1500 were allowed")


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.1 is what is to be refused
    if not shutil.which("openssl"):
        fail("the openssl command is missing")
    release = release_tool("http_tool")
    with tempfile.TemporaryDirectory() as work:
        a = make(work)
        for tool in (os.environ["HTTP_TOOL"], release):
            good(tool, a)
            bad(tool, a)
        no_file_of_the_machine(release, a)
        if os.geteuid() == 0:
            silent_resolver(release, work)


if __name__ == "__main__":
    main()
