"""What the second half made of photographs, kept from run to run: so that one decision costs one decision.

Everything is still worked out from photographs and decisions alone; what hangs on photographs only is looked up
under the digest of all it hangs on, the program included. Deleting processed/cache loses time and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from pipeline.cache import Cache
from pipeline.model import PhotoRecord, Refusal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """Results of one workshop: `program` is the program's digest, `origins` each photograph's results', by path.

    `described` are the digests of the photographs' features alone, by path.
    """

    cache: Cache
    program: str
    origins: Mapping[str, str]
    described: Mapping[str, str] = field(default_factory=dict)

    def origin(self, record: PhotoRecord) -> str:
        """A digest of the record; of one that people's outlines changed, worked out from its content."""
        known = self.origins.get(record.photo.path, "")
        return known or hashlib.sha256(msgspec.json.encode(record)).hexdigest()

    def or_made(self, what: str, hangs_on: object, kind: type[T], make: Callable[[], T]) -> T:
        """What was made of this before, or else made now and kept. Raises StorageError."""
        digest = hashlib.sha256(msgspec.json.encode([self.program, what, hangs_on])).hexdigest()
        found = self.cache.get(what, digest, kind)
        if found is not None and not isinstance(found, Refusal):
            return found
        made = make()
        self.cache.put(what, digest, made)
        return made

    def recalled(self, what: str, whose: str, kind: type[T]) -> T | None:
        """What the last run remembered for the next, if this program did and it is whole."""
        found = self.cache.get(what, self._place(what, whose), kind)
        return None if isinstance(found, Refusal) else found

    def remember(self, what: str, whose: str, known: object) -> None:
        """Keep this for the next run, in the place of what was remembered before. Raises StorageError."""
        self.cache.put(what, self._place(what, whose), known)

    def _place(self, what: str, whose: str) -> str:
        return hashlib.sha256(msgspec.json.encode([self.program, what, whose])).hexdigest()
