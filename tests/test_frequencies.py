"""Word frequencies are wordfreq's own, whatever they are kept in."""

from __future__ import annotations

import pytest
import wordfreq
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import frequencies, lexicon

COMMON = wordfreq.top_n_list("en", 3000)


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
