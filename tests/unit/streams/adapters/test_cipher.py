"""Payload encryption: what one key seals, only that key opens."""

import pytest

from streams.adapters.cipher import FernetCipher
from streams.errors import ConfigurationError

OLD_KEY = bytes(range(32))
NEW_KEY = bytes(range(1, 41))


def test_a_payload_comes_back() -> None:
    cipher = FernetCipher([NEW_KEY])
    payload = "胸痛\x00\xff".encode()
    token = cipher.encrypt(payload)
    assert payload not in token.encode()
    assert cipher.decrypt(token) == payload


def test_the_same_payload_is_sealed_differently_each_time() -> None:
    cipher = FernetCipher([NEW_KEY])
    assert cipher.encrypt(b"x") != cipher.encrypt(b"x")


def test_a_rotated_key_still_opens_old_tokens() -> None:
    token = FernetCipher([OLD_KEY]).encrypt(b"x")
    assert FernetCipher([NEW_KEY, OLD_KEY]).decrypt(token) == b"x"


def test_new_tokens_are_sealed_with_the_first_key() -> None:
    token = FernetCipher([NEW_KEY, OLD_KEY]).encrypt(b"x")
    assert FernetCipher([NEW_KEY]).decrypt(token) == b"x"
    assert (
        FernetCipher([NEW_KEY, OLD_KEY]).key_id
        == FernetCipher([NEW_KEY]).key_id
        != FernetCipher([OLD_KEY]).key_id
    )


@pytest.mark.parametrize(
    "token",
    ["", "not a token", FernetCipher([OLD_KEY]).encrypt(b"x")],
    ids=["nothing", "no token", "another key"],
)
def test_another_key_opens_nothing(token: str) -> None:
    with pytest.raises(ConfigurationError):
        FernetCipher([NEW_KEY]).decrypt(token)


@pytest.mark.parametrize("keys", [[], [OLD_KEY[:31]], [NEW_KEY, b"short"]])
def test_missing_and_short_keys_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(ConfigurationError):
        FernetCipher(keys)


def test_a_given_key_id_is_kept() -> None:
    assert FernetCipher([NEW_KEY], key_id="2024-05").key_id == "2024-05"
