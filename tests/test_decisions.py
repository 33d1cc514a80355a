"""The log of decisions: append-only, whole lines, nothing lost."""

import fcntl
import json
import multiprocessing
import resource
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decisions import FILE_NAME, append, read_log
from pipeline.errors import StorageError
from pipeline.model import Decision
from pipeline.review.tail import Tail

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def decision(number: int, **changes: object) -> Decision:
    values: dict[str, object] = {
        "id": f"d{number}",
        "photo_sha256": "a" * 64,
        "polygon": SQUARE,
        "field": "text",
        "old": "teh",
        "new": "the",
        "reason": "",
        "person": "ada",
        "when": "2026-11-21T10:00:00+00:00",
        "based_on": "teh",
    }
    return Decision(**{**values, **changes})  # type: ignore[arg-type]


def test_an_absent_file_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path).decisions == ()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60)
@given(st.lists(st.tuples(texts, texts, st.one_of(texts, st.booleans(), st.none())), max_size=5))
def test_what_is_written_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("log")
    made = [
        decision(n, person=person, reason=reason, new=new) for n, (person, reason, new) in enumerate(rows)
    ]
    for one in made:
        append(folder, [one])
    log = read_log(folder)
    assert log.decisions == tuple(made)
    assert log.problems == ()


def test_a_half_written_last_line_is_reported_and_the_next_one_stands_alone(tmp_path: Path) -> None:
    append(tmp_path, [decision(1), decision(2)])
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-40])
    log = read_log(tmp_path)
    assert [one.id for one in log.decisions] == ["d1"]
    assert "half-written" in log.problems[0]
    append(tmp_path, [decision(3)])
    log = read_log(tmp_path)
    assert [one.id for one in log.decisions] == ["d1", "d3"]
    assert len(log.problems) == 1


def test_a_line_that_cannot_be_understood_costs_only_itself(tmp_path: Path) -> None:
    append(tmp_path, [decision(1)])
    file = tmp_path / FILE_NAME
    file.write_bytes(
        file.read_bytes() + b'{"id": 5}\n\xff\xfe\n' + json.dumps({"id": "x", "polygon": []}).encode() + b"\n"
    )
    append(tmp_path, [decision(2)])
    log = read_log(tmp_path)
    assert [one.id for one in log.decisions] == ["d1", "d2"]
    assert [problem.split(":")[0][-1] for problem in log.problems] == ["2", "3", "4"]


def test_points_may_be_written_either_way(tmp_path: Path) -> None:
    append(tmp_path, [decision(1)])
    file = tmp_path / FILE_NAME
    row = json.loads(file.read_text())
    row["polygon"] = [{"x": x, "y": y} for x, y in SQUARE]
    file.write_text(json.dumps(row) + "\n")
    assert read_log(tmp_path).decisions == (decision(1),)


def test_the_same_id_counts_once(tmp_path: Path) -> None:
    append(tmp_path, [decision(1)])
    append(tmp_path, [decision(1)])
    assert len(read_log(tmp_path).decisions) == 1


def _many(folder: str, person: int) -> None:
    for number in range(40):
        append(Path(folder), [decision(person * 1000 + number, person=f"p{person}")])


def test_several_people_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=_many, args=(str(tmp_path), person)) for person in range(3)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    log = read_log(tmp_path)
    assert len(log.decisions) == 120
    assert log.problems == ()


def test_a_file_that_an_editor_puts_in_its_place_meanwhile_gets_the_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, [decision(1)])
    file, lock = tmp_path / FILE_NAME, fcntl.flock
    edited = [tmp_path / "edited", tmp_path / "edited again"]
    for copy in edited:
        copy.write_bytes(file.read_bytes())

    def late(log: Any, how: int) -> None:
        if edited:
            edited.pop().replace(file)
        lock(log, how)

    monkeypatch.setattr(fcntl, "flock", late)
    append(tmp_path, [decision(2)])
    assert edited == []
    assert [one.id for one in read_log(tmp_path).decisions] == ["d1", "d2"]


def test_a_disk_that_numbers_a_file_differently_each_time_takes_decisions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []

    def samestat(*_: Any) -> bool:
        looks.append(None)
        assert len(looks) < 100, "it is never content"
        return False

    monkeypatch.setattr("os.path.samestat", samestat)
    append(tmp_path, [decision(1)])
    assert [one.id for one in read_log(tmp_path).decisions] == ["d1"]


def test_a_log_rewritten_between_two_looks_is_noticed_and_not_read_from_its_middle(tmp_path: Path) -> None:
    append(tmp_path, [decision(1), decision(2)])
    tail = Tail(tmp_path)
    assert len(tail.read_new()) == 2
    assert not tail.is_rewritten()
    other = tmp_path / "other"
    other.mkdir()
    append(other, [decision(number) for number in range(3, 9)])
    (other / FILE_NAME).replace(tmp_path / FILE_NAME)
    assert tail.read_new() == []
    assert tail.is_rewritten()


def test_a_disk_that_takes_half_a_line_keeps_none_of_it(tmp_path: Path) -> None:
    append(tmp_path, [decision(1)])
    before = (tmp_path / FILE_NAME).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))
    try:
        with pytest.raises(StorageError, match="not saved"):
            append(tmp_path, [decision(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / FILE_NAME).read_bytes() == before
    append(tmp_path, [decision(3)])
    assert [one.id for one in read_log(tmp_path).decisions] == ["d1", "d3"]


def test_a_full_disk_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, [decision(1)])
    before = (tmp_path / FILE_NAME).read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.decisions.os.fsync", no_space)
    with pytest.raises(StorageError, match="not saved"):
        append(tmp_path, [decision(2)])
    assert (tmp_path / FILE_NAME).read_bytes() == before
