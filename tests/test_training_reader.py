"""Lines to train the recogniser on: drawn the same for the same seed, and as the reader cuts them."""

from __future__ import annotations

import numpy as np
import pytest

lines = pytest.importorskip("pipeline.training.reader.lines", reason="training has an environment of its own")

SQUARE = np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 40.0], [0.0, 40.0], [0.0, 0.0]])
TAIL = np.array([[0.0, 0.0], [0.0, 60.0]])


def word(label: str, *strokes: object) -> object:
    return lines.Sample(label, strokes, False)


def test_a_line_is_drawn_the_same_for_the_same_seed_and_otherwise_for_another() -> None:
    def strip(seed: int) -> object:
        rng = np.random.default_rng(seed)
        mask = lines.draw_strokes([SQUARE, SQUARE + np.array([50.0, 0.0])], rng)
        return lines.photographed(mask, rng, mask, None)

    first, again, other = strip(1), strip(1), strip(2)
    assert first.shape[0] == lines.HEIGHT and first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.min() < first.max() - 20, "ink is darker than paper"


def test_words_are_set_on_one_line_whatever_hangs_below_it() -> None:
    assert lines._baseline(word("one", SQUARE)) == 40
    assert lines._baseline(word("gap", SQUARE, TAIL)) == pytest.approx(0.58 * 60)
    assert lines._baseline(word("help", SQUARE, TAIL)) == pytest.approx(0.68 * 60)


def test_printed_hands_are_drawn_oftener_than_cursive_ones_and_every_writer_is_drawn() -> None:
    printed, cursive = (
        lines.Sample(style, (SQUARE,), False, lines.STYLES[style]) for style in ("PRINTED", "CURSIVE")
    )
    pool = lines._Pool({"a": [printed, cursive], "b": [cursive]})
    assert pool.chances[0][0] == pytest.approx(8 * pool.chances[0][1])
    assert pool.writers.sum() == pytest.approx(1.0)
    assert pool.writers[0] == pytest.approx(3 * pool.writers[1]), "the root of nine times the weight"
    drawn = {id(pool.writer(np.random.default_rng(seed))[0]) for seed in range(40)}
    assert len(drawn) == 2
