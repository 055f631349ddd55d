"""Pseudonyms: stable per key and kind, and nothing else."""

import pytest

from streams.adapters.pseudonyms import HmacPseudonymizer
from streams.errors import ConfigurationError

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def test_the_same_identifier_has_the_same_pseudonym() -> None:
    assert HmacPseudonymizer(KEY).pseudonym("patient", "P1") == HmacPseudonymizer(KEY).pseudonym(
        "patient", "P1"
    )


def test_it_is_a_known_value_so_that_stored_data_stays_linked() -> None:
    assert HmacPseudonymizer(KEY).pseudonym("patient", "P1") == "8f3842b8452389601b87a131fd8b4701"


@pytest.mark.parametrize(("kind", "identifier"), [("encounter", "P1"), ("patient", "P2"), ("patientP", "1")])
def test_another_kind_or_identifier_has_another_pseudonym(kind: str, identifier: str) -> None:
    pseudonymizer = HmacPseudonymizer(KEY)
    assert pseudonymizer.pseudonym(kind, identifier) != pseudonymizer.pseudonym("patient", "P1")


def test_another_key_has_another_pseudonym_and_key_id() -> None:
    one, other = HmacPseudonymizer(KEY), HmacPseudonymizer(OTHER_KEY)
    assert one.pseudonym("patient", "P1") != other.pseudonym("patient", "P1")
    assert one.key_id != other.key_id


def test_it_is_32_hexadecimal_characters() -> None:
    pseudonym = HmacPseudonymizer(KEY).pseudonym("patient", "病人1")
    assert len(pseudonym) == 32
    assert int(pseudonym, 16) >= 0


def test_a_given_key_id_is_kept() -> None:
    assert HmacPseudonymizer(KEY, key_id="2024-05").key_id == "2024-05"


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        HmacPseudonymizer(KEY[:31])
