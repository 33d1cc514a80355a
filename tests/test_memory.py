"""A worker gives freed memory back, whatever became of its photograph; elsewhere nothing is asked of the library."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from pipeline import mapping, memory
from pipeline.mapping import Job, Outcome, Settings


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """What was found of the library is forgotten before and after."""
    for remembered in (memory._library, memory.set_large_blocks_apart):
        remembered.cache_clear()
    yield
    for remembered in (memory._library, memory.set_large_blocks_apart):
        remembered.cache_clear()


def test_large_blocks_are_set_apart_once_and_all_is_handed_back_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[object, ...]] = []
    library = SimpleNamespace(
        malloc_trim=lambda keep: told.append(("trim", keep)), mallopt=lambda *what: told.append(what)
    )
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    memory.set_large_blocks_apart()
    memory.set_large_blocks_apart()
    assert told == [(-3, memory.LARGE), (-1, 64 << 20)]
    memory.hand_back()
    memory.hand_back()
    assert told[2:] == [("trim", 0), ("trim", 0)]


def test_a_library_without_such_functions_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: SimpleNamespace())
    memory.set_large_blocks_apart()
    memory.hand_back()


def test_every_photograph_ends_with_memory_handed_back(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[int] = []
    monkeypatch.setattr(memory, "hand_back", lambda: handed.append(1))
    job = Job("a.jpg", "a.jpg", "0" * 64, "cache", Settings("en", (), ""), ())
    monkeypatch.setattr(mapping, "_through_all_stages", lambda _: Outcome("a.jpg"))
    mapping.work_on(job)

    def failing(_: Job) -> Outcome:
        raise ValueError("no")

    monkeypatch.setattr(mapping, "_through_all_stages", failing)
    with pytest.raises(ValueError, match="no"):
        mapping.work_on(job)
    assert len(handed) == 2
