"""The map half: one photograph through its stages, in whatever process it happens to be.

A `Job` is all that travels to a worker and an `Outcome` all that comes back: both small and
picklable. Results go into the cache; the pixels never leave the worker.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import memory
from pipeline.cache import Cache, StageKey
from pipeline.errors import is_out_of_memory
from pipeline.inventory import MAX_BYTES
from pipeline.model import Classification, Crop, Detection, Features, PageReading, Photo, Refusal

if TYPE_CHECKING:
    from pipeline.photos import Pixels


@dataclass(frozen=True, slots=True)
class Settings:
    """What of a workshop's settings reaches the map half; all of it is part of the cache's keys."""

    language: str
    note_readers: tuple[str, ...]
    heading_reader: str


@dataclass(frozen=True, slots=True)
class Job:
    """One photograph to work on: where it lies, what it should contain, and where results go.

    `digests` hold, for every stage in order, the name of its result. `file` and `cache_folder` must
    mean the same on every machine that takes part.
    """

    file: str
    path: str
    sha256: str
    cache_folder: str
    settings: Settings
    digests: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job. `passing` is a trouble of the moment, not recorded: the next run tries again."""

    path: str
    notes: int = 0
    refusal: Refusal | None = None
    passing: str | None = None


class Bench:
    """One photograph on the workbench: its pixels, decoded when first needed, and the results so far."""

    def __init__(self, job: Job, results: dict[str, Any]) -> None:
        self.job = job
        self.results = results
        self.seen: Detection | None = None
        """What the detector saw in the picture as it was taken, where that was asked."""

    @cached_property
    def taken_in(self) -> tuple[Photo, Pixels] | Refusal:
        """The photograph as its file has it, or why it was refused; raises ChangedError if that is not as planned."""
        from pipeline.stages import intake  # noqa: PLC0415  (heavy, and only workers decode)

        with Path(self.job.file).open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if hashlib.sha256(content).hexdigest() != self.job.sha256:
            raise ChangedError
        # The path is left out of the result: a renamed photograph is still the same photograph.
        return intake.intake(content, "")

    @cached_property
    def pixels(self) -> Pixels:
        """The upright picture, uint8 RGB, full size."""
        from pipeline.photos import turned  # noqa: PLC0415  (heavy)

        if isinstance(self.taken_in, Refusal):
            raise TypeError("a refused photograph has no pixels")
        return turned(self.taken_in[1], self.results["intake"].turn)


class ChangedError(Exception):
    """The file was replaced between planning and reading."""


def _intake(bench: Bench) -> Photo | Refusal:
    """The photograph upright: the file's word for which way up it is does not always hold."""
    from pipeline.turning import turn_of  # noqa: PLC0415  (heavy)

    if isinstance(bench.taken_in, Refusal):
        return bench.taken_in
    photo, pixels = bench.taken_in
    bench.seen = _detector().detect(pixels)
    turn = turn_of(pixels, bench.seen, _direction_reader)
    if turn in (90, 270):
        return replace(photo, width=photo.height, height=photo.width, turn=turn)
    return replace(photo, turn=turn)


def _detect(bench: Bench) -> Detection:
    if bench.seen is not None and bench.results["intake"].turn == 0:
        return bench.seen
    found: Detection = _detector().detect(bench.pixels)
    return found


def _classify(bench: Bench) -> tuple[Classification, ...]:
    from pipeline.stages import classify  # noqa: PLC0415

    return classify.classify(bench.pixels, bench.results["detect"].outlines)


def _read(bench: Bench) -> PageReading:
    from pipeline.stages import read  # noqa: PLC0415

    settings = bench.job.settings
    detection: Detection = bench.results["detect"]
    return read.read_page(
        bench.pixels,
        detection.outlines,
        bench.results["classify"],
        detection.headings,
        note_readers=_readers(settings.note_readers),
        heading_reader=_heading_reader(settings.heading_reader),
        language=settings.language,
    )


def _cut(bench: Bench) -> tuple[Crop, ...]:
    from pipeline.stages import cut  # noqa: PLC0415

    return cut.cut(
        bench.pixels, bench.results["detect"].outlines, bench.results["classify"], bench.results["read"]
    )


def _show(bench: Bench) -> Crop:
    from pipeline.stages import show  # noqa: PLC0415

    return show.show(bench.pixels)


def _describe(bench: Bench) -> Features:
    from pipeline.stages import describe  # noqa: PLC0415

    return describe.describe(bench.pixels)


@dataclass(frozen=True, slots=True)
class MapStage:
    """A stage of the map half: its name, the stages it builds on, what it gives, and how it works."""

    name: str
    after: tuple[str, ...]
    gives: Any
    work: Callable[[Bench], Any]


MAP_STAGES = (
    MapStage("intake", (), Photo, _intake),
    MapStage("show", ("intake",), Crop, _show),
    MapStage("describe", ("intake",), Features, _describe),
    MapStage("detect", ("intake",), Detection, _detect),
    MapStage("classify", ("detect",), tuple[Classification, ...], _classify),
    MapStage("read", ("detect", "classify"), PageReading, _read),
    MapStage("cut", ("detect", "classify", "read"), tuple[Crop, ...], _cut),
)
"""The order of the map half. A stage's result depends on its own key and on those it comes after."""


def stage_keys(settings: Settings) -> dict[str, StageKey]:
    """For each stage, everything its results depend on besides the photograph."""
    from pipeline.stages import classify, cut, describe, detect, intake, read, show  # noqa: PLC0415

    reader_prints = [(name, reader.fingerprint) for name, reader in _named_readers(settings)]
    network = ("network", _detector().fingerprint)
    directions = ("directions", _direction_reader().fingerprint)
    return {
        "intake": StageKey("intake", intake.VERSION, fingerprints=(network, directions)),
        "show": StageKey("show", show.VERSION),
        "describe": StageKey("describe", describe.VERSION),
        "detect": StageKey("detect", detect.VERSION, fingerprints=(network,)),
        "classify": StageKey("classify", classify.VERSION),
        "read": StageKey(
            "read", read.VERSION, (("language", settings.language),), fingerprints=tuple(reader_prints)
        ),
        "cut": StageKey("cut", cut.VERSION),
    }


def result_digests(keys: dict[str, StageKey], sha256: str) -> dict[str, str]:
    """The name of every stage's result for a photograph of this content."""
    digests: dict[str, str] = {}
    for stage in MAP_STAGES:
        inputs = [digests[name] for name in stage.after] or [sha256]
        digests[stage.name] = keys[stage.name].digest(inputs)
    return digests


def work_on(job: Job) -> Outcome:
    """Bring one photograph through every stage whose result is not there yet.

    A stage that fails leaves its reason as a recorded result, and the stages after it are left
    out. A file that changed meanwhile or cannot be read now is not recorded but reported. Raises
    StorageError when a result cannot be written: without it the record would lose a photograph.
    """
    one_thread_each()
    memory.set_large_blocks_apart()
    try:
        return _through_all_stages(job)
    finally:
        memory.hand_back()


def _through_all_stages(job: Job) -> Outcome:
    cache = Cache(Path(job.cache_folder))
    digests = dict(job.digests)
    results: dict[str, Any] = {}
    bench = Bench(job, results)
    notes = 0
    for stage in MAP_STAGES:
        found = cache.get(stage.name, digests[stage.name], stage.gives)
        if found is None:
            try:
                found = _worked(stage, bench)
                memory.hand_back()  # what one stage leaves free would lie beside what the next one takes
                cache.put(stage.name, digests[stage.name], found)
            except ChangedError:
                return Outcome(job.path, passing="the file changed while it was being read; run again")
            except OSError as error:
                return Outcome(job.path, passing=f"the file could not be read: {error.strerror or error}")
            except MemoryError:
                return Outcome(job.path, passing="the machine ran out of memory on it; run again alone")
        if isinstance(found, Refusal):
            return Outcome(job.path, refusal=found)
        results[stage.name] = found
        if stage.name == "detect":
            notes = len(found.outlines)
    return Outcome(job.path, notes=notes)


def _worked(stage: MapStage, bench: Bench) -> Any:
    try:
        return stage.work(bench)
    except (ChangedError, OSError, MemoryError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            # Trouble of the moment: recorded, it would stand though there is memory the next time.
            raise MemoryError from error
        return Refusal(
            "",
            "failed",
            f"The stage “{stage.name}” failed: {type(error).__name__}: {str(error)[:200]}",
            "The photograph is kept and tried again when the program or the file changes.",
        )


@cache
def one_thread_each() -> None:
    """Keep every library to one thread: the photographs are what runs side by side."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    import cv2  # noqa: PLC0415

    cv2.setNumThreads(1)


@cache
def _detector() -> Any:
    from pipeline.stages import detect  # noqa: PLC0415

    return detect.Detector(threads=1)


def _readers(names: tuple[str, ...]) -> list[Any]:
    from pipeline.readers import open_reader  # noqa: PLC0415

    return [open_reader(name) for name in names]


def _direction_reader() -> Any:
    from pipeline.readers import open_reader  # noqa: PLC0415

    return open_reader("rapidocr")


@cache
def _heading_reader(name: str) -> Any:
    """The reader for print, or the first handwriting reader where it is not installed."""
    from pipeline.readers import ReaderError, open_reader  # noqa: PLC0415

    try:
        return open_reader(name)
    except ReaderError:
        return open_reader("rapidocr")


def _named_readers(settings: Settings) -> list[tuple[str, Any]]:
    named = list(zip(settings.note_readers, _readers(settings.note_readers), strict=True))
    heading = _heading_reader(settings.heading_reader)
    return [*named, (f"headings:{heading.name}", heading)]
