from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from factories import make_board, make_note, make_photo, make_polygon, make_record, make_sighting
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from pipeline import decisions as log
from pipeline.exchange.pagexml import NAMESPACE, page_files, shown, write_page
from pipeline.exchange.pagexml_in import Corrections, PageError, corrections_of, read_page
from pipeline.model import Note, Record
from pipeline.photos import turned
from pipeline.stages.decide import decide

CREATED = "2026-11-21T10:00:00Z"
NOTES = [
    make_note(1, "Listen first"),
    make_note(2, "Who decides [illegible]\nin the room[?]"),
    make_note(3, "", text_status="illegible"),
    make_note(4, "", text_status="no_text"),
    make_note(5, 'Say "a < b" & c'),
]
RECORD = make_record(notes=NOTES)
NAME = "page/board-1.xml"


def exported(record: Record = RECORD) -> bytes:
    return page_files(record, CREATED)[NAME]


def imported(data: bytes, record: Record = RECORD, **options: Any) -> Corrections:
    return corrections_of({NAME: data}, record, person="A. Reader", when="2026-11-22", **options)


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    root = etree.fromstring(data)
    edit(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def region(root: Any, note_id: str) -> Any:
    return root.find(f".//{{{NAMESPACE}}}TextRegion[@id='note_{note_id}']")


def unicodes(element: Any) -> list[Any]:
    return list(element.iter(f"{{{NAMESPACE}}}Unicode"))


def retype(note_id: str, *rows: str) -> Callable[[Any], None]:
    """Types other words into a note's lines, as the programs do: the region's own text stays as it was."""

    def edit(root: Any) -> None:
        lines = region(root, note_id).findall(f"{{{NAMESPACE}}}TextLine")
        for line, row in zip(lines, rows, strict=True):
            unicodes(line)[0].text = row

    return edit


def forgetful(data: bytes) -> bytes:
    """As eScriptorium gives a page back: ids of its own, nothing of what is not its own, an older PAGE."""

    def edit(root: Any) -> None:
        for number, element in enumerate(root.iter()):
            if "id" in element.attrib:
                element.set("id", f"eSc_{number}")
            element.attrib.pop("custom", None)
            element.attrib.pop("production", None)
        for element in list(root.iter(f"{{{NAMESPACE}}}UserDefined", f"{{{NAMESPACE}}}ReadingOrder")):
            element.getparent().remove(element)

    return edited(data, edit).replace(b"2019-07-15", b"2013-07-15")


# --- out -------------------------------------------------------------------------------------


def test_a_file_for_each_photograph_with_notes() -> None:
    sightings = (
        make_sighting(1),
        make_sighting(1, "sub folder/board-1.png"),
        make_sighting(1, "board-1.png"),
    )
    record = make_record(notes=[make_note(1, sightings=sightings)], photos=())
    photos = [
        make_photo(path) for path in ("board-1.jpg", "board-1.png", "none.jpg", "sub folder/board-1.png")
    ]
    files = page_files(replace(record, photos=tuple(photos)), CREATED)
    assert list(files) == ["page/board-1.xml", "page/board-1.png.xml", "page/sub folder/board-1.xml"]
    assert page_files(replace(record, photos=tuple(photos)), CREATED) == files


def test_what_a_region_holds() -> None:
    page = read_page(exported())
    assert (page.image, page.width, page.height, page.created) == ("board-1.jpg", 4000, 3000, CREATED)
    regions = [one for one in page.regions if one.kind != "heading"]
    assert [one.text for one in regions] == [
        "Listen first",
        "Who decides [illegible]\nin the room[?]",
        "[illegible]",
        None,
        'Say "a < b" & c',
    ]
    assert regions[0].polygon == make_polygon(1)
    assert regions[1].kind == "importance"
    assert regions[1].exported["note_id"] == "n0002"
    assert [one.text for one in page.regions if one.kind == "heading"] == ["POWER"]


def test_headings_are_carried_over_to_each_photograph() -> None:
    board = make_board("board-1", ["board-1.jpg", "left.jpg"], NOTES)
    shifted = (1.0, 0.0, 50.0, 0.0, 1.0, -10.0, 0.0, 0.0, 1.0)
    record = replace(
        RECORD,
        boards=(replace(board, transforms=(board.transforms[0], shifted)),),
        photos=(*RECORD.photos, make_photo("left.jpg")),
    )
    heading = read_page(write_page(record, record.photos[-1], CREATED)).regions[0]
    assert heading.polygon == ((50.0, 30.0), (850.0, 30.0), (850.0, 100.0), (50.0, 100.0))


# --- in --------------------------------------------------------------------------------------


def test_an_unchanged_file_decides_nothing() -> None:
    assert imported(exported()) == Corrections((), ())
    assert imported(forgetful(exported())).decisions == ()


def test_corrected_words_come_back_as_a_decision() -> None:
    result = imported(edited(exported(), retype("n0002", "Who decides who is", "in the room")))
    assert result.problems == ()
    (decision,) = result.decisions
    assert (decision.field, decision.old, decision.new) == (
        "text",
        "Who decides [illegible]\nin the room[?]",
        "Who decides who is\nin the room",
    )
    assert decision.polygon == make_polygon(2)
    assert decision.person == "A. Reader"
    assert "board-1.xml" in decision.reason
    decided = decide(NOTES, [decision], ["power"])
    assert {note.id: note.text for note in decided.notes}["n0002"] == "Who decides who is\nin the room"
    assert decided.orphans == ()


@pytest.mark.parametrize("forget", [False, True])
def test_reading_it_again_never_duplicates(tmp_path: Path, forget: bool) -> None:
    data = edited(exported(), retype("n0001", "Listen last"))
    data = forgetful(data) if forget else data
    first = imported(data)
    log.append(tmp_path, first.decisions)
    log.append(tmp_path, imported(data).decisions)
    kept = log.read_log(tmp_path).decisions
    assert kept == first.decisions
    assert len(kept) == 1
    assert imported(data, known={one.id for one in kept}).decisions == ()
    corrected = make_record(notes=[replace(NOTES[0], text="Listen last"), *NOTES[1:]])
    assert imported(data, corrected).decisions == ()


def test_what_was_corrected_here_meanwhile_is_not_undone() -> None:
    newer = make_record(notes=[replace(NOTES[0], text="Listen always"), *NOTES[1:]])
    assert imported(exported(), newer).decisions == ()
    assert imported(forgetful(exported()), newer, exported={NAME: exported()}).decisions == ()
    (decision,) = imported(edited(exported(), retype("n0001", "Listen last")), newer).decisions
    assert (decision.old, decision.new, decision.based_on) == (None, "Listen last", "Listen first")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("Let go", ("text", "Let go")), ("[no text]", ("text_status", "no_text")), ("[Illegible]", None)],
)
def test_an_illegible_note(words: str, expected: tuple[str, str] | None) -> None:
    result = imported(edited(exported(), retype("n0003", words)))
    found = [(one.field, one.new) for one in result.decisions]
    assert found == ([expected] if expected else []) or words == "[Illegible]"


def test_silence_decides_nothing_and_is_reported() -> None:
    def silence(root: Any) -> None:
        for one in unicodes(region(root, "n0001")):
            one.text = ""
        gone = region(root, "n0005")
        gone.getparent().remove(gone)

    result = imported(edited(exported(), silence))
    assert result.decisions == ()
    assert len(result.problems) == 2
    assert "note_n0001 has no words any more" in result.problems[0]
    assert "1 note is not in the file any more" in result.problems[1]


def test_a_region_drawn_there_is_a_new_note_with_its_words() -> None:
    def draw(root: Any) -> None:
        page = root.find(f"{{{NAMESPACE}}}Page")
        new = etree.SubElement(page, f"{{{NAMESPACE}}}TextRegion", id="r_new")
        etree.SubElement(new, f"{{{NAMESPACE}}}Coords", points="2000,2000 2300,2000 2300,2300 2000,2300")
        text = etree.SubElement(new, f"{{{NAMESPACE}}}TextEquiv")
        etree.SubElement(text, f"{{{NAMESPACE}}}Unicode").text = "Overlooked"

    outline, words = imported(edited(exported(), draw)).decisions
    square = ((2000.0, 2000.0), (2300.0, 2000.0), (2300.0, 2300.0), (2000.0, 2300.0))
    assert (outline.field, outline.new, outline.polygon) == ("note", square, square)
    assert (words.field, words.new, words.polygon) == ("text", "Overlooked", square)


def test_moved_outline_and_changed_type() -> None:
    def change(root: Any) -> None:
        one = region(root, "n0001")
        one.find(f"{{{NAMESPACE}}}Coords").set("points", "100,100 500,100 500,500 100,500")
        one.set("custom", one.get("custom").replace("type:agreement", "type:challenge"))
        region(root, "n0002").set("custom", "structure {type:marginalia;}")

    result = imported(edited(exported(), change))
    assert [(one.field, one.new) for one in result.decisions] == [
        ("response_type", "challenge"),
        ("polygon", ((100.0, 100.0), (500.0, 100.0), (500.0, 500.0), (100.0, 500.0))),
    ]


def test_a_page_of_another_size_is_scaled() -> None:
    def halve(root: Any) -> None:
        page = root.find(f"{{{NAMESPACE}}}Page")
        page.set("imageWidth", "2000")
        page.set("imageHeight", "1500")
        for coords in root.iter(f"{{{NAMESPACE}}}Coords"):
            points = [pair.split(",") for pair in coords.get("points").split()]
            coords.set("points", " ".join(f"{int(x) // 2},{int(y) // 2}" for x, y in points))

    assert imported(edited(exported(), halve)) == Corrections((), ())
    (decision,) = imported(edited(edited(exported(), halve), retype("n0001", "Other words"))).decisions
    assert decision.polygon == make_polygon(1)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_photograph_that_was_turned_is_told_of_as_its_file_has_it(turn: int) -> None:
    """Transkribus and the others open the file, and know nothing of the turn."""
    record = replace(RECORD, photos=(make_photo(turn=turn),))
    data = exported(record)
    page = etree.fromstring(data).find(f"{{{NAMESPACE}}}Page")
    assert page is not None
    size = (page.get("imageWidth"), page.get("imageHeight"))
    assert size == (("4000", "3000") if turn == 180 else ("3000", "4000"))
    drawn = region(etree.fromstring(data), "n0001").find(f"{{{NAMESPACE}}}Coords").get("points")
    points = np.array([pair.split(",") for pair in drawn.split()], float)
    pixels = np.zeros((int(size[1]), int(size[0]), 3), np.uint8)
    cv2.fillPoly(pixels, [points.astype(np.int32)], (255, 255, 255))
    set_upright = turned(pixels, turn)[:, :, 0] > 0
    rows, columns = np.nonzero(set_upright)
    xs, ys = zip(*make_polygon(1), strict=True)
    assert (columns.min(), columns.max()) == pytest.approx((min(xs), max(xs)), abs=2)
    assert (rows.min(), rows.max()) == pytest.approx((min(ys), max(ys)), abs=2)
    assert imported(data, record) == Corrections((), ())
    (decision,) = imported(edited(data, retype("n0001", "Other words")), record).decisions
    assert decision.polygon == make_polygon(1)


def test_one_note_on_two_photographs_is_corrected_once() -> None:
    note = make_note(1, "Listen first", sightings=(make_sighting(1), make_sighting(1, "again.jpg")))
    record = make_record(notes=[note])
    files = {
        name: edited(data, retype("n0001", "Listen last"))
        for name, data in page_files(record, CREATED).items()
    }
    assert len(files) == 2
    result = corrections_of(files, record, person="A. Reader", when="2026-11-22")
    assert [one.new for one in result.decisions] == ["Listen last"]


def test_words_below_lines_and_the_order_of_lines() -> None:
    def reorder(root: Any) -> None:
        one = region(root, "n0002")
        first, second = one.findall(f"{{{NAMESPACE}}}TextLine")
        one.remove(first)
        second.addnext(first)

    assert imported(edited(exported(), reorder)).decisions == ()


def test_photographs_are_told_by_digest_then_name() -> None:
    def rename(root: Any) -> None:
        root.find(f"{{{NAMESPACE}}}Page").set("imageFilename", "0001_renamed.jpg")

    assert imported(edited(exported(), rename)) == Corrections((), ())
    (problem,) = imported(
        edited(forgetful(exported()).replace(b"2013-07-15", b"2019-07-15"), rename)
    ).problems
    assert "0001_renamed.jpg' is no photograph of this workshop" in problem


# --- what is no PAGE file --------------------------------------------------------------------

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><PcGts><Page>&b;</Page></PcGts>'


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no XML"),
        (b"not xml", "no XML"),
        (b"<PcGts><Page imageWidth='1' imageHeight='1'>", "no XML"),
        (b"<alto/>", "no PAGE document"),
        (b"<PcGts/>", "no PAGE document"),
        (b"<PcGts><Page imageWidth='x' imageHeight='1'/></PcGts>", "how large"),
        (b"<PcGts><Page imageWidth='0' imageHeight='1'/></PcGts>", "no size"),
        (BOMB, "declares entities"),
        (BOMB.replace(b'"aaaa"', b'SYSTEM "file:///etc/passwd"'), "declares entities"),
    ],
)
def test_refused_with_a_reason_and_the_others_count(data: bytes, says: str) -> None:
    with pytest.raises(PageError, match=says) as caught:
        read_page(data)
    assert caught.value.remedy
    good = edited(exported(), retype("n0001", "Listen last"))
    result = corrections_of({"bad.xml": data, NAME: good}, RECORD, person="x", when="y")
    assert len(result.decisions) == 1
    assert says in result.problems[0]


def test_regions_without_an_outline_are_reported() -> None:
    def spoil(root: Any) -> None:
        region(root, "n0001").find(f"{{{NAMESPACE}}}Coords").set("points", "1,1 nonsense")

    problems = imported(edited(exported(), spoil)).problems
    assert "Region note_n0001 has no outline" in problems[0]


# --- any record ------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda text: text.strip() != ""
)


@st.composite
def some_notes(draw: st.DrawFn) -> list[Note]:
    made = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        status = draw(st.sampled_from(["legible", "partial", "illegible", "no_text"]))
        text = draw(texts) if status in ("legible", "partial") else ""
        size = draw(st.floats(3, 300))
        sighting = make_sighting(number, polygon=make_polygon(number, size=size))
        note_id = draw(st.text(min_size=1, max_size=5).map(lambda text, n=number: f"{text}{n}"))
        made.append(make_note(number, text, text_status=status, id=note_id, sightings=(sighting,)))
    return made


def folded(text: str) -> str:
    """As XML keeps it: control characters replaced, line ends and blanks alike."""
    kept = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "\ufffd", text)
    return " ".join(kept.split())


@settings(max_examples=60, deadline=None)
@given(some_notes(), st.booleans())
def test_round_trip(notes: list[Note], forget: bool) -> None:
    record = make_record(notes=notes, themes=())
    data = exported(record)
    result = imported(forgetful(data) if forget else data, record)
    assert result == Corrections((), ())
    regions = [one for one in read_page(data).regions if one.kind != "heading"]
    expected = [folded(shown(note)) if note.text_status != "no_text" else "" for note in notes]
    assert [folded(one.text or "") for one in regions] == expected


plain_words = st.lists(st.from_regex(r"[A-Za-z']{1,8}", fullmatch=True), min_size=1, max_size=5).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(plain_words, plain_words, st.booleans()), min_size=1, max_size=5), st.booleans())
def test_any_corrections_come_back_whole_and_only_once(
    rows: list[tuple[str, str, bool]], forget: bool
) -> None:
    """Whatever is retyped in another program is decided here, nothing else is, and the same file adds nothing."""
    notes = [make_note(number, before) for number, (before, _, _) in enumerate(rows, start=1)]
    record = make_record(notes=notes, themes=())
    changed = {note.id: after for note, (_, after, is_retyped) in zip(notes, rows, strict=True) if is_retyped}
    data = exported(record)
    for note_id, after in changed.items():
        data = edited(data, retype(note_id, after))
    data = forgetful(data) if forget else data
    first = imported(data, record)
    assert first.problems == ()
    decided = decide(notes, first.decisions, ["power"])
    assert decided.orphans == ()
    words = {note.id: note.text for note in decided.notes}
    assert words == {note.id: changed.get(note.id, note.text) for note in notes}
    after = make_record(notes=list(decided.notes), themes=())
    known = {decision.id for decision in first.decisions}
    assert imported(data, after, known=known).decisions == ()
    assert imported(data, after).decisions == ()
    # Taken in twice by mistake, before the next run, the log keeps each decision once.
    assert imported(data, record).decisions == first.decisions
    assert imported(data, record, known=known).decisions == ()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_files_are_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(exported())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    corrections_of({NAME: bytes(content)}, RECORD, person="x", when="y")
