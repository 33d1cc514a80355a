"""The cache of the map half: the result of one photograph at one stage, one immutable file each.

A file is named by the digest of everything the result depends on and carries the digest of its
own content, so a damaged file is noticed and the work done again. Nothing a person decided is
ever in here: deleting the folder loses time, not work.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.damage import UNDECODABLE
from pipeline.files import write_atomically
from pipeline.model import Refusal

T = TypeVar("T")
_DIGEST_LENGTH = 64
_REFUSED = b'{"refusal":'
_RESULT = b'{"result":'


@dataclass(frozen=True, slots=True)
class StageKey:
    """What a stage's result depends on besides its inputs; all of it goes into the name of the file."""

    stage: str
    version: str
    parameters: tuple[tuple[str, str], ...] = ()
    fingerprints: tuple[tuple[str, str], ...] = ()

    def digest(self, inputs: Iterable[str]) -> str:
        """The name of the result for these inputs' digests."""
        parts = [self.stage, self.version, self.parameters, self.fingerprints, list(inputs)]
        return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


class _Envelope(msgspec.Struct, omit_defaults=True):
    """A file's content: a result, or the failure that stood in its place."""

    result: msgspec.Raw = msgspec.Raw()
    refusal: Refusal | None = None


class Cache:
    """Results in a folder, sharded by two hex digits; safe for any number of processes at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._home = str(folder)

    def path(self, stage: str, digest: str) -> Path:
        """Where a result lies, whether it is there or not."""
        return Path(self._place(stage, digest))

    def _place(self, stage: str, digest: str) -> str:
        # A large plan asks a million times, and a Path takes longer to build than the disk to answer: hence no Path
        # here and where results are looked for.
        return f"{self._home}{os.sep}{stage}{os.sep}{digest[:2]}{os.sep}{digest}.json"

    def has(self, stage: str, digest: str) -> bool:
        """Is the result there? Looks at the name only."""
        return os.path.isfile(self._place(stage, digest))  # noqa: PTH113

    def is_refusal(self, stage: str, digest: str) -> bool:
        """Does a recorded failure stand in the result's place? Reads only the file's beginning."""
        start = _DIGEST_LENGTH + 1
        try:
            with open(self._place(stage, digest), "rb") as file:  # noqa: PTH123
                return file.read(start + len(_REFUSED))[start:] == _REFUSED
        except OSError:
            return False

    def get(self, stage: str, digest: str, kind: type[T]) -> T | Refusal | None:
        """The result, a recorded failure, or None when it is absent or damaged."""
        try:
            with open(self._place(stage, digest), "rb") as file:  # noqa: PTH123
                content = file.read()
        except OSError:
            return None
        stated, payload = content[:_DIGEST_LENGTH], memoryview(content)[_DIGEST_LENGTH + 1 :]
        if hashlib.sha256(payload).hexdigest().encode() != stated:
            return None
        try:
            if payload[: len(_RESULT)] == _RESULT:  # as `put` writes it: no need to go over all of it twice
                return msgspec.json.decode(payload[len(_RESULT) : -1], type=kind)
            envelope = msgspec.json.decode(payload, type=_Envelope)
            if envelope.refusal is not None:
                return envelope.refusal
            return msgspec.json.decode(envelope.result, type=kind)
        except UNDECODABLE:
            # Written by an older program whose records looked otherwise: as good as absent.
            return None

    def put(self, stage: str, digest: str, result: object) -> None:
        """Record a result, or a failure when `result` is a Refusal; raises StorageError."""
        if isinstance(result, Refusal):
            envelope = _Envelope(refusal=result)
        else:
            envelope = _Envelope(result=msgspec.Raw(msgspec.json.encode(result)))
        payload = msgspec.json.encode(envelope)
        stated = hashlib.sha256(payload).hexdigest().encode()
        write_atomically(self.path(stage, digest), stated + b"\n" + payload, durable=False)
