"""A workshop as its last run left it: its record and pictures, published, exported or corrected."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipeline import anchors, decisions, editions, planning
from pipeline.cache import Cache
from pipeline.damage import UNDECODABLE
from pipeline.errors import MissingError
from pipeline.gathering import forget
from pipeline.kept import Kept
from pipeline.model import Crop, Decision, Photo, Photograph, Record
from pipeline.personal import NAME_REMOVED
from pipeline.planning import Places, Plan
from pipeline.workshop import find_workshops, load_workshop

if TYPE_CHECKING:
    from pipeline.diff import Change
    from pipeline.exchange.pagexml_in import Corrections
    from pipeline.exporting import Exportable
    from pipeline.publish.photographs import KeepPicture
    from pipeline.stages.amend import HandReading


def publish_edition(places: Places, name: str, date: str, *, force: bool = False) -> editions.Edition:
    """Freeze a workshop's record, as the last run left it, as its next edition.

    Run before it, so that the record is current, and after it, so that record and database know the
    edition. Raises MissingError when the workshop was never run.
    """
    record, crops, photographs = public_state(places, name)
    based_on = f"{len(record.photos)} photographs" if record.photos else "the imported record"
    return editions.freeze(
        record,
        crops,
        places.reports,
        date,
        based_on,
        record.credits,
        photographs=photographs,
        force=force,
    )


def exportable(places: Places, name: str) -> Exportable:
    """A workshop's record as the last run left it, with all that an export may need.

    Raises MissingError when the workshop was never run.
    """
    from pipeline.exporting import Exportable  # noqa: PLC0415
    from pipeline.history import history_of  # noqa: PLC0415

    record, crops, photographs = public_state(places, name)
    history = history_of(record, places)
    return Exportable(
        record=record,
        crops=crops,
        photographs=photographs,
        changes=history.since_last.changes if history.since_last else (),
        imprint=history.imprint,
        moment=f"{record.date or '1970-01-01'}T00:00:00",
    )


def exportable_edition(places: Places, name: str, number: int) -> Exportable:
    """A published edition, exactly as it was, with all that an export may need.

    It comes from the edition's own files alone: neither photographs nor processed/ are asked. Raises
    MissingError when there is none of that number, EditionError when it is damaged.
    """
    from pipeline.diff import diff  # noqa: PLC0415
    from pipeline.exporting import Exportable  # noqa: PLC0415
    from pipeline.history import imprint_of  # noqa: PLC0415

    edition = editions.load_edition(places.reports, name, number)
    record, crops = editions.rebuild(edition)
    earlier = [one for one in editions.edition_numbers(places.reports, name) if one < number]
    changes: tuple[Change, ...] = ()
    if earlier:
        before = editions.load_edition(places.reports, name, earlier[-1])
        changes = diff(before.record, record, before.number, number).changes
    return Exportable(
        record=record,
        crops=crops,
        photographs=editions.photographs_in(edition),
        changes=changes,
        imprint=imprint_of(edition),
        moment=f"{record.date or '1970-01-01'}T00:00:00",
    )


def public_state(places: Places, name: str) -> tuple[Record, Crops, tuple[Photograph, ...]]:
    """What may be published of a workshop as its last run left it: the record, its notes' pictures, its photographs.

    Raises MissingError when the workshop was never run.
    """
    from pipeline.publish.photographs import photographs_of  # noqa: PLC0415

    plan = planning.make_plan(load_workshop(find_workshops(places.raw, (name,))[0]), places)
    record = editions.publishable(load_record(places, name))
    cache = Cache(places.cache)
    photographs = photographs_of(record, Views(cache, plan), published_pictures(cache, plan))
    return record, Crops(cache, plan, record), photographs


def published_pictures(cache: Cache, plan: Plan) -> KeepPicture:
    """Published photographs, drawn once: most of them stay as they are from run to run."""
    kept = Kept(cache, planning.program_digest(), {})

    def keep(sha256: str, hangs_on: object, make: Callable[[], Crop]) -> Crop:
        return kept.or_made("published", [plan.digests[sha256]["show"], hangs_on], Crop, make)

    return keep


def take_corrections(places: Places, name: str, files: Sequence[Path], person: str) -> Corrections:
    """Append what people corrected in PAGE-XML files to the log of decisions; the same file twice adds nothing.

    What was exported to reports/<workshop>/exports/page-xml is looked at beside it, for programs that
    drop what is not theirs. Raises MissingError when the workshop was never run.
    """
    from pipeline.exchange.pagexml_in import corrections_of  # noqa: PLC0415

    folder = find_workshops(places.raw, (name,))[0]
    record = load_record(places, name)
    exported = places.reports / name / "exports" / "page-xml"
    before = {file.name: file.read_bytes() for file in sorted(exported.rglob("*.xml"))}
    taken = corrections_of(
        {file.name: file.read_bytes() for file in files},
        record,
        person=person,
        when=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        exported=before,
        known={decision.id for decision in decisions.read_log(folder).decisions},
    )
    if taken.decisions:
        decisions.append(folder, taken.decisions)
    return taken


def load_record(places: Places, workshop_id: str) -> Record:
    """The record as the last run left it; raises MissingError when there was none."""
    try:
        return msgspec.json.decode(places.record(workshop_id).read_bytes(), type=Record)
    except (FileNotFoundError, *UNDECODABLE):
        raise MissingError(
            f"“{workshop_id}” has no record yet.",
            remedy=f"Make it with: workshop run {workshop_id}",
        ) from None


class Crops(dict[str, Crop]):
    """Note id → its picture, fetched from the cache photograph by photograph.

    A note from whose text a name was taken out has none: the picture would show the name.
    """

    def __init__(self, cache: Cache, plan: Plan, record: Record) -> None:
        super().__init__()
        drawn = by_hand(plan, cache, decisions.read_log(plan.workshop.folder).decisions)
        wanted: dict[str, list[tuple[str, int]]] = {}
        for note in record.notes:
            best = note.sightings[0] if note.sightings else None
            if best is None or NAME_REMOVED in note.text:
                continue
            if (best.photo_sha256, best.polygon) in drawn:
                self[note.id] = drawn[best.photo_sha256, best.polygon].crop
            elif best.index >= 0:
                wanted.setdefault(best.photo_sha256, []).append((note.id, best.index))
        for sha256, notes in wanted.items():
            if sha256 not in plan.digests:
                continue  # taken away since the last run: what it shows is not given out
            found = cache.get("cut", plan.digests[sha256]["cut"], tuple[Crop, ...])
            if isinstance(found, tuple):
                self.update({note_id: found[index] for note_id, index in notes if index < len(found)})


class Views(Mapping[str, Crop]):
    """A photograph's sha256 → the photograph, small, fetched from the cache when it is asked for.

    One that is there but damaged raises KeyError, and is made anew by the next run.
    """

    def __init__(self, cache: Cache, plan: Plan) -> None:
        self._cache = cache
        self._names = {sha256: named["show"] for sha256, named in plan.digests.items()}

    def __contains__(self, sha256: object) -> bool:
        name = self._names.get(sha256) if isinstance(sha256, str) else None
        if name is None:
            return False
        return self._cache.has("show", name) and not self._cache.is_refusal("show", name)

    def __getitem__(self, sha256: str) -> Crop:
        name = self._names[sha256]
        found = self._cache.get("show", name, Crop)
        if isinstance(found, Crop):
            return found
        if found is None:
            forget(self._cache, "show", name)
        raise KeyError(sha256)

    def __iter__(self) -> Iterator[str]:
        return (sha256 for sha256 in self._names if sha256 in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def by_hand(plan: Plan, cache: Cache, made: Sequence[Decision]) -> dict[anchors.Anchor, HandReading]:
    """The readings of outlines that people drew: from the cache, where the review page left them, or now."""
    from pipeline.stages.amend import hand_outlines  # noqa: PLC0415  (and below: only where somebody drew)

    drawn = hand_outlines(made)
    if not drawn:
        return {}
    from pipeline import byhand  # noqa: PLC0415

    paths = {source.sha256: source.path for source in plan.inventory.sources}
    photos = {}
    for sha256 in {anchor[0] for anchor in drawn} & paths.keys():
        photo = cache.get("intake", plan.digests[sha256]["intake"], Photo)
        if isinstance(photo, Photo):
            photos[sha256] = replace(photo, path=paths[sha256])
    return byhand.of_workshop(drawn, cache, plan.keys, plan.workshop, photos)
