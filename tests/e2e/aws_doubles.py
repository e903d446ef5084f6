#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a task finds on AWS beside S3, at its real addresses, in a network namespace of the test's own: credentials of
the task role (169.254.170.2), task metadata, IMDSv2 (169.254.169.254), a name server, and TLS with a CA.

By hand, in a network namespace: aws_doubles.py FOLDER [NAME...] starts them all with an S3 double behind TLS, writes
ca.pem to FOLDER, and tells what to set.
"""
import datetime
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from endpoint import TASK_ADDRESS, Endpoint, give_address, whole  # noqa: E402
import s3_double  # noqa: E402

IMDS_ADDRESS = "169.254.169.254"
RELATIVE_URI, METADATA_PATH = "/v2/credentials/6f0b5f4d-0000-4000-8000-0123456789ab", "/v4/0123456789abcdef-0527074092"
FULL_PORT, FULL_PATH = 8055, "/get-credentials"
KEY_ID = "ASIAOFTHETASKROLE001"
SECRET, TOKEN = "SecretOfTheTaskRole/+" + secrets.token_hex(10), f"TokenOfTheTaskRole//{secrets.token_hex(10)}+=="
ROLE = "checkout-instance"
TASK_ARN = "arn:aws:ecs:eu-west-1:111122223333:task/prod/0123456789abcdef0123456789abcdef"


def give_addresses():
    """All that the doubles listen on, on the loopback of this namespace."""
    for interface, address in (("lo", "127.0.0.1"), ("lo:1", TASK_ADDRESS), ("lo:2", IMDS_ADDRESS)):
        give_address(interface, address)


def in_seconds(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def header(request, name):
    found = re.search(rb"(?im)^" + name.encode() + rb": *([^\r\n]*)\r?$", request)
    return found[1].decode("latin-1") if found else None


def path_of(request):
    return request.split()[1].decode("latin-1")


class Credentials:
    """Temporary keys, each good for `seconds`; `turn()` makes the next. They are put into `keys` (of an S3 double)."""

    def __init__(self, keys, seconds=3600, key_id=KEY_ID, secret=SECRET, token=TOKEN):
        self.keys, self.seconds, self.base, self.turns = keys, seconds, (key_id, secret, token), 0
        self.turn()

    def turn(self, seconds=None):
        self.turns += 1
        last = "" if self.turns == 1 else str(self.turns)
        self.key_id, self.secret, self.token = (part + last for part in self.base)
        self.seconds = self.seconds if seconds is None else seconds
        self.expiration = in_seconds(self.seconds)
        self.keys[self.key_id] = s3_double.Key(self.secret, self.token, time.time() + self.seconds)

    def document(self, **more):
        return json.dumps({"RoleArn": "arn:aws:iam::111122223333:role/checkout-task", "AccessKeyId": self.key_id,
                           "SecretAccessKey": self.secret, "Token": self.token, "Expiration": self.expiration,
                           **more}).encode()

    def secrets(self):
        """What must be found nowhere, of all turns."""
        return [part for name, key in self.keys.items() if name.startswith(self.base[0])
                for part in (key.secret, key.token)]


class TaskEndpoint:
    """169.254.170.2: credentials by the relative URI, and the task metadata. `says` replaces the credentials' answer: a
    function of (connection, request)."""

    def __init__(self, credentials):
        self.credentials, self.says = credentials, None
        self.endpoint = Endpoint(TASK_ADDRESS, 80, self._answer)

    def _answer(self, connection, request):
        path = path_of(request)
        if path.startswith(METADATA_PATH):
            container = {"DockerId": METADATA_PATH[4:], "Name": "app"}
            task = {"TaskARN": TASK_ARN, "Cluster": "prod", "Family": "checkout", "Revision": "17",
                    "Containers": [container]}
            connection.sendall(whole(json.dumps(task if path.endswith("/task") else container).encode()))
        elif path != RELATIVE_URI:
            connection.sendall(whole(b'{"code":"InvalidIdInRequest","message":"no such id"}', "400 Bad Request"))
        elif self.says:
            self.says(connection, request)
        else:
            connection.sendall(whole(self.credentials.document()))

    def asked(self):
        """How often for credentials."""
        return sum(path_of(request) == RELATIVE_URI for request in self.endpoint.asked)


class FullEndpoint:
    """A full URI on loopback (EKS Pod Identity, local agents): needs the token that stands in a file just now."""

    def __init__(self, credentials, token_file):
        self.credentials, self.token_file, self.refused = credentials, token_file, 0
        self.url = f"http://127.0.0.1:{FULL_PORT}{FULL_PATH}"
        self.endpoint = Endpoint("127.0.0.1", FULL_PORT, self._answer)

    def _answer(self, connection, request):
        with open(self.token_file, encoding="ascii") as file:
            wanted = file.read().strip()
        if path_of(request) != FULL_PATH or header(request, "authorization") != wanted:
            self.refused += 1
            connection.sendall(whole(b'{"code":"AccessDenied","message":"no"}', "401 Unauthorized"))
            return
        connection.sendall(whole(self.credentials.document()))


class InstanceMetadata:
    """IMDSv2 alone: without its session token nothing is told."""

    def __init__(self, credentials):
        self.credentials, self.session = credentials, "IMDS-session-token=="
        self.endpoint = Endpoint(IMDS_ADDRESS, 80, self._answer)

    def _answer(self, connection, request):
        method, path = request.split()[0], path_of(request)
        base = "/latest/meta-data/iam/security-credentials/"
        if method == b"PUT" and path == "/latest/api/token" and header(request, "x-aws-ec2-metadata-token-ttl-seconds"):
            answer = whole(self.session.encode())
        elif header(request, "x-aws-ec2-metadata-token") != self.session:
            answer = whole(b"", "401 Unauthorized")
        elif path.rstrip("/") == base.rstrip("/"):
            answer = whole(ROLE.encode())
        elif path == base + ROLE:
            answer = whole(self.credentials.document(Code="Success", Type="AWS-HMAC", LastUpdated=in_seconds(-60)))
        else:
            answer = whole(b"", "404 Not Found")
        connection.sendall(answer)


# ---- names ----

class NameServer:
    """UDP port 53 of loopback: an A record with 127.0.0.1 for what is below `domains`, no such name for the rest."""

    def __init__(self, *domains):
        self.domains, self.asked = domains, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            query, client = self.socket.recvfrom(4096)
            self.socket.sendto(self._answer(query), client)

    def _answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        name, question = ".".join(labels), query[12:at + 5]
        self.asked.append(name)
        known = any(name == domain or name.endswith("." + domain) for domain in self.domains)
        address = known and question[-4:-2] == b"\0\1"
        head = query[:2] + struct.pack(">5H", 0x8180 if known else 0x8183, 1, int(address), 0, 0)
        return head + question + (b"\xc0\x0c\0\1\0\1\0\0\0\x05\0\4" + socket.inet_aton("127.0.0.1") if address else b"")


def use_name_server(folder):
    """/etc/resolv.conf and /etc/hosts of this mount namespace name the double and nobody else."""
    files = {"resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n", "hosts": "127.0.0.1 localhost\n"}
    whole_etc = not all(os.path.exists(f"/etc/{name}") for name in files)  # a new machine may lack them: nothing to mount on
    place = shutil.copytree("/etc", os.path.join(folder, "etc"), symlinks=True) if whole_etc else folder
    for name, text in files.items():
        path = os.path.join(place, name)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        if not whole_etc:
            subprocess.run(["mount", "--bind", path, os.path.realpath(f"/etc/{name}")], check=True, timeout=10)
    if whole_etc:
        subprocess.run(["mount", "--bind", place, "/etc"], check=True, timeout=10)


# ---- TLS ----

class Authority:
    """A certificate authority of its own, in a folder: `ca` is its certificate."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name, self.ca = folder, name, os.path.join(folder, f"{name}.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=Test authority {name}")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True, timeout=300)

    def issue(self, name, *hosts, days=2):
        """A file with key and certificate for these hosts; `days` -1: expired since yesterday."""
        files = [os.path.join(self.folder, f"{name}.{kind}") for kind in ("key", "crt", "pem", "ext", "csr")]
        key, certificate, both, extensions, request = files
        with open(extensions, "w", encoding="ascii") as file:
            names = ",".join(f"IP:{host}" if re.fullmatch(r"[\d.]+", host) else f"DNS:{host}" for host in hosts)
            file.write(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                      "-out", request, "-subj", f"/CN={hosts[0][:60]}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", f"{self.name}.key", "-CAcreateserial",
                      "-days", str(days), "-extfile", extensions, "-out", certificate)
        with open(both, "w", encoding="ascii") as out:
            for path in (key, certificate):
                with open(path, encoding="ascii") as file:
                    out.write(file.read())
        return both


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class Nginx:
    """nginx as the TLS front of a double."""

    CONFIGURATION = """daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
server {{ listen {address} ssl; ssl_certificate {certificate}; ssl_certificate_key {certificate};
location / {{ proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1; proxy_set_header Host $http_host;
proxy_request_buffering off; proxy_read_timeout 300s; }} }} }}
"""

    def __init__(self, folder, certificate, port, address="127.0.0.1:443"):
        self.folder = tempfile.mkdtemp(prefix="nginx-", dir=folder)
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(self.CONFIGURATION.format(folder=self.folder, certificate=certificate, port=port,
                                                 address=address))
        self.process = subprocess.Popen(["nginx", "-c", path, "-e", f"{self.folder}/error.log"],
                                        stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        host, _, number = address.partition(":")
        for _ in range(3000):
            try:
                socket.create_connection((host, int(number)), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("nginx does not listen")

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=10)


AWS_NAMES = ("s3.eu-west-1.amazonaws.com", "*.s3.eu-west-1.amazonaws.com")


class Cloud:
    """All of it, as a task in eu-west-1 with a write-only role has it: S3 with its real names behind TLS."""

    def __init__(self, folder, buckets=None, names=AWS_NAMES):
        self.keys = {}
        self.credentials = Credentials(self.keys)
        give_addresses()
        self.task = TaskEndpoint(self.credentials)
        self.names = NameServer("amazonaws.com", "test.internal")
        use_name_server(folder)
        self.authority = Authority(folder)
        certificate = self.authority.issue("s3", *names, "s3.test.internal", "*.s3.test.internal")
        self.s3 = s3_double.Double(buckets, self.keys, address=("127.0.0.1", 443), tls=server_context(certificate))

    def environment(self):
        """What ECS sets for a container."""
        return {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": RELATIVE_URI, "AWS_REGION": s3_double.REGION,
                "AWS_DEFAULT_REGION": s3_double.REGION, "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
                "ECS_CONTAINER_METADATA_URI_V4": f"http://{TASK_ADDRESS}{METADATA_PATH}"}


def main():
    folder, buckets = sys.argv[1], [s3_double.Bucket(name) for name in sys.argv[2:] or ["evidence"]]
    cloud = Cloud(folder, buckets)
    cloud.s3.watcher = lambda entry: print(entry, flush=True)
    print(" ".join(f"{name}={value}" for name, value in cloud.environment().items()), f"--ca-file {cloud.authority.ca}",
          flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
