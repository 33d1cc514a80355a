"""wordfreq's frequencies in a sixth of the memory: ten languages are asked of every doubtful note.

wordfreq (Speer 2022) keeps each language's words as strings and in a dictionary: 30 MB a language and
process. Here a language that is asked often is two arrays, the words' hashes in order and their frequencies as
wordfreq packs them, and a word is found by bisection. To lay that out takes a tenth of a second, so a language
asked in passing is searched as wordfreq packs it: two milliseconds for a word that is not there. The figures are
wordfreq's own either way, to the last digit (held by a test).
"""

from __future__ import annotations

import gzip
import math
from bisect import bisect_right
from collections.abc import Callable
from functools import cache, lru_cache
from itertools import accumulate, chain
from pathlib import Path

import msgspec
import numpy as np
import wordfreq
from numpy.typing import NDArray
from wordfreq.numbers import digit_freq, smash_numbers
from wordfreq.tokens import lossy_tokenize

COMMON = 600
"""Centibels below certainty up to which a word is common: once in a million words, 3 on the Zipf scale."""
IN_PASSING = 40
"""So many vain searches cost as much as to lay the language out."""


def zipf_frequency(word: str, language: str) -> float:
    """What `wordfreq.zipf_frequency(word, language)` gives, for one of `wordfreq.available_languages()` whose words
    need no package of their own to be parted (not Chinese, Japanese or Korean).

    Raises LookupError for any other code, even where wordfreq would take its nearest ("pt-BR").
    """
    return _zipf(word, language, lambda token: _laid_out(language, token))


@lru_cache(maxsize=10_000)
def zipf_in_passing(word: str, language: str) -> float:
    """The same figure, for a language of which little is asked."""
    packed = _packed(language)
    if packed.is_asked_often:
        return zipf_frequency(word, language)
    return _zipf(word, language, packed.centibels)


@lru_cache(maxsize=10_000)
def zipf_at_most(word: str, language: str) -> float:
    """The same figure of a common word, and one no smaller of any other, at a tenth of the cost."""
    packed = _packed(language)
    return _zipf(word, language, packed.centibels_at_least)


def _zipf(word: str, language: str, centibels_of: Callable[[str], int | None]) -> float:
    """wordfreq's sum, from each token's centibels below certainty (None: not known): falls as they rise."""
    tokens = lossy_tokenize(word, language)
    if not tokens:
        return 0.0
    rarity = 0.0
    for token in tokens:
        smashed = smash_numbers(token)
        centibels = centibels_of(smashed)
        if centibels is None:
            return 0.0
        frequency = wordfreq.cB_to_freq(-centibels)
        if smashed != token:
            frequency *= digit_freq(token)
        rarity += 1.0 / frequency
    frequency = 1.0 / rarity
    frequency = max(frequency, wordfreq.zipf_to_freq(0.0))
    frequency = round(frequency, math.floor(-math.log(frequency, 10)) + 3)
    return float(round(wordfreq.freq_to_zipf(frequency), 2))


def _laid_out(language: str, token: str) -> int | None:
    hashes, centibels = _table(language)
    # Of its UTF-8: Python's own hash of a text is that of its bytes in memory, the same for "椰" and "0i".
    wanted = hash(token.encode("utf-8", "surrogatepass"))
    place = int(np.searchsorted(hashes, wanted))
    if place == len(hashes) or hashes[place] != wanted:
        return None
    return int(centibels[place])


@cache
def _table(language: str) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """The words' hashes in order, and beside each its frequency in centibels below certainty.

    Two words of one hash would be one in 10^13 languages: not seen, and no harm if they were.
    """
    # Past wordfreq's own reading and its cache, which would keep every string for the life of the process.
    packed = [msgspec.msgpack.decode(part, type=list[str]) for part in _parts(_content(language))]
    words = sum(map(len, packed))
    hashes = np.fromiter(map(hash, map(str.encode, chain.from_iterable(packed))), np.int64, count=words)
    centibels = np.repeat(np.arange(len(packed), dtype=np.int16), [len(bucket) for bucket in packed])
    order = np.argsort(hashes)
    return hashes[order], centibels[order]


def _content(language: str) -> bytes:
    """wordfreq's list of the language (cBpack): a header, and the words of each centibel, the commonest first."""
    try:
        file = wordfreq.available_languages()[language]
    except KeyError as error:
        raise LookupError(f"wordfreq has no words of the language {language!r}") from error
    return gzip.decompress(Path(file).read_bytes())


def _parts(content: bytes) -> list[msgspec.Raw]:
    """The words of each centibel, packed still."""
    return msgspec.msgpack.decode(content, type=list[msgspec.Raw])[1:]


class _Packed:
    """A language's list as it is packed."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        sizes = [len(memoryview(part)) for part in _parts(content)]
        self._bounds = list(accumulate(sizes, initial=len(content) - sum(sizes)))
        """Where each centibel's words begin, and where the last ones end."""
        self._common = self._bounds[min(COMMON, len(sizes))]
        self._vain = 0

    @property
    def is_asked_often(self) -> bool:
        return self._vain >= IN_PASSING

    def centibels(self, token: str) -> int | None:
        found = self._searched(token, len(self._content))
        if found is None:
            self._vain += 1
        return found

    def centibels_at_least(self, token: str) -> int:
        """Those of a common word; for any other, known or not, the fewest it can have."""
        found = self._searched(token, self._common)
        return COMMON if found is None else found

    def _searched(self, token: str, end: int) -> int | None:
        """How many centibels' words lie before this one, looked for up to `end`."""
        try:
            wanted = msgspec.msgpack.encode(token)
        except UnicodeEncodeError:  # half a sign: in no list
            return None
        place = self._content.find(wanted, self._bounds[0], end)
        while place >= 0:
            centibels = bisect_right(self._bounds, place) - 1
            following = self._bounds[centibels + 1]
            # The same bytes may stand within a longer word: the later bytes of a letter look like a beginning.
            words = msgspec.msgpack.decode(self._content[self._bounds[centibels] : following], type=list[str])
            if token in words:
                return centibels
            place = self._content.find(wanted, following, end)
        return None


@cache
def _packed(language: str) -> _Packed:
    return _Packed(_content(language))
