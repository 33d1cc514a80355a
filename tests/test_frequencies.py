"""Word frequencies are wordfreq's own, whatever they are kept in."""

from __future__ import annotations

import msgspec
import pytest
import wordfreq
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import frequencies, lexicon

COMMON = wordfreq.top_n_list("en", 3000)
MIXED = [
    word
    for language in ("en", "de", "da", "pt", "pl")
    for word in wordfreq.top_n_list(language, 20_000)[::40]
]


@given(
    st.one_of(st.sampled_from(COMMON), st.text(max_size=12), st.from_regex(r"[a-z]{1,9}[ '’-]?[a-z0-9]{0,5}"))
)
@settings(max_examples=400, deadline=None)
def test_every_figure_is_wordfreqs_own(word: str) -> None:
    assert frequencies.zipf_frequency(word, "en") == wordfreq.zipf_frequency(word, "en")


@pytest.mark.parametrize("language", ["en", "de", "nl", "sv"])
def test_the_other_languages_too(language: str) -> None:
    words = [*wordfreq.top_n_list(language, 400), "1984", "12.30", "co-design", "zzyzxq", "l'eau", "椰", ""]
    for word in words:
        assert frequencies.zipf_frequency(word, language) == wordfreq.zipf_frequency(word, language), word


def test_a_language_is_kept_in_a_few_megabytes() -> None:
    hashes, centibels = frequencies._table("en")
    assert len(hashes) > 200_000
    assert hashes.nbytes + centibels.nbytes < 4_000_000


def test_looking_for_a_notes_language_leaves_no_dictionary_behind() -> None:
    wordfreq.get_frequency_dict.cache_clear()
    wordfreq.get_frequency_list.cache_clear()
    lexicon.zipf.cache_clear()
    assert lexicon.likely_language(["listening", "zu", "unseren", "Menschen", "hören"], "en") == "de"
    assert wordfreq.get_frequency_dict.cache_info().currsize == 0
    assert wordfreq.get_frequency_list.cache_info().currsize == 0


@pytest.mark.parametrize("language", ["en", "de", "da", "pl", "ar", "ru"])
def test_in_passing_the_figures_are_the_same(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = frequencies._Packed(frequencies._content(language))
    monkeypatch.setattr(frequencies, "_packed", lambda _: packed)
    listed = wordfreq.top_n_list(language, 100_000)
    longest = sorted(listed, key=lambda word: (-len(word), word))[:20]
    words = [
        *listed[:100],
        *listed[-100:],
        *longest,
        "1984",
        "l'eau",
        "zzyzxq",
        "häuser haus",
        "ånger",
        "nger",
    ]
    for word in [*words, *(f"no{place}such" for place in range(frequencies.IN_PASSING)), *words]:
        exact = wordfreq.zipf_frequency(word, language)
        assert frequencies.zipf_in_passing.__wrapped__(word, language) == exact, word
        most = frequencies.zipf_at_most.__wrapped__(word, language)
        assert most == exact if exact > 3 else exact <= most <= 3, word
    assert packed.is_asked_often


def test_a_word_within_another_is_not_that_word() -> None:
    """The second byte of "å" is also the one that begins a text of five bytes."""
    listed = [{"format": "cB", "version": 1}, ["ångest"], ["ab"], ["ngest", "ångest"], ["äldrar"]]
    packed = frequencies._Packed(msgspec.msgpack.encode(listed))
    assert packed._content.count(msgspec.msgpack.encode("ldra")) == 1
    assert packed.centibels("ldra") is None
    assert packed._content.count(msgspec.msgpack.encode("ngest")) == 3
    assert packed.centibels("ngest") == 2
    assert packed.centibels("ångest") == 0
    assert packed.centibels("ab") == 1
    assert packed.centibels("\ud800") is None


@given(st.lists(st.one_of(st.sampled_from(MIXED), st.from_regex(r"[a-zé]{3,9}", fullmatch=True)), max_size=6))
@settings(max_examples=300, deadline=None)
def test_a_notes_language_is_the_one_whose_words_are_most_frequent(words: list[str]) -> None:
    def mean(language: str) -> float:
        return sum(wordfreq.zipf_frequency(word, language) for word in telling) / len(telling)

    telling = [word for word in words if len(word) >= 3 and word.isalpha()]
    best = "en"
    if len(telling) >= 2 and mean("en") < 4.0:
        for language in lexicon.OTHERS:
            if mean(language) > mean(best) + (1.0 if best == "en" else 0.0):
                best = language
    assert lexicon.likely_language(words, "en") == best
