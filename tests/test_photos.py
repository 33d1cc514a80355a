"""The one door for pixels: every format, every orientation once, every fault a refusal."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.model import Photo, Refusal
from pipeline.photos import Upright, load_upright
from pipeline.stages.intake import intake
from tests.pictures import encoded, gradient


def loaded(content: bytes) -> Upright:
    found = load_upright(content, "x.jpg")
    assert isinstance(found, Upright), found
    return found


def refused(content: bytes) -> Refusal:
    found = load_upright(content, "x.jpg")
    assert isinstance(found, Refusal)
    assert found.path == "x.jpg"
    assert found.reason
    return found


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "HEIF", "BMP"])
def test_every_format_gives_the_same_picture(form: str) -> None:
    found = loaded(encoded(gradient(), form))
    assert found.pixels.shape == (120, 160, 3)
    assert found.pixels.dtype == np.uint8
    assert np.abs(found.pixels.astype(int) - np.asarray(gradient(), int)).mean() < 8
    assert found.format == form


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "PNG", "HEIF"])
@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_orientation_is_applied_exactly_once(form: str, orientation: int) -> None:
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = gradient() if turned is None else gradient().transpose(turned)
    found = loaded(encoded(stored, form, orientation))
    assert found.pixels.shape == (120, 160, 3)
    assert np.abs(found.pixels.astype(int) - np.asarray(gradient(), int)).mean() < 8


def test_a_name_says_nothing_about_the_content() -> None:
    assert loaded(encoded(gradient(), "PNG")).format == "PNG"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_every_colour_mode_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(gradient().convert("L")).astype(np.uint16) * 257)
    else:
        picture = gradient().convert(mode)
    form = "TIFF" if mode in ("CMYK", "I;16") else "PNG"
    pixels = loaded(encoded(picture, form)).pixels
    assert pixels.shape == (120, 160, 3)
    assert pixels[60, 150].mean() > pixels[60, 10].mean() + 60 or mode == "1"


def test_transparency_is_laid_on_white() -> None:
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    assert (loaded(encoded(picture, "PNG")).pixels == 255).all()


def test_an_empty_file() -> None:
    assert refused(b"").code == "empty"


def test_a_text_is_not_an_image() -> None:
    assert refused(b"Dear all, here are the photos").code == "not_an_image"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_a_truncated_file_is_damaged_and_says_so(form: str) -> None:
    content = encoded(gradient(640, 480), form)
    found = refused(content[: len(content) * 2 // 3])
    assert found.code in ("damaged", "not_an_image")
    assert found.remedy


def test_a_library_that_lets_truncated_pictures_pass_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import ImageFile

    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    content = encoded(gradient(640, 480))
    assert refused(content[: len(content) * 2 // 3]).code == "damaged"


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
    assert refused(bomb).code == "too_large"


def test_a_thumbnail_is_too_small() -> None:
    assert refused(encoded(gradient(60, 40))).code == "too_small"


def test_pages_are_never_silently_dropped() -> None:
    out = io.BytesIO()
    gradient().save(out, "TIFF", save_all=True, append_images=[gradient()])
    assert "2 pictures" in refused(out.getvalue()).reason


def test_intake_leaves_metadata_behind() -> None:
    found = intake(encoded(gradient(), gps=True), "a/b.jpg")
    assert not isinstance(found, Refusal)
    photo, pixels = found
    assert photo == Photo("a/b.jpg", photo.sha256, 160, 120, "JPEG")
    assert isinstance(pixels, np.ndarray)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_file_never_crashes(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "HEIF"]))
    content = bytearray(encoded(gradient(), form))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found = load_upright(bytes(content), "x")
    assert isinstance(found, Upright | Refusal)
