"""Which language a text is in, given what its sender declared and what the text itself shows."""

__all__ = ["text_language"]

_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})
"""ISO 639-2: undetermined, multiple, uncoded, no linguistic content."""

_SHORTER = {"eng": "en"}
"""BCP 47 wants the two-letter code; systems that keep ISO 639-2 send three letters."""


def text_language(declared: str | None, recognised: str | None) -> str | None:
    """Return a BCP 47 tag, or None where nobody knows.

    What was recognised goes before what was declared: forms send a default, and the model reads the text. None of
    both means supported further on, where the domain distance judges.
    """
    if declared is not None:
        primary, *subtags = declared.split("-")
        primary = primary.lower()
        declared = None if primary in _NO_LANGUAGE else "-".join((_SHORTER.get(primary, primary), *subtags))
    if recognised is None or (declared is not None and declared.split("-")[0] == recognised.split("-")[0]):
        return declared
    return recognised
