"""Pseudonyms: keyed one-way codes for patients and encounters.

HMAC-SHA-256 (RFC 2104), cut to 128 bits. Without the key nobody can test a guessed identifier against a pseudonym,
which a plain hash would allow.
"""

import hmac
from hashlib import sha256

from streams.errors import ConfigurationError

__all__ = ["HmacPseudonymizer"]

MIN_KEY_BYTES = 32
PSEUDONYM_HEX_CHARACTERS = 32
KEY_ID_HEX_CHARACTERS = 8
_SEPARATOR = b"\x00"
_KEY_ID_DOMAIN = b"triage pseudonym key id"


class HmacPseudonymizer:
    """Implements `ports.Pseudonymizer`."""

    def __init__(self, key: bytes, key_id: str | None = None) -> None:
        """`key_id` names the key in events; by default it is derived. Raises ConfigurationError for a short key."""
        if len(key) < MIN_KEY_BYTES:
            raise ConfigurationError(f"the pseudonym key is shorter than {MIN_KEY_BYTES} bytes")
        self._key = key
        self.key_id = key_id or self._digest(_KEY_ID_DOMAIN)[:KEY_ID_HEX_CHARACTERS]

    def pseudonym(self, kind: str, identifier: str) -> str:
        """Return 32 hexadecimal characters. The same identifier of another `kind` has another pseudonym."""
        return self._digest(kind.encode() + _SEPARATOR + identifier.encode())[:PSEUDONYM_HEX_CHARACTERS]

    def _digest(self, message: bytes) -> str:
        return hmac.new(self._key, message, sha256).hexdigest()
