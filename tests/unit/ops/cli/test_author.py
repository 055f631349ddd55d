"""Who takes a step of a release is named by a pseudonym, also where the user has no name."""

import re

import pytest

from ops.cli.models_release import author


def test_who_says_a_pseudonym_goes_by_it() -> None:
    assert author("c-9b1d") == "c-9b1d"


@pytest.mark.parametrize("error", [KeyError("uid not found: 4242"), OSError("No username set")], ids=repr)
def test_a_container_s_user_without_a_name_has_one_pseudonym(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """As with `TRIAGE_LEARNING_USER`: the service that installs a candidate must not end at that."""

    def nameless() -> str:
        raise error

    monkeypatch.setattr("getpass.getuser", nameless)
    monkeypatch.setattr("os.getuid", lambda: 4242)
    first = author(None)
    assert re.fullmatch("u-[0-9a-f]{12}", first)
    assert author(None) == first
    monkeypatch.setattr("os.getuid", lambda: 4243)
    assert author(None) != first
