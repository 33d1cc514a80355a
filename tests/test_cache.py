"""The cache: whole results or none, named by everything they depend on."""

from pathlib import Path

import pytest

from pipeline.cache import Cache, StageKey
from pipeline.errors import StorageError
from pipeline.model import Crop, Features, Outline, Refusal

KEY = StageKey("detect", "1", (("a", "1"),), (("net", "f"),))
OUTLINE = Outline(((0.0, 0.5), (10.25, 1.0), (3.0, 7.0)), 0.5, {"tick": 0.25})


def test_results_come_back_as_they_went_in(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for kind, value in (
        (Outline, OUTLINE),
        (tuple[Crop, ...], (Crop(b"\xff\x00jpeg", 3, 4),)),
        (Features, Features((1.5, 2.5), b"\x00\xfe", 2)),
    ):
        cache.put("s", "ab" * 32, value)
        assert cache.get("s", "ab" * 32, kind) == value


def test_a_failure_is_a_result(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    refusal = Refusal("", "damaged", "cut short")
    cache.put("intake", "ab" * 32, refusal)
    assert cache.get("intake", "ab" * 32, Outline) == refusal
    assert cache.is_refusal("intake", "ab" * 32)
    cache.put("intake", "cd" * 32, OUTLINE)
    assert not cache.is_refusal("intake", "cd" * 32)
    assert not cache.is_refusal("intake", "ef" * 32)


@pytest.mark.parametrize(
    "harm", [lambda b: b[:-5], lambda b: b"", lambda b: b[:80] + b"x" + b[81:], lambda b: b"{}"]
)
def test_a_damaged_file_counts_as_absent(tmp_path: Path, harm) -> None:
    cache = Cache(tmp_path)
    cache.put("s", "ab" * 32, OUTLINE)
    path = cache.path("s", "ab" * 32)
    path.write_bytes(harm(path.read_bytes()))
    assert cache.get("s", "ab" * 32, Outline) is None


def test_a_result_of_another_kind_counts_as_absent(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("s", "ab" * 32, OUTLINE)
    assert cache.get("s", "ab" * 32, Crop) is None


def test_the_name_depends_on_everything() -> None:
    names = {
        KEY.digest(["i"]),
        KEY.digest(["j"]),
        KEY.digest(["i", "j"]),
        StageKey("detect", "2", (("a", "1"),), (("net", "f"),)).digest(["i"]),
        StageKey("detect", "1", (("a", "2"),), (("net", "f"),)).digest(["i"]),
        StageKey("detect", "1", (("a", "1"),), (("net", "g"),)).digest(["i"]),
        StageKey("read", "1", (("a", "1"),), (("net", "f"),)).digest(["i"]),
    }
    assert len(names) == 7
    assert KEY.digest(["i"]) == KEY.digest(["i"])


def test_a_full_disk_is_told_and_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)

    def no_space(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_space)
    with pytest.raises(StorageError, match="disk is full"):
        cache.put("s", "ab" * 32, OUTLINE)
    assert cache.get("s", "ab" * 32, Outline) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
