"""For the fuzz: what the program itself wrote and reads again, damaged. Cached results are made anew, editions told.

A damaged file mostly does not fit its digest and is read no further, so half of them get a digest that fits.
"""

from __future__ import annotations

import functools
import hashlib
import io
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

EDITION = {"edition.json": "edition.json", "edition.sums": "SHA256SUMS", "edition.zip": "crops.zip"}
STAGES = ("detect", "classify", "read", "cut")
_WORKSHOP = "town-hall"
_DIGEST = "ab" * 32


@functools.cache
def _edition() -> dict[str, bytes]:
    """The files of a whole edition."""
    from factories import make_record
    from PIL import Image

    from pipeline.editions import freeze
    from pipeline.model import Crop

    out = io.BytesIO()
    Image.new("RGB", (8, 8), "yellow").save(out, "JPEG")
    record = make_record(workshop_id=_WORKSHOP)
    crops = {note.id: Crop(out.getvalue(), 8, 8) for note in record.notes[:3]}
    with tempfile.TemporaryDirectory() as name:
        edition = freeze(record, crops, Path(name), "2026-11-22", "fuzz")
        return {file.name: file.read_bytes() for file in edition.folder.iterdir()}


@functools.cache
def _results() -> dict[str, Any]:
    """A result of some stages."""
    from pipeline import model

    square = ((40.0, 100.0), (80.0, 100.0), (80.0, 140.0), (40.0, 140.0))
    reading = model.Reading("fake", "1", (model.Line((model.Word("power", 0.9, square),)),))
    note = model.NoteReading((reading,), model.Ink(0.1, 0.0, 50.0, 20.0, is_written=True))
    return {
        "detect": model.Detection((model.Outline(square, 0.9),), (model.HeadingBox(square, 0.9),)),
        "classify": (model.Classification("square", 0.95, "yellow"),),
        "read": model.PageReading((note,), (model.HeadingReading("POWER", 0.99, "fake"),)),
        "cut": (model.Crop(b"jpeg", 8, 8),),
    }


@functools.cache
def _cached() -> dict[str, bytes]:
    from pipeline.cache import Cache

    with tempfile.TemporaryDirectory() as name:
        cache = Cache(Path(name))
        for stage, result in _results().items():
            cache.put(stage, _DIGEST, result)
        return {stage: cache.path(stage, _DIGEST).read_bytes() for stage in STAGES}


@functools.cache
def _planned() -> dict[str, bytes]:
    """What planning remembers: state and index."""
    import msgspec

    from pipeline.cache import StageKey
    from pipeline.inventory import _Entry
    from pipeline.planning import State

    state = State("stamp", {"detect": StageKey("detect", "1")}, {"a.png": _DIGEST}, {"record.html": (1, 2)})
    # As an inventory writes it, of a file of long ago.
    index = {"a.png": _Entry(1, 1_600_000_000_123_456_789, 1234567, 1_600_000_009_987_654_321, _DIGEST)}
    return {"state": msgspec.json.encode(state), "index": msgspec.json.encode(index)}


def seeds() -> dict[str, list[bytes]]:
    """For each kind, a whole file."""
    return {
        **{kind: [_edition()[name]] for kind, name in EDITION.items()},
        **{f"cached-{stage}": [content] for stage, content in _cached().items()},
        **{f"planned-{what}": [content] for what, content in _planned().items()},
    }


def take_edition(kind: str, content: bytes, folder: Path) -> str:
    """A damaged edition is told as such, with its exit code; what passes is used like any other."""
    from pipeline.diff import diff
    from pipeline.editions import load_edition, rebuild
    from pipeline.errors import EditionError

    home = folder / _WORKSHOP / "editions" / "1"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    files = {**_edition(), EDITION[kind]: content}
    if kind != "edition.sums" and random.Random(content).random() < 0.5:
        stated = (
            f"{hashlib.sha256(data).hexdigest()}  {name}\n"
            for name, data in sorted(files.items())
            if name != "SHA256SUMS"
        )
        files["SHA256SUMS"] = "".join(stated).encode()
    for name, data in files.items():
        (home / name).write_bytes(data)
    try:
        edition = load_edition(folder, _WORKSHOP, 1)
        record, _ = rebuild(edition)
    except EditionError as error:
        assert error.exit_code == 10
        assert str(folder) in str(error)
        return "refused"
    diff(record, record)
    return "read"


def take_cached(kind: str, content: bytes, folder: Path) -> str:
    """A damaged result is as good as none, and the one made anew stands in its place."""
    from pipeline.cache import Cache
    from pipeline.mapping import MAP_STAGES

    stage = kind.removeprefix("cached-")
    gives = {one.name: one.gives for one in MAP_STAGES}[stage]
    if random.Random(content).random() < 0.5:
        content = hashlib.sha256(content[65:]).hexdigest().encode() + b"\n" + content[65:]
    cache = Cache(folder / "cache")
    file = cache.path(stage, _DIGEST)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    cache.is_refusal(stage, _DIGEST)
    if cache.get(stage, _DIGEST, gives) is not None:
        return "read"
    cache.put(stage, _DIGEST, _results()[stage])
    assert cache.get(stage, _DIGEST, gives) == _results()[stage]
    return "refused"


def take_planned(kind: str, content: bytes, folder: Path) -> str:
    """What planning remembers only saves time: damaged, it is looked at anew."""
    from pipeline.inventory import take_inventory
    from pipeline.planning import load_state

    file = folder / "planned.json"
    file.write_bytes(content)
    if kind == "planned-state":
        return "read" if load_state(file) is not None else "refused"
    (folder / "raw").mkdir(exist_ok=True)
    (folder / "raw" / "a.png").write_bytes(b"x")
    found = take_inventory(folder / "raw", file)
    assert found.sources[0].sha256 == hashlib.sha256(b"x").hexdigest()
    return "read" if file.read_bytes() == content else "refused"
