#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The S3 double itself: two clients that know nothing of it (botocore, curl) are served, and whatever is altered,
wrongly signed or not allowed is refused with S3's own error code. AWS's documented example signatures come out."""
import base64
import hashlib
import http.client
import os
import re
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import s3_double  # noqa: E402
import s3_faults  # noqa: E402
import s3_signature  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from s3_http import Request  # noqa: E402
import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.config  # noqa: E402
import botocore.credentials  # noqa: E402
import botocore.session  # noqa: E402

DATA = b"evidence " * 5000
EVERYTHING = {"PutObject", "GetObject", "ListBucket", "GetBucketLocation", "AbortMultipartUpload"}
ERROR_CODE = re.compile(rb"<Code>(\w+)</Code>")


def base64_of(value):
    return base64.b64encode(value).decode()


def sums(data):
    return {"Content-MD5": base64_of(hashlib.md5(data, usedforsecurity=False).digest()),
            "x-amz-checksum-sha256": base64_of(hashlib.sha256(data).digest())}


class Client:
    """Signs with botocore and sends with http.client; what was signed can be altered in between."""

    def __init__(self, double, key_id=s3_double.KEY_ID, secret=s3_double.SECRET, token=None, region=s3_double.REGION,
                 service="s3"):
        self.double, self.credentials = double, botocore.credentials.Credentials(key_id, secret, token)
        self.region, self.service = region, service

    def signed(self, method, target, data, headers):
        request = botocore.awsrequest.AWSRequest(method, f"http://127.0.0.1:{self.double.port}{target}",
                                                 headers=headers, data=data)
        botocore.auth.S3SigV4Auth(self.credentials, self.service, self.region).add_auth(request)
        return {"Host": f"127.0.0.1:{self.double.port}", **dict(request.headers.items())}

    def send(self, method, target, data, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.double.port, timeout=10)
        try:
            connection.request(method, target, body=data, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            code = ERROR_CODE.search(text)
            return answer.status, code[1].decode() if code else None, answer
        finally:
            connection.close()

    def put(self, target, data=DATA, alter=None, sent=None, **headers):
        """(status, error code, answer). `alter` changes the headers after signing, `sent` is the body that goes out."""
        made = self.signed("PUT", target, data, {name.replace("_", "-"): value for name, value in headers.items()})
        made.update(alter or {})
        return self.send("PUT", target, data if sent is None else sent, made)


def check_botocore():
    """The real thing: path style, several parts, a token, presigned."""
    double = s3_double.Double(keys={"ASIA1": s3_double.Key("secret/1", "token+/=", allow=EVERYTHING)})
    double.smallest_part = 1000
    session = botocore.session.Session()
    session.set_credentials("ASIA1", "secret/1", "token+/=")
    config = botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4")
    client = session.create_client("s3", region_name=s3_double.REGION, endpoint_url=double.url, config=config)
    key = "case=1/a b+c/\u00fc~'(1)*.tar.gz"
    done = client.put_object(Bucket="evidence", Key=key, Body=DATA, Metadata={"case": "IR-1"}, Tagging="a=1&b=%2F",
                             ChecksumSHA256=sums(DATA)["x-amz-checksum-sha256"])
    equal("botocore's put is stored", (200, DATA, "IR-1"), (
        done["ResponseMetadata"]["HTTPStatusCode"], double.object(key).data,
        double.object(key).headers["x-amz-meta-case"]))
    equal("its checksum comes back", sums(DATA)["x-amz-checksum-sha256"], done["ChecksumSHA256"])
    equal("and is told again", DATA, client.get_object(Bucket="evidence", Key=key)["Body"].read())
    equal("the region of the bucket", s3_double.REGION,
          client.get_bucket_location(Bucket="evidence")["LocationConstraint"])
    upload = client.create_multipart_upload(Bucket="evidence", Key="parts")["UploadId"]
    parts = [{"PartNumber": n, "ETag": client.upload_part(Bucket="evidence", Key="parts", UploadId=upload, PartNumber=n,
                                                          Body=DATA)["ETag"]} for n in (1, 2)]
    done = client.complete_multipart_upload(Bucket="evidence", Key="parts", UploadId=upload,
                                            MultipartUpload={"Parts": parts})
    equal("two parts", (DATA + DATA, True), (double.object("parts").data, done["ETag"].endswith('-2"')))
    url = client.generate_presigned_url("put_object", {"Bucket": "evidence", "Key": "presigned"}, 60)
    plain = Client(double)
    target = url.removeprefix(double.url)
    equal("presigned", 200, plain.send("PUT", target, DATA, {})[0])
    equal("presigned, altered", (403, "SignatureDoesNotMatch"),
          plain.send("PUT", target.replace("=60", "=61"), DATA, {})[:2])
    equal("presigned, with a header that nobody signed", (403, "AccessDenied"),
          plain.send("PUT", target, DATA, {"x-amz-acl": "public-read"})[:2])


def check_refusals(double):
    right = Client(double)
    cases = (
        ("a wrong secret", (403, "SignatureDoesNotMatch"), lambda: Client(double, secret="wrong").put("/evidence/k")),
        ("an unknown key", (403, "InvalidAccessKeyId"), lambda: Client(double, key_id="AKIA0").put("/evidence/k")),
        ("another service", (400, "AuthorizationHeaderMalformed"),
         lambda: Client(double, service="s4").put("/evidence/k")),
        ("an altered body", (400, "XAmzContentSHA256Mismatch"),
         lambda: right.put("/evidence/k", sent=DATA[:-1] + b"!")),
        ("an altered header", (403, "SignatureDoesNotMatch"),
         lambda: right.put("/evidence/k", x_amz_meta_a="1", alter={"x-amz-meta-a": "2"})),
        ("a header that is not signed", (403, "AccessDenied"),
         lambda: right.put("/evidence/k", alter={"x-amz-acl": "private"})),
        ("a raw = in the path", (403, "SignatureDoesNotMatch"), lambda: right.put("/evidence/case=1")),
        ("a wrong Content-MD5", (400, "BadDigest"),
         lambda: right.put("/evidence/k", Content_MD5=sums(b"x")["Content-MD5"])),
        ("a broken Content-MD5", (400, "InvalidDigest"), lambda: right.put("/evidence/k", Content_MD5="abc")),
        ("a wrong checksum", (400, "BadDigest"),
         lambda: right.put("/evidence/k", x_amz_checksum_sha256=sums(b"x")["x-amz-checksum-sha256"])),
        ("a foreign owner", (403, "AccessDenied"),
         lambda: right.put("/evidence/k", x_amz_expected_bucket_owner="1" * 12)),
        ("another condition", (501, "NotImplemented"), lambda: right.put("/evidence/k", If_None_Match='"abc"')),
        ("no bucket of that name", (404, "NoSuchBucket"), lambda: right.put("/nowhere/k")),
        ("too much metadata", (400, "MetadataTooLarge"), lambda: right.put("/evidence/k", x_amz_meta_a="x" * 2048)),
        ("eleven tags", (400, "BadRequest"),
         lambda: right.put("/evidence/k", x_amz_tagging="&".join(f"k{n}=v" for n in range(11)))),
        ("a KMS key without KMS", (400, "InvalidArgument"),
         lambda: right.put("/evidence/k", x_amz_server_side_encryption_aws_kms_key_id="arn")),
        ("a lock where there is none", (400, "InvalidRequest"),
         lambda: right.put("/evidence/k", x_amz_object_lock_legal_hold="ON")),
        ("no signature", (403, "AccessDenied"), lambda: right.send("PUT", "/evidence/k", DATA, {})),
        ("to read", (403, "AccessDenied"), lambda: read(right, "/evidence/k")),
        ("to list", (405, "MethodNotAllowed"), lambda: read(right, "/evidence/")),
    )
    for what, expected, act in cases:
        equal(f"refused: {what}", expected, act()[:2])
    equal("nothing of it was stored", [], double.key_names())
    answer = Client(double, region="us-east-1").put("/evidence/k")
    equal("another region: told the right one", (400, "AuthorizationHeaderMalformed"), answer[:2])


def read(client, target):
    return client.send("GET", target, None, client.signed("GET", target, b"", {}))


def check_puts(double):
    client = Client(double)
    status, _, answer = client.put("/evidence/case%3D1/x", If_None_Match="*", **sums(DATA))
    equal("a put as procsnap should make it", 200, status)
    equal("its answer",
          (f'"{hashlib.md5(DATA, usedforsecurity=False).hexdigest()}"', sums(DATA)["x-amz-checksum-sha256"], True),
          (answer.headers["ETag"], answer.headers["x-amz-checksum-sha256"],
           all(answer.headers[name] for name in ("x-amz-request-id", "x-amz-id-2", "x-amz-version-id"))))
    equal("the same key again", (412, "PreconditionFailed"), client.put("/evidence/case%3D1/x", If_None_Match="*")[:2])
    kms = {"x_amz_server_side_encryption": "aws:kms", "x_amz_server_side_encryption_aws_kms_key_id": "arn:aws:kms:k"}
    answer = client.put("/evidence/kms", **kms)[2]
    equal("KMS is echoed", ("aws:kms", "arn:aws:kms:k"), (
        answer.headers["x-amz-server-side-encryption"], answer.headers["x-amz-server-side-encryption-aws-kms-key-id"]))
    client.put("/evidence/kms")
    equal("who overwrites is told of", ["kms"], double.overwritten)
    target = "/vhost%20key"
    headers = {"Host": "evidence.s3.test.internal"}
    request = botocore.awsrequest.AWSRequest("PUT", f"http://evidence.s3.test.internal{target}", data=DATA)
    botocore.auth.S3SigV4Auth(client.credentials, "s3", client.region).add_auth(request)
    equal("virtual host", 200, client.send("PUT", target, DATA, {**headers, **dict(request.headers.items())})[0])
    equal("virtual host: the key", DATA, double.object("vhost key").data)


def check_lock():
    double = s3_double.Double([s3_double.Bucket("evidence", lock=True)])
    client, until = Client(double), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    lock = {"x_amz_object_lock_mode": "COMPLIANCE", "x_amz_object_lock_retain_until_date": until}
    equal("a lock needs a checksum", (400, "InvalidRequest"), client.put("/evidence/k", **lock)[:2])
    equal("a lock with a checksum", 200, client.put("/evidence/k", **lock, **sums(DATA))[0])
    lock["x_amz_object_lock_retain_until_date"] = "2020-01-01T00:00:00Z"
    equal("a lock of the past", (400, "InvalidArgument"), client.put("/evidence/l", **lock, **sums(DATA))[:2])


def check_keys():
    double = s3_double.Double(keys={"ASIA1": s3_double.Key("s", "right"),
                                    "ASIA2": s3_double.Key("s", "t", time.time() - 1)})
    equal("a wrong token", (400, "InvalidToken"), Client(double, "ASIA1", "s", "wrong").put("/evidence/k")[:2])
    equal("no token", (403, "InvalidAccessKeyId"), Client(double, "ASIA1", "s").put("/evidence/k")[:2])
    equal("an old token", (400, "ExpiredToken"), Client(double, "ASIA2", "s", "t").put("/evidence/k")[:2])
    double.skew = 1000
    status, code, answer = Client(double, "ASIA1", "s", "right").put("/evidence/k")
    equal("a skewed clock", (403, "RequestTimeTooSkewed"), (status, code))


def check_curl(double):
    """curl signs the path as it is written, and knows no hash of its own accord."""
    for path, secret, status in (("curl%3D1", s3_double.SECRET, "200"), ("curl=1", s3_double.SECRET, "403"),
                                 ("curl2", "wrong", "403")):
        done = subprocess.run(
            ["curl", "-sS", "-m", "10", "-o", os.devnull, "-w", "%{http_code}", "--aws-sigv4", "aws:amz:eu-west-1:s3",
             "--user", f"{s3_double.KEY_ID}:{secret}", "-H",
             f"x-amz-content-sha256: {hashlib.sha256(DATA).hexdigest()}",
             "-H", "Expect: 100-continue", "--data-binary", "@-", "-X", "PUT", f"{double.url}/evidence/{path}"],
            input=DATA, capture_output=True, check=False, timeout=20)
        equal(f"curl, {path} with the {'right' if secret == s3_double.SECRET else 'wrong'} secret", status,
              done.stdout.decode())


def check_faults():
    """That the faults are what they say."""
    double = s3_double.Double()
    client = Client(double)
    for what, fault, expected in (
            ("503", s3_faults.slow_down(), (503, "SlowDown")),
        ("503 early", s3_faults.slow_down(True), (503, "SlowDown")),
            ("301", s3_faults.Redirect(), (301, "PermanentRedirect")),
        ("skew", s3_faults.SkewedClock(2000), (403, "RequestTimeTooSkewed")),
            ("late", s3_faults.LateAnswer(0.1), (200, None)), ("slow", s3_faults.SlowRead(0.001, 5), (200, None))):
        double.faults, double.skew = (lambda number, request, fault=fault: fault), 0
        equal(f"fault: {what}", expected, client.put(f"/evidence/{what.replace(' ', '-')}")[:2])
    for what, fault, stored in (("reset at 10000", s3_faults.Reset(10000), False),
                                ("reset when stored", s3_faults.ResetBeforeAnswer(), True),
                                ("reset before", s3_faults.ResetBeforeAnswer(False), False),
                                ("garbage", s3_faults.Raw(b"\0\1\2\r\n\r\n"), False),
                                ("a longer answer told", s3_faults.WrongLength(5), True)):
        double.faults, name = (lambda number, request, fault=fault: fault), what.replace(" ", "-")
        try:
            client.put(f"/evidence/{name}")
            seen = "an answer"
        except (OSError, http.client.HTTPException):
            seen = "no answer"
        equal(f"fault: {what}", ("no answer", stored), (seen, name in double.key_names()))
    double.faults = lambda number, request: None
    proxy = s3_faults.FlippingProxy(double.port, 5000)
    signed = client.signed("PUT", "/evidence/flip", DATA, {})
    real, double.port = double.port, proxy.port
    equal("fault: a bit turned over", (400, "XAmzContentSHA256Mismatch"),
          client.send("PUT", "/evidence/flip", DATA, signed)[:2])
    equal("and only once", 200, client.send("PUT", "/evidence/flip", DATA, signed)[0])
    double.port = real


def check_continue(double):
    """A client that waits is told to go on when head and signature are right, and gets the refusal instead when not."""
    client = Client(double)
    for what, secret, expected in (("right", s3_double.SECRET, b"HTTP/1.1 100"), ("wrong", "wrong", b"HTTP/1.1 403")):
        headers = Client(double, secret=secret).signed("PUT", "/evidence/wait", DATA, {})
        headers.update({"Expect": "100-continue", "Content-Length": str(len(DATA))})
        with socket.create_connection(("127.0.0.1", double.port), timeout=10) as sock:
            lines = ["PUT /evidence/wait HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
            sock.sendall("\r\n".join(lines).encode())
            equal(f"100-continue, {what} secret", expected, sock.recv(12))
    holds("a half request stores nothing", double.object("wait") is None)


def check_golden():
    """The values of AWS's documentation."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    host = "examplebucket.s3.amazonaws.com"
    put = (f"PUT /test%24file.text HTTP/1.1\r\nHost: {host}\r\ndate: Fri, 24 May 2013 00:00:00 GMT\r\n"
           "x-amz-date: 20130524T000000Z\r\nx-amz-storage-class: REDUCED_REDUNDANCY\r\nx-amz-content-sha256: "
           "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072")
    claim = s3_signature.Claim(scope, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", "",
                               "20130524T000000Z",
                               None, False)
    equal("AWS's example PUT", "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
          s3_signature.signature_of(Request(put.encode()), claim, secret))
    query = urllib.parse.urlencode({"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": scope, "X-Amz-Date":
                                    "20130524T000000Z", "X-Amz-Expires": "86400", "X-Amz-SignedHeaders": "host"})
    claim = s3_signature.Claim(scope, "host", "", "20130524T000000Z", None, True)
    equal("AWS's example presigned GET", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
          s3_signature.signature_of(Request(f"GET /test.txt?{query} HTTP/1.1\r\nHost: {host}".encode()), claim, secret))


def main():
    check_golden()
    check_botocore()
    double = s3_double.Double()
    check_refusals(double)
    check_puts(double)
    check_continue(double)
    check_curl(double)
    check_lock()
    check_keys()
    check_faults()
    finish()


main()
