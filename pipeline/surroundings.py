"""What the engines' fingerprints hang on, told without loading an engine.

Loading the networks, RapidOCR and Tesseract takes a second, only to hear that they are what they were. As long
as the program, its weights, the libraries and Tesseract itself are the same, so are the stages' keys, and
planning takes those it remembers.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sysconfig
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import readers

if TYPE_CHECKING:
    from pipeline.mapping import Settings

LIBRARIES = (
    "numpy", "onnxruntime", "opencv-python-headless", "pillow", "pillow-heif", "pytesseract", "rapidocr", "scipy",
    "shapely", "wordfreq",
)  # fmt: skip
WEIGHTS = Path(__file__).parent / "weights"


def surroundings(settings: Settings, program: str) -> str | None:
    """A digest of all that the keys for these settings hang on; `program` is the program's own digest.

    None where a reader is used that a team brought: only it knows what its outcome depends on.
    """
    names = {*settings.note_readers, settings.heading_reader}
    brought = {point.name for point in entry_points(group=readers.GROUP)}
    if not names <= set(readers.BUILT_IN) or names & brought:
        return None
    digest = hashlib.sha256(repr((program, settings)).encode())
    for file in sorted(path for path in WEIGHTS.rglob("*") if path.is_file()):
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    for name in LIBRARIES:
        digest.update(f"{name}={_version(name)}\n".encode())
    digest.update(repr(_tesseract()).encode())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _tesseract() -> list[tuple[str, int, int]]:
    """The program and its language data, as the disk knows them; empty where there is none."""
    program = shutil.which("tesseract")
    if program is None:
        return []
    prefix = os.environ.get("TESSDATA_PREFIX", "")
    folders = [Path(prefix)] if prefix else []
    root = Path(program).resolve().parents[1]
    home = root / "share"
    files = [
        file
        for folder in (*folders, home / "tessdata", *sorted(home.glob("tesseract-ocr/*/tessdata")))
        for file in sorted(folder.glob("*.traineddata"))
    ]
    # The library says the version; it stands where the program does, under any of several names.
    places = (root / "lib", root / "lib" / (sysconfig.get_config_var("MULTIARCH") or ""))
    libraries = sorted({file for place in places for file in place.glob("libtesseract.*")})
    return [_seen(path.resolve()) for path in (Path(program), *libraries, *files)]


def _seen(path: Path) -> tuple[str, int, int]:
    state = path.stat()
    return str(path), state.st_size, state.st_mtime_ns
