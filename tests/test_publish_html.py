"""The HTML page, the charts and the writing of a folder: whole, safe, accessible, the same each time."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from factories import make_note, make_record
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline import model
from pipeline.publish import Change, Imprint, charts, files, icons, pictures, render_html, write_reports
from pipeline.publish.html import render_page

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><b>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; & 'quotes'",
    "]]> --> <!--",
]
VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}


class Page(HTMLParser):
    """A page taken apart; complains about tags that do not close in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and "metadata" not in self.open:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


def make_crop(size: tuple[int, int] = (120, 90), colour: str = "gold", **save: Any) -> model.Crop:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG", **save)
    return model.Crop(buffer.getvalue(), *size)


def make_crops(record: model.Record) -> dict[str, model.Crop]:
    return {note.id: make_crop() for note in record.notes}


def test_the_page_is_whole_self_contained_and_without_script() -> None:
    record = make_record()
    source = render_html(record, make_crops(record))
    page = Page(source)
    assert not page.all("script")
    assert not page.all("link")
    addresses = [attrs.get("src") or attrs.get("href") or "" for _, attrs in page.tags]
    loaded = [attrs["src"] or "" for attrs in page.all("img")]
    assert loaded
    assert all(address.startswith("data:image/jpeg;base64,") for address in loaded)
    assert all(address.startswith(("#", "data:", "https://", "mailto:")) for address in addresses if address)
    assert "@import" not in source
    assert "url(http" not in source


def test_every_link_inside_the_page_leads_somewhere_and_ids_are_unique() -> None:
    record = make_record()
    page = Page(render_html(record, make_crops(record)))
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in page.all("a"):
        address = attrs["href"] or ""
        if address.startswith("#"):
            assert address[1:] in ids, address
    for _, attrs in page.tags:
        for name in (attrs.get("aria-labelledby") or "").split():
            assert name in ids


def test_landmarks_skip_link_language_and_headings_in_order() -> None:
    record = make_record()
    page = Page(render_html(record, make_crops(record)))
    names = [name for name, _ in page.tags]
    assert page.all("html")[0]["lang"] == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert names.count(landmark) == 1
    first_link = page.all("a")[0]
    assert first_link["href"] == "#main"
    levels = [int(name[1]) for name in names if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_words_of_another_language_say_so() -> None:
    record = make_record(language="de")
    page = Page(render_html(record, make_crops(record)))
    assert page.all("html")[0]["lang"] == "en"
    assert page.all("h1")[0]["lang"] == "de"
    assert all(
        attrs.get("lang") == "de"
        for attrs in page.all("p")
        if attrs.get("class") == "words" and attrs.get("lang")
    )
    assert any(attrs.get("lang") == "de" for attrs in page.all("p") if attrs.get("class") == "words")


def test_every_picture_has_alternative_text() -> None:
    record = make_record()
    page = Page(render_html(record, make_crops(record)))
    pictures_alt = [attrs["alt"] or "" for attrs in page.all("img")]
    assert "Yellow tick: Who decides who is in the room?" in pictures_alt
    assert all(pictures_alt)
    for attrs in page.all("svg"):
        assert attrs.get("aria-hidden") == "true" or attrs.get("aria-labelledby")


def test_a_note_without_a_picture_or_with_a_removed_name_is_shown_by_its_shape() -> None:
    record = make_record(notes=[make_note(1, "Ask [name removed]"), make_note(2, "Listen")])
    page = Page(render_html(record, {"n0001": make_crop()}))
    assert page.all("img") == []
    labels = [attrs.get("aria-label") for attrs in page.all("span") if attrs.get("role") == "img"]
    assert "Yellow tick, partly legible: Ask [name removed]" in labels
    assert "Yellow heart: Listen" in labels


@pytest.mark.parametrize("nasty", NASTY)
def test_whatever_people_wrote_is_text_and_nothing_else(nasty: str) -> None:
    plain = make_record()
    tags = [name for name, _ in Page(render_html(plain, make_crops(plain))).tags]
    notes = tuple(replace(note, text=nasty) if note.id == "n0001" else note for note in plain.notes)
    record = replace(
        plain,
        notes=notes,
        title=nasty,
        place=nasty,
        introduction=nasty,
        licence=nasty,
        contact=nasty,
        notices=(nasty,),
        software={nasty: nasty, "b": "1"},
        refusals=tuple(replace(item, path=nasty, reason=nasty, remedy=nasty) for item in plain.refusals),
        principles=tuple(replace(item, heading=nasty, description=nasty) for item in plain.principles),
        themes=tuple(replace(item, label=nasty) for item in plain.themes),
    )
    source = render_html(
        record,
        make_crops(record),
        [Change("x", "n0001", "power", nasty, nasty + " more", nasty)],
        Imprint(1, nasty, nasty, (nasty,), nasty, (nasty,)),
    )
    page = Page(source)
    assert page.words.count(" ".join(nasty.split())) >= 10
    assert "49" not in page.words
    allowed = {*tags, "ins", "del", "b"}
    assert {name for name, _ in page.tags} <= allowed
    assert not [attrs for _, attrs in page.tags if any(key.startswith("on") for key in attrs)]


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip() != ""))
def test_any_words_come_through_unharmed(text: str) -> None:
    from pipeline import marks

    note = make_note(1, marks.literal(text))
    page = Page(render_html(make_record(notes=[replace(note, text_status="legible")]), {}))
    expected = " ".join(text.replace("\x00", "\ufffd").split())
    if "\r" not in text:  # the parser reads line ends as browsers do
        assert expected in page.words or not text.isprintable()


def test_the_page_as_bytes_is_the_page_as_text_with_every_picture_in_its_place() -> None:
    record = make_record()
    crops = {
        note.id: make_crop(colour=f"#{number:02x}4080") for number, note in enumerate(record.notes, start=1)
    }
    shown = (model.Photograph("power", "board.jpg", tuple(crops)[:2], make_crop((200, 90), "teal")),)
    page = b"".join(render_page(record, crops, photographs=shown))
    assert page == render_html(record, crops, photographs=shown).encode()
    inlined = {f"data:image/jpeg;base64,{base64.b64encode(one.jpeg).decode()}" for one in crops.values()}
    assert inlined < {image["src"] for image in Page(page.decode()).all("img")}


def test_what_may_be_published_is_not_made_so_again() -> None:
    crops = {"a": make_crop((600, 300)), "b": make_crop()}
    small = pictures.publishable(crops, ["a", "b"], longest=200)
    assert max(small["a"].width, small["a"].height) == 200
    assert pictures.publishable(small, ["a", "b"]) is small
    assert pictures.publishable(small, ["b", "a"]) == small
    assert list(pictures.publishable(small, ["b"])) == ["b"]
    assert pictures.publishable(small, ["a", "b"], longest=100)["a"].width == 100


def test_marks_are_visible_and_said_aloud() -> None:
    record = make_record(
        notes=[make_note(1, "Who[?] and [illegible]"), make_note(5, "", text_status="no_text")]
    )
    source = render_html(record, {})
    assert '<span class="lost" title="Words that cannot be read">[illegible]</span>' in source
    assert 'aria-label=" (unsure word)">[?]</span>' in source
    assert '<span class="lost">[no text]</span>' in source


def test_notes_without_text_are_collapsed_with_their_number() -> None:
    notes = [make_note(number, "", shape="tick") for number in range(1, 5)]
    assert "[no text] × 4" in Page(render_html(make_record(notes=notes), {})).words


def test_an_answer_links_to_the_note_it_answers() -> None:
    source = render_html(make_record(), {})
    assert '<p class="answers">answers: <a href="#note-n0001">' in source


def test_changes_and_edition_are_shown_when_there_are_any() -> None:
    record = make_record()
    page = Page(
        render_html(
            record,
            {},
            [Change("now_readable", None, None, "[illegible]", "Listen", "")],
            Imprint(2, "2026-11-22"),
        )
    )
    assert "What changed" in page.words
    assert "Edition 2, 22 November 2026" in page.words
    assert [name for name, _ in page.tags].count("ins") == 1
    assert "What changed" not in Page(render_html(record, {})).words


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_the_contrast_of_wcag_aa() -> None:
    css = (Path(pictures.__file__).parent / "templates" / "record.css").read_text()
    named = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", css))
    grounds = [named["paper"], named["sheet"], "#f0eadb", "#efe9db"]
    inks = [
        named[name]
        for name in ("ink", "quiet", "link", "agreement", "importance", "amendment", "challenge", "other")
    ]
    inks += re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", css)
    assert len(inks) > 10
    for ink in inks:
        for ground in grounds:
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    for ink, tint in icons.COLOURS.values():
        assert contrast(ink, tint) >= 3.0
        assert contrast(ink, "#ffffff") >= 4.5


def test_charts_carry_title_description_and_data() -> None:
    made = charts(make_record())
    assert sorted(made) == ["legibility.svg", "responses-by-principle.svg", "themes.svg"]
    for svg in made.values():
        root = ET.fromstring(svg)
        space = "{http://www.w3.org/2000/svg}"
        labels = (root.get("aria-labelledby") or "").split()
        assert [root.findtext(f"{space}{tag}") for tag in ("title", "desc")] != [None, None]
        assert labels == [
            element.get("id")
            for element in (root.find(f"{space}title"), root.find(f"{space}desc"))
            if element is not None
        ]
        data = json.loads(root.findtext(f"{space}metadata") or "")
        assert sum(data["totals"]) == 11
        headings = list(dict.fromkeys(row[0].split(":")[0] for row in data["rows"]))
        # A heading that nobody answered has no themes.
        assert [name for name in headings if name != "Transparent"] == [
            "Power",
            "Make Time",
            "Unplaced notes",
        ]


def test_the_chart_draws_one_shape_a_note_when_few_and_bars_when_many() -> None:
    few, many = charts(make_record(notes=20)), charts(make_record(notes=400))
    assert few["responses-by-principle.svg"].count("<path") == 20 + 4  # and the key
    assert many["responses-by-principle.svg"].count("<path") == 4
    assert "100</text>" in many["responses-by-principle.svg"]


@pytest.mark.parametrize("nasty", [*NASTY, "\x00\x0b\ufffe"])
def test_charts_stay_well_formed_whatever_a_heading_says(nasty: str) -> None:
    record = make_record(notes=3, principles=(model.Principle("power", nasty),))
    for svg in charts(record).values():
        ET.fromstring(svg)


def exif_of(jpeg: bytes) -> int:
    with Image.open(io.BytesIO(jpeg)) as picture:
        return len(picture.getexif())


def test_no_metadata_of_a_photograph_gets_out() -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRETPLACE"
    for size in ((100, 80), (1200, 900)):
        crop = make_crop(size, exif=exif, comment=b"SECRETPLACE")
        assert b"SECRETPLACE" in crop.jpeg
        record = make_record(notes=[make_note(1)])
        page = Page(render_html(record, {"n0001": crop}))
        shown = [base64.b64decode((attrs["src"] or "").split(",")[1]) for attrs in page.all("img")]
        assert shown
        for jpeg in shown:
            assert b"SECRETPLACE" not in jpeg
            assert exif_of(jpeg) == 0


def test_a_small_picture_keeps_its_pixels_and_a_large_one_is_reduced() -> None:
    small = make_crop((100, 80), exif=Image.Exif(), comment=b"x")
    cut = pictures.published(small)
    with Image.open(io.BytesIO(small.jpeg)) as one, Image.open(io.BytesIO(cut.jpeg)) as other:
        assert list(one.tobytes()) == list(other.tobytes())
    large = pictures.published(make_crop((1000, 500)))
    assert (large.width, large.height) == (480, 240)
    with Image.open(io.BytesIO(large.jpeg)) as picture:
        assert picture.size == (large.width, large.height)


def test_a_crop_that_is_no_jpeg_is_an_error() -> None:
    with pytest.raises(ValueError, match="JPEG"):
        pictures.published(model.Crop(b"<svg onload=alert(1)>", 10, 10))


def test_the_same_record_gives_the_same_bytes(tmp_path: Path) -> None:
    record = make_record()
    one = write_reports(record, make_crops(record), tmp_path / "one", {"responses.csv": b"a\n"})
    other = write_reports(record, make_crops(record), tmp_path / "other", {"responses.csv": b"a\n"})
    assert [path.name for path in one] == [path.name for path in other]
    assert {"record.html", "record.md", "responses.csv", "legibility.svg"} <= {path.name for path in one}
    for path, again in zip(one, other, strict=True):
        assert path.read_bytes() == again.read_bytes(), path.name


def test_a_kill_while_writing_leaves_the_old_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = make_record()
    write_reports(record, {}, tmp_path, {"responses.csv": b"old"})
    (tmp_path / "editions").mkdir()
    (tmp_path / "editions" / ".partial-frozen").write_bytes(b"not mine")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    calls = 0

    def dying_fsync(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", dying_fsync)
    with pytest.raises(KeyboardInterrupt):
        write_reports(make_record(title="New"), {}, tmp_path, {"responses.csv": b"new"})
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before
    monkeypatch.undo()
    write_reports(make_record(title="New"), {}, tmp_path, {"responses.csv": b"new"})
    assert (tmp_path / "responses.csv").read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(before)
    assert (tmp_path / "editions" / ".partial-frozen").read_bytes() == b"not mine"


def test_an_export_that_is_at_work_keeps_its_file_and_a_killed_one_does_not(tmp_path: Path) -> None:
    exports = tmp_path / "exports" / "tei"
    exports.mkdir(parents=True)
    young, old, ours = (
        exports / f".partial-{name}" for name in ("0123456789ab", "ba9876543210", "record.xml")
    )
    for file in (young, old, ours):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    write_reports(make_record(), {}, tmp_path, {})
    assert [file.exists() for file in (young, old, ours)] == [True, False, False]


def test_the_page_is_swapped_in_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    original = Path.replace

    def spy(self: Path, target: Path) -> Path:
        order.append(Path(target).name)
        return original(self, target)

    monkeypatch.setattr(Path, "replace", spy)
    write_reports(make_record(), {}, tmp_path, {"a.csv": b"", "z.csv": b""})
    assert order[-1] == "record.html"
    assert len(order) >= 5


@pytest.mark.parametrize("name", ["../out.csv", "/etc/x", "editions/1/record.html", "", "a\\b"])
def test_nothing_is_written_outside_the_folder_or_into_editions(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no place for a report"):
        files.swap_in(tmp_path / "r", {name: b"x"}, last="record.html")
    assert not (tmp_path / "r").exists()


def test_a_record_of_words_alone_shows_no_empty_frames_and_claims_no_checking() -> None:
    note = make_note(
        1, "Trust", shape="not_recorded", colour="not_recorded", sightings=(), reading_state="reviewed"
    )
    blank = [replace(note, id=f"b{n}", text="", text_status="no_text", position=n + 2) for n in range(2)]
    record = make_record(notes=[note, *blank], legend=model.Legend({}), photos=(), themes=())
    page = Page(render_html(record, {}))
    assert "This record does not say what kinds of response there were." in page.words
    assert not [attrs for _, attrs in page.tags if "mount" in (attrs.get("class") or "").split()]
    assert "Checked by a person" not in page.words
    assert {"note-n0001", "note-b0", "note-b1"} <= {attrs.get("id") for _, attrs in page.tags}


def test_a_list_in_the_introduction_stays_a_list() -> None:
    page = Page(render_html(make_record(introduction="First\nline\n- one\n- two\n\nlast"), {}))
    assert [attrs for attrs in page.all("p") if (attrs.get("class") or "").startswith("lead")] == [
        {"class": "lead"}
    ] * 4
    assert "First line" in page.words
    assert "• one" in page.words


def test_nothing_is_published_that_is_not_for_the_public() -> None:
    from pipeline.publish import ALL_FORMATS, render_reports, unavailable_formats
    from pipeline.publish.exports import EXPORTS

    plain = make_record()
    notes = tuple(
        replace(note, machine_text="SECRETREADING", personal_data=("SECRETNAME",)) for note in plain.notes
    )
    orphans = tuple(
        replace(orphan, person="SECRETPERSON", old="SECRETOLD", reason="SECRETREASON")
        for orphan in plain.orphans
    )
    record = replace(plain, notes=notes, orphans=orphans)
    formats = [name for name in ALL_FORMATS if name not in unavailable_formats() and name != "pdf"]
    files = render_reports(record, {}, {}, [Change("added", None, None, None, "x", "")], formats=formats)
    for export in EXPORTS.values():
        files.update(export(record, (), None))
    assert len(files) > 15
    for name, content in files.items():
        unpacked = [content]
        if name.endswith((".docx", ".pptx")):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                unpacked = [archive.read(part) for part in archive.namelist()]
        assert not any(b"SECRET" in part for part in unpacked), name


def test_the_key_of_a_chart_wraps_before_its_edge() -> None:
    codes = ["agreement", "importance", "amendment", "challenge", "other", "unsure", "not_recorded"]
    notes = [make_note(n, response_type=code) for n, code in enumerate(codes, start=1)]
    svg = charts(make_record(notes=notes))["responses-by-principle.svg"]
    places = [
        (float(x), float(y)) for x, y in re.findall(r'<g transform="translate\(([\d.]+) (\d+)\)"><path', svg)
    ]
    assert len(places) == 7
    assert len({y for _, y in places}) == 2
    assert all(x < 520 for x, _ in places)


def test_changes_are_drawn_by_kind() -> None:
    from pipeline.publish import render_reports

    changes = [
        Change("added", None, None, None, "x", ""),
        Change("added", None, None, None, "y", ""),
        Change("removed", None, None, "z", None, ""),
    ]
    files = render_reports(make_record(), {}, {}, changes)
    data = json.loads(
        ET.fromstring(files["changes.svg"]).findtext("{http://www.w3.org/2000/svg}metadata") or ""
    )
    assert data["rows"] == [["Added", 2], ["Removed", 1]]
    assert "chart-changes" in files["record.html"].decode()
    assert "changes.svg" not in render_reports(make_record(), {}, {})
