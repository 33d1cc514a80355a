"""The made-up results of the benchmarks are what a run takes for its own: nothing is left to do on photographs."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import fakes  # noqa: F401  (a fixture)
from made_up import AGAIN_EVERY, made_photo, make_workshop

from pipeline.cache import Cache
from pipeline.gathering import photo_record
from pipeline.model import PhotoRecord
from pipeline.planning import Places, make_plan
from pipeline.workshop import load_workshop


def test_nothing_is_left_to_do_on_the_photographs(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    tmp_path: Path,
) -> None:
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    make_workshop(places, "first", 3, 4)
    make_workshop(places, "second", 3, 4, like="first")
    seen = []
    for name in ("first", "second"):
        plan = make_plan(load_workshop(places.raw / name), places)
        assert plan.jobs == ()
        sources = plan.inventory.sources
        assert len(sources) == 3
        records = [photo_record(Cache(places.cache), plan, one.path, one.sha256) for one in sources]
        for source, record in zip(sources, records, strict=True):
            assert isinstance(record, PhotoRecord)
            assert record.photo.sha256 == source.sha256
            assert len(record.page.notes) == 4
            seen.append((record.photo.path, record.detection, record.page))
    assert seen[:3] == seen[3:]
    assert len({repr(one) for one in seen[:3]}) == 3


def test_one_in_twenty_shows_the_sheet_before_it_again() -> None:
    before, again, other = (made_photo(seed, 2) for seed in (AGAIN_EVERY - 2, AGAIN_EVERY - 1, AGAIN_EVERY))
    assert again.describe.descriptors == before.describe.descriptors
    assert again.describe.points != before.describe.points
    assert other.describe.descriptors != before.describe.descriptors
    assert again.read == before.read
