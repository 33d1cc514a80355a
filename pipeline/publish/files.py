"""Writing a folder of reports so that a reader, or a kill, meets old files or new ones, never half a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from pipeline.files import PARTIAL, is_at_work, storage_error, sync_folder

KEPT = "editions"
_BUFFER = 1 << 20

Content = bytes | Iterable[bytes]
"""A file's content, or the pieces that make it up."""


def swap_in(
    folder: Path, contents: Mapping[str, Content], last: str, obsolete: Iterable[str] = ()
) -> list[Path]:
    """Write `contents` (name below the folder -> bytes, or pieces) and return the paths, in the order given.

    Everything is first written beside its place under another name and brought to the disk; only
    then is one file after the other renamed over its predecessor, `last` (the page that people open)
    at the end. `obsolete` names files of an earlier run that no longer belong; they are removed after
    that. `editions/` is never touched. Raises ValueError for a name that would leave the folder or
    enter `editions/`, before anything is written, and StorageError
    when the disk refuses.
    """
    targets = {name: _target(folder, name) for name in contents}
    try:
        return _swap(folder, contents, targets, last, obsolete)
    except OSError as error:
        raise storage_error(folder, error, "Every file there is old or new, none is half.") from error


def _swap(
    folder: Path,
    contents: Mapping[str, Content],
    targets: Mapping[str, Path],
    last: str,
    obsolete: Iterable[str],
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(folder)
    for name, data in contents.items():
        target = targets[name]
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target).open("wb", buffering=_BUFFER) as stream:
            stream.writelines((data,) if isinstance(data, bytes) else data)
            stream.flush()
            os.fsync(stream.fileno())
    for name in sorted(contents, key=lambda name: name == last):
        _beside(targets[name]).replace(targets[name])
    for name in obsolete:
        if name not in contents:
            _target(folder, name).unlink(missing_ok=True)
    sync_folder(folder)
    return list(targets.values())


def _target(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\\" in name or parts[0] == KEPT:
        raise ValueError(f"{name!r} is no place for a report below {folder.name}/")
    return folder.joinpath(*parts)


def _beside(target: Path) -> Path:
    return target.with_name(f"{PARTIAL}{target.name}")


def _remove_leftovers(folder: Path) -> None:
    """What a killed run left behind; nothing else carries this prefix but an export, which may be at work."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != KEPT]
        for path in (Path(place, name) for name in names if name.startswith(PARTIAL)):
            if not is_at_work(path):
                path.unlink(missing_ok=True)
