# SPDX-License-Identifier: Apache-2.0
"""Whether a request to S3 is signed as S3 wants it: AWS Signature Version 4, computed again by Debian's botocore.

What the client sent is taken apart and put together again, so that it must have signed what S3 would see: the path and
the query are decoded and encoded anew (a raw `=` in a path that was signed as such is refused, as S3 does).
"""
import calendar
import hmac
import re
import sys
import time
import urllib.parse

sys.path.append("/usr/lib/python3/dist-packages")  # Debian's botocore, also where `python3` is another one
import botocore.auth  # noqa: E402
import botocore.awsrequest  # noqa: E402
import botocore.credentials  # noqa: E402

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_S, LONGEST_EXPIRES_S = 900, 604800
UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNATURE_MISMATCH = ("The request signature we calculated does not match the signature you provided. "
                      "Check your key and signing method.")


class Refused(Exception):
    """An error answer of S3: status, code, message, further elements of the XML and further headers."""

    def __init__(self, status, code, message, more=None, headers=None):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.more, self.headers = more or {}, headers or {}


class Key:
    """A key pair; with a token and an end where it is temporary. `allow` are the S3 actions that it may use."""

    def __init__(self, secret, token=None, expires=None, allow=("PutObject",)):
        self.secret, self.token, self.expires, self.allow = secret, token, expires, set(allow)


class Claim:
    """What a request says of its signature, wherever it says so."""

    def __init__(self, credential, signed, signature, stamp, token, presigned):
        parts = credential.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise _malformed("the Credential is mal-formed; expecting "
                             "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
        self.key_id, self.day, self.region, self.service = parts[:4]
        self.signed, self.signature, self.stamp, self.token = signed.split(";"), signature, stamp, token
        self.presigned = presigned


def _malformed(why, **more):
    return Refused(400, "AuthorizationHeaderMalformed", f"The authorization header is malformed; {why}", more)


def _seconds(stamp):
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp or ""):
        raise Refused(403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header")
    return calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))


def _from_header(request):
    text = request.header("authorization")
    match = re.fullmatch(r"(\S+) +Credential=([^,\s]+), *SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})", text)
    if not match or match[1] != ALGORITHM:
        raise _malformed("the header is not of the form that this service understands.")
    return Claim(match[2], match[3], match[4], request.header("x-amz-date"), request.header("x-amz-security-token"),
                 False)


def _from_query(request, now):
    given = dict(request.query)
    missing = [name for name in ("Credential", "Date", "Expires", "SignedHeaders", "Signature")
               if f"X-Amz-{name}" not in given]
    if missing or given["X-Amz-Algorithm"] != ALGORITHM:
        raise Refused(400, "AuthorizationQueryParametersError", "Query-string authentication version 4 requires the "
                      "X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and "
                      "X-Amz-Expires parameters.")
    expires = int(given["X-Amz-Expires"]) if given["X-Amz-Expires"].isdigit() else 0
    if not 0 < expires <= LONGEST_EXPIRES_S:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)")
    claim = Claim(given["X-Amz-Credential"], given["X-Amz-SignedHeaders"], given["X-Amz-Signature"],
                  given["X-Amz-Date"], given.get("X-Amz-Security-Token"), True)
    if now > _seconds(claim.stamp) + expires:
        raise Refused(403, "AccessDenied", "Request has expired", {"X-Amz-Expires": str(expires)})
    return claim


def _quoted(text):
    return urllib.parse.quote(text, safe="-_.~")


class _Exactly(botocore.auth.S3SigV4Auth):
    """Signs the headers that the client says it signed, whatever botocore would choose."""

    def headers_to_sign(self, request):
        return request.headers


def signature_of(request, claim, secret, host_in_url="s3"):
    """The signature that this request should have."""
    query = [pair for pair in request.query if pair[0] != "X-Amz-Signature"]
    text = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in query)
    path = urllib.parse.quote(request.path, safe="-_.~/")
    again = botocore.awsrequest.AWSRequest(method=request.method, url=f"http://{host_in_url}{path}?{text}")
    for name, value in request.headers:
        if name.lower() in claim.signed:
            again.headers[name.lower()] = value
    auth = _Exactly(botocore.credentials.Credentials(claim.key_id, secret), claim.service, claim.region)
    auth.payload = lambda _: UNSIGNED  # where no header tells it: presigned
    again.context["timestamp"] = claim.stamp
    return auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)


def _check_headers(request, claim):
    for name in claim.signed:
        if request.header(name) is None:
            raise Refused(403, "SignatureDoesNotMatch", SIGNATURE_MISMATCH, {"HeadersNotSent": name})
    unsigned = [name.lower() for name, _ in request.headers if name.lower() not in claim.signed
                and (name.lower() == "host" or name.lower().startswith("x-amz-"))]
    if unsigned:
        raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed",
                      {"HeadersNotSigned": ", ".join(unsigned)})
    if len(claim.signed) != len(set(claim.signed)) or claim.signed != sorted(claim.signed):
        raise _malformed("the SignedHeaders are not sorted.")


def _check_time(claim, now):
    if claim.stamp[:8] != claim.day:
        raise _malformed(f"Invalid credential date \"{claim.day}\". This date is not the same as X-Amz-Date.")
    if not claim.presigned and abs(now - _seconds(claim.stamp)) > SKEW_S:
        shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        raise Refused(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is "
                      "too large.", {"RequestTime": claim.stamp, "ServerTime": shown,
                                     "MaxAllowedSkewMilliseconds": str(SKEW_S * 1000)})


def _check_key(keys, claim, now):
    key = keys.get(claim.key_id)
    if key is None or (key.token and not claim.token):
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.",
                      {"AWSAccessKeyId": claim.key_id})
    if key.token != claim.token:
        raise Refused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if key.expires is not None and now > key.expires:
        raise Refused(400, "ExpiredToken", "The provided token has expired.")
    return key


def check(request, keys, region, now):
    """The key that signed this request and the claim. `request` has method, path (decoded bytes), query (decoded
    pairs), headers (pairs as they came) and header(name); `now` is the server's clock."""
    if request.header("authorization") is not None:
        claim = _from_header(request)
    elif "X-Amz-Algorithm" in dict(request.query):
        claim = _from_query(request, now)
    else:
        raise Refused(403, "AccessDenied", "Access Denied")
    _seconds(claim.stamp)
    key = _check_key(keys, claim, now)
    if claim.service != "s3":
        raise _malformed(f"incorrect service \"{claim.service}\". This endpoint belongs to \"s3\".")
    if claim.region != region:
        raise _malformed(f"the region '{claim.region}' is wrong; expecting '{region}'", Region=region)
    _check_time(claim, now)
    if not claim.presigned and request.header("x-amz-content-sha256") is None:
        raise Refused(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    _check_headers(request, claim)
    if not hmac.compare_digest(signature_of(request, claim, key.secret), claim.signature):
        raise Refused(403, "SignatureDoesNotMatch", SIGNATURE_MISMATCH, {"AWSAccessKeyId": claim.key_id})
    return key, claim
