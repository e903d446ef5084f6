# SPDX-License-Identifier: Apache-2.0
"""Secrets in bytes: as they are, in base64 and in hex."""
import base64


def forms(secret):
    """The secret as it may stand in bytes: itself, in the three alignments of base64, in hex."""
    raw = secret.encode()
    yield raw
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:]
        yield coded[:len(coded) - 4]
    yield raw.hex().encode()


def found_in(data, wanted):
    return [secret for secret in wanted if any(form in data for form in forms(secret))]
