#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""S3 behind TLS, with nginx and with Python, under the names that AWS gives it: who is not who he says gets nothing."""
import os
import ssl
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_http  # noqa: E402
from checks import equal, finish, holds  # noqa: E402
from delivery import DELIVERED, NOT_DELIVERED, Push  # noqa: E402

NAMES = aws_doubles.AWS_NAMES


def deliver(what, folder, bundle, double, expected, *options, env=None, deadline="5s"):
    before = len(double.log)
    run = Push(folder, bundle.path, delivery.DEST, *options, env=env, deadline=deadline).end()
    delivery.judge(what, run, bundle, double, expected)
    if expected == (NOT_DELIVERED,):
        equal(f"{what}: nothing was sent, no key id, no byte", before, len(double.log))
        holds(f"{what}: told", run.stderr, run.stderr)
    double.bucket().objects.clear()
    return run


def check_right(folder, bundle, authority, names):
    """Virtual host, path, and the other names of S3."""
    wide = ("*.s3.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "*.s3-fips.us-east-1.amazonaws.com",
            "*.s3.dualstack.eu-west-1.amazonaws.com", "*.s3-fips.dualstack.us-east-1.amazonaws.com",
            "*.s3.cn-north-1.amazonaws.com.cn")
    certificate = authority.issue("wide", *wide)
    for what, options, region, host in (
            ("virtual host", (), "eu-west-1", "evidence.s3.eu-west-1.amazonaws.com"),
            ("path style", ("--path-style",), "eu-west-1", "s3.eu-west-1.amazonaws.com"),
            ("FIPS", ("--fips",), "us-east-1", "evidence.s3-fips.us-east-1.amazonaws.com"),
            ("dualstack", ("--dualstack",), "eu-west-1", "evidence.s3.dualstack.eu-west-1.amazonaws.com"),
            ("FIPS and dualstack", ("--fips", "--dualstack"), "us-east-1",
             "evidence.s3-fips.dualstack.us-east-1.amazonaws.com"),
            ("China", (), "cn-north-1", "evidence.s3.cn-north-1.amazonaws.com.cn")):
        double = s3_double.Double([s3_double.Bucket("evidence", region)], address=("127.0.0.1", 443),
                                  tls=aws_doubles.server_context(certificate))
        names.asked.clear()
        deliver(what, folder, bundle, double, (DELIVERED,), "--region", region, "--ca-file", authority.ca, *options)
        equal(f"{what}: the host", {host}, {entry.header("host") for entry in double.log})
        holds(f"{what}: the name that was asked for", set(names.asked) == {host}, names.asked)
        double.close()
    double = s3_double.Double([s3_double.Bucket("my.evidence")], address=("127.0.0.1", 443),
                              tls=aws_doubles.server_context(certificate))
    run = Push(folder, bundle.path, "s3://my.evidence/", "--ca-file", authority.ca).end()
    equal("a bucket with a dot: path style of its own accord", (DELIVERED, {"s3.eu-west-1.amazonaws.com"}),
          (run.status, {entry.header("host") for entry in double.log}))
    double.close()


def check_nginx(folder, bundle, authority, double):
    certificate = authority.issue("front", *NAMES)
    front = aws_doubles.Nginx(folder, certificate, double.port)
    try:
        deliver("nginx in front", folder, bundle, double, (DELIVERED,), "--ca-file", authority.ca)
        deliver("nginx in front, roots of the product", folder, bundle, double, (NOT_DELIVERED,))
        deliver("nginx in front, the roots of the container are asked by nobody", folder, bundle, double,
                (NOT_DELIVERED,), env={
            **delivery.ENV_KEYS, "SSL_CERT_FILE": authority.ca, "CURL_CA_BUNDLE": authority.ca, "SSL_CERT_DIR": folder,
            "AWS_CA_BUNDLE": "/nonexistent"})
    finally:
        front.end()


def check_wrong(folder, bundle, authority, double):
    other = aws_doubles.Authority(folder, "other")
    for what, certificate in (("another authority", other.issue("o", *NAMES)),
                              ("expired", authority.issue("e", *NAMES, days=-1)),
                              ("another host", authority.issue("h", "s3.us-east-1.amazonaws.com")),
                              ("a host that only begins like it",
                               authority.issue("b", "evidence.s3.eu-west-1.amazonaws.com.evil.test")),
                              ("signed by a certificate that is no authority", of_a_server(authority, folder)),
                              ("signed by itself", by_itself(folder))):
        front = aws_doubles.Nginx(folder, certificate, double.port)
        try:
            run = deliver(what, folder, bundle, double, (NOT_DELIVERED,), "--ca-file", authority.ca, deadline="30s")
            holds(f"{what}: told that it is the certificate", "certificate" in run.stderr.lower(), run.stderr)
            holds(f"{what}: not tried until the deadline", run.took < 12, run.took)
        finally:
            front.end()


def of_a_server(authority, folder):
    """A chain over a certificate that may not sign others."""
    authority.issue("leaf", "s3.eu-west-1.amazonaws.com")
    false = object.__new__(aws_doubles.Authority)
    false.folder, false.name, false.ca = folder, "leaf", os.path.join(folder, "leaf.crt")
    pem = false.issue("below", *NAMES)
    with open(pem, "ab") as out:
        out.write(delivery.read(false.ca))
    return pem


def by_itself(folder):
    alone = aws_doubles.Authority(folder, "alone")
    return alone.issue("alone-s3", *NAMES)


def check_broken(folder, bundle, authority, double):
    mute = s3_http.Mute(("127.0.0.1", 443))
    deliver("a handshake that stalls", folder, bundle, double, (NOT_DELIVERED,), "--ca-file", authority.ca,
            deadline="3s")
    mute.close()
    plain = s3_double.Double(address=("127.0.0.1", 443))
    deliver("no TLS on that port", folder, bundle, plain, (NOT_DELIVERED,), "--ca-file", authority.ca, deadline="3s")
    plain.close()
    old = aws_doubles.server_context(authority.issue("old", *NAMES))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is why
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    server = s3_double.Double(address=("127.0.0.1", 443), tls=old)
    deliver("TLS 1.1 alone", folder, bundle, server, (NOT_DELIVERED,), "--ca-file", authority.ca, deadline="3s")
    server.close()
    for what, text in (("no such file", None), ("no certificate in it", "nothing\n"),
                       ("a broken one", "-----BEGIN CERTIFICATE-----\nAAAA\n")):
        path = os.path.join(folder, "roots.pem")
        if text is not None:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        run = Push(folder, bundle.path, delivery.DEST, "--ca-file", path).end()
        holds(f"--ca-file: {what}: refused, and named", run.status in (2, 3, 4) and "roots.pem" in run.stderr,
              (run.status, run.stderr))


def main():
    odd.inside_namespaces()
    with odd.folder() as folder:
        bundle = delivery.Bundle(folder)
        aws_doubles.give_addresses()
        names = aws_doubles.NameServer("amazonaws.com", "amazonaws.com.cn")
        aws_doubles.use_name_server(folder)
        authority, double = aws_doubles.Authority(folder), s3_double.Double()
        check_right(folder, bundle, authority, names)
        check_nginx(folder, bundle, authority, double)
        check_wrong(folder, bundle, authority, double)
        check_broken(folder, bundle, authority, double)
    finish()


main()
