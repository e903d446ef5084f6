#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A double of S3 that refuses what S3 refuses, keeps what it was given in memory, and goes wrong when it is told to.

Tests start it as a library (`Double`). By hand:
    s3_double.py [--port N] [--bucket NAME] [--region R] [--key ID:SECRET[:TOKEN]] [--certificate FILE.pem] [--lock]
It prints its address and a line for each request.
"""
import argparse
import base64
import binascii
import datetime
import email.utils
import hashlib
import re
import secrets
import ssl
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import s3_http
import s3_signature
from s3_http import Answer
from s3_signature import Key, Refused

REGION, OWNER = "eu-west-1", "444455556666"
KEY_ID, SECRET = "AKIDOFTHEDOUBLE00001", "a/Secret+of/the+Double/0000000000000000"
LONGEST_OBJECT, SMALLEST_PART = 5 << 30, 5 << 20
AWS_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:-fips)?(?:\.dualstack)?\.(?P<region>[a-z0-9-]+)"
                      r"\.amazonaws\.com(?:\.cn)?")


class Bucket:
    def __init__(self, name, region=REGION, owner=OWNER, lock=False, kms_keys=None):
        """`kms_keys`: those that may be used; None: any."""
        self.name, self.region, self.owner, self.lock, self.kms_keys = name, region, owner, lock, kms_keys
        self.objects, self.uploads = {}, {}


class Stored:
    """One version of an object, with the request that made it."""

    def __init__(self, request, body, etag, checksum):
        self.headers = {name.lower(): value for name, value in request.headers}
        self.body, self.etag, self.checksum = body, etag, checksum
        self.data, self.size = body.data, body.size
        self.version, self.time = secrets.token_urlsafe(24), time.time()


class Entry:
    """One request in the log; what became of it is filled in later."""

    def __init__(self, number, request):
        self.number, self.method, self.target, self.headers = number, request.method, request.target, request.headers
        self.header, self.path = request.header, request.path
        self.time, self.answered = time.time(), {}
        self.status = self.code = self.fault = self.key_id = None

    def __repr__(self):
        return f"{self.number} {self.method} {self.target} -> {self.status} {self.code or ''} {self.fault or ''}"


def _base64_of(text, length, refusal):
    try:
        value = base64.b64decode(text, validate=True)
    except binascii.Error:
        value = b""
    if len(value) != length:
        raise refusal
    return value


def _coded(value):
    return base64.b64encode(value).decode()


class Double:
    """`keys`: Key by id. `faults`: a function of (number of the request from 1, request) to a fault or None. `skew`:
    how many seconds its clock is ahead. Afterwards: `log`, `bucket(NAME).objects` (KEY: versions), `overwritten`."""

    def __init__(self, buckets=None, keys=None, faults=None, address=("127.0.0.1", 0), tls=None,
                 domain="s3.test.internal"):
        self.buckets = {bucket.name: bucket for bucket in buckets or [Bucket("evidence")]}
        self.keys = {KEY_ID: Key(SECRET)} if keys is None else keys
        self.faults, self.domain = faults or (lambda number, request: None), domain
        self.skew, self.smallest_part, self.log, self.overwritten = 0, SMALLEST_PART, [], []
        self.watcher, self._lock = None, threading.Lock()
        self.server = s3_http.Server(self._exchange, address, tls)
        self.port, self.url = self.server.port, f"http{'s' if tls else ''}://{self.server.host}:{self.server.port}"

    def now(self):
        return time.time() + self.skew

    def bucket(self, name="evidence"):
        return self.buckets[name]

    def object(self, key, bucket="evidence"):
        """The newest version, or None."""
        versions = self.bucket(bucket).objects.get(key)
        return versions[-1] if versions else None

    def key_names(self, bucket="evidence"):
        return sorted(self.bucket(bucket).objects)

    def close(self):
        self.server.close()

    # ---- one exchange ----

    def _exchange(self, connection, request):
        with self._lock:
            entry = Entry(len(self.log) + 1, request)
            self.log.append(entry)
            fault = self.faults(entry.number, request)
        entry.fault = type(fault).__name__ if fault else None
        try:
            answer, whole = self._answer(connection, request, fault, entry), True
        except Refused as refused:
            answer, whole = self._refusal(request, refused), request.body is not None
            entry.code = refused.code
        entry.status = answer.status
        self._dress(answer)
        entry.answered = {name.lower(): value for name, value in answer.headers.items()}
        if not whole:
            answer.headers["Connection"] = "close"
        if self.watcher:
            self.watcher(entry)
        if fault:
            fault.answer(self, connection, request, answer)
        else:
            connection.send(answer.head() + (b"" if request.method == "HEAD" else answer.body))
        return whole

    def _answer(self, connection, request, fault, entry):
        if fault:
            fault.head(self, connection, request)
        bucket, key = self._place(request)
        self._check_form(request)
        signer, claim = s3_signature.check(request, self.keys, bucket.region, self.now())
        entry.key_id = claim.key_id
        action = self._action(request, bucket, key, signer)
        if fault is None or fault.continues:
            connection.go_on(request)
        request.body = connection.body(request, (lambda n: fault.piece(connection, n)) if fault else lambda n: None)
        self._check_body(request)
        if fault:
            fault.body(self, connection, request)
        with self._lock:
            answer = action(request, bucket, key)
        if fault:
            fault.done(self, connection, request)
        return answer

    def _dress(self, answer):
        for name, value in (("x-amz-request-id", secrets.token_hex(8).upper()),
                            ("x-amz-id-2", _coded(secrets.token_bytes(42))),
                            ("Date", email.utils.formatdate(self.now(), usegmt=True)), ("Server", "AmazonS3")):
            answer.headers.setdefault(name, value)

    @staticmethod
    def _refusal(request, refused):
        more = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in refused.more.items())
        body = (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{refused.code}</Code>'
                f"<Message>{escape(refused.message)}</Message>{more}</Error>").encode()
        return Answer(refused.status, {"Content-Type": "application/xml", **refused.headers},
                      b"" if request.method == "HEAD" else body)

    # ---- what is asked for, and by whom ----

    def _place(self, request):
        """The bucket and the key, out of the host or the path."""
        host = re.sub(r":\d+$", "", request.header("host", ""))
        aws = AWS_HOST.fullmatch(host)
        name = aws["bucket"] if aws else None
        if host.endswith("." + self.domain):
            name = host.removesuffix("." + self.domain)
        path = request.path.decode("utf-8", "surrogateescape").removeprefix("/")
        if name is None:
            name, _, path = path.partition("/")
        if name not in self.buckets:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist", {"BucketName": name})
        bucket = self.buckets[name]
        if aws and aws["region"] != bucket.region:
            raise moved(bucket, host.replace(aws["region"], bucket.region))
        return bucket, path

    @staticmethod
    def _check_form(request):
        if sum(len(name) + len(value) for name, value in request.headers) > 8192:
            raise Refused(400, "RequestHeaderSectionTooLarge",
                          "Your request header section exceeds the maximum allowed size.")
        if request.header("transfer-encoding"):
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                          {"Header": "Transfer-Encoding"})
        length = request.header("content-length")
        if request.method in ("PUT", "POST") and length is None:
            raise Refused(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if length is not None and not length.isdigit():
            raise Refused(400, "InvalidArgument", "Content-Length is no number")
        if int(length or 0) > LONGEST_OBJECT:
            raise Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
                          {"MaxSizeAllowed": str(LONGEST_OBJECT)})

    def _action(self, request, bucket, key, signer):
        """What is to be done, when that is allowed."""
        named = {name for name, _ in request.query}
        upload = "uploadId" in named
        for method, fits, action, right in (
                ("PUT", upload and key, self._put_part, "PutObject"),
                ("PUT", key, self._put_object, "PutObject"),
                ("POST", upload and key, self._complete, "PutObject"),
                ("POST", "uploads" in named and key, self._create_upload, "PutObject"),
                ("DELETE", upload and key, self._abort, "AbortMultipartUpload"),
                ("HEAD", key, self._get_object, "GetObject"), ("GET", key, self._get_object, "GetObject"),
                ("HEAD", True, self._head_bucket, "ListBucket"),
                ("GET", "location" in named, self._location, "GetBucketLocation"),
                ("GET", "object-lock" in named, self._lock_configuration, "GetBucketObjectLockConfiguration")):
            if request.method == method and fits:
                break
        else:
            raise Refused(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        owner = request.header("x-amz-expected-bucket-owner")
        if right not in signer.allow or owner not in (None, bucket.owner):
            raise Refused(403, "AccessDenied", "Access Denied", headers={"x-amz-bucket-region": bucket.region})
        return action

    @staticmethod
    def _check_body(request):
        told = request.header("x-amz-content-sha256", s3_signature.UNSIGNED)
        if told != s3_signature.UNSIGNED:
            if not re.fullmatch("[0-9a-f]{64}", told):
                raise Refused(400, "InvalidArgument",
                              "x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value.")
            if told != request.body.sha256.hex():
                raise Refused(400, "XAmzContentSHA256Mismatch",
                              "The provided 'x-amz-content-sha256' header does not match "
                              "what was computed.", {"ClientComputedContentSHA256": told})
        md5, checksum = request.header("content-md5"), request.header("x-amz-checksum-sha256")
        if md5 is not None:
            wrong = Refused(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")
            if _base64_of(md5, 16, wrong) != request.body.md5:
                raise Refused(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
        if checksum is not None and request.method == "PUT":
            wrong = Refused(400, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.")
            if _base64_of(checksum, 32, wrong) != request.body.sha256:
                raise Refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")

    # ---- objects ----

    def _put_object(self, request, bucket, key):
        check_wishes(request, bucket, key)
        return self._store(request, bucket, key, request.body, request.body.md5.hex(), _coded(request.body.sha256))

    def _store(self, request, bucket, key, body, etag, checksum, wishes=None):
        condition = request.header("if-none-match")
        if condition not in (None, "*"):
            raise Refused(501, "NotImplemented", "A header you provided implies functionality that is not implemented",
                          {"Header": "If-None-Match"})
        if condition and key in bucket.objects:
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold",
                          {"Condition": "If-None-Match"})
        if key in bucket.objects:
            self.overwritten.append(key)
        made = Stored(wishes or request, body, etag, checksum)
        bucket.objects.setdefault(key, []).append(made)
        return Answer(200, {**described(made), "x-amz-version-id": made.version})

    def _get_object(self, request, bucket, key):
        made = bucket.objects.get(key, [None])[-1]
        if made is None:
            raise Refused(404, "NoSuchKey", "The specified key does not exist.", {"Key": key})
        meta = {name: value for name, value in made.headers.items() if name.startswith("x-amz-meta-")}
        return Answer(200, {**described(made), **meta, "x-amz-version-id": made.version}, made.data)

    @staticmethod
    def _head_bucket(request, bucket, key):
        return Answer(200, {"x-amz-bucket-region": bucket.region})

    @staticmethod
    def _location(request, bucket, key):
        name = "" if bucket.region == "us-east-1" else bucket.region
        return Answer(200, {"Content-Type": "application/xml"},
                      '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                      f"{name}</LocationConstraint>".encode())

    @staticmethod
    def _lock_configuration(request, bucket, key):
        if not bucket.lock:
            raise Refused(404, "ObjectLockConfigurationNotFoundError",
                          "Object Lock configuration does not exist for this bucket")
        return Answer(200, {"Content-Type": "application/xml"}, b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
                      b"</ObjectLockEnabled></ObjectLockConfiguration>")

    # ---- in several parts ----

    def _create_upload(self, request, bucket, key):
        check_wishes(request, bucket, key, several=True)
        number = secrets.token_urlsafe(32)
        bucket.uploads[number] = (key, request, {})
        return Answer(200, {"Content-Type": "application/xml"},
                      f"<InitiateMultipartUploadResult><Bucket>{bucket.name}</Bucket>"
                      f"<Key>{escape(key)}</Key><UploadId>{number}</UploadId></InitiateMultipartUploadResult>".encode())

    @staticmethod
    def _upload(request, bucket, key):
        number = request.argument("uploadId")
        if bucket.uploads.get(number, (None,))[0] != key:
            raise Refused(404, "NoSuchUpload", "The specified upload does not exist.", {"UploadId": str(number)})
        return bucket.uploads[number]

    def _put_part(self, request, bucket, key):
        _, _, parts = self._upload(request, bucket, key)
        number = request.argument("partNumber") or ""
        if not number.isdigit() or not 1 <= int(number) <= 10000:
            raise Refused(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        parts[int(number)] = request.body
        return Answer(200,
                      {"ETag": f'"{request.body.md5.hex()}"', "x-amz-checksum-sha256": _coded(request.body.sha256)})

    def _complete(self, request, bucket, key):
        _, wishes, parts = self._upload(request, bucket, key)
        asked = parts_asked_for(request.body.data)
        if [number for number, _, _ in asked] != sorted({number for number, _, _ in asked}):
            raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
        for number, etag, checksum in asked:
            part = parts.get(number)
            if not part or etag.strip('"') != part.md5.hex() or checksum not in (None, _coded(part.sha256)):
                raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        chosen = [parts[number] for number, _, _ in asked]
        if any(part.size < self.smallest_part for part in chosen[:-1]):
            raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        body = together(chosen)
        etag = hashlib.md5(b"".join(part.md5 for part in chosen), usedforsecurity=False).hexdigest() + f"-{len(chosen)}"
        checksum = _coded(hashlib.sha256(b"".join(part.sha256 for part in chosen)).digest()) + f"-{len(chosen)}"
        answer = self._store(request, bucket, key, body, etag, checksum, wishes)
        del bucket.uploads[request.argument("uploadId")]
        for name in ("ETag", "x-amz-checksum-sha256", "x-amz-checksum-type"):
            del answer.headers[name]  # the document has them
        answer.body = (f"<CompleteMultipartUploadResult><Bucket>{bucket.name}</Bucket><Key>{escape(key)}</Key>"
                       f'<ETag>"{etag}"</ETag><ChecksumSHA256>{checksum}</ChecksumSHA256>'
                       "</CompleteMultipartUploadResult>").encode()
        return answer

    def _abort(self, request, bucket, key):
        self._upload(request, bucket, key)
        del bucket.uploads[request.argument("uploadId")]
        return Answer(204)


def moved(bucket, endpoint):
    return Refused(301, "PermanentRedirect",
                   "The bucket you are attempting to access must be addressed using the specified "
                   "endpoint. Please send all future requests to this endpoint.",
                   {"Endpoint": endpoint, "Bucket": bucket.name},
                   {"x-amz-bucket-region": bucket.region})


def described(made):
    """The headers that tell of an object."""
    told = {"ETag": f'"{made.etag}"', "x-amz-checksum-sha256": made.checksum,
            "x-amz-checksum-type": "COMPOSITE" if "-" in made.etag else "FULL_OBJECT"}
    sse = made.headers.get("x-amz-server-side-encryption", "AES256")
    told["x-amz-server-side-encryption"] = sse
    for name in ("aws-kms-key-id", "bucket-key-enabled"):
        value = made.headers.get(f"x-amz-server-side-encryption-{name}")
        if sse == "aws:kms" and value:
            told[f"x-amz-server-side-encryption-{name}"] = value
    return told


def together(parts):
    body = s3_http.Body()
    for part in parts:
        body.add(part.data)
    body.end()
    return body


def parts_asked_for(text):
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed") from error
    found = []
    for part in root:
        value = {child.tag.rpartition("}")[2]: child.text for child in part}
        found.append((int(value.get("PartNumber", "0")), value.get("ETag", ""), value.get("ChecksumSHA256")))
    if not found:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed")
    return found


# ---- what a request wishes for its object ----

def check_wishes(request, bucket, key, several=False):
    if len(key.encode("utf-8", "surrogateescape")) > 1024:
        raise Refused(400, "KeyTooLongError", "Your key is too long")
    _check_metadata(request)
    _check_tags(request.header("x-amz-tagging"))
    _check_encryption(request, bucket)
    _check_lock(request, bucket, several)


def _check_metadata(request):
    meta = [(name[len("x-amz-meta-"):], value) for name, value in request.headers
            if name.lower().startswith("x-amz-meta-")]
    size = sum(len(name) + len(value) for name, value in meta)
    if size > 2048:
        raise Refused(400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size",
                      {"Size": str(size), "MaxSizeAllowed": "2048"})
    if not all((name + value).isascii() for name, value in meta):
        raise Refused(400, "InvalidArgument", "User metadata must be US-ASCII.")


def _check_tags(text):
    if not text:
        return
    pairs = [pair.partition("=") for pair in text.split("&")]
    tags = [(urllib.parse.unquote_plus(name), urllib.parse.unquote_plus(value)) for name, _, value in pairs]
    if len(tags) > 10:
        raise Refused(400, "BadRequest", "Object tags cannot be greater than 10")
    if len({name for name, _ in tags}) < len(tags):
        raise Refused(400, "InvalidTag", "Cannot provide multiple Tags with the same key")
    for name, value in tags:
        if not 0 < len(name) <= 128 or len(value) > 256 or not re.fullmatch(r"[\w\s+=._:/@-]*", name + value):
            raise Refused(400, "InvalidTag", "The TagKey or TagValue you have provided is invalid")


def _check_encryption(request, bucket):
    algorithm = request.header("x-amz-server-side-encryption")
    key = request.header("x-amz-server-side-encryption-aws-kms-key-id")
    if algorithm not in (None, "AES256", "aws:kms") or (key and algorithm != "aws:kms"):
        raise Refused(400, "InvalidArgument", "Server Side Encryption with AWS KMS managed key requires HTTP header "
                      "x-amz-server-side-encryption : aws:kms")
    if key and bucket.kms_keys is not None and key not in bucket.kms_keys:
        raise Refused(403, "AccessDenied", "User is not authorized to perform: kms:GenerateDataKey on this resource")


def _check_lock(request, bucket, several):
    mode, until = request.header("x-amz-object-lock-mode"), request.header("x-amz-object-lock-retain-until-date")
    hold = request.header("x-amz-object-lock-legal-hold")
    if not bucket.lock:
        if mode or until or hold:
            raise Refused(400, "InvalidRequest", "Bucket is missing Object Lock Configuration")
        return
    if (mode is None) != (until is None):
        raise Refused(400, "InvalidArgument",
                      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied")
    if mode not in (None, "GOVERNANCE", "COMPLIANCE") or hold not in (None, "ON", "OFF"):
        raise Refused(400, "InvalidArgument", "Unknown wormMode directive.")
    if until is not None:
        try:
            moment = datetime.datetime.fromisoformat(until.replace("Z", "+00:00"))
            future = moment.timestamp() > time.time() and moment.tzinfo is not None
        except ValueError:
            future = False
        if not future:
            raise Refused(400, "InvalidArgument", "The retain until date must be in the future!")
    if not several and not request.header("content-md5") and not request.header("x-amz-checksum-sha256"):
        raise Refused(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object "
                      "requests with Object Lock parameters")


def main():
    parser = argparse.ArgumentParser(description="A double of S3")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--bucket", action="append")
    parser.add_argument("--region", default=REGION)
    parser.add_argument("--key", default=f"{KEY_ID}:{SECRET}")
    parser.add_argument("--certificate", help="PEM with key and chain: speaks TLS")
    parser.add_argument("--lock", action="store_true", help="the buckets have Object Lock")
    given = parser.parse_args()
    key_id, secret, *token = given.key.split(":")
    tls = None
    if given.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(given.certificate)
    buckets = [Bucket(name, given.region, lock=given.lock) for name in given.bucket or ["evidence"]]
    everything = {"PutObject", "GetObject", "ListBucket", "GetBucketLocation", "AbortMultipartUpload"}
    double = Double(buckets, {key_id: Key(secret, *token, allow=everything)}, address=("127.0.0.1", given.port),
                    tls=tls)
    double.watcher = lambda entry: print(entry, flush=True)
    print(f"{double.url} bucket {' '.join(double.buckets)} region {given.region} key {given.key}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
