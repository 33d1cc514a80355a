"""Nothing that a photograph says of its camera, its place or its first version is in anything published."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from campaigns.kills import make_quick
from fakes import COLOURS, SIZE, in_this_process, use_fakes, workshop_of
from PIL import Image

from pipeline import exporting, mapping, publish
from pipeline.planning import Places
from pipeline.run import run
from pipeline.standing import exportable, publish_edition

TRACES = (
    *(b"SECRETMAKER", b"SECRETMODEL", b"SERIAL12345", b"SECRETXMP", b"SECRETCOMMENT", b"SECRETPLACE"),
    *(b"Exif\0\0", b"GPSLatitude", b"http://ns.adobe.com/xap", b"Photoshop 3.0"),
)


def seeded() -> bytes:
    """A photograph with a note on it, and with everything phones and programs write beside the pixels."""
    picture = np.full((300, 400, 3), 255, np.uint8)
    picture[100 : 100 + SIZE, 40 : 40 + SIZE] = COLOURS["yellow"]
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0xA431] = "SECRETMAKER", "SECRETMODEL", "SERIAL12345"
    exif[0x8825] = {1: "N", 2: (53.0, 28.0, 0.0), 3: "W", 4: (2.0, 14.0, 0.0), 27: b"SECRETPLACE"}
    thumbnail = io.BytesIO()
    Image.fromarray(picture).resize((40, 30)).save(thumbnail, "JPEG", comment=b"SECRETCOMMENT")
    out = io.BytesIO()
    Image.fromarray(picture).save(
        out,
        "JPEG",
        exif=exif.tobytes() + thumbnail.getvalue(),
        comment=b"SECRETCOMMENT",
        xmp=b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRETXMP</x:xmpmeta>',
    )
    return out.getvalue()


def inside(content: bytes) -> Iterator[bytes]:
    """The content, and whatever is packed into it."""
    yield content
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from inside(archive.read(name))
    if content.startswith(b"%PDF"):
        pypdf = pytest.importorskip("pypdf", reason="pypdf opens the PDF")
        for page in pypdf.PdfReader(io.BytesIO(content)).pages:
            for image in page.images:
                yield image.data
    for packed in re.findall(rb"data:image/[a-z+]+;base64,([A-Za-z0-9+/=]+)", content):
        yield from inside(base64.b64decode(packed))


def test_the_photograph_really_carries_what_is_looked_for() -> None:
    found = [trace for trace in TRACES if trace in seeded()]
    assert set(found) >= {
        b"SECRETMAKER",
        b"SERIAL12345",
        b"SECRETXMP",
        b"SECRETCOMMENT",
        b"SECRETPLACE",
        b"Exif\0\0",
    }


def test_nothing_published_carries_what_a_photograph_says_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_quick(monkeypatch)
    use_fakes(monkeypatch, cut=mapping._cut)
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    folder = workshop_of(places.raw, photos=1)
    (folder / "seeded.jpg").write_bytes(seeded())
    run(places, workers=1, make_executor=in_this_process)
    publish_edition(places, "town-hall", "2026-11-22")
    it = exportable(places, "town-hall")
    pictures = 0
    for form in sorted(set(exporting.FORMATS) - set(publish.unavailable_formats())):
        exporting.export(it, form, places.reports / "town-hall" / "exports" / form)
    for file in sorted(path for path in places.reports.rglob("*") if path.is_file()):
        for content in inside(file.read_bytes()):
            for trace in TRACES:
                assert trace not in content, f"{file} carries {trace!r}"
            if content.startswith(b"\xff\xd8\xff"):
                pictures += 1
                assert not Image.open(io.BytesIO(content)).getexif()
    assert pictures >= 4, "no pictures were found: the test shows nothing"
