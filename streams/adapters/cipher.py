"""Encryption of dead-letter payloads: Fernet (AES-128-CBC and HMAC-SHA-256), with keys that can be rotated."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from streams.errors import ConfigurationError

__all__ = ["FernetCipher"]

MIN_KEY_BYTES = 32
KEY_ID_BYTES = 4
_PAYLOAD_DOMAIN = b"triage dead-letter payload"
_KEY_ID_DOMAIN = b"triage dead-letter key id"


class FernetCipher:
    """Implements `ports.Cipher`, and opens what it has sealed."""

    def __init__(self, keys: Sequence[bytes], key_id: str | None = None) -> None:
        """Seal with the first of `keys`, open with any. `key_id` names the first; by default it is derived.

        Raises ConfigurationError without a key, or with one that is shorter than 32 bytes.
        """
        if not keys:
            raise ConfigurationError("there is no payload key")
        if any(len(key) < MIN_KEY_BYTES for key in keys):
            raise ConfigurationError(f"a payload key is shorter than {MIN_KEY_BYTES} bytes")
        self.key_id = key_id or _derive(keys[0], _KEY_ID_DOMAIN, KEY_ID_BYTES).hex()
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])

    def encrypt(self, payload: bytes) -> str:
        """Return a Fernet token (URL-safe base64)."""
        return self._fernet.encrypt(payload).decode("ascii")

    def decrypt(self, token: str) -> bytes:
        """Return the payload. Raises ConfigurationError where none of the keys opens the token."""
        try:
            return self._fernet.decrypt(token)
        except InvalidToken as error:
            raise ConfigurationError("no payload key opens this token") from error


def _fernet_key(key: bytes) -> bytes:
    return base64.urlsafe_b64encode(_derive(key, _PAYLOAD_DOMAIN, 32))


def _derive(key: bytes, domain: bytes, length_bytes: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length_bytes, salt=None, info=domain).derive(key)
