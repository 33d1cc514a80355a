"""A small seeded part of the campaigns that `make campaigns` runs in full."""

from __future__ import annotations

import sys

import pytest
from campaigns import kills


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX are used")
def test_killed_at_random_moments_nothing_is_lost() -> None:
    tally = kills.campaign(6, seed=3)
    assert tally.kills.total() == 6
    assert set(tally.kills) == set(kills.KINDS)
    assert tally.confirmed >= 40
