"""What lies in raw/<workshop>/: photographs by content, without reading again what has not changed."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pipeline.damage import UNDECODABLE
from pipeline.errors import MissingError
from pipeline.files import write_atomically
from pipeline.model import Refusal

DOCUMENTS = frozenset(
    [
        ".toml",
        ".jsonl",
        ".txt",
        ".md",
        ".html",
        ".htm",
        ".docx",
        ".pptx",
        ".pdf",
        ".odt",
        ".csv",
        ".xlsx",
        ".json",
        ".xml",
        ".cff",
        ".yaml",
        ".yml",
    ]
)
"""Endings of files that people keep beside their photographs: settings, decisions, published records."""
_RACY_NS = 2_000_000_000
"""A file changed this shortly before it was hashed may change again under the same time stamp."""
_CHUNK = 1 << 20
MAX_BYTES = 500_000_000
"""Uncompressed, a photograph of the largest size that is read has this many bytes; what is larger is none."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be a photograph: its path below the workshop's folder and its content's digest."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """A workshop's photographs to be, each content once, and the files refused before decoding."""

    sources: tuple[Source, ...]
    refusals: tuple[Refusal, ...]


class _Entry(msgspec.Struct, array_like=True):
    """What the index remembers of a file: if all of it is as before, so is the content."""

    size: int
    mtime_ns: int
    inode: int
    hashed_ns: int
    sha256: str


def take_inventory(folder: Path, index_file: Path) -> Inventory:
    """List the workshop's files, sorted by path; hash those the index does not already know.

    Links out of the folder, empty duplicates and files that cannot be opened become refusals.
    Hidden files and the documents people keep beside photographs are left alone.
    """
    index = _load_index(index_file)
    fresh: dict[str, _Entry] = {}
    sources: list[Source] = []
    refusals: list[Refusal] = []
    first: dict[str, str] = {}
    home = folder.resolve()
    closed: list[OSError] = []
    files = _files(folder, closed)
    for error in closed:
        place = Path(os.fsdecode(error.filename))
        if place == folder:
            raise MissingError(
                f"The folder {folder} cannot be looked into: {error.strerror}.",
                safe="Nothing was changed.",
                remedy="Put it back, or check its permissions, and run again.",
            ) from error
        refusals.append(
            Refusal(
                os.fsencode(place.relative_to(folder)).decode("utf-8", "replace"),
                "unreadable",
                f"The folder cannot be looked into: {error.strerror or error}.",
                "Check its permissions; what lies in it is not in the record.",
            )
        )
    for path in files:
        name = path.relative_to(folder).as_posix()
        if not _is_text(name):
            refusals.append(
                Refusal(
                    os.fsencode(name).decode("utf-8", "replace"),
                    "unreadable",
                    "The file's name is not valid text, so no record could name it.",
                    "Rename the file.",
                )
            )
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(home):
            refusals.append(
                Refusal(
                    name,
                    "outside",
                    "The file is a link to something outside the workshop's folder.",
                    "Copy the photograph itself into the folder.",
                )
            )
            continue
        try:
            state = path.stat()
            if not stat.S_ISREG(state.st_mode):
                # Opening a pipe would wait for ever.
                refusals.append(
                    Refusal(
                        name,
                        "not_an_image",
                        "It is neither a file nor a folder, but a pipe, a socket or a device.",
                        "Take it out of the folder.",
                    )
                )
                continue
            if state.st_size > MAX_BYTES:
                refusals.append(
                    Refusal(
                        name,
                        "too_large",
                        f"The file has {state.st_size / 1e6:,.0f} MB; no photograph has more than "
                        f"{MAX_BYTES // 1_000_000}.",
                        "Take it out of the folder, or save a smaller copy of it.",
                    )
                )
                continue
            entry = _entry(path, state, index.get(name))
        except OSError as error:
            refusals.append(
                Refusal(
                    name,
                    "unreadable",
                    f"The file cannot be opened: {error.strerror or error}.",
                    "Check its permissions, or copy it again.",
                )
            )
            continue
        fresh[name] = entry
        if entry.sha256 in first:
            refusals.append(
                Refusal(
                    name,
                    "duplicate",
                    f"The same picture, byte for byte, as {first[entry.sha256]}; counted once.",
                    sha256=entry.sha256,
                )
            )
            continue
        first[entry.sha256] = name
        sources.append(Source(name, entry.sha256))
    if fresh != index:
        write_atomically(index_file, msgspec.json.encode(fresh), durable=False)
    return Inventory(tuple(sources), tuple(refusals))


def _files(folder: Path, closed: list[OSError]) -> list[Path]:
    """Every file that is not hidden and not a document, sorted by path so that results never depend on the disk.

    Why a folder could not be looked into is added to `closed`.
    """
    found: list[Path] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        home = Path(place)
        folders[:] = [name for name in folders if not name.startswith(".")]
        visible = (home / name for name in names if not name.startswith("."))
        found += [path for path in visible if path.suffix.lower() not in DOCUMENTS]
        # A link to a folder is not followed (it could lead anywhere); it is reported as a file is.
        found += [path for name in folders if (path := home / name).is_symlink()]
    return sorted(found, key=os.fsencode)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _load_index(file: Path) -> dict[str, _Entry]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, _Entry])
    except (OSError, *UNDECODABLE):
        return {}


def _entry(path: Path, state: os.stat_result, known: _Entry | None) -> _Entry:
    if (
        known is not None
        and (known.size, known.mtime_ns, known.inode) == (state.st_size, state.st_mtime_ns, state.st_ino)
        and known.mtime_ns + _RACY_NS < known.hashed_ns
    ):
        return known
    now = time.time_ns()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return _Entry(state.st_size, state.st_mtime_ns, state.st_ino, now, digest.hexdigest())
