"""Readers: the registry, the containment of bad ones, decoding, layout, and the engines themselves."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline import readers
from pipeline.model import Line, Reading, Word
from pipeline.readers import ReaderError, RgbImage, contain, ctc, layout
from pipeline.readers.contain import read_contained
from pipeline.readers.contract import check_reader

PICTURE = np.full((60, 80, 3), 230, np.uint8)
DARK = np.zeros((60, 80, 3), np.uint8)
GOOD = Reading("fake", "1", (Line((Word("power", 0.9, ((0, 0), (9, 0), (9, 9), (0, 9))),)),))


class Fake:
    """A reader whose read() is whatever the test wants."""

    name, version, fingerprint = "fake", "1", "0123456789"

    def __init__(
        self, act: Callable[[Sequence[RgbImage]], Any] = lambda images: [GOOD for _ in images]
    ) -> None:
        self.act = act
        self.calls = 0

    def read(self, images: Sequence[RgbImage]) -> Any:
        self.calls += 1
        return self.act(images)


def crash(_images: Sequence[RgbImage]) -> Any:
    raise RuntimeError("engine\nexploded \x00 here")


def leave(_images: Sequence[RgbImage]) -> Any:
    raise SystemExit(3)


def looks_like_word(**changes: Any) -> Any:
    """A Word that skipped its own check at birth, as a foreign library might make one."""
    word = object.__new__(Word)
    for key, value in {"text": "x", "confidence": 0.5, "box": (), "alternatives": (), **changes}.items():
        object.__setattr__(word, key, value)
    return word


def reading_of(word: Any) -> Reading:
    return Reading("fake", "1", (Line((word,)),))


def test_a_good_reader_passes_through() -> None:
    assert read_contained(Fake(), [PICTURE, DARK]) == [GOOD, GOOD]
    assert read_contained(Fake(crash), []) == []


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (crash, "crashed: RuntimeError: engine exploded here"),
        (leave, "crashed: SystemExit"),
        (lambda images: None, "returned nothing"),
        (lambda images: "text", "str instead of a list"),
        (lambda images: [], "0 readings for 1 pictures"),
        (lambda images: ["text"], "str instead of a Reading"),
        (lambda images: [Reading("fake", "1", [Line((Word("a", 1.0),))])], "lines must be a tuple"),  # type: ignore[arg-type]
        (lambda images: [Reading("fake", "1", (Line(()),))], "at least one Word"),
        (lambda images: [reading_of("word")], "str instead of a Word"),
        (lambda images: [reading_of(looks_like_word(confidence=math.nan))], "a confidence of nan"),
        (lambda images: [reading_of(looks_like_word(confidence=7))], "a confidence of 7"),
        (lambda images: [reading_of(looks_like_word(confidence="high"))], "a confidence of 'high'"),
        (lambda images: [reading_of(looks_like_word(text="a\x07b"))], "control characters"),
        (lambda images: [reading_of(looks_like_word(text="two words"))], "white space"),
        (lambda images: [reading_of(looks_like_word(text=""))], "without text"),
        (lambda images: [reading_of(looks_like_word(text=None))], "without text"),
        (lambda images: [reading_of(looks_like_word(box=((math.inf, 0), (1, 1), (0, 1))))], "finite numbers"),
        (
            lambda images: [reading_of(looks_like_word(alternatives=(("b", math.nan),)))],
            "a confidence of nan",
        ),
        (lambda images: [reading_of(looks_like_word(alternatives="b"))], "without text"),
    ],
)
def test_a_bad_reader_becomes_an_error_and_no_words(act: Callable[..., Any], said: str) -> None:
    (reading,) = read_contained(Fake(act), [PICTURE])
    assert reading.error is not None and said in reading.error
    assert reading.lines == () and (reading.reader, reading.version) == ("fake", "1")


def test_a_hanging_reader_is_left_alone_and_not_asked_again() -> None:
    is_asked, release = threading.Event(), threading.Event()

    def hang(_images: Sequence[RgbImage]) -> Any:
        is_asked.set()
        release.wait()

    reader = Fake(hang)
    try:
        first = read_contained(reader, [PICTURE, DARK], seconds=0.05)
        second = read_contained(reader, [PICTURE], seconds=0.05)
        assert is_asked.wait(60)  # on a busy machine its thread may begin later than that
    finally:
        release.set()
    assert [reading.error for reading in first] == ["gave no answer within 0.05 s"] * 2
    assert second[0].error == "not asked: it hung on an earlier picture"
    assert reader.calls == 1


def test_one_bad_picture_does_not_cost_the_others() -> None:
    def act(images: Sequence[RgbImage]) -> Any:
        if any(not image.any() for image in images):
            raise ValueError("too dark")
        return [GOOD for _ in images]

    bright, dark, bright_too = read_contained(Fake(act), [PICTURE, DARK, PICTURE])
    assert bright == GOOD and bright_too == GOOD
    assert dark.error == "crashed: ValueError: too dark"


def test_one_unsound_reading_does_not_cost_the_others() -> None:
    bad = reading_of(looks_like_word(confidence=math.nan))
    good, contained = read_contained(Fake(lambda images: [GOOD, bad]), [PICTURE, DARK])
    assert good == GOOD
    assert contained.error is not None


def test_a_reader_cannot_change_the_pictures() -> None:
    def act(images: Sequence[RgbImage]) -> Any:
        images[0][:] = 0
        return [GOOD]

    read_contained(Fake(act), [PICTURE])
    assert PICTURE.all()


def test_a_reader_that_cannot_even_say_its_name() -> None:
    class Nameless(Fake):
        @property
        def name(self) -> str:  # type: ignore[override]
            raise OSError("no licence")

    (reading,) = read_contained(Nameless(crash), [PICTURE])
    assert reading.reader == "Nameless" and reading.error is not None


def test_the_time_limit_grows_with_the_batch() -> None:
    assert contain.seconds_allowed(20) > contain.seconds_allowed(1) >= 60


# --- registry ---------------------------------------------------------------------------------


def test_built_in_readers_are_known() -> None:
    assert {"rapidocr", "tesseract"} <= set(readers.available())


def test_an_unknown_reader_is_refused_with_the_known_names() -> None:
    with pytest.raises(ReaderError, match=r"no reader called 'trocr'; known here: .*rapidocr"):
        readers.open_reader("trocr")


def brought(monkeypatch: pytest.MonkeyPatch, load: Callable[[], Any]) -> None:
    point = SimpleNamespace(name="brought", load=load)
    monkeypatch.setattr(readers, "entry_points", lambda group: [point] if group == readers.GROUP else [])
    monkeypatch.setattr(readers, "_open_readers", {})


def test_a_reader_brought_by_a_team_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    brought(monkeypatch, lambda: Fake)
    assert "brought" in readers.available()
    assert readers.open_reader("brought") is readers.open_reader("brought")


def test_a_reader_that_cannot_be_imported_is_an_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> Any:
        raise ImportError("no module named torch")

    brought(monkeypatch, load)
    with pytest.raises(ReaderError, match="'brought' cannot be opened: no module named torch"):
        readers.open_reader("brought")


def test_a_class_that_is_no_reader_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    brought(monkeypatch, lambda: dict)
    with pytest.raises(ReaderError, match="lacks name"):
        readers.open_reader("brought")


def test_a_missing_tesseract_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.readers import tesseract

    def missing() -> Any:
        raise tesseract.pytesseract.TesseractNotFoundError()

    monkeypatch.setattr(tesseract.pytesseract, "get_tesseract_version", missing)
    with pytest.raises(ReaderError, match=r"apt-get install tesseract-ocr.*brew install tesseract"):
        tesseract.TesseractReader()


def test_a_missing_language_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.readers import tesseract

    monkeypatch.setattr(tesseract.pytesseract, "get_tesseract_version", lambda: "5.3")
    monkeypatch.setattr(tesseract.pytesseract, "get_languages", lambda config: ["eng"])
    with pytest.raises(ReaderError, match="apt-get install tesseract-ocr-deu"):
        tesseract.TesseractReader("deu")


# --- contract test ----------------------------------------------------------------------------


def honest(images: Sequence[RgbImage]) -> Any:
    return [
        GOOD if image.shape[1] > 8 and np.ptp(image) > 200 else Reading("fake", "1", ()) for image in images
    ]


def test_the_contract_test_passes_a_reader_that_keeps_it() -> None:
    check_reader(lambda: Fake(honest))


@pytest.mark.parametrize(
    ("act", "clause"),
    [
        (lambda images: [GOOD for _ in images], "a blank page has no words"),
        (lambda images: honest(images)[:1], "one reading a picture"),
        (lambda images: [Reading("other", "1", ()) for _ in images], "names its reader"),
        (lambda images: [reading_of(looks_like_word(text="a b")) for _ in images], "unsound"),
        (
            lambda images: honest(images) if len(images) != 1 else [Reading("fake", "1", ())],
            "alone and in company",
        ),
    ],
)
def test_the_contract_test_names_the_broken_clause(act: Callable[..., Any], clause: str) -> None:
    with pytest.raises(AssertionError, match=clause):
        check_reader(lambda: Fake(act))


def test_the_contract_test_sees_a_changing_identity() -> None:
    counter = itertools.count(10**9)

    def make() -> Any:
        reader = Fake(honest)
        reader.fingerprint = str(next(counter))
        return reader

    with pytest.raises(AssertionError, match="identity"):
        check_reader(make)


# --- decoding ---------------------------------------------------------------------------------


def steps_for(*rows: dict[str, float], signs: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.array([[row.get(sign, 0.0) for sign in signs] for row in rows], np.float32)


def test_labelling_probability_equals_the_sum_over_all_alignments() -> None:
    steps = np.random.default_rng(1).dirichlet([1, 1, 1], size=5).astype(np.float32)

    def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sign for sign, _ in itertools.groupby(path) if sign)

    for label in [(), (1,), (1, 2), (1, 1), (2, 1, 2)]:
        brute = sum(
            math.prod(float(steps[at, sign]) for at, sign in enumerate(path))
            for path in itertools.product(range(3), repeat=5)
            if collapse(path) == label
        )
        assert ctc.labelling_probability(steps, label) == pytest.approx(brute, rel=1e-5, abs=1e-9)


def test_beam_finds_the_likeliest_labellings_in_order() -> None:
    steps = np.random.default_rng(2).dirichlet([1, 1, 1], size=4).astype(np.float32)
    found = ctc.beam(steps, width=100)
    assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
    assert sum(chance for _, chance in found) == pytest.approx(1, abs=0.02)
    for label, chance in found:
        assert chance == pytest.approx(ctc.labelling_probability(steps, label), abs=0.02)


def test_decode_cuts_words_and_keeps_what_else_they_may_be() -> None:
    alphabet = ctc.Alphabet(["blank", "a", "b", "，", "字", " "])
    assert set(alphabet.signs) == {"", "a", "b", ",", " "}
    rows = [{"a": 0.9, "b": 0.1}, {"": 1.0}, {" ": 1.0}, {"b": 0.6, "a": 0.4}, {"b": 0.6, "a": 0.4}]
    words = ctc.decode(steps_for(*rows, signs=alphabet.signs), alphabet)
    assert [word.text for word in words] == ["a", "b"]
    assert words[0].confidence == pytest.approx(0.9)
    assert words[0].alternatives == (("b", 0.1),)
    assert dict(words[1].alternatives)["a"] == pytest.approx(0.16)


def test_another_script_is_not_turned_into_latin() -> None:
    alphabet = ctc.Alphabet(["blank", "a", "字", " "])
    full = np.array([[0.05, 0.05, 0.9, 0.0]] * 3, np.float32)
    words = ctc.decode(alphabet.select(full), alphabet)
    assert all(word.confidence < 0.01 for word in words)


def test_full_width_and_curly_signs_are_folded_and_added_up() -> None:
    alphabet = ctc.Alphabet(["blank", "'", "’", "Ａ", "A", " "])
    chosen = alphabet.select(np.array([[0.0, 0.3, 0.3, 0.2, 0.2, 0.0]], np.float32))[0]
    assert chosen[alphabet.signs.index("'")] == pytest.approx(0.6)
    assert chosen[alphabet.signs.index("A")] == pytest.approx(0.4)


def small_alphabet() -> ctc.Alphabet:
    return ctc.Alphabet(["blank", "c", "a", "t", "o", " "])


def spelled(*rows: dict[str, float]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Steps with a blank between each two, so that every sign counts for itself."""
    alphabet = small_alphabet()
    return steps_for(*itertools.chain.from_iterable((row, {"": 1.0}) for row in rows), signs=alphabet.signs)


def prefers(*known: str) -> ctc.LanguageModel:
    return lambda word: -2.0 if word in known else -3.0


def test_the_language_tips_the_scales_between_what_the_network_saw() -> None:
    steps = spelled({"c": 0.9, "t": 0.1}, {"o": 0.6, "a": 0.4}, {"t": 0.9, "c": 0.1})
    assert [word.text for word in ctc.decode(steps, small_alphabet())] == ["cot"]
    (helped,) = ctc.decode_with(steps, small_alphabet(), prefers("cat"))
    assert helped.text == "cat"
    assert "cot" in dict(helped.alternatives)
    (other,) = ctc.decode_with(steps, small_alphabet(), prefers("cot"))
    assert other.text == "cot" and other.confidence > helped.confidence


def test_the_language_cannot_bring_in_what_the_network_did_not_see() -> None:
    steps = spelled({"c": 1.0}, {"o": 1.0}, {"t": 1.0})
    (word,) = ctc.decode_with(steps, small_alphabet(), prefers("cat"))
    assert (word.text, word.confidence) == ("cot", 1.0)


def test_the_language_may_move_a_word_gap() -> None:
    steps = spelled({"a": 1.0}, {" ": 0.4, "": 0.6}, {"c": 1.0}, {"o": 1.0}, {"t": 1.0})
    assert [word.text for word in ctc.decode(steps, small_alphabet())] == ["acot"]
    helped = ctc.decode_with(steps, small_alphabet(), prefers("a", "cot"))
    assert [word.text for word in helped] == ["a", "cot"]
    assert [(word.first, word.last) for word in helped] == [(0, 1), (4, 9)]


def test_nothing_seen_is_nothing_said() -> None:
    assert ctc.decode_with(spelled({"": 1.0}), small_alphabet(), prefers()) == []


# --- views ------------------------------------------------------------------------------------


class Helped(Fake):
    """A reader that can also read with a language's help."""

    def read_with(self, images: Sequence[RgbImage], language: str) -> Any:
        return self.act(images)


def test_a_helped_reader_gives_two_views_and_another_one() -> None:
    both = contain.views_contained(Helped(lambda images: [(GOOD, GOOD) for _ in images]), [PICTURE], "en")
    assert both == [(GOOD, GOOD)]
    assert contain.views_contained(Fake(), [PICTURE, DARK], "en") == [(GOOD,), (GOOD,)]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (crash, "crashed: RuntimeError"),
        (lambda images: [GOOD for _ in images], "Reading instead of a tuple"),
        (lambda images: [() for _ in images], "tuple instead of a tuple of readings"),
        (lambda images: [(GOOD, reading_of(looks_like_word(confidence=9)))], "a confidence of 9"),
    ],
)
def test_a_bad_helped_reader_is_contained_too(act: Callable[..., Any], said: str) -> None:
    ((reading,),) = contain.views_contained(Helped(act), [PICTURE], "en")
    assert reading.error is not None and said in reading.error


# --- layout -----------------------------------------------------------------------------------


def quad(x: float, y: float, width: float = 60, height: float = 20, degrees: float = 0) -> layout.Quad:
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return (corners @ turn.T).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 12, -12, 25])
def test_lines_come_in_reading_order_on_any_tilt(degrees: float) -> None:
    places = [(0, 0), (70, 3), (0, 30), (70, 28), (0, 60)]
    boxes = [quad(x, y, degrees=degrees) for x, y in places]
    shuffled = [3, 0, 4, 2, 1]
    lines = layout.arrange([boxes[index] for index in shuffled])
    assert [[shuffled[index] for index in line] for line in lines] == [[0, 1], [2, 3], [4]]


def test_no_boxes_no_lines() -> None:
    assert layout.arrange([]) == []


# --- the engines ------------------------------------------------------------------------------


def printed(text: str, size: int = 44) -> RgbImage:
    """A note with printed words, in whatever outline font Pillow carries."""
    picture = Image.new("RGB", (480, 60 * (text.count("\n") + 1) + 60), (250, 236, 120))
    ImageDraw.Draw(picture).text((30, 30), text, fill=(30, 30, 60), font=ImageFont.load_default(size))
    return np.asarray(picture)


def test_rapidocr_keeps_the_contract() -> None:
    check_reader(lambda: readers.open_reader("rapidocr"))


def test_rapidocr_reads_lines_words_and_boxes() -> None:
    (reading,) = readers.open_reader("rapidocr").read([printed("Share power\nwith people")])
    assert reading.text.lower().split() == ["share", "power", "with", "people"]
    assert len(reading.lines) == 2
    first, second = reading.lines[0].words
    assert first.box[0][0] < second.box[0][0] and first.box[0][1] < reading.lines[1].words[0].box[0][1]


def test_rapidocr_reads_with_a_languages_help_and_says_which() -> None:
    reader = readers.open_reader("rapidocr")
    pictures = [printed("Share power\nwith people"), printed("Wir brauchen mehr\nZeit für Gespräche")]
    english, german = contain.views_contained(reader, pictures, "en")
    assert english[0].text == reader.read(pictures)[0].text
    assert english[1].reader == "rapidocr+words" and english[1].version.endswith(" en")
    assert english[1].text.lower().split() == ["share", "power", "with", "people"]
    assert german[1].version.endswith(" de"), "a text in another language is helped by its own"


def test_rapidocr_does_not_read_a_blank_note() -> None:
    assert readers.open_reader("rapidocr").read([PICTURE])[0].lines == ()


def test_tesseract_reads_a_printed_heading() -> None:
    try:
        reader = readers.open_reader("tesseract")
    except ReaderError as error:
        pytest.skip(str(error))
    (reading,) = reader.read([printed("POSITIVE SUM")])
    assert reading.text.split() == ["POSITIVE", "SUM"]
    check_reader(lambda: reader)


def test_lines_are_cut_to_the_networks_height() -> None:
    from pipeline.readers import rapid

    picture = np.asarray(cv2.resize(PICTURE, (400, 300)))
    assert rapid.cut_line(picture, quad(10, 10, 200, 40)).shape[0] == rapid.LINE_HEIGHT
    assert rapid.cut_line(picture, quad(10, 10, 0, 0)).shape[0] == rapid.LINE_HEIGHT


def test_boxes_on_end_are_named_as_their_text_runs() -> None:
    from pipeline.readers import rapid

    level, letter, column = quad(0, 0, 200, 40), quad(220, 0, 20, 40), quad(0, 0, 40, 200)
    found = rapid.directed([level, letter])
    assert found[0] is level and found[1] is letter, "a high box among level ones is a letter"
    down = rapid.directed([column, column])[0]
    assert (down[0] == column[1]).all(), "the upper left of text that runs down a note is its upper right"


def test_a_line_upside_down_is_read_and_its_box_says_so() -> None:
    from pipeline.readers import rapid

    image = np.ascontiguousarray(np.rot90(printed("POSITIVE SUM"), 2))
    (views,) = rapid.RapidReader().read_with([image], "en")
    assert views[-1].text.split() == ["POSITIVE", "SUM"]
    first = views[-1].words[0].box
    assert first[0][0] > first[1][0] and first[0][1] > first[3][1]


def test_hopeless_prefixes_are_dropped_without_a_change_to_what_is_likely() -> None:
    steps = np.full((9, 4), 1e-7, np.float32)
    steps[::2, 0] = 1.0
    steps[1::2, 1:3] = [0.9, 0.1]
    found = dict(ctc.beam(steps, 30))
    assert math.isclose(found[1, 1, 1, 1], 0.9**4, rel_tol=1e-4)
    assert math.isclose(found[1, 2, 1, 1], 0.9**3 * 0.1, rel_tol=1e-4)


def test_the_recogniser_keeps_its_signs_and_says_where_it_is_from() -> None:
    from pipeline.readers import rapid

    described = rapid._recogniser().get_modelmeta().custom_metadata_map
    assert "UNIPEN" in described["provenance"] and "Apache-2.0" in described["provenance"]
    assert {*"abcxyzABCXYZ0189äöüßæøåéñ&£€?!", " "} <= set(rapid._alphabet().signs)


def test_package_has_no_eager_engine() -> None:
    source = Path(readers.__file__).read_text()
    assert "import rapidocr" not in source and "import cv2" not in source


@pytest.mark.parametrize(
    ("far", "close", "side", "searched", "kept"),
    [
        (0.9, 0.0, 480, [208], "far"),
        (0.4, 0.9, 480, [208, 320], "close"),
        (0.5, 0.1, 480, [208, 320], "far"),
        (0.4, 0.9, 320, [208], "far"),
    ],
)
def test_a_doubtful_note_is_searched_again_closer_and_what_gives_more_stays(
    monkeypatch: pytest.MonkeyPatch, far: float, close: float, side: int, searched: list[int], kept: str
) -> None:
    from pipeline.readers import rapid

    box = np.float32([[0, 0], [200, 0], [200, 60], [0, 60]])
    asked: list[int] = []

    def looked_at(images: Sequence[RgbImage], wanted: int) -> list[Any]:
        asked.extend([wanted] * len(images))
        return [([box], [wanted]) for _ in images]

    def both(reader: object, quads: object, steps: list[int], language: str) -> tuple[Reading, Reading]:
        name, chance = ("far", far) if steps == [208] else ("close", close)
        reading = Reading(name, "1", (Line(tuple(Word(name, chance) for _ in range(4))),))
        return reading, reading

    monkeypatch.setattr(rapid, "_looked_at", looked_at)
    monkeypatch.setattr(rapid.RapidReader, "_both", both)
    ((plain, _),) = rapid.RapidReader().read_with([np.zeros((side, side, 3), np.uint8)], "en")
    assert asked == searched
    assert plain.reader == kept
