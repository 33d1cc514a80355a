"""The files of an edition: written whole or not at all, read back only if they are what was published.

An edition is a folder `reports/<workshop>/editions/<number>/` of read-only files:

    edition.json       the whole record as published, its counts, promises, software, digests
    crops.zip          the pictures of its notes, if there are any
    SHA256SUMS         digests of those files, as `sha256sum -c` checks them

Each edition names the digest of the one before, so an edition altered later, digests and all, shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import secrets
import shutil
import struct
import time
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from pipeline.damage import UNDECODABLE
from pipeline.errors import EditionError, MissingError
from pipeline.files import PARTIAL, storage_error, sync_folder
from pipeline.model import Crop, Photograph, Record
from pipeline.promises import Promise
from pipeline.transcript.parts import Unknown

FORMAT = 2
"""1 had no photographs."""
FOLDER = "editions"
_CONTENT, _CROPS, _DIGESTS = "edition.json", "crops.zip", "SHA256SUMS"
_PHOTOGRAPHS = "photographs.zip"
_NOT_INFLATED = (zipfile.BadZipFile, zlib.error, struct.error)
_STALE_SECONDS = 3600.0
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date a zip can hold, so that equal crops give equal bytes."""


@dataclass(frozen=True, slots=True)
class PrincipleCount:
    """One line of `counts_by_principle` as it was published; `principle_id` None is "unplaced"."""

    principle_id: str | None
    heading: str
    found: int
    stated: int | None = None

    @property
    def difference(self) -> int | None:
        """Found minus stated, where a count was stated."""
        return None if self.stated is None else self.found - self.stated


@dataclass(frozen=True, slots=True)
class CropFile:
    """Where a note's picture lies in crops.zip."""

    name: str
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PhotographFile:
    """Where a published photograph lies in photographs.zip, and what it shows (see model.Photograph)."""

    file: CropFile
    principle_id: str | None
    photo: str
    note_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """The published file an edition was imported from, and what of it could not be interpreted."""

    name: str
    sha256: str
    unknown: tuple[Unknown, ...] = ()


@dataclass(frozen=True, slots=True)
class Edition:
    """One frozen edition. `date` is ISO 8601; `previous` the digest of the edition before it, if any.

    `folder` is where it lies; `is_new` is false when nothing had changed and the last edition was
    given back instead.
    """

    workshop_id: str
    number: int
    date: str
    based_on: str
    credits: tuple[str, ...]
    counts: tuple[PrincipleCount, ...]
    promises: tuple[Promise, ...]
    record: Record
    crops: dict[str, CropFile] = field(default_factory=dict)
    source: Source | None = None
    previous: str | None = None
    photographs: tuple[PhotographFile, ...] = ()
    folder: Path = Path()
    is_new: bool = True

    @property
    def path(self) -> str:
        """Its file below the reports folder, with forward slashes."""
        return f"{self.workshop_id}/{FOLDER}/{self.number}/{_CONTENT}"


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    """What edition.json holds."""

    format: int
    workshop_id: str
    number: int
    date: str
    based_on: str
    credits: tuple[str, ...]
    counts: tuple[PrincipleCount, ...]
    promises: tuple[Promise, ...]
    record: Record
    crops: dict[str, CropFile]
    source: Source | None
    previous: str | None
    photographs: tuple[PhotographFile, ...] = ()


class _Head(msgspec.Struct):
    """As much of edition.json as a look at its place in the chain needs."""

    format: int
    previous: str | None = None


def edition_numbers(reports_folder: Path, workshop_id: str) -> tuple[int, ...]:
    """The numbers of a workshop's editions, in order; those of damaged ones too."""
    try:
        names = [path.name for path in folder_of(reports_folder, workshop_id).iterdir() if path.is_dir()]
    except FileNotFoundError:
        return ()
    return tuple(sorted(int(name) for name in names if re.fullmatch(r"0|[1-9][0-9]{0,8}", name)))


def load_edition(reports_folder: Path, workshop_id: str, number: int) -> Edition:
    """One edition, checked against its digests and against the edition after it.

    Raises MissingError when there is none of that number, EditionError when it is damaged or altered.
    """
    folder = folder_of(reports_folder, workshop_id) / str(number)
    if not folder.is_dir():
        there = ", ".join(str(known) for known in edition_numbers(reports_folder, workshop_id))
        raise MissingError(
            f"{workshop_id} has no edition {number}.",
            remedy=f"There is {there}." if there else "Publish one first: workshop publish " + workshop_id,
        )
    _check_digests(folder)
    _check_chain(folder, number)
    try:
        content = msgspec.json.decode((folder / _CONTENT).read_bytes(), type=_Content)
    except UNDECODABLE as error:
        raise _damaged(folder / _CONTENT, f"it does not hold an edition ({error})") from error
    if (content.workshop_id, content.number) != (workshop_id, number):
        raise _damaged(folder / _CONTENT, f"it is edition {content.number} of {content.workshop_id}")
    return Edition(
        content.workshop_id,
        content.number,
        content.date,
        content.based_on,
        content.credits,
        content.counts,
        content.promises,
        content.record,
        content.crops,
        content.source,
        content.previous,
        content.photographs,
        folder,
    )


def rebuild(edition: Edition) -> tuple[Record, dict[str, Crop]]:
    """The record and the notes' pictures, exactly as they were published. Raises EditionError."""
    files = _pictures_in(edition, _CROPS, list(edition.crops.values()))
    return edition.record, dict(zip(edition.crops, files, strict=True))


def photographs_in(edition: Edition) -> tuple[Photograph, ...]:
    """The photographs, exactly as they were published. Raises EditionError."""
    pictures = _pictures_in(edition, _PHOTOGRAPHS, [one.file for one in edition.photographs])
    return tuple(
        Photograph(one.principle_id, one.photo, one.note_ids, picture)
        for one, picture in zip(edition.photographs, pictures, strict=True)
    )


def _pictures_in(edition: Edition, name: str, files: Sequence[CropFile]) -> list[Crop]:
    if not files:
        return []
    path = edition.folder / name
    pictures: list[Crop] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for file in files:
                jpeg = archive.read(file.name)
                if hashlib.sha256(jpeg).hexdigest() != file.sha256:
                    raise _damaged(path, f"the picture {file.name} is another one")
                pictures.append(Crop(jpeg, file.width, file.height))
    except (OSError, KeyError, EOFError, ValueError, RuntimeError, *_NOT_INFLATED) as error:
        # A zip's directory promises what the file may not hold: other methods, a password, other lengths.
        raise _damaged(path, f"it cannot be read ({error})") from error
    return pictures


def folder_of(reports_folder: Path, workshop_id: str) -> Path:
    """Where a workshop's editions lie. Raises EditionError for a name that would lead elsewhere."""
    if not workshop_id or workshop_id in (".", "..") or re.search(r"[/\\\0]", workshop_id):
        raise EditionError(
            f"{workshop_id!r} cannot be a workshop's name.", remedy="Use the name of its folder below raw/."
        )
    return reports_folder / workshop_id / FOLDER


def crop_files(record: Record, crops: Mapping[str, Crop]) -> dict[str, CropFile]:
    """A name, digest and size for the picture of each of the record's notes."""
    files: dict[str, CropFile] = {}
    used: set[str] = set()
    for note_id in sorted({note.id for note in record.notes} & set(crops)):
        crop = crops[note_id]
        name = f"{note_id}.jpg"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.jpg", name) or name.casefold() in used:
            name = hashlib.sha256(note_id.encode()).hexdigest() + ".jpg"
        used.add(name.casefold())
        files[note_id] = _file(name, crop)
    return files


def photograph_files(photographs: Sequence[Photograph]) -> tuple[PhotographFile, ...]:
    """A name, digest and size for each photograph, in their order."""
    return tuple(
        PhotographFile(_file(f"{number}.jpg", one.picture), one.principle_id, one.photo, one.note_ids)
        for number, one in enumerate(photographs, start=1)
    )


def _file(name: str, crop: Crop) -> CropFile:
    return CropFile(name, hashlib.sha256(crop.jpeg).hexdigest(), crop.width, crop.height)


def _contents(
    edition: Edition, crops: Mapping[str, Crop], photographs: Sequence[Photograph]
) -> dict[str, bytes]:
    """The files of an edition: name -> bytes; the same for the same edition."""
    content = _Content(
        FORMAT,
        edition.workshop_id,
        edition.number,
        edition.date,
        edition.based_on,
        edition.credits,
        edition.counts,
        edition.promises,
        edition.record,
        edition.crops,
        edition.source,
        edition.previous,
        edition.photographs,
    )
    encoded = msgspec.json.format(msgspec.json.encode(content, order="deterministic"), indent=1) + b"\n"
    files = {_CONTENT: encoded}
    if edition.crops:
        files[_CROPS] = _zipped(
            (entry.name, crops[note_id].jpeg) for note_id, entry in sorted(edition.crops.items())
        )
    if edition.photographs:
        files[_PHOTOGRAPHS] = _zipped(
            (entry.file.name, one.picture.jpeg)
            for entry, one in zip(edition.photographs, photographs, strict=True)
        )
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(files.items()))
    files[_DIGESTS] = sums.encode()
    return files


def _zipped(pictures: Iterable[tuple[str, bytes]]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as files:
        for name, jpeg in pictures:
            files.writestr(zipfile.ZipInfo(name, _ZIP_DATE), jpeg)
    return archive.getvalue()


def write_edition(
    edition: Edition, crops: Mapping[str, Crop], parent: Path, photographs: Sequence[Photograph] = ()
) -> Edition | None:
    """Writes an edition whole or not at all; None when its number has been taken meanwhile."""
    beside = parent / f"{PARTIAL}{secrets.token_hex(6)}"
    target = parent / str(edition.number)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(parent)
        beside.mkdir()
        for name, data in _contents(edition, crops, photographs).items():
            with (beside / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            (beside / name).chmod(0o444)
        sync_folder(beside)
        try:
            # A folder that has something in it cannot be renamed over: whoever comes first has the number.
            beside.rename(target)
        except OSError:
            if target.exists():
                shutil.rmtree(beside, ignore_errors=True)
                return None
            raise
        sync_folder(parent)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise storage_error(
            target, error, "No edition was made; those that are there are untouched."
        ) from error
    return replace(edition, folder=target)


def _remove_leftovers(parent: Path) -> None:
    """What a killed publish left behind; a young folder may be another one's that is at work."""
    for path in parent.glob(f"{PARTIAL}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _damaged(path: Path, why: str) -> EditionError:
    return EditionError(
        f"{path} is damaged: {why}.",
        safe="Nothing was changed.",
        remedy="Put the edition's folder back from a copy (version control, a backup, the published page).",
    )


def digest_of_edition(folder: Path) -> str:
    """The digest that the next edition remembers this one by."""
    return hashlib.sha256((folder / _DIGESTS).read_bytes()).hexdigest()


def _check_digests(folder: Path) -> None:
    try:
        lines = (folder / _DIGESTS).read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(folder / _DIGESTS, "it cannot be read") from error
    stated: dict[str, str] = {}
    for line in lines:
        match = re.fullmatch(r"([0-9a-f]{64})  ([a-z]+\.[a-z]+)", line)
        if match is None:
            raise _damaged(folder / _DIGESTS, f"it has a line that is no digest: {line[:80]!r}")
        stated[match[2]] = match[1]
    if _CONTENT not in stated:
        raise _damaged(folder / _DIGESTS, f"it does not list {_CONTENT}")
    for name, digest in stated.items():
        path = folder / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise _damaged(path, f"it cannot be read ({error.strerror})") from error
        if found != digest:
            raise _damaged(path, "it was altered after it was published; its digest is not the stated one")
    try:
        head = msgspec.json.decode((folder / _CONTENT).read_bytes(), type=_Head)
    except UNDECODABLE as error:
        raise _damaged(folder / _CONTENT, f"it does not hold an edition ({error})") from error
    if head.format > FORMAT:
        raise EditionError(
            f"{folder / _CONTENT} was made by a newer version of this program (format {head.format}).",
            safe="Nothing was changed.",
            remedy="Update the program, then run the command again.",
        )


def _check_chain(folder: Path, number: int) -> None:
    """The next edition, if there is one, remembers what this one was."""
    try:
        data = (folder.parent / str(number + 1) / _CONTENT).read_bytes()
        remembered = msgspec.json.decode(data, type=_Head).previous
    except (OSError, *UNDECODABLE):
        return
    if remembered is not None and remembered != digest_of_edition(folder):
        raise _damaged(folder, f"edition {number + 1} was made from another edition {number} than this")
