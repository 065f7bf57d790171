"""API keys: who asks, proven by a secret of which only the sha256 is known here.

One key a line, `key-id:sha256-of-key:tenant`, lines that are empty or begin with # left out; no tenant where nothing
follows the second colon. A key is a random secret, so its plain sha256 is as hard to undo as the key is to guess.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"([\w.-]{1,64}):([0-9a-f]{64}):([^:\s]{0,128})")


class BadKeys(ValueError):
    """A list of keys cannot be read; the message names the line, never what stands in it."""


class BadHeader(ValueError):
    """An Authorization header is not `Bearer KEY` or `Basic ...`."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key by its name, what proves it, and the tenant whose documents it may see besides those of nobody."""

    key_id: str
    sha256: str
    tenant: str | None


def parse_keys(text: str, origin: str) -> tuple[ApiKey, ...]:
    """The keys of a list; raises `BadKeys`, which names `origin` and the line."""
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise BadKeys(
                f"line {number} of {origin} is no API key; wanted key-id:sha256-of-key:tenant, with the sha256 in "
                "64 small hexadecimal digits"
            )
        if match[1] in keys:
            raise BadKeys(
                f"line {number} of {origin} names key {match[1]} a second time; give every key its own name"
            )
        keys[match[1]] = ApiKey(match[1], match[2], match[3] or None)
    if not keys:
        raise BadKeys(
            f"{origin} holds no API key; add a line key-id:sha256-of-key:tenant, or take the setting away"
        )
    return tuple(keys.values())


def read_keys(file: Path | None, variable: str | None) -> tuple[ApiKey, ...]:
    """The keys of a file or of an environment variable, by its name; none where neither is given.

    Raises:
        BadKeys: there is no such file or variable, or it cannot be read.
    """
    if file is not None:
        try:
            return parse_keys(file.read_text(), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise BadKeys(f"the API keys in {file} cannot be read: {error.__class__.__name__}") from error
    if variable is None:
        return ()
    if variable not in os.environ:
        raise BadKeys(
            f"the environment variable {variable} is not set; it should hold lines key-id:sha256-of-key:tenant"
        )
    return parse_keys(os.environ[variable], f"the environment variable {variable}")


def find_key(keys: tuple[ApiKey, ...], secret: str) -> ApiKey | None:
    """The key that a secret proves; the time it takes says nothing about how near a wrong secret is."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
    found = None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key
    return found


def secret_of(header: str) -> str:
    """The secret in an Authorization header: a bearer token, or the password that a browser sends.

    Raises:
        BadHeader: it is neither.
    """
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError) as error:
            raise BadHeader("the Basic credentials are not base64 of user:key") from error
    raise BadHeader("wanted the header `Authorization: Bearer KEY`")
