"""wordfreq's frequencies in a sixth of the memory: ten languages are asked of every doubtful note.

wordfreq (Speer 2022) keeps each language's words as strings and in a dictionary: 30 MB a language and
process. Here a language is two arrays, the words' hashes in order and their frequencies as wordfreq packs them,
and a word is found by bisection. The figures are wordfreq's own, to the last digit (held by a test).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import wordfreq
from numpy.typing import NDArray
from wordfreq.language_info import get_language_info
from wordfreq.numbers import digit_freq, smash_numbers
from wordfreq.tokens import lossy_tokenize


def zipf_frequency(word: str, language: str) -> float:
    """What `wordfreq.zipf_frequency(word, language)` gives; raises LookupError for a language it has not."""
    tokens = lossy_tokenize(word, language)
    if not tokens:
        return 0.0
    hashes, centibels = _table(language)
    rarity = 0.0
    for token in tokens:
        smashed = smash_numbers(token)
        wanted = _hash(smashed)
        place = int(np.searchsorted(hashes, wanted))
        if place == len(hashes) or hashes[place] != wanted:
            return 0.0
        frequency = wordfreq.cB_to_freq(-int(centibels[place]))
        if smashed != token:
            frequency *= digit_freq(token)
        rarity += 1.0 / frequency
    frequency = 1.0 / rarity
    if get_language_info(language)["tokenizer"] == "jieba":
        frequency *= wordfreq.INFERRED_SPACE_FACTOR ** -(len(tokens) - 1)
    frequency = max(frequency, wordfreq.zipf_to_freq(0.0))
    frequency = round(frequency, math.floor(-math.log(frequency, 10)) + 3)
    return float(round(wordfreq.freq_to_zipf(frequency), 2))


def _hash(word: str) -> int:
    """Of its UTF-8: Python's own hash of a text is that of its bytes in memory, the same for "椰" and "0i"."""
    return hash(word.encode("utf-8", "surrogatepass"))


@cache
def _table(language: str) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """The words' hashes in order, and beside each its frequency in centibels below certainty.

    Two words of one hash would be one in 10^13 languages: not seen, and no harm if they were.
    """
    # Past its cache, which would keep every string for the life of the process.
    packed = wordfreq.get_frequency_list.__wrapped__(language)
    words = sum(map(len, packed))
    hashes = np.fromiter((_hash(word) for bucket in packed for word in bucket), np.int64, count=words)
    centibels = np.repeat(np.arange(len(packed), dtype=np.int16), [len(bucket) for bucket in packed])
    order = np.argsort(hashes, kind="stable")
    return hashes[order], centibels[order]
