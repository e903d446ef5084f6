#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where procsnap takes its AWS credentials from, in which order, at their real addresses; endpoints that are late,
busy, broken or hostile; keys that end; and that what is secret of them is found nowhere afterwards: in no bundle,
output, receipt, spool or core, also where the environment and the command lines of the task are full of it."""
import base64
import json
import os
import re
import resource
import secrets
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOTHING, NOT_DELIVERED, Push  # noqa: E402
from endpoint import drip, head, in_chunks, pour, whole  # noqa: E402
from s3_double import Double, Key  # noqa: E402
from secret_forms import found_in  # noqa: E402
import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402

RELATIVE = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": aws_doubles.RELATIVE_URI}
REGION = {"AWS_REGION": s3_double.REGION}
# Secrets are made anew each time: this very file is a script that runs, and may be in the bundles.
ENV = {"AWS_ACCESS_KEY_ID": "AKIAOFTHEENVIRONMENT",
       "AWS_SECRET_ACCESS_KEY": "SecretOfTheEnvironment/+" + secrets.token_hex(8)}
SESSION = {**ENV, "AWS_ACCESS_KEY_ID": "ASIAOFTHEENVIRONMENT",
           "AWS_SESSION_TOKEN": f"TokenOfTheEnvironment/{secrets.token_hex(8)}+=="}
FAILED = (NOTHING, NOT_DELIVERED)


class World:
    """The endpoints, and an S3 double that knows the keys of all of them."""

    def __init__(self, folder):
        aws_doubles.give_addresses()
        self.folder, self.told = folder, []
        self.double = Double(keys={ENV["AWS_ACCESS_KEY_ID"]: Key(ENV["AWS_SECRET_ACCESS_KEY"]),
                                   SESSION["AWS_ACCESS_KEY_ID"]:
                                   Key(SESSION["AWS_SECRET_ACCESS_KEY"], SESSION["AWS_SESSION_TOKEN"])})
        self.role = aws_doubles.Credentials(self.double.keys)
        self.pod = aws_doubles.Credentials(self.double.keys, 3600, "ASIAOFTHEPODIDENTITY",
                                           "SecretOfThePod/0123456789abcdefghij", "TokenOfThePod==")
        self.instance = aws_doubles.Credentials(self.double.keys, 3600, "ASIAOFTHEINSTANCE001",
                                                "SecretOfTheInstance/0123456789abcd", "TokenOfTheInstance==")
        self.token_file = os.path.join(folder, "authorization-token")
        self.write_token("first-token")
        self.task = aws_doubles.TaskEndpoint(self.role)
        self.full = aws_doubles.FullEndpoint(self.pod, self.token_file)
        self.imds = aws_doubles.InstanceMetadata(self.instance)
        os.mkdir(os.path.join(folder, "bundles"))
        self.bundle = delivery.Bundle(os.path.join(folder, "bundles"))

    def write_token(self, text):
        with open(self.token_file, "w", encoding="ascii") as file:
            file.write(text)

    def secrets(self):
        fixed = [ENV["AWS_SECRET_ACCESS_KEY"], SESSION["AWS_SESSION_TOKEN"], self.imds.session, "first-token",
                 "second-token"]
        return fixed + self.role.secrets() + self.pod.secrets() + self.instance.secrets()

    def push(self, *options, env, deadline="5s"):
        """A run, and the keys that signed its requests."""
        self.double.bucket().objects.clear()
        self.double.log.clear()
        for endpoint in (self.task.endpoint, self.full.endpoint, self.imds.endpoint):
            endpoint.asked.clear()
        run = Push(self.folder, self.bundle.path, delivery.DEST, "--endpoint-url", self.double.url, *options,
                   env={**REGION, **env}, deadline=deadline).end()
        self.told += [run.stdout, run.stderr, json.dumps(run.receipts())]
        return run, {entry.key_id for entry in self.double.log}


def check_order(world):
    full = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": world.full.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": world.token_file}
    env, session = {ENV["AWS_ACCESS_KEY_ID"]}, {SESSION["AWS_ACCESS_KEY_ID"]}
    role, pod, instance = {world.role.key_id}, {world.pod.key_id}, {world.instance.key_id}
    for what, options, variables, expected in (
            ("environment", (), ENV, env), ("environment with a token", (), SESSION, session),
            ("environment before container", (), {**SESSION, **RELATIVE}, session),
            ("container, relative", (), RELATIVE, role), ("container, full", (), full, pod),
            ("relative before full", (), {**RELATIVE, **full}, role),
            ("forced: container", ("--credentials", "container"), {**ENV, **RELATIVE}, role),
            ("forced: environment", ("--credentials", "env"), {**ENV, **RELATIVE}, env),
            ("forced: IMDS", ("--credentials", "imds"), {**ENV, **RELATIVE}, instance)):
        run, signed = world.push(*options, env=variables)
        equal(f"{what}: delivered by its key", (DELIVERED, expected), (run.status, signed))
        holds(f"{what}: the others were not asked", (bool(world.task.endpoint.asked), bool(world.full.endpoint.asked),
              bool(world.imds.endpoint.asked)) == (expected == role, expected == pod, expected == instance))
    for what, options, variables in (
            ("nothing anywhere, IMDS unasked", (), {}),
        ("forced: environment, and nothing there", ("--credentials", "env"), RELATIVE),
            ("forced: container, and nothing there", ("--credentials", "container"), ENV),
            ("IMDS switched off", ("--credentials", "imds"), {"AWS_EC2_METADATA_DISABLED": "true"}),
            ("half a key", (), {"AWS_ACCESS_KEY_ID": "AKIA"})):
        run, signed = world.push(*options, env=variables)
        holds(f"{what}: told", run.status in FAILED and run.stderr, (run.status, run.stderr))
        equal(f"{what}: nothing was sent, IMDS not asked", (set(), []), (signed, world.imds.endpoint.asked))


def check_full(world):
    """The token is read again each time; what is not our own machine is not asked."""
    base = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": world.full.url}
    for what, token, variables, status in (
            ("the file", "first-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": world.token_file}, (DELIVERED,)),
            ("the file, another token by now", "second-token",
             {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": world.token_file}, (DELIVERED,)),
            ("the variable", "second-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "second-token"}, (DELIVERED,)),
            ("the file wins", "second-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": world.token_file,
                                               "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}, (DELIVERED,)),
            ("a wrong token", "second-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}, FAILED),
            ("no token", "second-token", {}, FAILED),
            ("no such file", "second-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nonexistent"}, FAILED),
            ("a token of two lines", "second-token", {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "second-token\r\nX-A: b"},
             FAILED)):
        world.write_token(token)
        run, _ = world.push(env={**base, **variables})
        holds(f"full URI, {what}: {status}", run.status in status, (run.status, run.stderr))
        holds(f"full URI, {what}: no header was smuggled in",
              not any(b"x-a:" in r.lower() for r in world.full.endpoint.asked))
    for uri in ("http://192.0.2.1/get", "http://169.254.169.254/latest/", "http://127.0.0.1.evil.test/",
                "http://user@127.0.0.1:8055/get-credentials",
                "http://127.0.0.1@192.0.2.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1/x",
                "http://[::ffff:192.0.2.1]/",
                f"http://127.0.0.1:{aws_doubles.FULL_PORT}/get-credentials\r\nX-A: b", "http://"):
        run, signed = world.push(env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": uri,
                                      "AWS_CONTAINER_AUTHORIZATION_TOKEN": "second-token"})
        holds(f"full URI {uri!r}: refused", run.status in FAILED and not signed and run.took < 4,
              (run.status, run.took, run.stderr))
        equal(f"full URI {uri!r}: nobody was asked", [], world.full.endpoint.asked + world.imds.endpoint.asked)
    for path in ("v2/credentials", "@192.0.2.1/x", "/v2/ credentials", "/v2\r\nX-A: b", ""):
        run, signed = world.push(env={"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": path})
        holds(f"relative URI {path!r}: refused", run.status in FAILED and not signed, (run.status, run.stderr))
        equal(f"relative URI {path!r}: nobody was asked", [], world.task.endpoint.asked)


def documents(world):
    """(what, the answer) of endpoints that give no usable key."""
    right = json.loads(world.role.document())
    without = [{key: value for key, value in right.items() if key != name}
               for name in ("AccessKeyId", "SecretAccessKey")]
    return [
        ("no JSON", whole(b"{broken")), ("nothing", whole(b"")), ("no HTTP", b"SSH-2.0-x\r\n"),
        ("an empty answer", b""),
        ("no key id", whole(json.dumps(without[0]).encode())), ("no secret", whole(json.dumps(without[1]).encode())),
        ("a list", whole(b"[]")), ("a number as secret", whole(json.dumps({**right, "SecretAccessKey": 1}).encode())),
        ("a token of two lines", whole(json.dumps({**right, "Token": "a\r\nx-amz-acl: public-read"}).encode())),
        ("a key id with a slash",
         whole(json.dumps({**right, "AccessKeyId": "AKIA/../x, SignedHeaders=host"}).encode())),
        ("NUL in the secret", whole(json.dumps({**right, "SecretAccessKey": "a\0b"}).encode())),
        ("a token without end", whole(json.dumps({**right, "Token": "t" * 100000}).encode())),
        ("cut short", head("200 OK", "Content-Length: 99999") + world.role.document()),
        ("chunks that end early", in_chunks(world.role.document())[:-30]),
        ("refused", whole(b'{"code":"AccessDenied"}', "403 Forbidden")),
        ("400", whole(b'{"code":"InvalidIdInRequest"}', "400 Bad Request")),
        ("elsewhere", head("302 Found", f"Location: {world.full.url}", "Content-Length: 0"))]


def check_answers(world):
    for what, answer in documents(world):
        world.task.says = lambda connection, request, answer=answer: connection.sendall(answer)
        run, _ = world.push(env=RELATIVE)
        holds(f"credentials, {what}: not delivered, and told", run.status in FAILED and run.stderr and run.took < 12,
              (run.status, run.took, run.stderr))
        equal(f"credentials, {what}: nothing is in the bucket", [], world.double.key_names())
        holds(f"credentials, {what}: fit for a terminal", delivery.printable(run.stderr), run.stderr)
    for what, says in (("a byte now and then", drip), ("no byte", lambda c, _: time.sleep(20)), ("without end", pour)):
        world.task.says = says
        run, signed = world.push(env=RELATIVE, deadline="4s")
        holds(f"credentials, {what}: ends in time, and is told", run.status in FAILED and not signed and run.took < 12,
              (run.status, run.took))
    world.task.says = lambda connection, request: connection.sendall(in_chunks(world.role.document()))
    run, signed = world.push(env=RELATIVE)
    equal("credentials in chunks", (DELIVERED, {world.role.key_id}), (run.status, signed))
    world.task.says = lambda connection, request: connection.sendall(
        whole(b'{"code":"CredentialsUninitialized"}', "503 Service Unavailable") if world.task.asked() < 3
        else whole(world.role.document()))
    run, signed = world.push(env=RELATIVE, deadline="20s")
    equal("credentials, 503 twice: asked again, delivered", (DELIVERED, {world.role.key_id}), (run.status, signed))
    world.task.says = None


def check_expiring(world):
    """Keys that end between two tries: new ones are asked for."""
    world.role.turn()
    old = world.role.key_id

    def rotate(number, request):
        if number > 1:
            return None
        world.role.turn()
        return faults.Expired()
    world.double.faults = rotate
    run, signed = world.push(env=RELATIVE, deadline="20s")
    equal("ExpiredToken: asked again, delivered by the new key", DELIVERED, run.status)
    equal("ExpiredToken: the first try by the old key, the others by the new one",
          [None, world.role.key_id, world.role.key_id],
          [entry.key_id for entry in world.double.log])
    holds("ExpiredToken: it was the old key before", world.role.key_id != old)

    def soon(number, request):
        if number > 1:
            return None
        world.role.turn(3600)
        return faults.slow_down()
    world.double.faults = soon
    world.role.turn(120)
    run, signed = world.push(env=RELATIVE, deadline="20s")
    equal("less than five minutes left: asked again before the next try", (DELIVERED, world.role.key_id),
          (run.status, world.double.log[-1].key_id if world.double.log else None))
    world.double.faults = faults.always(faults.Expired)
    run, _ = world.push(env=SESSION, deadline="4s")
    holds("an ended token in the environment: told, not tried for ever", run.status == NOT_DELIVERED
          and re.search("ExpiredToken|no longer valid", run.stderr)
          and len(world.double.log) <= 6, (run.status, len(world.double.log), run.stderr))
    world.double.faults = lambda number, request: None


# ---- secrets ----

def check_bundle(what, data, wanted):
    bundle = snapshot.Bundle(data)
    equal(f"{what}: no secret in the bundle", [], [s[:12] + "..." for s in found_in(bundle.tar, wanted)])
    return bundle


def collected(world, *options, env, script=None):
    """A run of collect to the bucket, from a shell: its bundle."""
    world.double.bucket().objects.clear()
    receipt = os.path.join(world.folder, f"receipt-{time.monotonic_ns()}")
    arguments = ["collect", delivery.DEST, "--endpoint-url", world.double.url, "--redact", "none", "--quiet",
                 "--receipt", receipt, *options]
    line = " ".join(f"'{part}'" for part in [snapshot.PROCSNAP, *arguments])
    done = subprocess.run(["/bin/sh", "-c", f"{script or ''} {line}; exit $?"],
                          env={"PATH": os.environ["PATH"], **REGION, **env},
                          stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300, cwd=world.folder)
    world.told += [done.stdout.decode(), done.stderr.decode()]
    if os.path.exists(receipt):
        world.told.append(delivery.read(receipt).decode())
        os.unlink(receipt)
    names = [name for name in world.double.key_names() if not name.endswith(".minisig")]
    equal("collect for its secrets: delivered", (0, 1), (done.returncode, len(names)))
    return world.double.object(names[0]).data if names else None


def check_secrets(world):
    used = [SESSION["AWS_SECRET_ACCESS_KEY"], SESSION["AWS_SESSION_TOKEN"]]
    beside = subprocess.Popen(["sleep", "600"], env={**SESSION, "OTHER": f"x={SESSION['AWS_SESSION_TOKEN']}:y"})
    assignments = " ".join(f"{name}='{value}'" for name, value in SESSION.items())
    try:
        for what, how in (
                ("keys in the environment of the shell and of others", {"env": SESSION}),
                ("keys in the command line of the shell", {"env": {}, "script": assignments}),
                ("keys of the role", {"env": RELATIVE}),
                ("--json", {"env": SESSION, "options": ["--json"]})):
            data = collected(world, *how.pop("options", []), **how)
            if data:
                bundle = check_bundle(what, data, used if what != "keys of the role" else world.role.secrets())
                holds(f"{what}: the environment of the others is there all the same",
                      b"AWS_ACCESS_KEY_ID" in bundle.tar)
        check_encrypted(world, used)
    finally:
        beside.kill()
        beside.wait()


def check_presigned(world):
    """A presigned URL is a right to write: it stands in two command lines, and in no bundle."""
    authority = aws_doubles.Authority(world.folder)
    tls = aws_doubles.server_context(authority.issue("presigned", "127.0.0.1"))
    key_id, secret, token = SESSION["AWS_ACCESS_KEY_ID"], SESSION["AWS_SECRET_ACCESS_KEY"], SESSION["AWS_SESSION_TOKEN"]
    double = Double(keys={key_id: Key(secret, token)}, tls=tls)
    signer = botocore.credentials.Credentials(key_id, secret, token)
    header, key = "x-amz-server-side-encryption-customer-key", base64.b64encode(os.urandom(32)).decode()
    request = botocore.awsrequest.AWSRequest("PUT", f"{double.url}/evidence/x.tar.gz", headers={header: key})
    botocore.auth.S3SigV4QueryAuth(signer, "s3", s3_double.REGION, expires=60).add_auth(request)
    line = (f"'{snapshot.PROCSNAP}' collect '{request.url}' --put-header \"{header}: $KEY\" --ca-file '{authority.ca}' "
            "--redact none --quiet; exit $?")
    done = subprocess.run(["/bin/sh", "-c", line], env={"PATH": os.environ["PATH"], "KEY": key}, stdin=subprocess.DEVNULL,
                          capture_output=True,
                          check=False, timeout=300, cwd=world.folder)
    equal("presigned: delivered", (0, ["x.tar.gz"]), (done.returncode, double.key_names()))
    signature = request.url.rpartition("X-Amz-Signature=")[2]
    if double.object("x.tar.gz"):
        check_bundle("presigned", double.object("x.tar.gz").data, [signature, token, key])
    equal("presigned: told nowhere", [], found_in(done.stdout + done.stderr, [signature, token, key]))
    old = {name: base64.urlsafe_b64encode(os.urandom(24)).decode() for name in ("Signature", "x-goog-signature", "sig")}
    query = "&".join(f"{name}={value}" for name, value in old.items())
    url = f"{double.url}/evidence/y.tar.gz?AWSAccessKeyId=AKIA&{query}&Expires=1999999999"
    line = (f"'{snapshot.PROCSNAP}' collect '{url}' --ca-file '{authority.ca}' --redact none --quiet "
            f"--spool '{world.folder}/old'; exit $?")
    os.mkdir(f"{world.folder}/old")
    done = subprocess.run(["/bin/sh", "-c", line], env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=120, cwd=world.folder)
    kept = [name for name in os.listdir(f"{world.folder}/old") if name.endswith(".tar.gz")]
    equal("presigned by other rules: refused by this service, kept", (4, 1), (done.returncode, len(kept)))
    for name in kept:
        check_bundle("presigned by other rules", delivery.read(f"{world.folder}/old/{name}"), list(old.values()))


def check_encrypted(world, used):
    identity = os.path.join(world.folder, "identity")
    subprocess.run(["age-keygen", "-o", identity], capture_output=True, check=True, timeout=10)
    recipient = delivery.read(identity).decode().split("public key: ")[1].split()[0]
    data = collected(world, "--encrypt-to", recipient, env=SESSION)
    if data:
        plain = subprocess.run(["age", "-d", "-i", identity], input=data, capture_output=True, check=False, timeout=300)
        equal("encrypted: age -d", 0, plain.returncode)
        if plain.returncode == 0:
            check_bundle("encrypted", plain.stdout, used)


def cores(folder, victim):
    """What a process that dies of SIGSEGV leaves in that folder, as a core."""
    before = set(os.listdir(folder))
    victim()
    time.sleep(0.3)
    return sorted(name for name in set(os.listdir(folder)) - before if not name.startswith("receipt-"))


def check_core(world):
    """Killed by a fault of its own in the middle of an upload: no core."""
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    folder = os.path.join(world.folder, "cores")
    os.mkdir(folder)

    def ordinary():
        process = subprocess.Popen(["sleep", "60"], cwd=folder)
        process.send_signal(signal.SIGSEGV)
        process.wait()

    def ours():
        world.double.faults = faults.always(lambda: faults.SlowRead(0.2, 100))
        count = len(world.double.log)
        run = Push(folder, world.bundle.path, delivery.DEST, "--endpoint-url", world.double.url,
                   env={**REGION, **SESSION})
        while len(world.double.log) == count and run.popen.poll() is None:
            time.sleep(0.01)
        with open(f"/proc/{run.popen.pid}/task/{run.popen.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in [*children, run.popen.pid]:
            try:
                os.kill(pid, signal.SIGSEGV)
            except ProcessLookupError:
                continue
        run.end()
    if not cores(folder, ordinary):
        about("no process leaves a core here: not checked")
    equal("died in an upload: no core", [], cores(folder, ours))
    world.double.faults = lambda number, request: None


def check_told(world):
    """Everything that was printed or written in all of these runs."""
    equal("no secret in any output or receipt", [],
          [s[:12] + "..." for s in found_in("\n".join(world.told).encode(), world.secrets())])
    for folder in ("/dev/shm", "/var/tmp", "/tmp"):
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and name.startswith("procsnap") and os.path.getsize(path) < 1 << 28:
                equal(f"no secret in {path}", [], found_in(delivery.read(path), world.secrets()))


def main():
    odd.inside_namespaces()
    with odd.folder() as folder:
        world = World(folder)
        for check in (check_order, check_full, check_answers, check_expiring, check_secrets, check_presigned,
                      check_core, check_told):
            check(world)
    finish()


main()
