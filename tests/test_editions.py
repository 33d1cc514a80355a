from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from factories import make_decision, make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import editions
from pipeline.editions import (
    Edition,
    edition_numbers,
    freeze,
    import_record,
    is_unchanged,
    list_editions,
    load_edition,
    publishable,
    rebuild,
)
from pipeline.errors import EditionError, MissingError, StorageError
from pipeline.model import Crop, Note, Record

SEED = Path(__file__).resolve().parents[2] / "shared" / "record" / "whitworth-2019.txt"
TRANSCRIPT = "Values\n\nHow did people respond?\n\nPower (2)\n\n- Cede it\n- [no text]\n\nFoo bar\n"


def crops_of(record: Record) -> dict[str, Crop]:
    return {note.id: Crop(b"\xff\xd8" + note.id.encode(), 30, 20) for note in record.notes if note.sightings}


def publish(reports: Path, record: Record, **options: bool) -> Edition:
    return freeze(
        record, crops_of(record), reports, "2026-11-21", "the photographs", ("A. Reader",), **options
    )


def altered(path: Path, content: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(content)


def test_an_edition_is_rebuilt_exactly(tmp_path: Path) -> None:
    record = publishable(make_record())
    edition = publish(tmp_path, record)
    assert (edition.number, edition.date, edition.based_on) == (1, "2026-11-21", "the photographs")
    assert edition.credits == ("A. Reader",)
    loaded = load_edition(tmp_path, "demo", 1)
    assert loaded == edition
    assert rebuild(loaded) == (record, crops_of(record))
    assert loaded.path == "demo/editions/1/edition.json"
    assert (tmp_path / loaded.path).is_file()


def test_counts_and_promises_are_frozen(tmp_path: Path) -> None:
    edition = publish(tmp_path, make_record())
    assert [
        (count.principle_id, count.found, count.stated, count.difference) for count in edition.counts
    ] == [
        ("power", 6, 5, 1),
        ("make-time", 3, None, None),
        ("transparent", 0, 0, 0),
        (None, 2, None, None),
    ]
    assert [(promise.kind, promise.note_ids) for promise in edition.promises] == [
        ("illegible", ("n0004",)),
        ("partial", ("n0002", "n0003", "n0009")),
        ("unsure_type", ("n0011",)),
        ("unplaced", ("n0010", "n0011")),
        ("disputed", ("n0010",)),
    ]
    assert edition.promises[0].sentence.startswith("1 note is illegible: we plan to update")
    assert edition.record.software == {"pipeline": "0.1.0", "rapidocr": "3.10.0"}


def test_what_is_never_published_is_not_frozen(tmp_path: Path) -> None:
    secret = "Zaphod said this"
    record = make_record(
        notes=[make_note(1, "Listen", machine_text=secret)],
        orphans=(make_decision(old=secret, new=secret, person=secret, reason=secret, based_on=secret),),
    )
    edition = publish(tmp_path, record)
    assert secret.encode() not in (edition.folder / "edition.json").read_bytes()
    assert len(edition.record.orphans) == 1


def test_names_that_nobody_decided_on_are_not_frozen(tmp_path: Path) -> None:
    flagged = make_note(1, "Ask Zaphod first", personal_data=("Zaphod",))
    kept = make_note(2, "Ask Trillian first")
    edition = publish(tmp_path, make_record(notes=[flagged, kept]))
    assert [note.text for note in edition.record.notes] == ["Ask [name removed] first", "Ask Trillian first"]
    assert edition.record.notes[0].text_status == "partial"
    assert b"Zaphod" not in (edition.folder / "edition.json").read_bytes()
    assert is_unchanged(make_record(notes=[flagged, kept]), tmp_path)


def test_the_published_wording_stays_unless_somebody_changed_it() -> None:
    imported = make_note(2, "Ask Ann [illegible]", machine_text="Ask Ann ...", sightings=())
    removed = replace(imported, text="Ask [name removed] [illegible]")
    public = publishable(make_record(notes=[imported, removed]))
    assert [note.machine_text for note in public.notes] == ["Ask Ann ...", ""]


def test_nothing_new_makes_no_edition_unless_forced(tmp_path: Path) -> None:
    record = make_record()
    assert not is_unchanged(record, tmp_path)
    assert publish(tmp_path, record).is_new
    newer = replace(record, software={"pipeline": "9"})
    again = publish(tmp_path, newer)
    assert (again.number, again.is_new) == (1, False)
    assert is_unchanged(newer, tmp_path)
    assert publish(tmp_path, newer, force=True).number == 2
    assert publish(tmp_path, replace(record, title="Another")).number == 3
    assert [edition.number for edition in list_editions(tmp_path, "demo")] == [1, 2, 3]


def test_files_are_read_only_and_their_digests_are_those_of_sha256sum(tmp_path: Path) -> None:
    folder = publish(tmp_path, make_record()).folder
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "crops.zip", "edition.json"]
    for path in folder.iterdir():
        assert not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    first = publish(tmp_path / "a", make_record())
    second = publish(tmp_path / "b", make_record())
    for path in first.folder.iterdir():
        assert path.read_bytes() == (second.folder / path.name).read_bytes()


@pytest.mark.parametrize("name", ["edition.json", "crops.zip", "SHA256SUMS"])
def test_an_altered_file_is_noticed(tmp_path: Path, name: str) -> None:
    path = publish(tmp_path, make_record()).folder / name
    altered(path, path.read_bytes().replace(b"n0001", b"n0999").replace(b"a", b"b", 1))
    with pytest.raises(EditionError, match=r"is damaged") as caught:
        load_edition(tmp_path, "demo", 1)
    assert "back from a copy" in caught.value.remedy


@pytest.mark.parametrize("name", ["edition.json", "crops.zip", "SHA256SUMS"])
def test_a_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    (publish(tmp_path, make_record()).folder / name).unlink()
    with pytest.raises(EditionError, match=name):
        load_edition(tmp_path, "demo", 1)


def resealed(folder: Path, change: object) -> None:
    """Alters edition.json and its digest too, as somebody who knows how would."""
    import hashlib

    content = json.loads((folder / "edition.json").read_bytes())
    content.update(change)
    data = json.dumps(content).encode()
    altered(folder / "edition.json", data)
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  edition.json" if line.endswith("edition.json") else line
        for line in sums
    ]
    altered(folder / "SHA256SUMS", "".join(f"{line}\n" for line in lines).encode())


def test_the_next_edition_remembers_the_one_before(tmp_path: Path) -> None:
    publish(tmp_path, make_record())
    publish(tmp_path, make_record(title="Another"))
    resealed(tmp_path / "demo/editions/1", {"date": "1999-01-01"})
    with pytest.raises(EditionError, match=r"edition 2 was made from another edition 1"):
        load_edition(tmp_path, "demo", 1)
    assert load_edition(tmp_path, "demo", 2).number == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 99}, "newer version"),
        ({"surprise": 1}, "unknown field"),
        ({"number": 7}, "it is edition 7"),
        ({"record": {}}, "missing required field"),
    ],
)
def test_what_is_no_edition_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    resealed(publish(tmp_path, make_record()).folder, change)
    with pytest.raises(EditionError, match=says):
        load_edition(tmp_path, "demo", 1)


def test_an_invalid_note_is_refused(tmp_path: Path) -> None:
    folder = publish(tmp_path, make_record(notes=[make_note(1)])).folder
    record = json.loads((folder / "edition.json").read_bytes())["record"]
    record["notes"][0]["shape"] = "hexagon"
    resealed(folder, {"record": record})
    with pytest.raises(EditionError, match="hexagon"):
        load_edition(tmp_path, "demo", 1)


def test_absent_editions_and_odd_names(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"no edition 3") as caught:
        load_edition(tmp_path, "demo", 3)
    assert "workshop publish demo" in caught.value.remedy
    for name in ("", "..", "a/b", "a\\b"):
        with pytest.raises(EditionError):
            list_editions(tmp_path, name)
    (tmp_path / "demo/editions/notes").mkdir(parents=True)
    assert list_editions(tmp_path, "demo") == ()


def test_odd_note_ids_get_files_of_their_own(tmp_path: Path) -> None:
    ids = ["../../etc/passwd", "a", "A", "é", "x" * 300]
    record = publishable(make_record(notes=[make_note(n, id=id) for n, id in enumerate(ids, 1)], themes=()))
    edition = publish(tmp_path, record)
    names = [entry.name for entry in edition.crops.values()]
    assert len({name.casefold() for name in names}) == 5
    assert not any("/" in name or ".." in name for name in names)
    assert rebuild(edition)[1] == crops_of(record)


# --- kills, races, broken disks --------------------------------------------------------------


def test_a_read_only_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StorageError, match="could not be written") as caught:
        publish(tmp_path, make_record())
    assert "No edition was made" in caught.value.safe


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = os.fsync

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space"):
        publish(tmp_path, make_record())
    assert list((tmp_path / "demo/editions").iterdir()) == []


def test_leftovers_of_a_kill_go_when_they_are_old(tmp_path: Path) -> None:
    parent = tmp_path / "demo/editions"
    for name in (".partial-old", ".partial-young"):
        (parent / name).mkdir(parents=True)
    long_ago = time.time() - 10_000
    os.utime(parent / ".partial-old", (long_ago, long_ago))
    assert publish(tmp_path, make_record()).number == 1
    assert sorted(path.name for path in parent.iterdir()) == [".partial-young", "1"]


PUBLISHER = """
import sys
from pathlib import Path
from typing import Any
sys.path[:0] = {paths!r}
from test_editions import publish
from factories import make_record
print("ready", flush=True)
for number in range(10_000):
    publish(Path({reports!r}), make_record(title=f"Title {{number}}"))
"""


def test_killed_at_any_moment_it_leaves_whole_editions(tmp_path: Path) -> None:
    here = Path(__file__).resolve().parent
    code = PUBLISHER.format(paths=[str(here), str(here.parent)], reports=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        for stop, delay in enumerate((0.03, 0.05, 0.08, 0.11)):
            while len(edition_numbers(tmp_path, "demo")) < stop:  # however slow the machine
                assert process.poll() is None
                time.sleep(0.001)
            time.sleep(delay)
            os.kill(process.pid, signal.SIGSTOP)
            # The signal is only sent: a rename that it was in the middle of is still done.
            _, how = os.waitpid(process.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(how)
            # Stopped is as good as killed here: what lies on the disk now is all there would be.
            copy = tmp_path.with_name(f"{tmp_path.name}-{stop}")
            shutil.copytree(tmp_path, copy)
            os.kill(process.pid, signal.SIGCONT)
            found = list_editions(copy, "demo")
            assert len(found) >= stop
            assert [edition.number for edition in found] == list(range(1, len(found) + 1))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    last = list_editions(tmp_path, "demo")[-1].number
    assert publish(tmp_path, make_record(title="After the kill")).number == last + 1


def _publish_in_process(reports: str, title: str, barrier: object, results: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    edition = publish(Path(reports), make_record(title=title))
    results.put((edition.number, edition.record.title))  # type: ignore[attr-defined]


def test_publishing_at_once_gives_each_a_number(tmp_path: Path) -> None:
    # Not forked: this process may have threads, of which one may hold a lock at that moment.
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(4), context.Queue()
    jobs = [
        context.Process(
            target=_publish_in_process, args=(str(tmp_path), f"Title {n}", barrier, results), daemon=True
        )
        for n in range(4)
    ]
    for job in jobs:
        job.start()
    numbers = sorted(results.get(timeout=300) for _ in jobs)
    for job in jobs:
        job.join()
    assert [number for number, _ in numbers] == [1, 2, 3, 4]
    assert [edition.record.title for edition in list_editions(tmp_path, "demo")] == [
        title for _, title in numbers
    ]


def test_a_number_taken_meanwhile_is_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = editions.write_edition
    beaten: list[int] = []

    def slow(edition: Edition, crops: dict[str, Crop], *rest: Any) -> Edition | None:
        if not beaten:
            beaten.append(1)
            publish(tmp_path, make_record(title="The faster one"))
        return real(edition, crops, *rest)

    monkeypatch.setattr(editions, "write_edition", slow)
    mine = publish(tmp_path, make_record(title="The slower one"))
    assert mine.number == 2
    assert [edition.record.title for edition in list_editions(tmp_path, "demo")] == [
        "The faster one",
        "The slower one",
    ]
    assert load_edition(tmp_path, "demo", 2).previous is not None


# --- imported records ------------------------------------------------------------------------


def test_import_makes_edition_0_once(tmp_path: Path) -> None:
    path = tmp_path / "record.txt"
    path.write_text(TRANSCRIPT)
    edition = import_record(tmp_path / "reports", "demo", (), path, date="2019-04-01")
    assert (edition.number, edition.date, edition.based_on) == (
        0,
        "2019-04-01",
        "the published record record.txt",
    )
    assert [(count.heading, count.found, count.stated) for count in edition.counts] == [("Power", 2, 2)]
    assert edition.source is not None
    assert [(entry.number, entry.text) for entry in edition.source.unknown] == [(10, "Foo bar")]
    assert edition.record.notices == ("Not interpreted in the imported record: Foo bar",)
    again = import_record(tmp_path / "reports", "demo", (), path, date="2026-01-01")
    assert (again.is_new, again.date) == (False, "2019-04-01")
    assert load_edition(tmp_path / "reports", "demo", 0) == edition
    path.write_text(TRANSCRIPT.replace("Cede it", "Keep it"))
    with pytest.raises(EditionError, match="has an edition 0 already") as caught:
        import_record(tmp_path / "reports", "demo", (), path)
    assert "take" in caught.value.remedy


def test_photographs_follow_an_imported_record_as_edition_1(tmp_path: Path) -> None:
    path = tmp_path / "record.txt"
    path.write_text(TRANSCRIPT)
    imported = import_record(tmp_path / "reports", "demo", (), path, date="2019-04-01")
    same = freeze(imported.record, {}, tmp_path / "reports", "2026-11-21", "itself")
    assert (same.number, same.is_new) == (0, False)
    edition = publish(tmp_path / "reports", make_record())
    assert edition.number == 1
    assert edition.previous is not None


@pytest.mark.skipif(not SEED.exists(), reason="the published record lies outside the repository")
def test_the_published_record_as_edition_0(tmp_path: Path) -> None:
    edition = import_record(tmp_path, "whitworth-2019", (), SEED, date="2019-04-01")
    assert len(edition.record.notes) == 86
    assert {count.heading: (count.found, count.stated) for count in edition.counts}["Engaged"] == (7, 6)
    assert edition.promises[0].sentence == "We plan to update this record soon using the originals."
    assert rebuild(load_edition(tmp_path, "whitworth-2019", 0))[0] == edition.record


# --- any record ------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda t: t.strip() != ""
)
notes = st.lists(
    st.builds(
        lambda text, confidence, state: make_note(1, text, confidence=confidence, reading_state=state),
        texts,
        st.floats(0, 1),
        st.sampled_from(["machine", "reviewed", "double_keyed", "disputed"]),
    ),
    max_size=4,
).map(lambda made: [replace(note, id=f"n{n}") for n, note in enumerate(made)])


@settings(max_examples=25, deadline=None)
@given(notes, texts, st.dictionaries(texts, texts, max_size=3))
def test_any_record_is_rebuilt(
    tmp_path_factory: pytest.TempPathFactory, made: list[Note], title: str, software: dict[str, str]
) -> None:
    record = publishable(make_record(notes=made, title=title, software=software))
    reports = tmp_path_factory.mktemp("reports")
    publish(reports, record)
    assert rebuild(load_edition(reports, "demo", 1)) == (record, crops_of(record))
