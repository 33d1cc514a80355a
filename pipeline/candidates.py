"""Which pairs of photographs are worth laying over each other, without comparing every one with every other.

Each descriptor is sketched by the signs of fixed random projections (Charikar, 2002), in groups; every two groups
make one key, so a few projections fill many inverted indexes. Photographs that share rare keys far more often than
is usual for them are candidates; where nearly all keys of a photograph are common, as when one sheet was taken many
times over, the common ones tell. The work grows with the number of photographs, not with its square: keys are as
long as keeps chance meetings rare, and of those who share a common key only a few meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Rows = NDArray[np.uint8]
Sketch = NDArray[np.uint16]
"""n x GROUPS: sixteen signs of each group, for each descriptor."""

GROUPS = 5
SIGNS = 16
SPARE_BITS = 3.0
"""A key has so many bits more than the number of descriptors needs: few meet in it by chance."""
FEWEST_BITS = 11
CROWDED = 12
"""A key that more photographs than this share says as little as a stop word..."""
MOSTLY_CROWDED = 0.65
"""... unless so many of a photograph's keys are such. Of 497 views of 71 boards, seven each, none had more than .56."""
MEETING = 4
"""So many of a crowd meet, drawn by lot that is the same every time."""
PARTNERS = 6
"""How many candidates each photograph may name."""
STANDING_OUT = 2.2
"""A candidate shares at least this many times what the photograph shares with the middle one of all others..."""
DEVIATIONS = 4
"""... and so many standard deviations more than that one, were it chance how many keys are shared (Poisson)."""
FEWEST_SHARED = 8
"""A candidate shares at least what is worth so many keys that nobody else has; less is chance."""
ALL_PAIRS_UP_TO = 16
_WHOLE = 1 << 12
"""The weight of a key that two photographs alone share; whole numbers, so that no sum depends on its order."""


def sketch(rows: Rows) -> Sketch:
    """The sketch of descriptors (n x width, uint8): the same on every machine."""
    # Exact in float32: no sum of a row's 128 products reaches 2 to the 24th.
    signs = (rows.astype(np.float32) @ _planes(rows.shape[1])) > 0
    packed = np.packbits(signs.reshape(len(rows), GROUPS, 2, 8), axis=-1).reshape(len(rows), GROUPS, 2)
    return np.asarray((packed[..., 0].astype(np.uint16) << 8) | packed[..., 1], np.uint16)


@lru_cache(maxsize=1)
def _planes(width: int) -> NDArray[np.float32]:
    """Random directions of small whole numbers, a column each.

    Descriptors are all positive: signs say something only round their usual mean, so every column sums to 0.
    """
    drawn = np.round(30 * np.random.default_rng(7).normal(size=(width, GROUPS * SIGNS))).astype(np.int64)
    excess = drawn.sum(axis=0)
    drawn -= excess // width
    drawn -= np.arange(width)[:, None] < excess % width
    return drawn.astype(np.float32)


def candidate_pairs(sketches: Mapping[str, Sketch]) -> list[tuple[str, str]]:
    """Pairs of names (the lesser first, in order) that may show the same sheet."""
    names = sorted(sketches)
    if len(names) <= ALL_PAIRS_UP_TO:
        return list(combinations(names, 2))
    rare, common = _shared([sketches[name] for name in names])
    chosen = _standing_out(rare) | _standing_out(common)
    return [(names[one], names[other]) for one, other in sorted(chosen)]


def _standing_out(shared: sparse.csr_array) -> set[tuple[int, int]]:
    """Pairs that share far more than is usual for one of them, each one's best only."""
    chosen: set[tuple[int, int]] = set()
    for one in range(shared.shape[0]):
        part = slice(shared.indptr[one], shared.indptr[one + 1])
        weights, others = shared.data[part], shared.indices[part]
        if not len(weights):
            continue
        middle = len(weights) - 1 - len(weights) // 2
        usual = np.partition(weights, middle)[middle] / _WHOLE
        least = max(STANDING_OUT * usual, usual + DEVIATIONS * np.sqrt(usual), FEWEST_SHARED)
        standing_out = np.flatnonzero(weights >= least * _WHOLE)
        best_first = np.lexsort((others[standing_out], -weights[standing_out]))
        for other in others[standing_out[best_first[:PARTNERS]]].tolist():
            chosen.add((min(one, other), max(one, other)))
    return chosen


def _shared(sketches: list[Sketch]) -> tuple[sparse.csr_array, sparse.csr_array]:
    """How much each photograph shares with each other one: rare keys, and common ones of those with hardly another.

    Symmetric matrices, where a key counts the more the fewer share it.
    """
    count = len(sketches)
    rows = np.concatenate(sketches)
    owners = np.repeat(np.arange(count, dtype=np.int64), [len(one) for one in sketches])
    bits = min(SIGNS - 1, max(FEWEST_BITS, int(np.ceil((np.log2(len(rows)) + SPARE_BITS) / 2))))
    rows >>= SIGNS - bits
    rare = common = sparse.csr_array((count, count), dtype=np.int32)
    all_keys, crowded_keys = np.zeros(count), np.zeros(count)
    for both in _owned_keys(rows, owners, bits):
        starts, sizes = _crowds(both >> 32)
        rare = rare + _met((both & 0xFFFFFFFF).astype(np.int32), starts, sizes, CROWDED, count)
        all_keys += np.bincount(both & 0xFFFFFFFF, minlength=count)
        crowded = np.repeat(sizes > CROWDED, sizes)
        crowded_keys += np.bincount(both[crowded] & 0xFFFFFFFF, minlength=count)
    in_crowds = crowded_keys > MOSTLY_CROWDED * all_keys
    if in_crowds.any():
        for both in _owned_keys(rows, owners, bits):
            common = common + _drawn(both[in_crowds[both & 0xFFFFFFFF]], count)
    return sparse.csr_array(rare + rare.T), sparse.csr_array(common + common.T)


def _owned_keys(
    rows: NDArray[np.uint16], owners: NDArray[np.int64], bits: int
) -> Iterator[NDArray[np.int64]]:
    """Each index: keys (upper 32 bits) with their owners (lower), sorted, each owner of a key once."""
    for one, other in combinations(range(GROUPS), 2):
        keys = (rows[:, one].astype(np.int64) << bits) | rows[:, other]
        both = np.sort((keys << 32) | owners)
        yield both[np.diff(both, prepend=-1) > 0]


def _crowds(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each run of one key begins, and how long it is."""
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    return starts, np.diff(starts, append=len(keys))


def _drawn(both: NDArray[np.int64], count: int) -> sparse.csr_array:
    """MEETING of those who share a key meet, so that the expected weight is as if all had met."""
    keys, owners = both >> 32, both & 0xFFFFFFFF
    lots = (owners * 2654435761 + keys * 40503) & 0xFFFF
    order = np.lexsort((owners, lots, keys))
    keys, owners = keys[order], owners[order]
    starts, sizes = _crowds(keys)
    place = np.arange(len(keys)) - np.repeat(starts, sizes)
    starts, sizes = _crowds(keys * (1 << 20) + place // MEETING)
    return _met(owners.astype(np.int32), starts, sizes, MEETING, count)


def _met(
    owners: NDArray[np.int32], starts: NDArray[np.int64], sizes: NDArray[np.int64], most: int, count: int
) -> sparse.csr_array:
    """The weights of pairs of owners in runs of at most `most`, once for each key they share."""
    met = []
    for size in range(2, most + 1):
        crowd = owners[starts[sizes == size, None] + np.arange(size)]
        first, second = np.triu_indices(size, 1)
        weights = np.full(len(crowd) * len(first), _WHOLE // (size - 1), np.int32)
        met.append((crowd[:, first].ravel(), crowd[:, second].ravel(), weights))
    rows, columns, weights = (np.concatenate(part) for part in zip(*met, strict=True))
    return sparse.coo_array((weights, (rows, columns)), shape=(count, count)).tocsr()
