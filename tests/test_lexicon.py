"""How likely words are: known ones, the workshop's own, numbers, and other languages."""

from __future__ import annotations

import pytest

from pipeline import lexicon


def test_common_words_are_likelier_than_rare_and_rare_than_unknown() -> None:
    chances = [lexicon.log_probability(word, "en") for word in ("people", "terrapin", "qzxvk")]
    assert chances == sorted(chances, reverse=True) and len(set(chances)) == 3


def test_the_longer_the_unknown_word_the_less_likely() -> None:
    assert lexicon.log_probability("qzx", "en") > lexicon.log_probability("qzxvkjwq", "en")


def test_the_workshops_own_words_are_known() -> None:
    own = lexicon.vocabulary_of(["Co-production: Whitworthism", "It is"])
    assert own == {"production", "whitworthism"}
    assert not lexicon.is_known("Whitworthism", "en") and lexicon.is_known("Whitworthism!", "en", own)
    assert lexicon.log_probability("whitworthism", "en", own) > lexicon.log_probability("whitworthism", "en")


@pytest.mark.parametrize("number", ["8", "10.00", "£50", "8/13", "2011", "50%"])
def test_numbers_are_known(number: str) -> None:
    assert lexicon.is_known(number, "en")


def test_punctuation_and_capitals_do_not_matter() -> None:
    assert lexicon.log_probability("“Power!”", "en") == lexicon.log_probability("power", "en")


def test_a_language_without_frequencies_says_nothing() -> None:
    assert not lexicon.has_language("xx")
    assert lexicon.log_probability("power", "xx") == 0.0
    assert lexicon.has_language("en-GB") and lexicon.is_known("power", "en-GB")


@pytest.mark.parametrize("language", ["zh", "ja", "ko", "zh-Hans"])
def test_languages_whose_words_nothing_here_can_part_say_nothing(language: str) -> None:
    assert not lexicon.has_language(language)
    assert lexicon.likely_language(["Wir", "brauchen"], language) == language
    assert lexicon.log_probability("power", language) == lexicon.zipf("power", language) == 0.0


def test_a_language_of_a_region_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def zipf_at_most(word: str, language: str) -> float:
        asked.append(language)
        return 0.0

    monkeypatch.setattr(lexicon, "zipf_at_most", zipf_at_most)
    assert lexicon.likely_language(["qzxv", "wvkj"], "en-GB") == "en-GB"
    assert set(asked) == set(lexicon.OTHERS) - {"en"}


@pytest.mark.parametrize(
    ("words", "language"),
    [
        (["share", "power", "with", "people"], "en"),
        (["Wir", "brauchen", "mehr", "Zeit"], "de"),
        (["vi", "skal", "lytte", "til", "borgerne"], "da"),
        (["meer", "ruimte", "voor", "gesprekken"], "nl"),
        (["Zeit"], "en"),
        ([], "en"),
        (["qzxv", "wvkj"], "en"),
    ],
)
def test_the_language_of_a_note_is_told_from_its_sure_words(words: list[str], language: str) -> None:
    assert lexicon.likely_language(words, "en") == language


def test_known_share_counts_letters() -> None:
    assert lexicon.known_share(["power", "qzxvk"], "en") == 0.5
    assert lexicon.known_share([], "en") == 0.0
