"""A small seeded part of the campaigns that `make campaigns` runs in full."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from campaigns import computed, fuzz, kills


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX are used")
def test_killed_at_random_moments_nothing_is_lost() -> None:
    # Runs and reviews come by three at most, the least killed first: the seventh is a publish at the latest.
    tally = kills.campaign(7, seed=3)
    assert tally.kills.total() == 7
    assert set(tally.kills) == set(kills.KINDS)
    assert tally.confirmed >= 40


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    kinds = set()
    for number in range(160):
        kind, content = fuzz.case(8, number)
        if kind != "run":  # a whole run takes a second; the campaign does many
            kinds.add(kind)
            assert fuzz.take(kind, content, tmp_path) in ("read", "refused")
    assert len(kinds) >= 20


def test_damaged_results_are_made_anew_and_damaged_editions_told(tmp_path: Path) -> None:
    for kind, (whole, *_) in computed.seeds().items():
        rng = random.Random(kind)
        files = [fuzz.mutated(whole, rng, kind in fuzz._TEXT_KINDS) for _ in range(60)]
        assert "refused" in {fuzz.take(kind, content, tmp_path) for content in files}, kind


@pytest.mark.parametrize("damage", [b'{"a":"\xff"}', b"[" * 100_000, b'{"result":' * 100_000, b""])
@pytest.mark.parametrize("kind", ["edition.json", "cached-detect", "planned-state", "planned-index"])
def test_what_is_no_text_or_nested_without_end_is_damage(kind: str, damage: bytes, tmp_path: Path) -> None:
    stated = b"0" * 65 if kind.startswith("cached") else b""
    for tail in (b"", b" ", b"  ", b"\n"):  # some with a digest that fits, some without
        assert fuzz.take(kind, stated + damage + tail, tmp_path) == "refused"


def test_the_campaign_notices_what_is_neither_read_nor_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("not ours")

    monkeypatch.setitem(fuzz._TAKERS, "themes.toml", broken)
    with pytest.raises(KeyError):
        fuzz.take("themes.toml", b"", tmp_path)
