"""What the map half left in the cache, gathered for one workshop's second half."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from pipeline.cache import Cache
from pipeline.errors import StorageError
from pipeline.mapping import MAP_STAGES
from pipeline.model import Detection, Features, PageReading, Photo, PhotoRecord, Refusal
from pipeline.planning import Plan

_FETCHED_LATER = ("describe", "show", "cut")
"""Large, and wanted only where sheets are compared or pictures published."""


class LostError(StorageError):
    """Results that were there when the run was planned are gone or damaged."""


def lost(cache: Cache, paths: list[str]) -> LostError:
    """The error that tells of photographs whose results went away."""
    return LostError(
        f"Results in {cache.folder} are gone or damaged, of {len(paths)} photographs (as {paths[0]}).",
        safe="The record from the last run is untouched, and so are all decisions.",
        remedy="See that nothing else deletes files there, and run again: they are made anew.",
    )


def photo_record(cache: Cache, plan: Plan, path: str, sha256: str) -> PhotoRecord | Refusal | None:
    """One photograph's results from the cache, the recorded reason why there are none, or None if they are gone."""
    named = plan.digests[sha256]
    results: dict[str, object] = {}
    for stage in MAP_STAGES:
        if stage.name == "cut" or (
            stage.name in _FETCHED_LATER and not cache.is_refusal(stage.name, named[stage.name])
        ):
            continue
        found = cache.get(stage.name, named[stage.name], stage.gives)
        if isinstance(found, Refusal):
            return replace(found, path=path, sha256=sha256)
        if found is None:
            forget(cache, stage.name, named[stage.name])
            return None
        results[stage.name] = found
    photo, detection, page = results["intake"], results["detect"], results["read"]
    classifications = results["classify"]
    if not (
        isinstance(photo, Photo)
        and isinstance(detection, Detection)
        and isinstance(page, PageReading)
        and isinstance(classifications, tuple)
    ):
        raise TypeError("the cache gave something else than was asked of it")
    return PhotoRecord(replace(photo, path=path), detection, classifications, page)


def forget(cache: Cache, stage: str, digest: str) -> None:
    """Remove a damaged result: it would still be taken for there."""
    with suppress(OSError):
        cache.path(stage, digest).unlink()


class Described(Mapping[str, Features]):
    """Photographs' features by path, read when they are asked for: most runs compare no sheets."""

    def __init__(self, cache: Cache, plan: Plan) -> None:
        self._cache = cache
        self._digests = {
            source.path: plan.digests[source.sha256]["describe"] for source in plan.inventory.sources
        }

    def __getitem__(self, path: str) -> Features:
        """Raises LostError where they are gone or damaged."""
        found = self._cache.get("describe", self._digests[path], Features)
        if isinstance(found, Features):
            return found
        # What took this one may have taken others: all are found now, so that all are made anew at once.
        gone = sorted({path, *(other for other in self._digests if self._is_damaged(other))})
        for other in gone:
            forget(self._cache, "describe", self._digests[other])
        raise lost(self._cache, gone)

    def _is_damaged(self, path: str) -> bool:
        digest = self._digests[path]
        return self._cache.has("describe", digest) and self._cache.get("describe", digest, Features) is None

    def __contains__(self, path: object) -> bool:
        return path in self._digests

    def __iter__(self) -> Iterator[str]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)
