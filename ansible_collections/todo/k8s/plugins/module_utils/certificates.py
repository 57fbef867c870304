"""Until when an X.509 certificate is valid, read without a library for it."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\s+([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----")
UTC_TIME, GENERALIZED_TIME, SEQUENCE, VERSION = 0x17, 0x18, 0x30, 0xA0


class CertificateError(Exception):
    """A file or a block that is no certificate."""


def not_after(pem: str) -> datetime:
    """When a certificate ends. CertificateError when it is not readable.

    >>> certificate ::= SEQUENCE { tbs SEQUENCE { [0] version, serial, algorithm, issuer, validity { from, until } … } }
    """
    match = BLOCK.search(pem)
    if not match:
        raise CertificateError("no certificate in PEM form")
    try:
        data = base64.b64decode("".join(match.group(1).split()), validate=True)
        tbs = _children(_content(data, SEQUENCE))[0]
        fields = _children(_content(tbs, SEQUENCE))
        if fields[0][0] == VERSION:
            fields = fields[1:]
        until = _children(_content(fields[3], SEQUENCE))[1]
        return _time(until)
    except (binascii.Error, IndexError, ValueError, UnicodeDecodeError) as error:
        raise CertificateError(f"not a certificate: {error}") from error


def _read(data: bytes) -> tuple[int, int]:
    """Start and end of the content of the first element (DER: tag, length, content)."""
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    if start + length > len(data):
        raise ValueError("cut off")
    return start, start + length


def _content(element: bytes, tag: int) -> bytes:
    if element[0] != tag:
        raise ValueError(f"tag {element[0]:#x} where {tag:#x} should be")
    start, end = _read(element)
    return element[start:end]


def _children(data: bytes) -> list[bytes]:
    found = []
    while data:
        _, end = _read(data)
        found.append(data[:end])
        data = data[end:]
    return found


def _time(element: bytes) -> datetime:
    start, end = _read(element)
    text = element[start:end].decode("ascii").rstrip("Z")
    if element[0] == UTC_TIME:  # two digits of the year: 50 to 99 are of the last century
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    elif element[0] != GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
