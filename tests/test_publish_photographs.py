"""The photographs as published: level, cut to the notes, nobody on them by accident, the same each time."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from factories import digest_of, make_note, make_photo, make_record, make_sighting
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from test_publish_formats import make_crops, parts_of, text_of

from pipeline import editions, model
from pipeline.errors import EditionError
from pipeline.publish import photographs, render_html, render_reports
from pipeline.publish.captions import alt_of, caption_of
from pipeline.publish.docx import render_docx
from pipeline.publish.photographs import photographs_of
from pipeline.publish.pptx import render_pptx
from pipeline.publish.view import arrange
from pipeline.stages.show import LONG_SIDE, show

WIDTH, HEIGHT = 1000, 750
"""Of the small photographs; the factories' notes are measured on 4000 x 3000."""
IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def box(x: float, y: float, wide: float = 240.0, high: float = 240.0) -> model.Polygon:
    return ((x, y), (x + wide, y), (x + wide, y + high), (x, y + high))


def drawn(record: model.Record, path: str, *, chequered: model.Polygon | None = None) -> model.Crop:
    """A photograph with its notes in red and its headings in blue on white, and a busy patch."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    if chequered:
        (left, top), _, (right, low), _ = ((x / 4, y / 4) for x, y in chequered)
        for x in range(int(left), int(right), 6):
            for y in range(int(top), int(low), 6):
                draw.rectangle((x, y, x + 2, y + 2), fill="black")
    for board in record.boards:
        for heading in board.headings if path in board.photos else ():
            draw.polygon([(x / 4, y / 4) for x, y in heading.polygon], fill=(30, 60, 220))
    for note in record.notes:
        for sighting in note.sightings:
            if sighting.photo == path:
                draw.polygon([(x / 4, y / 4) for x, y in sighting.polygon], fill=(220, 30, 40))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "SECRETPLACE"
    picture.save(buffer, "JPEG", quality=92, exif=exif)
    return model.Crop(buffer.getvalue(), WIDTH, HEIGHT)


def views_of(record: model.Record, **options: Any) -> dict[str, model.Crop]:
    return {photo.sha256: drawn(record, photo.path, **options) for photo in record.photos}


def note_at(number: int, x: float, y: float, text: str | None = None, **more: Any) -> model.Note:
    return make_note(number, text, sightings=(make_sighting(number, polygon=box(x, y)),), **more)


def pixels(picture: model.Crop) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.jpeg)).convert("RGB")).astype(int)


def is_red(array: np.ndarray) -> np.ndarray:
    return (array[..., 0] > 170) & (array[..., 1] < 110) & (array[..., 2] < 110)


def is_blue(array: np.ndarray) -> np.ndarray:
    return (array[..., 2] > 170) & (array[..., 0] < 110)


def test_the_notes_of_each_heading_are_shown_by_as_few_photographs_as_will_do() -> None:
    both = make_sighting(1), make_sighting(1, "second.jpg")
    notes = [
        make_note(1, sightings=both),
        make_note(2, sightings=(make_sighting(2, "second.jpg"),)),
        make_note(3, sightings=(make_sighting(3, "second.jpg"),)),
        make_note(4, principle_id="make-time", sightings=(make_sighting(4),)),
        make_note(5, principle_id="make-time", sightings=(make_sighting(5),)),
        make_note(6, principle_id="transparent", sightings=(make_sighting(6),)),
        make_note(7, principle_id="transparent", sightings=()),
    ]
    record = make_record(notes=notes)
    shown = photographs_of(record, views_of(record))
    assert [(one.principle_id, one.photo, one.note_ids) for one in shown] == [
        ("power", "second.jpg", ("n0001", "n0002", "n0003")),
        ("make-time", "board-1.jpg", ("n0004", "n0005")),
    ]
    assert photographs_of(record, {}) == ()
    assert photographs_of(record, views_of(record)) == shown


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.integers(0, 6), max_size=4, unique=True), max_size=14))
def test_always_that_photograph_is_taken_that_adds_most(seen_on: list[list[int]]) -> None:
    photos = [make_photo(f"{number}.jpg") for number in (3, 0, 5, 1, 6, 2, 4)]
    notes = [
        make_note(number, sightings=tuple(make_sighting(number, photos[place].path) for place in places))
        for number, places in enumerate(seen_on)
    ]
    assert photographs._fewest(notes, photos) == one_by_one(notes, photos)


def one_by_one(notes: Sequence[model.Note], photos: Sequence[model.Photo]) -> list[tuple[Any, list[Any]]]:
    """The same, in as many steps as photographs times photographs."""
    on = {photo.path: [n for n in notes if photo.path in {s.photo for s in n.sightings}] for photo in photos}
    left = {note.id for on_it in on.values() for note in on_it}
    chosen: list[model.Photo] = []
    while left:

        def adds(photo: model.Photo) -> tuple[int, int]:
            new = [note for note in on[photo.path] if note.id in left]  # noqa: B023
            return len(new), sum(note.sightings[0].photo == photo.path for note in new)

        chosen.append(max((photo for photo in photos if on[photo.path]), key=adds))
        left -= {note.id for note in on[chosen[-1].path]}
    return [(photo, on[photo.path]) for photo in sorted(chosen, key=lambda photo: photo.path)]


class Asked(Mapping[str, model.Crop]):
    """Views that count who asks for them; `gone` are promised, but not to be had."""

    def __init__(self, views: Mapping[str, model.Crop], gone: Sequence[str] = ()) -> None:
        self.views, self.gone, self.count = views, gone, 0

    def __getitem__(self, sha256: str) -> model.Crop:
        self.count += 1
        if sha256 in self.gone:
            raise KeyError(sha256)
        return self.views[sha256]

    def __contains__(self, sha256: object) -> bool:
        return sha256 in self.views

    def __iter__(self) -> Iterator[str]:
        return iter(self.views)

    def __len__(self) -> int:
        return len(self.views)


def test_a_picture_is_drawn_anew_for_whatever_it_hangs_on_and_a_view_decoded_only_then() -> None:
    store: dict[bytes, model.Crop] = {}

    def kept(sha256: str, hangs_on: object, make: Callable[[], model.Crop]) -> model.Crop:
        key = msgspec.json.encode([sha256, hangs_on])
        if key not in store:
            store[key] = make()
        return store[key]

    notes = [note_at(1, 1200, 900), note_at(2, 2600, 900), note_at(3, 1200, 2200, principle_id="make-time")]
    record = make_record(notes=[*notes, note_at(4, 2600, 2200, principle_id="make-time")])
    card = model.BoardHeading("POWER", 0.99, box(1200, 300, 1500, 200), "board-1.jpg")
    board = record.boards[0]

    def with_note(number: int, note: model.Note) -> model.Record:
        return replace(record, notes=tuple(note if n.id == note.id else n for n in record.notes))

    named = replace(record.notes[3], text="Meet [name removed] first")
    (photo,) = record.photos
    views = views_of(record)
    # What is published, and how many views are asked for: one does for both headings.
    published = [
        (record, 1),
        (record, 0),
        (with_note(1, replace(record.notes[0], text="Other words", response_type="challenge")), 0),
        (with_note(1, replace(record.notes[0], principle_id="make-time")), 1),
        (with_note(1, note_at(1, 1250, 900)), 1),
        (replace(record, boards=(replace(board, headings=(card,)),)), 1),
        (with_note(4, named), 1),
        (replace(record, photographs="whole"), 1),
        (replace(record, photos=(replace(photo, width=3900),)), 1),
    ]
    for number, (state, wanted) in enumerate(published):
        asked = Asked(views)
        assert photographs_of(state, asked, kept) == photographs_of(state, views), number
        assert asked.count == wanted, number


def test_a_view_that_is_damaged_is_as_good_as_none() -> None:
    both = make_sighting(1), make_sighting(1, "second.jpg")
    notes = [
        make_note(1, sightings=both),
        make_note(2, sightings=(make_sighting(2, "second.jpg"),)),
        make_note(3, sightings=(make_sighting(3),)),
    ]
    record = make_record(notes=notes)
    views = views_of(record)
    gone = digest_of("second.jpg")
    assert len(photographs_of(record, views)) == 2
    (shown,) = photographs_of(record, Asked(views, [gone]))
    assert (shown,) == photographs_of(record, {name: view for name, view in views.items() if name != gone})
    assert shown.note_ids == ("n0001", "n0003")


def test_by_default_it_is_cut_to_the_notes_and_what_lies_round_them_cannot_be_recognised() -> None:
    notes = [note_at(1, 1200, 900), note_at(2, 2600, 900), note_at(3, 1200, 2200)]
    record = replace(make_record(notes=notes), boards=())
    person = box(2300, 2000, 540, 440)
    views = views_of(record, chequered=person)
    (cut,) = photographs_of(record, views)
    (whole,) = photographs_of(replace(record, photographs="whole"), views)
    assert photographs_of(replace(record, photographs="none"), views) == ()
    assert (whole.picture.width, whole.picture.height) == (WIDTH, HEIGHT)
    assert cut.picture.width < 0.65 * WIDTH
    assert cut.picture.height < 0.75 * HEIGHT
    # Notes stay sharp: red to the edge. The busy patch, beside the hull of the notes, is a grey haze.
    assert is_red(pixels(cut.picture)).sum() == pytest.approx(3 * 60 * 60, rel=0.05)
    corner = pixels(cut.picture)[-60:, -60:]
    before = pixels(whole.picture)[510:600, 590:700]
    assert before.std() > 60
    assert corner.std() < 12
    assert "blurred" in caption_of(cut, record)
    assert caption_of(whole, replace(record, photographs="whole")) == "board-1.jpg"


def test_a_note_with_a_removed_name_is_covered_also_where_it_was_not_found() -> None:
    moved = (1.0, 0.0, 400.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)  # the second photograph lies 400 px to the left
    hidden = note_at(1, 1600, 1200, "Meet [name removed] first")
    others = [
        make_note(n, sightings=(make_sighting(n, "second.jpg", polygon=box(600 + 500 * n, 600)),))
        for n in (2, 3)
    ]
    record = make_record(
        notes=[hidden, *others], photos=(make_photo(), make_photo("second.jpg")), photographs="whole"
    )
    board = model.Board("board-1", ("board-1.jpg", "second.jpg"), (IDENTITY, moved), (), ())
    record = replace(record, boards=(board,))
    views = views_of(record)
    seen_there = replace(hidden, sightings=(make_sighting(1, "second.jpg", polygon=box(1200, 1200)),))
    views[digest_of("second.jpg")] = drawn(replace(record, notes=(hidden, *others, seen_there)), "second.jpg")
    (shown,) = photographs_of(record, views)
    assert shown.photo == "second.jpg"
    picture = pixels(shown.picture)
    assert is_red(picture).sum() == pytest.approx(2 * 60 * 60, rel=0.05)
    assert np.abs(picture[300:360, 300:360] - (226, 221, 211)).max() < 12


@pytest.mark.parametrize("choice", ["boards", "whole"])
def test_a_board_that_lies_on_its_side_is_set_upright(choice: str) -> None:
    notes = [note_at(1, 1000, 500), note_at(2, 1000, 2000), note_at(3, 2000, 1200)]
    record = make_record(notes=notes, photographs=choice)
    card = model.BoardHeading("POWER", 0.99, box(300, 700, 200, 1500), "board-1.jpg")
    record = replace(record, boards=(replace(record.boards[0], headings=(card,)),))
    (shown,) = photographs_of(record, views_of(record))
    picture = pixels(shown.picture)
    blue, red = np.argwhere(is_blue(picture)), np.argwhere(is_red(picture))
    assert np.ptp(blue[:, 1]) > 3 * np.ptp(blue[:, 0])
    assert blue[:, 0].mean() < red[:, 0].min()


def test_a_leaning_card_is_made_level_and_a_photograph_without_a_card_is_left_as_it_is() -> None:
    lean = ((600.0, 300.0), (2000.0, 440.0), (1980.0, 640.0), (580.0, 500.0))
    record = make_record(notes=[note_at(1, 800, 900), note_at(2, 1700, 1000)])
    card = model.BoardHeading("POWER", 0.99, lean, "board-1.jpg")
    record = replace(record, boards=(replace(record.boards[0], headings=(card,)),))
    (shown,) = photographs_of(record, views_of(record))
    blue = is_blue(pixels(shown.picture))
    tops = [int(np.argmax(blue[:, x])) for x in np.flatnonzero(blue.any(axis=0))[20:-20]]
    assert max(tops) - min(tops) <= 4
    (bare,) = photographs_of(replace(record, boards=()), views_of(record))
    rows = is_red(pixels(bare.picture)).any(axis=1).sum()
    assert rows == pytest.approx(85, abs=3)


def test_nothing_of_the_file_gets_out_but_its_pixels_and_the_alternative_text_counts() -> None:
    record = make_record(notes=[note_at(1, 500, 500), note_at(2, 1500, 500), note_at(3, 1500, 900)])
    (shown,) = photographs_of(record, views_of(record))
    assert b"SECRETPLACE" not in shown.picture.jpeg
    section = arrange(record).sections[0]
    assert alt_of(shown, section) == (
        "Photograph of the notes under “Power”, all 3: agreement 1, importance 1 and amendment 1."
        " Their words stand in the text."
    )
    part = replace(shown, note_ids=("n0001",))
    assert "1 of 3: agreement 1." in alt_of(part, section)


@pytest.fixture(scope="module")
def pictured() -> tuple[model.Record, tuple[model.Photograph, ...]]:
    notes = [note_at(n, 300 + 320 * n, 600, f"Words of note number {n}") for n in range(1, 10)]
    record = make_record(notes=notes)
    return record, photographs_of(record, views_of(record))


def test_a_slide_shows_heading_photograph_and_responses(
    pictured: tuple[model.Record, tuple[model.Photograph, ...]],
) -> None:
    record, shown = pictured
    data = render_pptx(record, make_crops(record), photographs=shown)
    library = pytest.importorskip("pptx", reason="python-pptx reads the file back")
    slides = list(library.Presentation(io.BytesIO(data)).slides)
    (slide,) = [s for s in slides if s.shapes.title and s.shapes.title.text == "Power (9)"]
    photograph = next(shape for shape in slide.shapes if shape.name == "Photograph")
    assert photograph.image.blob == shown[0].picture.jpeg
    assert photograph._element.nvPicPr.cNvPr.get("descr") == alt_of(shown[0], arrange(record).sections[0])
    words = next(shape for shape in slide.shapes if shape.name == "Responses").text_frame.text
    assert [words.count(f"note number {n}") for n in range(1, 10)] == [1] * 9
    assert photograph.left + photograph.width < 0.6 * library.Presentation(io.BytesIO(data)).slide_width
    assert data == render_pptx(record, make_crops(record), photographs=shown)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 90), st.integers(1, 4), st.sampled_from(["short", "words " * 40]))
def test_slides_lose_no_response_however_many_there_are(notes: int, photographs: int, words: str) -> None:
    made = [make_note(n, f"{words} №{n}.") for n in range(1, notes + 1)]
    record = make_record(notes=made, themes=())
    picture = model.Crop(b"\xff\xd8\xff\xd9", 800, 600)
    shown = [model.Photograph("power", f"{n}.jpg", ("n0001",), picture) for n in range(photographs)]
    data = render_pptx(record, {}, photographs=shown)
    text = text_of(data, "ppt/slides")
    assert [text.count(f"№{n}.") for n in range(1, notes + 1)] == [1] * notes
    assert sum(b'name="Photograph"' in part for part in parts_of(data).values()) == photographs


def test_page_and_document_show_them_with_alternative_text(
    pictured: tuple[model.Record, tuple[model.Photograph, ...]],
) -> None:
    record, shown = pictured
    alt = alt_of(shown[0], arrange(record).sections[0]).encode()
    page = render_html(record, {}, photographs=shown).encode()
    assert page.count(alt) == 1
    document = parts_of(render_docx(record, {}, photographs=shown))
    assert alt in document["word/document.xml"]
    assert shown[0].picture.jpeg in document.values()
    many = make_record(notes=801)
    assert b'class="sheet"' not in render_html(many, {}, photographs=shown).encode()
    files = render_reports(record, {}, {}, photographs=shown, formats=("html", "pptx"))
    assert alt in files["record.html"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_outlines_anywhere_give_a_picture(data: st.DataObject) -> None:
    place = st.floats(-300, 4300)
    length = st.floats(1, 3000)
    spots = data.draw(st.lists(st.tuples(place, place, length, length), min_size=2, max_size=4))
    notes = [
        make_note(n, sightings=(make_sighting(n, polygon=box(*spot)),)) for n, spot in enumerate(spots, 1)
    ]
    card = model.BoardHeading("POWER", 0.9, box(*data.draw(st.tuples(place, place, length, length))), "x")
    record = make_record(notes=notes, photographs=data.draw(st.sampled_from(["boards", "whole"])))
    record = replace(record, boards=(replace(record.boards[0], headings=(card,)),))
    buffer = io.BytesIO()
    Image.new("RGB", (80, 60), "gold").save(buffer, "JPEG")
    (shown,) = photographs_of(record, {digest_of("board-1.jpg"): model.Crop(buffer.getvalue(), 80, 60)})
    assert Image.open(io.BytesIO(shown.picture.jpeg)).size == (shown.picture.width, shown.picture.height)


def test_the_stage_makes_it_small_and_leaves_small_ones_alone() -> None:
    wide = show(np.full((1500, 3600, 3), 200, np.uint8))
    assert (wide.width, wide.height) == (LONG_SIDE, LONG_SIDE * 1500 // 3600)
    small = np.zeros((40, 60, 3), np.uint8)
    small[:, 30:] = 255
    shown = show(small)
    assert (shown.width, shown.height) == (60, 40)
    assert np.abs(pixels(shown) - small).mean() < 3


def test_an_edition_keeps_its_photographs_and_rebuilds_them_exactly(
    pictured: tuple[model.Record, tuple[model.Photograph, ...]], tmp_path: Path
) -> None:
    record, shown = pictured
    made = editions.freeze(record, {}, tmp_path, "2026-11-22", "1 photograph", photographs=shown)
    loaded = editions.load_edition(tmp_path, record.workshop_id, 1)
    assert loaded == made
    assert editions.photographs_in(loaded) == shown
    assert render_html(editions.rebuild(loaded)[0], {}, photographs=editions.photographs_in(loaded)) == (
        render_html(record, {}, photographs=shown)
    )
    archive = loaded.folder / "photographs.zip"
    archive.chmod(0o644)
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr("more.jpg", b"")
    with pytest.raises(EditionError, match="altered"):
        editions.load_edition(tmp_path, record.workshop_id, 1)


def test_an_edition_from_before_there_were_photographs_is_read(tmp_path: Path) -> None:
    import hashlib

    record = editions.publishable(make_record())
    folder = editions.freeze(record, {}, tmp_path, "2026-11-21", "photographs").folder
    content = json.loads((folder / "edition.json").read_bytes())
    del content["photographs"], content["record"]["photographs"]
    old = json.dumps({**content, "format": 1}).encode()
    for name, data in (
        ("edition.json", old),
        ("SHA256SUMS", f"{hashlib.sha256(old).hexdigest()}  edition.json\n".encode()),
    ):
        (folder / name).chmod(0o644)
        (folder / name).write_bytes(data)
    loaded = editions.load_edition(tmp_path, "demo", 1)
    assert loaded.record == record
    assert editions.photographs_in(loaded) == ()
