"""What was compared is remembered: a changed photograph costs its own pairs, and the boards are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from fakes import fakes, in_this_process, workshop_of  # noqa: F401  (a fixture)
from made_up import made_photo

from pipeline import compared, run
from pipeline.cache import Cache
from pipeline.candidates import candidate_pairs, sketch
from pipeline.compared import Compared, Known
from pipeline.kept import Kept
from pipeline.model import Features, Photo, PhotoRecord
from pipeline.planning import Places
from pipeline.registration import unpack
from pipeline.stages.combine import combine
from pipeline.standing import load_record

SIZE = (4000, 3000)


def photographs(*seeds: int) -> tuple[list[PhotoRecord], dict[str, Features], dict[str, str]]:
    """Records, features by path, and what names the features; seed 19 shows the sheet of 18 again."""
    records, features, digests = [], {}, {}
    for seed in seeds:
        made, path = made_photo(seed, 6), f"{seed:03}.jpg"
        photo = Photo(path, hashlib.sha256(path.encode()).hexdigest(), *SIZE, "JPEG")
        records.append(PhotoRecord(photo, made.detect, made.classify, made.read))
        features[path] = made.describe
        digests[path] = hashlib.sha256(f"features {seed}".encode()).hexdigest()
    return records, features, digests


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A new entry for each pair that is registered."""
    calls: list[object] = []
    real = compared.register

    def register(*args: object) -> object:
        calls.append(args)
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(compared, "register", register)
    return calls


class Unread(Mapping[str, Features]):
    """Features that must not be read again."""

    def __init__(self, features: dict[str, Features]) -> None:
        self._features = features

    def __getitem__(self, path: str) -> Features:
        raise AssertionError(f"{path} was read again")

    def __contains__(self, path: object) -> bool:
        return path in self._features

    def __iter__(self) -> Iterator[str]:
        return iter(self._features)

    def __len__(self) -> int:
        return len(self._features)


def test_a_changed_photograph_is_compared_with_the_others_and_they_not_with_each_other(
    registered: list[object],
) -> None:
    records, features, digests = photographs(3, 18, 19, 25)
    first = Compared(features, digests)
    boards = combine(records, features, first)
    assert sorted(len(board.photos) for board in boards) == [1, 1, 2]
    assert len(registered) == 6
    again = Compared(Unread(features), digests, first.used)
    assert combine(records, features, again) == boards
    assert len(registered) == 6
    assert again.used == first.used
    changed, features, digests = photographs(3, 18, 19, 26)
    after = Compared(features, digests, first.used)
    assert combine(changed, features, after) == combine(changed, features)
    assert len(registered) == 6 + 3 + 6
    # What nothing asks for any more is not carried along.
    assert len(after.used.pairs) == 6
    assert len(after.used.sketches) == 4


def test_what_is_remembered_is_exact() -> None:
    _, features, digests = photographs(18, 19)
    fresh = Compared(features, digests)
    one = fresh.registration("018.jpg", "019.jpg", SIZE, SIZE)
    kept = Compared(Unread(features), digests, fresh.used)
    two = kept.registration("018.jpg", "019.jpg", SIZE, SIZE)
    assert one is not None
    assert two is not None
    assert np.array_equal(one.matrix, two.matrix)
    assert np.array_equal(one.points_a, two.points_a)
    assert np.array_equal(one.points_b, two.points_b)
    assert one.matches == two.matches
    # Of other sizes it is another question.
    with pytest.raises(AssertionError, match="read again"):
        kept.registration("018.jpg", "019.jpg", SIZE, (3000, 4000))


def test_without_digests_nothing_is_remembered() -> None:
    records, features, _ = photographs(18, 19)
    unnamed = Compared(features)
    (board,) = combine(records, features, unnamed)
    assert len(board.photos) == 2
    assert unnamed.used == Known({}, {})


def test_few_photographs_points_are_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    records, features, _ = photographs(3, 18, 19, 25)
    boards = combine(records, features)
    monkeypatch.setattr(compared, "POINTS_HELD", 2)
    held = Compared(features)
    assert combine(records, features, held) == boards
    assert len(held._held) == 2


def test_a_sheet_seen_twice_is_found_among_many_that_share_what_all_boards_share() -> None:
    sketches = {f"{seed:03}": sketch(unpack(made_photo(seed, 1).describe).rows) for seed in range(60)}
    pairs = candidate_pairs(sketches)
    assert {("018", "019"), ("038", "039"), ("058", "059")} <= set(pairs)
    assert len(pairs) < 6 * len(sketches)


def test_a_sheet_taken_many_times_over_is_not_lost_in_the_crowd() -> None:
    random = np.random.default_rng(0)
    rows = [unpack(made_photo(seed, 1).describe).rows for seed in (1, 5, 9)]
    sketches = {}
    for number in range(120):
        grain = random.integers(-2, 3, rows[number % 3].shape)
        sketches[f"{number:03}"] = sketch((rows[number % 3] + grain).clip(0, 255).astype(np.uint8))
    pairs = candidate_pairs(sketches)
    assert all(int(a) % 3 == int(b) % 3 for a, b in pairs)
    reached = {"000", "001", "002"}
    while more := {name for pair in pairs if reached & set(pair) for name in pair} - reached:
        reached |= more
    assert len(reached) == len(sketches)


def test_what_is_remembered_and_damaged_is_made_anew(tmp_path: Path) -> None:
    kept = Kept(Cache(tmp_path), "program", {})
    assert kept.recalled("compared", "town-hall", Known) is None
    known = Known({"a": b"1"}, {"a b": None})
    kept.remember("compared", "town-hall", known)
    kept.remember("compared", "elsewhere", Known({}, {}))
    assert kept.recalled("compared", "town-hall", Known) == known
    assert Kept(Cache(tmp_path), "another program", {}).recalled("compared", "town-hall", Known) is None
    for file in tmp_path.rglob("*.json"):
        file.write_bytes(file.read_bytes()[:-2])
    assert kept.recalled("compared", "town-hall", Known) is None


def test_a_run_remembers_and_the_next_makes_the_same_of_it(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    tmp_path: Path,
) -> None:
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    before = load_record(places, "town-hall")
    (remembered,) = (places.cache / "compared").rglob("*.json")
    for damaged in (False, True):
        if damaged:
            remembered.write_bytes(b"damaged")
        for file in (places.cache / "boards").rglob("*.json"):
            file.unlink()
        places.state("town-hall").unlink()
        run.run(places, make_executor=in_this_process)
        assert load_record(places, "town-hall") == before
    assert remembered.read_bytes() != b"damaged"
