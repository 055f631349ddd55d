"""The lists load from the package's data."""

from streams.adapters.red_flag_rules import clinical_words, load_red_flag_rules, load_red_flag_screen


def test_the_lists_load_and_compile() -> None:
    assert len(load_red_flag_screen().rules) == len(load_red_flag_rules().rules) > 60


def test_every_rule_id_is_unique() -> None:
    ids = [rule.rule_id for rule in load_red_flag_rules().rules]
    assert len(ids) == len(set(ids))


def test_clinical_words_are_lower_case_words_of_the_lists() -> None:
    words = clinical_words(load_red_flag_rules())
    assert {"chest", "choking", "胸痛"} <= words
    assert all(word == word.lower() for word in words)
