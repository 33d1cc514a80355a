"""What hangs on photographs only is made once, and one decision is not paid for with everything."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import pytest
from fakes import fakes, in_this_process, use_fakes, workshop_of  # noqa: F401  (a fixture)
from made_up import make_workshop
from threadpoolctl import threadpool_info, threadpool_limits

from pipeline import decisions, personal, run
from pipeline.cache import Cache
from pipeline.kept import Kept
from pipeline.mapping import MAP_STAGES
from pipeline.model import Decision, Note, Record
from pipeline.planning import Places
from pipeline.stages import combine, judge, place, theme
from pipeline.store.digest import dump_digest
from pipeline.themes import vectors


def test_it_is_made_once_for_what_it_hangs_on(tmp_path: Path) -> None:
    calls: list[int] = []

    def made() -> tuple[int, ...]:
        calls.append(1)
        return (1, 2)

    kept = Kept(Cache(tmp_path), "program", {})
    for _ in range(2):
        assert kept.or_made("pairs", ["a", "b"], tuple[int, ...], made) == (1, 2)
    assert len(calls) == 1
    kept.or_made("pairs", ["a", "c"], tuple[int, ...], made)
    Kept(Cache(tmp_path), "another program", {}).or_made("pairs", ["a", "b"], tuple[int, ...], made)
    assert len(calls) == 3
    for file in tmp_path.rglob("*.json"):
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert kept.or_made("pairs", ["a", "b"], tuple[int, ...], made) == (1, 2)
    assert len(calls) == 4


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often sheets were compared, notes placed, the words of a note judged, and what may be printed of it."""
    counts = {"combine": 0, "place": 0, "judge_words": 0, "judge_from": 0}
    for module, name in (
        (combine, "combine"),
        (place, "place"),
        (judge, "judge_words"),
        (judge, "judge_from"),
    ):
        real = getattr(module, name)

        def call(*args: object, real: object = real, name: str = name, **others: object) -> object:
            counts[name] += 1
            return real(*args, **others)  # type: ignore[operator]

        monkeypatch.setattr(module, name, call)
    return counts


def _correct(raw: Path, record: Record) -> None:
    note = record.notes[0]
    seen = note.sightings[0]
    made = Decision(
        "d1", seen.photo_sha256, seen.polygon, "text", note.text, "Yes", "", "Ann", "2026-01-01", "x"
    )
    decisions.append(raw / "town-hall", [made])


def _record(places: Places) -> Record:
    return msgspec.json.decode(places.record("town-hall").read_bytes(), type=Record)


def test_one_decision_compares_no_sheets_and_judges_no_words_again(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    counted: dict[str, int],
    tmp_path: Path,
) -> None:
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    assert counted == {"combine": 1, "place": 1, "judge_words": 6, "judge_from": 6}
    _correct(places.raw, _record(places))
    run.run(places, make_executor=in_this_process)
    assert counted == {"combine": 1, "place": 1, "judge_words": 6, "judge_from": 6}
    corrected = _record(places)
    assert corrected.notes[0].text == "Yes"
    # With nothing kept, the same record.
    for what in ("boards", "placed", "judged"):
        for file in (places.cache / what).rglob("*.json"):
            file.unlink()
    places.state("town-hall").unlink()
    run.run(places, make_executor=in_this_process)
    assert counted == {"combine": 2, "place": 2, "judge_words": 12, "judge_from": 12}
    assert _record(places) == corrected


def test_a_changed_reading_is_judged_anew_and_the_others_are_not(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    counted: dict[str, int],
    tmp_path: Path,
) -> None:
    folder = workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    (folder / "photo-2.png").unlink()
    run.run(places, make_executor=in_this_process)
    assert counted == {"combine": 2, "place": 2, "judge_words": 6, "judge_from": 6}


def test_a_new_process_analyses_no_text_again(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    analysed: list[str] = []
    real = vectors.SentenceVectors.many

    def many(network: vectors.SentenceVectors, texts: Sequence[str]) -> vectors.Vectors:
        analysed.extend(texts)
        return real(network, texts)

    searched: list[str] = []
    look = personal._recognised

    def recognised(texts: Iterable[str]) -> object:
        wanted = list(texts)
        searched.extend(wanted)
        return look(wanted)

    monkeypatch.setattr(personal, "_recognised", recognised)
    monkeypatch.setattr(vectors.SentenceVectors, "many", many)
    monkeypatch.setattr(theme, "default_analyser", vectors.Analyser)  # knows nothing, as in a new process
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    first = len(analysed)
    assert first
    assert sorted(searched) == ["blue", "pink", "yellow"]
    searched.clear()
    _correct(places.raw, _record(places))
    run.run(places, make_executor=in_this_process)
    assert len(analysed) <= first + 1  # the corrected text alone
    assert searched == ["Yes"]


def test_the_second_half_keeps_its_arithmetic_to_one_thread(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    seen: list[int] = []
    real = combine.combine

    def looking(*args: object) -> object:
        seen.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(combine, "combine", looking)
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    with threadpool_limits(2, user_api="blas"):
        run.run(places, make_executor=in_this_process)
    assert set(seen) == {1}


def test_features_and_photographs_are_read_only_where_sheets_are_compared_and_pictures_drawn(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    asked: list[str] = []
    real = Cache.get

    def get(cache: Cache, stage: str, digest: str, kind: type) -> object:
        asked.append(stage)
        return real(cache, stage, digest, kind)

    monkeypatch.setattr(Cache, "get", get)
    _correct(places.raw, _record(places))
    run.run(places, make_executor=in_this_process)
    assert {stage.name for stage in MAP_STAGES} - set(asked) == {"describe", "show"}


def test_damaged_features_are_made_anew(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    tmp_path: Path,
) -> None:
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    before = _record(places)
    for file in (places.cache / "describe").rglob("*.json"):
        file.write_bytes(b"damaged")
    for file in (places.cache / "boards").rglob("*.json"):
        file.unlink()
    places.state("town-hall").unlink()
    run.run(places, make_executor=in_this_process)
    assert _record(places) == before


def test_a_damaged_photograph_is_left_out_and_made_anew_by_the_next_run(
    fakes: pytest.MonkeyPatch,  # noqa: F811
    tmp_path: Path,
) -> None:
    workshop_of(tmp_path / "raw")
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    page = places.reports / "town-hall" / "record.html"
    run.run(places, make_executor=in_this_process)
    before = page.read_bytes()
    assert b'class="sheet"' in before
    for file in (places.cache / "show").rglob("*.json"):
        file.write_bytes(b"damaged")
    # What was drawn of it stands as long as it is kept.
    places.state("town-hall").unlink()
    run.run(places, make_executor=in_this_process)
    assert page.read_bytes() == before
    shutil.rmtree(places.cache / "published")
    places.state("town-hall").unlink()
    run.run(places, make_executor=in_this_process)
    assert b'class="sheet"' not in page.read_bytes()
    run.run(places, make_executor=in_this_process)
    assert page.read_bytes() == before


def test_a_photograph_whose_features_failed_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def failing(_bench: object) -> object:
        raise ValueError("no points")

    use_fakes(monkeypatch, describe=failing)
    workshop_of(tmp_path / "raw", photos=1)
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    run.run(places, make_executor=in_this_process)
    assert [refusal.code for refusal in _record(places).refusals] == ["failed"]
    assert "no points" in _record(places).refusals[0].reason


def test_whatever_people_change_the_record_is_that_of_a_first_run(tmp_path: Path) -> None:
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    folder = make_workshop(places, "town-hall", 5, 9)
    run.run(places)
    placed = [note for note in _record(places).notes if note.principle_id == "p0"]

    def decide(note: Note, field: str, new: str) -> None:
        seen = note.sightings[0]
        old = getattr(note, field)
        made = Decision(field, seen.photo_sha256, seen.polygon, field, old, new, "", "A", "2026-01-01", field)
        decisions.append(folder, [made])

    def decided() -> None:
        decide(placed[0], "text", "Pay people for their time")
        decide(placed[1], "response_type", "challenge")
        decide(placed[2], "principle_id", "p1")

    def owned() -> None:
        notes = "".join(f'{note.id} = ""\n' for note in placed[:2])
        theme_of = f'[[themes]]\nname = "Ours"\nprinciple = "p0"\n[themes.notes]\n{notes}'
        (folder / "themes.toml").write_text(theme_of, "utf-8")

    def otherwise() -> None:
        (folder / "photo-000003.jpg").unlink()
        file = folder / "workshop.toml"
        text = file.read_text("utf-8").replace('"Made up"', '"Time"').replace('"Power"', '"Power and money"')
        file.write_text(text, "utf-8")

    seen = [_outcome(places)]
    for change in (decided, owned, otherwise):
        change()
        run.run(places)
        quick = _outcome(places)
        assert quick not in seen
        _forget_what_is_kept(places)
        run.run(places)
        assert _outcome(places) == quick, change.__name__
        seen.append(quick)


def _outcome(places: Places) -> tuple[object, ...]:
    files = {str(file.relative_to(places.reports)): file.read_bytes() for file in _files(places.reports)}
    told = [(places.processed / name).read_text("utf-8") for name in ("data-dictionary.md", "questions.md")]
    return _record(places), dump_digest(places.database), files, told


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _forget_what_is_kept(places: Places) -> None:
    """Everything computed but for the results of the map half."""
    for folder in places.processed.iterdir():
        if folder != places.cache:
            shutil.rmtree(folder) if folder.is_dir() else folder.unlink()
    for folder in places.cache.iterdir():
        if folder.name not in {stage.name for stage in MAP_STAGES}:
            shutil.rmtree(folder)
