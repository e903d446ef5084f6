#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""push: what it sends, what it says of it, and how it ends; to a bucket, to a presigned URL, to a wrong place."""
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOTHING, NOT_DELIVERED, PREFIX, USAGE, Push, push  # noqa: E402
from endpoint import give_address  # noqa: E402
import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402

ARN = "arn:aws:kms:eu-west-1:444455556666:key/0b1c2d3e-0000-4000-8000-111122223333"


def base64_of(value):
    return base64.b64encode(value).decode()


def check_plain(folder, bundle):
    double = s3_double.Double()
    run = push(folder, bundle, double)
    delivery.judge("push", run, bundle, double, (DELIVERED,))
    equal("push: one request for each file", 2, len(double.log))
    for entry in double.log:
        data = bundle.files[entry.path.decode().rpartition("/")[2]]
        wanted = {"if-none-match": "*", "content-length": str(len(data)),
                  "content-md5": base64_of(hashlib.md5(data, usedforsecurity=False).digest()),
                  "x-amz-content-sha256": hashlib.sha256(data).hexdigest(),
                  "x-amz-checksum-sha256": base64_of(hashlib.sha256(data).digest())}
        equal(f"push: headers of {entry.target}", wanted, {name: entry.header(name) for name in wanted})
    for receipt in run.receipts():
        equal("push: first try", 1, receipt["tries"])
        for answer, name in (("answer", bundle.name), ("signature_answer", bundle.name + ".minisig")):
            entry = next((e for e in double.log if e.path.decode().endswith("/" + name)), None)
            said = entry.answered if entry else {}
            expected = {"status": 200, "request_id": said.get("x-amz-request-id"), "id_2": said.get("x-amz-id-2"),
                        "etag": said.get("etag"), "version_id": said.get("x-amz-version-id"),
                        "checksum_sha256": said.get("x-amz-checksum-sha256")}
            seen = {key: receipt.get(answer, {}).get(key) for key in expected}
            unquoted = {**expected, "etag": (expected["etag"] or "").strip('"')}
            holds(f"push: {answer} is what the bucket said", seen in (expected, unquoted), (expected, seen))


def check_again(folder, bundle):
    """The name is taken: by the very same bytes, or by others."""
    double = s3_double.Double()
    push(folder, bundle, double)
    run = push(folder, bundle, double)
    holds("push again: not delivered, or known to be there", run.status in (DELIVERED, NOT_DELIVERED),
          (run.status, run.stderr))
    equal("push again: nothing overwritten", [], double.overwritten)
    holds("push again: told that the key is taken", run.status == DELIVERED or "412" in run.stderr
          or "exist" in run.stderr, run.stderr)
    other = s3_double.Double()
    foreign = s3_double.s3_http.Body()
    foreign.add(b"of somebody else")
    foreign.end()
    request = s3_double.s3_http.Request(b"PUT / HTTP/1.1\r\nHost: x")
    other.bucket().objects[PREFIX + bundle.name] = [s3_double.Stored(request, foreign, "0" * 32, "")]
    run = push(folder, bundle, other)
    equal("a foreign object of that name: not delivered", NOT_DELIVERED, run.status)
    equal("a foreign object of that name: stays", [b"of somebody else"],
          [made.data for made in other.bucket().objects[PREFIX + bundle.name]])
    equal("a foreign object of that name: no receipt", [], run.receipts())
    holds("a foreign object of that name: not tried again and again", run.took < 4, run.took)
    holds("a foreign object of that name: told", "412" in run.stderr or "exist" in run.stderr, run.stderr)


def check_several(folder, bundles):
    double = s3_double.Double()
    run = Push(folder, *(bundle.path for bundle in bundles), delivery.DEST, "--endpoint-url", double.url).end()
    equal("two bundles: delivered", DELIVERED, run.status)
    for bundle in bundles:
        equal(f"two bundles: {bundle.name} is there", set(bundle.files), delivery.stored(double, bundle))
    receipts = {receipt["bundle"]: receipt for receipt in run.receipts()}
    equal("two bundles: two receipts", {bundle.head["bundle"] for bundle in bundles}, set(receipts))
    for bundle in bundles:
        delivery.check_receipt("two bundles", receipts.get(bundle.head["bundle"], {}), bundle)
    double = s3_double.Double()
    denied = s3_faults.Refusal(403, "AccessDenied")
    double.faults = lambda number, request: None if bundles[1].name in request.target else denied
    run = Push(folder, *(bundle.path for bundle in bundles), delivery.DEST, "--endpoint-url", double.url).end()
    equal("one of two refused: not delivered", NOT_DELIVERED, run.status)
    equal("one of two refused: the other is there", set(bundles[1].files), delivery.stored(double, bundles[1]))
    equal("one of two refused: one receipt", [bundles[1].head["bundle"]], [r["bundle"] for r in run.receipts()])


def check_headers(folder, bundle):
    double = s3_double.Double([s3_double.Bucket("evidence", lock=True, kms_keys={ARN})])
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 864000))
    run = push(folder, bundle, double, "--sse-kms-key", ARN, "--bucket-key", "--object-lock-mode", "COMPLIANCE",
               "--object-lock-until", until, "--legal-hold", "--tag", "case=IR 1/a+b", "--tag", "team=ir", "--metadata",
               "case-id=IR-1",
               "--metadata", "note=two  words", "--expected-owner", s3_double.OWNER)
    delivery.judge("all options", run, bundle, double, (DELIVERED,))
    for name in bundle.files:
        made = double.object(PREFIX + name)
        wanted = {"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": ARN,
                  "x-amz-server-side-encryption-bucket-key-enabled": "true", "x-amz-object-lock-mode": "COMPLIANCE",
                  "x-amz-object-lock-retain-until-date": until, "x-amz-object-lock-legal-hold": "ON",
                  "x-amz-expected-bucket-owner": s3_double.OWNER, "x-amz-meta-case-id": "IR-1"}
        equal(f"all options: headers of {name}", wanted, {key: made and made.headers.get(key) for key in wanted})
        tags = made and made.headers.get("x-amz-tagging", "").replace("+", "%20")
        holds(f"all options: tags of {name}", tags == "case=IR%201%2Fa%2Bb&team=ir", made
              and made.headers.get("x-amz-tagging"))
    for what, option, bucket in (("a foreign owner", ("--expected-owner", "1" * 12), s3_double.Bucket("evidence")),
                                 ("a lock where there is none", ("--legal-hold",), s3_double.Bucket("evidence")),
                                 ("a KMS key that is not ours", ("--sse-kms-key", ARN),
                                  s3_double.Bucket("evidence", kms_keys=set()))):
        double = s3_double.Double([bucket])
        run = push(folder, bundle, double, *option)
        delivery.judge(what, run, bundle, double, (NOT_DELIVERED,))
        holds(f"{what}: S3's own error code is told", double.log and (double.log[0].code or "?") in run.stderr,
              run.stderr)
        holds(f"{what}: not tried again and again", len(double.log) <= 2, list(map(str, double.log)))


def presigned(double, key, headers=None, expires=60):
    credentials = botocore.credentials.Credentials(s3_double.KEY_ID, s3_double.SECRET)
    request = botocore.awsrequest.AWSRequest("PUT", f"{double.url}/evidence/{key}", headers=headers or {})
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", s3_double.REGION, expires=expires).add_auth(request)
    return request.url


def check_presigned(folder, bundle):
    """Presigned URLs carry rights: they are given, and come back nowhere."""
    authority = aws_doubles.Authority(folder)
    tls = aws_doubles.server_context(authority.issue("presigned", "127.0.0.1"))
    headers = {"If-None-Match": "*", "x-amz-server-side-encryption": "AES256"}
    options = [part for name, value in headers.items() for part in ("--put-header", f"{name}: {value}")]
    roots = ("--ca-file", authority.ca)
    double = s3_double.Double(tls=tls)
    urls = [presigned(double, f"case%3D1/x.tar.gz{end}", headers) for end in ("", ".minisig")]
    run = Push(folder, bundle.path, urls[0], "--signature-url", urls[1], *options, *roots, env={}).end()
    there = [double.object(f"case=1/x.tar.gz{end}") for end in ("", ".minisig")]
    equal("presigned: delivered", (DELIVERED, list(bundle.files.values())),
          (run.status, [made and made.data for made in there]))
    again = Push(folder, bundle.path, urls[0], *options, *roots, env={}).end()
    holds("presigned, twice: what is there is named by its own name", again.status == NOT_DELIVERED
          and f"{double.url}/evidence/case%3D1/x.tar.gz is there already" in again.stderr, again.stderr)
    signatures = [url.rpartition("X-Amz-Signature=")[2] for url in urls]
    told = run.stdout + run.stderr + str(run.receipts())
    holds("presigned: its signature is told nowhere", not any(signature in told for signature in signatures), told)
    double = s3_double.Double(tls=tls)
    run = Push(folder, bundle.path, presigned(double, "x.tar.gz", headers), *options[:2], *roots, env={}).end()
    equal("presigned, a header forgotten: the URL tells, nothing is sent", (USAGE, []), (run.status, double.log))
    double = s3_double.Double(tls=tls)
    double.skew = 100
    run = Push(folder, bundle.path, presigned(double, "x.tar.gz"), *roots, env={}).end()
    equal("presigned, too late: not delivered", (NOT_DELIVERED, []), (run.status, double.key_names()))
    holds("presigned, too late: told", "expired" in run.stderr.lower(), run.stderr)
    double = s3_double.Double(tls=tls)
    run = Push(folder, bundle.path, presigned(double, "x.tar.gz"), *roots, env={}).end()
    equal("presigned, the bundle alone: delivered", (DELIVERED, ["x.tar.gz"]), (run.status, double.key_names()))


class Meanwhile(s3_faults.Fault):
    """Something happens while the body comes."""

    def __init__(self, happens):
        self.happens = happens

    def piece(self, connection, so_far):
        if so_far > 0:
            self.happens()
        return 65536


def check_words(folder, bundle):
    """What is secret in a command line: nobody may read it while we run, and no error repeats it."""
    secret = "0123456789abcdef" * 4
    key = f"x-amz-server-side-encryption-customer-key: {base64_of(secret[:32].encode())}"
    tls = aws_doubles.server_context(aws_doubles.Authority(folder).issue("presigned", "127.0.0.1"))
    seen, runs = [], []
    double = s3_double.Double(tls=tls, faults=lambda number, request: Meanwhile(
        lambda: seen.append(delivery.read(f"/proc/{runs[0].popen.pid}/cmdline"))))
    path = os.path.join(folder, "words.tar.gz.age")
    with open(path, "wb") as file:
        file.write(b"age-encryption.org/v1\n" + bytes(1 << 20))
    shutil.copy(bundle.path + ".minisig", path + ".minisig")
    url = presigned(double, "x.tar.gz", dict([key.split(": ")]))
    runs.append(Push(folder, path, url, "--put-header", key, "--ca-file", f"{folder}/ca.pem"))
    equal("words: delivered", DELIVERED, runs[0].end().status)
    words = b"".join(seen)
    holds("words: of its command line the plain part can be seen", b"x-amz-server-side-encryption-customer-key:*" in words
          and b"/evidence/x.tar.gz?*" in words, words[:500])
    url = f"https://b.s3.amazonaws.com/x?X-Amz-Security-Token={secret}&X-Amz-Signature={secret}"
    for arguments in (["collect", url, url], ["collect", url, "--foo=" + url], ["push", "f", url[8:]], ["verify", url],
                      ["push", "f", url.upper().replace("X-AMZ-SIGNATURE", "X-Amz-Signature"), "--signature_url=" + url],
                      ["collect", "s3://b/x/", "--region", url], ["collect", url[8:]], [url], ["custody", url]):
        done = subprocess.run([snapshot.PROCSNAP, *arguments], check=False, capture_output=True, timeout=300, cwd=folder)
        text = (done.stdout + done.stderr).decode()
        holds(f"words: {' '.join(arguments)[:30]}: no secret in the error", done.returncode in (USAGE, NOTHING)
              and secret not in text, text)


def check_no_core(folder, bundle):
    """Credentials are in the memory of whoever delivers: there is no core file of it, whatever ends it."""
    for command, arguments in (("push", [bundle.path]), ("push", ["--check-destination"]), ("collect", ["--check-destination"])):
        seen, runs = [], []

        class Look(s3_faults.Fault):
            def head(self, *_):
                limits = delivery.read(f"/proc/{runs[0].popen.pid}/limits").decode()
                seen.extend(line.split()[4] for line in limits.splitlines() if "core file" in line)
        double = s3_double.Double(faults=lambda number, request: Look())
        runs.append(Push(folder, *arguments, delivery.DEST, "--endpoint-url", double.url, command=command,
                         prefix=["prlimit", "--core=unlimited"]))
        equal(f"no core: {command} {arguments[0][:19]}", (DELIVERED, {"0"}), (runs[0].end().status, set(seen)))


def check_written_to(folder, bundle):
    """Somebody writes to the file while it is sent: no presigned URL knows its hash, so nobody else notices."""
    authority = aws_doubles.Authority(folder)
    tls = aws_doubles.server_context(authority.issue("presigned", "127.0.0.1"))
    path = os.path.join(folder, "written-to.tar.gz.age")
    shutil.copy(bundle.path + ".minisig", path + ".minisig")

    def alter():
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"x")
    for what, urls in (("to a bucket", False), ("presigned", True)):
        with open(path, "wb") as file:
            file.write(b"age-encryption.org/v1\n" + bytes(24 << 20))
        double = s3_double.Double(tls=tls, faults=lambda number, request: Meanwhile(alter))
        dest = presigned(double, "x.tar.gz") if urls else delivery.DEST
        run = Push(folder, path, dest, "--ca-file", authority.ca, *(() if urls else ("--endpoint-url", double.url)),
                   deadline="20s").end()
        equal(f"written to while it is sent, {what}: not delivered", (NOT_DELIVERED, []), (run.status, run.receipts()))
        holds(f"written to while it is sent, {what}: told", "was changed while it was sent" in run.stderr, run.stderr)


def check_endpoints(folder, bundle):
    """The option wins over AWS_ENDPOINT_URL_S3, that over AWS_ENDPOINT_URL."""
    for names, expected in ((("option", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), "option"),
                            (("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL_S3"),
                            (("AWS_ENDPOINT_URL",), "AWS_ENDPOINT_URL")):
        doubles = {name: s3_double.Double() for name in names}
        env = {**delivery.ENV_KEYS, **{name: double.url for name, double in doubles.items() if name != "option"}}
        option = ["--endpoint-url", doubles["option"].url] if "option" in names else []
        run = Push(folder, bundle.path, delivery.DEST, *option, env=env).end()
        equal(f"endpoints {', '.join(names)}: {expected} wins", (DELIVERED, [expected]),
              (run.status, [name for name, double in doubles.items() if double.log]))


def check_keys(folder, bundle):
    """Prefixes that are hard to sign."""
    for prefix in ("case=1/", "a b+c/\u00fc~'(1)*!/", "%41/", "a//b/../c/", "&?#;=@:,$/"):
        double = s3_double.Double()
        run = Push(folder, bundle.path, f"s3://evidence/{prefix}", "--endpoint-url", double.url).end()
        equal(f"prefix {prefix}", (DELIVERED, sorted(prefix + name for name in bundle.files)),
              (run.status, double.key_names()))


def check_region(folder, bundle):
    double = s3_double.Double([s3_double.Bucket("evidence", "us-west-2")])
    run = push(folder, bundle, double)
    delivery.judge("another region", run, bundle, double, (DELIVERED,))
    double = s3_double.Double()
    run = push(folder, bundle, double, "--region", "eu-west-1", env={**delivery.ENV_KEYS, "AWS_REGION": "us-east-1"})
    delivery.judge("--region wins over the environment", run, bundle, double, (DELIVERED,))
    equal("--region: right at once", 2, len(double.log))


def big_bundle(folder):
    """A bundle that takes three parts: 12 MiB of a deleted file that is held open."""
    path = os.path.join(folder, "payload")
    with open(path, "wb") as file:
        file.write(os.urandom(12 << 20))
    with open(path, "rb"):
        os.unlink(path)
        return delivery.Bundle(folder, "--profile", "standard", "--pid", str(os.getpid()))


def of_complete(fault):
    """Faults for the first CompleteMultipartUpload."""
    met = []

    def choose(number, request):
        if request.method != "POST" or request.argument("uploadId") is None or met:
            return None
        met.append(number)
        return fault
    return choose


def check_parts(folder):
    """Larger ones go in several parts; what ends them may fail with status 200."""
    bundle = big_bundle(folder)
    for what, how, expected in (
            ("in parts", None, (DELIVERED,)),
        ("in parts, Complete fails with 200", s3_faults.ErrorIn200(), (DELIVERED,)),
            ("in parts, Complete answers 503", s3_faults.slow_down(), (DELIVERED,)),
            ("in parts, the answer of Complete is lost", s3_faults.ResetBeforeAnswer(), (DELIVERED, NOT_DELIVERED)),
            ("in parts, Complete refused", s3_faults.Refusal(403, "AccessDenied"), (NOT_DELIVERED,))):
        double = s3_double.Double(faults=of_complete(how) if how else None)
        double.keys[s3_double.KEY_ID].allow.add("AbortMultipartUpload")
        run = push(folder, bundle, double, "--multipart-above", "5MiB", deadline="20s")
        delivery.judge(what, run, bundle, double, expected)
        holds(f"{what}: there were parts", sum("partNumber" in entry.target for entry in double.log) >= 2, double.log)
        completes = [entry for entry in double.log if entry.method == "POST" and "uploadId" in entry.target]
        equal(f"{what}: Complete overwrites nothing", {"*"}, {entry.header("if-none-match") for entry in completes})
        if run.status == DELIVERED:
            equal(f"{what}: no unfinished upload is left", {}, double.bucket().uploads)
        for receipt in run.receipts():
            made = double.object(PREFIX + bundle.name)
            if receipt.get("certain", True) and made:
                etag = receipt["answer"].get("etag")
                holds(f"{what}: no other ETag in the receipt", etag is None or etag.strip('"') == made.etag, etag)


def check_refused(folder, bundle):
    double = s3_double.Double()
    wrong = {**delivery.ENV_KEYS, "AWS_SECRET_ACCESS_KEY": "wrong"}
    run = push(folder, bundle, double, env=wrong)
    delivery.judge("a wrong secret", run, bundle, double, (NOT_DELIVERED,))
    holds("a wrong secret: told with S3's own code", "SignatureDoesNotMatch" in run.stderr, run.stderr)
    holds("a wrong secret: tried once", len(double.log) <= 2 and run.took < 4, list(map(str, double.log)))
    double = s3_double.Double()
    run = push(folder, bundle, double, env={"AWS_REGION": "eu-west-1"})
    equal("no credentials: nothing was sent", ([], True), (double.log, run.status in (NOTHING, NOT_DELIVERED)))
    holds("no credentials: told which ways there are", "AWS_ACCESS_KEY_ID" in run.stderr, run.stderr)
    run = Push(folder, bundle.path, "s3://nowhere/x/", "--endpoint-url", double.url).end()
    equal("no such bucket", (NOT_DELIVERED, True), (run.status, "NoSuchBucket" in run.stderr))
    run = Push(folder, bundle.path + ".gone", delivery.DEST, "--endpoint-url", double.url).end()
    holds("no such file: an error, and it is named", run.status in (USAGE, NOTHING) and ".gone" in run.stderr,
          (run.status, run.stderr))


def check_usage(folder, bundle):
    double = s3_double.Double()
    url = ("--endpoint-url", double.url)
    for what, arguments in (
            ("no destination", [bundle.path]), ("nothing", []), ("a file as destination", [bundle.path, folder + "/x"]),
            ("no bucket", [bundle.path, "s3:///x/", *url]), ("http", [bundle.path, "http://127.0.0.1/x"]),
            ("a lock without its end", [bundle.path, delivery.DEST, *url, "--object-lock-mode", "COMPLIANCE"]),
            ("an end without a lock",
             [bundle.path, delivery.DEST, *url, "--object-lock-until", "2030-01-01T00:00:00Z"]),
            ("another lock",
             [bundle.path, delivery.DEST, *url, "--object-lock-mode", "NONE", "--object-lock-until",
              "2030-01-01T00:00:00Z"]),
            ("no time",
             [bundle.path, delivery.DEST, *url, "--object-lock-mode", "COMPLIANCE", "--object-lock-until", "soon"]),
            ("other credentials", [bundle.path, delivery.DEST, *url, "--credentials", "file"]),
            ("a tag without value", [bundle.path, delivery.DEST, *url, "--tag", "case"]),
            ("eleven tags",
             [bundle.path, delivery.DEST, *url, *(part for n in range(11) for part in ("--tag", f"k{n}=v"))]),
            ("metadata with a line feed",
             [bundle.path, delivery.DEST, *url, "--metadata", "a=b\r\nx-amz-acl: public-read"]),
            ("metadata with letters of its own", [bundle.path, delivery.DEST, *url, "--metadata", "\u00fc=1"]),
            ("no deadline", [bundle.path, delivery.DEST, *url, "--delivery-deadline", "soon"]),
            ("no endpoint", [bundle.path, delivery.DEST, "--endpoint-url", "ftp://127.0.0.1/"])):
        run = Push(folder, *arguments).end()
        holds(f"usage, {what}: 2, and told", run.status == USAGE and run.stderr, (run.status, run.stderr))
    equal("usage: nothing was sent", [], list(map(str, double.log)))


def check_destination(folder, bundle):
    """--check-destination says whether it would work, and leaves nothing there."""
    double = s3_double.Double()
    arguments = (bundle.path, delivery.DEST, "--check-destination", "--endpoint-url")
    run = Push(folder, *arguments, double.url).end()
    equal("check: would work", (DELIVERED, True), (run.status, bool(double.log)))
    holds("check: no evidence was sent", not delivery.stored(double, bundle), double.key_names())
    equal("check: no receipt", [], run.receipts())
    for what, word, env, bucket in (
            ("a wrong secret", "SignatureDoesNotMatch", {**delivery.ENV_KEYS, "AWS_SECRET_ACCESS_KEY": "wrong"},
             "evidence"),
            ("an unknown key", "InvalidAccessKeyId", {**delivery.ENV_KEYS, "AWS_ACCESS_KEY_ID": "AKIA0000000000000000"},
             "evidence"),
            ("no bucket", "NoSuchBucket", delivery.ENV_KEYS, "others")):
        double = s3_double.Double([s3_double.Bucket(bucket)])
        run = Push(folder, *arguments, double.url, env=env).end()
        holds(f"check, {what}: would not work, with S3's own code", run.status != 0 and word in run.stderr + run.stdout,
              (run.status, run.stderr))
        equal(f"check, {what}: nothing is there", [], double.key_names(bucket))
    double = s3_double.Double()
    double.keys[s3_double.KEY_ID].allow = {"GetObject"}
    run = Push(folder, *arguments, double.url).end()
    holds("check, no right to put: told", run.status != 0 and "AccessDenied" in run.stderr + run.stdout,
          (run.status, run.stderr))
    holds("check, no right to put: the right is named", "s3:PutObject" in run.stderr + run.stdout, run.stderr)


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    with odd.folder() as folder:
        bundle = delivery.Bundle(folder)
        check_plain(folder, bundle)
        check_again(folder, bundle)
        check_several(folder, [bundle, delivery.Bundle(folder)])
        check_headers(folder, bundle)
        check_presigned(folder, bundle)
        check_written_to(folder, bundle)
        check_words(folder, bundle)
        check_no_core(folder, bundle)
        check_endpoints(folder, bundle)
        check_keys(folder, bundle)
        check_region(folder, bundle)
        check_parts(folder)
        check_refused(folder, bundle)
        check_usage(folder, bundle)
        check_destination(folder, bundle)
    finish()


main()
