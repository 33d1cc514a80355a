"""What a run would do, and why: names of results compared with what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import msgspec

from pipeline import decisions, readers
from pipeline.cache import Cache, StageKey
from pipeline.damage import UNDECODABLE
from pipeline.errors import ConfigError, StorageError, WorkshopError
from pipeline.files import write_atomically
from pipeline.inventory import Inventory, Source, take_inventory
from pipeline.mapping import MAP_STAGES, Job, Settings, result_digests, stage_keys
from pipeline.surroundings import surroundings
from pipeline.workshop import FILE_NAME, Workshop, nearest

OWNED_THEMES = "themes.toml"
_LIBRARIES = (
    "duckdb", "msgspec", "numpy", "opencv-python-headless", "rapidfuzz", "scikit-learn", "scipy", "shapely", "spacy",
    "wordfreq",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """The three folders of a project: what people give, what is computed, what is published."""

    raw: Path
    processed: Path
    reports: Path

    @property
    def cache(self) -> Path:
        """Results of the map half."""
        return self.processed / "cache"

    @property
    def database(self) -> Path:
        """The database of all workshops."""
        return self.processed / "workshops.duckdb"

    def state(self, workshop_id: str) -> Path:
        """What the last finished run of a workshop was based on."""
        return self.processed / "state" / f"{workshop_id}.json"

    def index(self, workshop_id: str) -> Path:
        """Digests of the workshop's files."""
        return self.processed / "index" / f"{workshop_id}.json"

    def record(self, workshop_id: str) -> Path:
        """The workshop as it stood after its last run, for the database."""
        return self.processed / "records" / f"{workshop_id}.json"

    def vectors(self, workshop_id: str) -> Path:
        """What is known of the words of its notes, so that only new ones are analysed; safe to delete."""
        return self.processed / "vectors" / f"{workshop_id}.bin"

    def keys(self, settings: Settings) -> Path:
        """The stages' keys for such settings, as they were last worked out; safe to delete."""
        name = hashlib.sha256(msgspec.json.encode(settings)).hexdigest()[:16]
        return self.processed / "keys" / f"{name}.json"

    def lock(self, name: str) -> Path:
        """A lock file."""
        return self.processed / "locks" / f"{name}.lock"


class State(msgspec.Struct):
    """What the last finished run was based on and what it wrote."""

    stamp: str
    keys: dict[str, StageKey]
    photos: dict[str, str]
    outputs: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Step:
    """One photograph's part of the plan: the stages still to do, and the reason in plain words."""

    path: str
    stages: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run of one workshop would do."""

    workshop: Workshop
    inventory: Inventory
    keys: dict[str, StageKey]
    digests: dict[str, dict[str, str]]
    jobs: tuple[Job, ...]
    steps: tuple[Step, ...]
    stamp: str
    rebuild_reason: str

    @property
    def is_empty(self) -> bool:
        """Nothing to do at all?"""
        return not self.jobs and not self.rebuild_reason


def make_plans(workshops: Sequence[Workshop], places: Places) -> list[Plan]:
    """A plan of each, as `make_plan` makes it; which engines there are is found out once, not for each workshop."""
    found: dict[Settings, dict[str, StageKey]] = {}
    return [make_plan(workshop, places, found) for workshop in workshops]


def make_plan(
    workshop: Workshop, places: Places, found: dict[Settings, dict[str, StageKey]] | None = None
) -> Plan:
    """Compare what is there with what the settings, the files and the program now ask for.

    `found` are the stages' keys for settings that were met a moment ago; those of new settings are added to it.
    Raises ConfigError for a reader that is unknown, WorkshopError for one that cannot be opened.
    """
    settings = Settings(workshop.language, workshop.note_readers, workshop.heading_reader)
    _check_readers(workshop)
    found = {} if found is None else found
    try:
        keys = found[settings] = found.get(settings) or known_keys(settings, places)
    except readers.ReaderError as error:
        raise WorkshopError(
            f"{workshop.folder / FILE_NAME}: a reader named under `[readers]` cannot be used: {error}.",
            safe="Nothing was changed.",
            remedy="Install what it needs (workshop doctor says what is missing), or name another reader.",
        ) from error
    inventory = take_inventory(workshop.folder, places.index(workshop.id))
    state = load_state(places.state(workshop.id))
    cache = Cache(places.cache)
    digests: dict[str, dict[str, str]] = {}
    known_before = frozenset(state.photos.values()) if state else frozenset()
    jobs: list[Job] = []
    steps: list[Step] = []
    for source in inventory.sources:
        named = result_digests(keys, source.sha256)
        digests[source.sha256] = named
        missing = missing_stages(cache, named)
        if missing:
            job = Job(
                file=str((workshop.folder / source.path).resolve()),
                path=source.path,
                sha256=source.sha256,
                cache_folder=str(places.cache.resolve()),
                settings=settings,
                digests=tuple(named.items()),
            )
            jobs.append(job)
            is_known = source.sha256 in known_before
            steps.append(Step(source.path, missing, _why(source, is_known, keys, missing, state)))
    stamp = _stamp(workshop, inventory, digests, places)
    return Plan(
        workshop=workshop,
        inventory=inventory,
        keys=keys,
        digests=digests,
        jobs=tuple(jobs),
        steps=tuple(steps),
        stamp=stamp,
        rebuild_reason=_why_rebuild(state, stamp, inventory, places),
    )


def _check_readers(workshop: Workshop) -> None:
    """Only names that do not come with the program are looked up: that reads every package's entry points."""
    named = [("readers.notes", name) for name in workshop.note_readers]
    for key, name in (*named, ("readers.headings", workshop.heading_reader)):
        if name in readers.BUILT_IN or name in (known := readers.available()):
            continue
        near = nearest(name, known)
        raise ConfigError(
            f"{workshop.folder / FILE_NAME}: `{key}` names “{name}”, but there is no such reader here.",
            safe="Nothing was changed.",
            remedy=f"{f'Did you mean “{near}”? ' if near else ''}Known readers: {', '.join(known)}.",
        )


class _KnownKeys(msgspec.Struct):
    """Keys, and the surroundings in which they hold."""

    surroundings: str
    keys: dict[str, StageKey]


def known_keys(settings: Settings, places: Places) -> dict[str, StageKey]:
    """`stage_keys`, without loading an engine as long as nothing that the keys hang on has changed."""
    now = surroundings(settings, program_digest())
    if now is None:
        return stage_keys(settings)
    file = places.keys(settings)
    with suppress(OSError, *UNDECODABLE):
        known = msgspec.json.decode(file.read_bytes(), type=_KnownKeys)
        if known.surroundings == now:
            return known.keys
    keys = stage_keys(settings)
    with suppress(StorageError):  # a disk that is full or read-only is told of where results are written
        write_atomically(file, msgspec.json.encode(_KnownKeys(now, keys)), durable=False)
    return keys


def missing_stages(cache: Cache, digests: dict[str, str]) -> tuple[str, ...]:
    """The stages whose result is not there; none after a recorded failure, which stands for the rest."""
    missing = tuple(stage.name for stage in MAP_STAGES if not cache.has(stage.name, digests[stage.name]))
    if not missing:
        return ()
    for stage in MAP_STAGES:
        if stage.name == missing[0]:
            return missing
        if cache.is_refusal(stage.name, digests[stage.name]):
            return ()
    return missing


def load_state(file: Path) -> State | None:
    """The last finished run's state, or None where there was none that can be understood."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=State)
    except (OSError, *UNDECODABLE):
        return None


def save_state(plan: Plan, places: Places, outputs: list[Path]) -> None:
    """Remember what a finished run was based on, so that the next can tell that nothing changed."""
    state = State(
        stamp=plan.stamp,
        keys=plan.keys,
        photos={source.path: source.sha256 for source in plan.inventory.sources},
        outputs={str(path): _seen(path) for path in outputs},
    )
    write_atomically(places.state(plan.workshop.id), msgspec.json.encode(state))


def _seen(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _why(
    source: Source, is_known: bool, keys: dict[str, StageKey], missing: tuple[str, ...], state: State | None
) -> str:
    if state is None:
        return "first run"
    before = state.photos.get(source.path)
    if before is None and not is_known:
        return "new photograph"
    if before is not None and before != source.sha256 and not is_known:
        return "the photograph changed"
    for stage in MAP_STAGES:
        old, new = state.keys.get(stage.name), keys[stage.name]
        if old is None or old == new:
            continue
        if old.version != new.version:
            return f"stage “{stage.name}” changed (version {old.version} → {new.version})"
        if old.parameters != new.parameters:
            return f"settings of stage “{stage.name}” changed"
        return f"the engine or network of stage “{stage.name}” changed"
    return f"the result of stage “{missing[0]}” is missing"


def _why_rebuild(state: State | None, stamp: str, inventory: Inventory, places: Places) -> str:
    if state is None:
        return "first run"
    if not places.database.is_file():
        return "the database is missing"
    for name, seen in state.outputs.items():
        try:
            is_same = _seen(Path(name)) == seen
        except OSError:
            return f"{Path(name).name} is missing"
        if not is_same:
            return f"{Path(name).name} was changed by something else"
    if state.photos != {source.path: source.sha256 for source in inventory.sources}:
        return "the photographs changed"
    if state.stamp != stamp:
        return "settings, decisions or the program changed"
    return ""


def _stamp(
    workshop: Workshop, inventory: Inventory, digests: dict[str, dict[str, str]], places: Places
) -> str:
    """The digest of everything the reduce half depends on."""
    digest = hashlib.sha256(program_digest().encode())
    for name in (FILE_NAME, decisions.FILE_NAME, OWNED_THEMES):
        file = workshop.folder / name
        content = file.read_bytes() if file.is_file() else b"absent"
        digest.update(hashlib.sha256(content).digest())
    for sums in sorted((places.reports / workshop.id / "editions").glob("*/SHA256SUMS")):
        digest.update(sums.parent.name.encode() + sums.read_bytes())
    digest.update(msgspec.json.encode([inventory, sorted(digests.items())]))
    return digest.hexdigest()


@cache
def program_digest() -> str:
    """A digest of the program itself and the libraries its second half computes with."""
    home = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(home.rglob("*")):
        if file.suffix in {".py", ".sql", ".j2", ".toml", ".json", ".css"} and "training" not in file.parts:
            digest.update(file.relative_to(home).as_posix().encode())
            digest.update(file.read_bytes())
    for name in _LIBRARIES:
        digest.update(f"{name}={library_version(name)}".encode())
    return digest.hexdigest()


def library_version(name: str) -> str:
    """The installed version of a library, or "absent"."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"
