"""The collector rests for a while, and is afterwards as it was."""

from __future__ import annotations

import gc

import pytest

from pipeline.collector import resting


def test_it_rests_and_wakes_again_also_after_a_failure() -> None:
    with resting():
        assert not gc.isenabled()
        with resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="no"), resting():
        raise ValueError("no")
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with resting():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
