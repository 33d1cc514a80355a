"""workshop.toml: everything it may say, and errors that name file, key and remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ConfigError, MissingError
from pipeline.template import new_workshop
from pipeline.vocabulary import RESPONSE_TYPES
from pipeline.workshop import (
    DEFAULT_LEGEND,
    find_workshops,
    frameworks,
    load_framework,
    load_workshop,
    slug,
)


def write(tmp_path: Path, text: str) -> Path:
    folder = tmp_path / "town-hall"
    folder.mkdir(exist_ok=True)
    (folder / "workshop.toml").write_text(text, "utf-8")
    return folder


def test_a_title_is_enough(tmp_path: Path) -> None:
    workshop = load_workshop(write(tmp_path, 'title = "Town hall"'))
    assert workshop.id == "town-hall"
    assert workshop.title == "Town hall"
    assert workshop.legend.by_shape == DEFAULT_LEGEND
    assert workshop.principles == ()
    assert workshop.point == "default"
    assert workshop.language == "en"


def test_a_framework_brings_principles_and_the_workshops_own_override_and_add(tmp_path: Path) -> None:
    text = """
        title = "x"
        framework = "terrapins"
        [[principles]]
        id = "positive-sum"
        stated = 4
        also = ["Everybody wins"]
        [[principles]]
        id = "make-time"
        heading = "Make Time"
    """
    principles = {p.id: p for p in load_workshop(write(tmp_path, text)).principles}
    assert len(principles) == 10
    assert principles["positive-sum"].heading == "Positive-sum"
    assert principles["positive-sum"].stated == 4
    assert "Everybody wins" in principles["positive-sum"].also
    assert len(principles["positive-sum"].also) > 1
    assert list(principles)[-1] == "make-time"


def test_a_principle_without_an_id_gets_one_from_its_heading(tmp_path: Path) -> None:
    workshop = load_workshop(
        write(tmp_path, 'title = "x"\n[[principles]]\nheading = "Not decided in advance"')
    )
    assert workshop.principles[0].id == "not-decided-in-advance"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("workshop.toml", "`title`", "missing")),
        ("title = 3", ("`title`", "3", "text")),
        ('titel = "x"', ("`title`", "missing")),
        ('title = "x"\nplaec = "y"', ("`plaec`", "Did you mean `place`")),
        ('title = "x"\ndate = "6 March"', ("`date`", "6 March", "2019-03-06")),
        ('title = "x"\nframework = "terapins"', ("`framework`", "terapins", 'Did you mean "terrapins"')),
        ('title = "x"\n[legend]\ntik = "agreement"', ("`legend.tik`", "Did you mean `tick`")),
        ('title = "x"\n[legend]\ntick = "agreemnt"', ("`legend.tick`", "agreemnt", "agreement")),
        ('title = "x"\n[publish]\npoint = "loose"', ("`publish.point`", "loose", "strict")),
        ('title = "x"\n[publish]\nlicense = "CC0"', ("`publish.license`", "Did you mean `publish.licence`")),
        ('title = "x"\n[shapes]\nunsure_below = 2', ("`shapes.unsure_below`", "2", "between 0 and 1")),
        ('title = "x"\n[[principles]]\nid = "a b"', ("`principles[1].id`", "a b", "hyphens")),
        ('title = "x"\n[[principles]]\nid = "new"', ("`new`", "no heading")),
        (
            'title = "x"\n[[principles]]\nid = "a"\nheading = "A"\n[[principles]]\nid = "a"\nheading = "B"',
            ("two principles", "`a`"),
        ),
        ('title = "x"\nprinciples = 4', ("`principles`", "4", "[[principles]]")),
        ('title = "x', ("not valid TOML",)),
    ],
)
def test_errors_name_file_key_finding_and_remedy(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    folder = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_workshop(folder)
    message = str(caught.value)
    assert str(folder / "workshop.toml") in message
    for word in words:
        assert word in message


def test_an_absent_file_tells_how_to_make_one(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(MissingError, match="workshop new empty"):
        load_workshop(folder)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, "")
    (folder / "workshop.toml").write_bytes('title = "Café"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        load_workshop(folder)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    folder = write(tmp_path, "")
    (folder / "workshop.toml").write_bytes('title = "Café"'.encode("utf-8-sig"))
    assert load_workshop(folder).title == "Café"


def test_a_legend_by_colour_and_by_shape_and_colour(tmp_path: Path) -> None:
    text = 'title = "x"\n[legend]\nyellow = "challenge"\n"square pink" = "importance"\ntick = "agreement"'
    legend = load_workshop(write(tmp_path, text)).legend
    assert legend.by_shape == {"tick": "agreement"}
    assert legend.by_colour == {"yellow": "challenge"}
    assert legend.by_shape_and_colour == {"square pink": "importance"}


def test_every_framework_can_be_read_and_has_unique_ids() -> None:
    assert set(frameworks()) == {
        "consumer-partnership",
        "elephants",
        "jersey",
        "ladder",
        "nihr-involve",
        "open-prompts",
        "terrapins",
    }
    for code in frameworks():
        framework = load_framework(code)
        ids = [principle.id for principle in framework.principles]
        assert ids
        assert len(set(ids)) == len(ids)
        assert all(principle.heading for principle in framework.principles)


@pytest.mark.parametrize("code", [None, *frameworks()])
def test_a_new_workshops_file_can_be_read_back(tmp_path: Path, code: str | None) -> None:
    framework = load_framework(code) if code else None
    folder = write(tmp_path, new_workshop("town-hall", framework))
    workshop = load_workshop(folder)
    assert workshop.title == "Town hall"
    assert len(workshop.principles) == (len(framework.principles) if framework else 0)


def test_every_line_of_a_new_workshops_file_can_be_used(tmp_path: Path) -> None:
    # People take the # away; what comes to light must be valid.
    lines = new_workshop("town-hall", None).splitlines()
    prose = ("# What this", "# Only `title`", "# One block", "# How people", '# ("square')
    opened = [
        line.removeprefix("# ") if line.startswith("# ") and not line.startswith(prose) else line
        for line in lines
    ]
    workshop = load_workshop(write(tmp_path, "\n".join(opened)))
    assert workshop.principles[-1].stated == 7
    assert workshop.roster


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b"])
def test_a_name_that_cannot_be_a_folders_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        new_workshop(name, None)


def test_workshops_are_found_and_misspelt_names_get_a_suggestion(tmp_path: Path) -> None:
    write(tmp_path, 'title = "x"')
    (tmp_path / "without-settings").mkdir()
    assert [folder.name for folder in find_workshops(tmp_path)] == ["town-hall"]
    with pytest.raises(MissingError, match="Did you mean “town-hall”"):
        find_workshops(tmp_path, ("town-hal",))
    with pytest.raises(MissingError):
        find_workshops(tmp_path, ("../town-hall",))
    with pytest.raises(MissingError, match="no folder"):
        find_workshops(tmp_path / "nowhere")


@given(st.text(max_size=40))
def test_a_slug_is_always_a_valid_identifier(text: str) -> None:
    made = slug(text)
    assert made == slug(made)
    assert made
    assert all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in made)


@given(st.binary(max_size=200))
def test_no_content_crashes_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "workshop.toml").write_bytes(content)
    try:
        load_workshop(folder)
    except (ConfigError, MissingError) as error:
        assert "workshop.toml" in str(error)


def test_the_default_legend_uses_known_codes() -> None:
    assert set(DEFAULT_LEGEND.values()) <= set(RESPONSE_TYPES)
