"""Themes on their way out: into the database, the page, Markdown, documents, slides and the data package."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from factories import make_note, make_record

from pipeline.model import Crossing, Crosswalk, Link, LostTheme, Mention, Principle, Record, Tally, Theme
from pipeline.publish import render_html, render_markdown
from pipeline.publish.charting import make_charts
from pipeline.publish.datapackage import package_files
from pipeline.publish.docx import render_docx
from pipeline.publish.pptx import render_pptx
from pipeline.publish.theme_chart import MOST_DRAWN
from pipeline.publish.theming import passages, tally_sentence
from pipeline.publish.view import arrange
from pipeline.store import builder


@pytest.fixture(scope="module")
def record() -> Record:
    texts = (
        "Say who decides",
        "Who decides, say it",
        "Deciding alone?",
        "Good comms",
        "Regular comms",
        "Time",
    )
    types = ("agreement", "challenge", "agreement", "amendment", "amendment", "importance")
    places = ("power", "power", "power", None, "transparent", "make-time")
    notes = [
        replace(
            make_note(number, text, principle_id=place, text_status="legible"),
            id=f"n{number}",
            response_type=kind,
            theme_id="t1" if number <= 3 else None,
        )
        for number, (text, kind, place) in enumerate(zip(texts, types, places, strict=True), 1)
    ]
    theme = Theme(
        "t1",
        "power",
        "who decides",
        "suggested",
        0.6,
        ("n1", "n2", "n3"),
        "n1",
        description="Said <b>aloud</b>",
        sure_note_ids=("n1", "n2"),
    )
    link = Link("l1", "comms", 0.7, ("transparent", None), ("n4", "n5"), "n4")
    other = (Principle("sharing", "Sharing of power"), Principle("all", "Including all"))
    return make_record(
        notes=notes,
        themes=(theme,),
        links=(link, Link("l2", "deciding", 0.6, ("power", "make-time"), ("n3", "n6"), "n3")),
        mentions=(Mention("n6", "power", "power"),),
        missing_themes=(
            Theme("h1", "make-time", "Make Time", "suggested", 0.0, ("n6",), "n6", is_named_by_person=True),
            Theme("l1", None, "comms", "suggested", 0.7, ("n4", "n5"), "n4"),
        ),
        theme_tallies=(Tally("power", 3, 0, 0), Tally("make-time", 0, 1, 0)),
        lost_themes=(LostTheme("old", "Old name", "power", "none of its notes is in the workshop any more"),),
        crosswalks=(
            Crosswalk(
                "nihr-involve",
                "NIHR INVOLVE",
                other,
                (
                    Crossing("n1", "power", "nihr-involve", "sharing", 0.6, 0.2),
                    Crossing("n4", None, "nihr-involve", None, 0.1, 0.0),
                ),
            ),
        ),
    )


def test_all_of_it_can_be_asked_of_the_database(record: Record, tmp_path: Path) -> None:
    builder.build([record], tmp_path / "w.duckdb")
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:

        def ask(question: str) -> list[tuple[object, ...]]:
            return connection.execute(question).fetchall()

        assert ask("SELECT theme, notes, sure_notes, description FROM themes_by_principle") == [
            ("who decides", 3, 2, "Said <b>aloud</b>")
        ]
        assert ask("SELECT theme, label, notes FROM themes_by_principle_and_type") == [
            ("who decides", "Agreement", 2),
            ("who decides", "Challenge", 1),
        ]
        assert ask("SELECT note_id, is_sure FROM note_theme ORDER BY 1") == [
            ("n1", True),
            ("n2", True),
            ("n3", False),
        ]
        assert ask("SELECT link, principle, note_id, is_quote, is_suggested_missing FROM links") == [
            ("comms", "Transparent", "n5", False, True),
            ("comms", "unplaced", "n4", True, True),
            ("deciding", "Power", "n3", True, False),
            ("deciding", "Make Time", "n6", False, False),
        ]
        assert ask("SELECT note_id, principle, mentioned_principle FROM mentions") == [
            ("n6", "Make Time", "Power")
        ]
        assert ask("SELECT theme, notes, quote, found_as FROM suggested_missing") == [
            ("comms", 2, "Good comms", "link"),
            ("Make Time", 1, record.notes[5].text, "heading"),
        ]
        assert ask("SELECT note_id, principle, suggested_principle FROM crosswalk ORDER BY 1") == [
            ("n1", "Power", "Sharing of power"),
            ("n4", "unplaced", None),
        ]
        assert ask("SELECT principle_id, in_theme, alone FROM theme_tally") == [
            ("power", 3, 0),
            ("make-time", 0, 1),
        ]
        assert ask("SELECT label, reason FROM lost_theme") == [
            ("Old name", "none of its notes is in the workshop any more")
        ]


def test_a_theme_tells_what_it_stands_on(record: Record) -> None:
    (section,) = [one for one in arrange(record).sections if one.themes]
    (theme,) = section.themes
    assert theme.about == "suggested, 2 notes and perhaps 1 more: 2 agreement, 1 challenge"
    assert [note.id for note in theme.others] == ["n2", "n3"]
    assert theme.doubtful_ids == {"n3"}
    assert replace(theme, sure=()).doubtful_ids == frozenset(), (
        "where none is sure, none is doubtful beside them"
    )
    assert section.themes_told == "Of 3 notes: 3 in these themes."
    assert tally_sentence(Tally(None, 1, 1, 2)) == (
        "Of 4 notes: 1 in this theme, 1 that stands alone and 2 without a word that a theme could be made of."
    )
    assert tally_sentence(None) == tally_sentence(Tally(None, 0, 0, 0)) == ""


def test_what_runs_across_is_told_once(record: Record) -> None:
    told = {passage.anchor: passage for passage in passages(record)}
    assert list(told) == ["missing", "links", "mentions", "through-nihr-involve"]
    assert [(line.label, line.about) for line in told["missing"].lines] == [
        ("Make Time", "1 note, named by people: 1 importance"),
        ("comms", "2 notes: 2 amendment"),
    ]
    assert told["missing"].introduction == (
        "What people named when they were invited to say what is missing, and themes that fit none of the "
        "principles people were asked about: suggestions by similarity of words."
    )
    assert [line.label for line in told["links"].lines] == ["deciding"]
    assert [(line.label, len(line.notes)) for line in told["mentions"].lines] == [("Power", 1)]
    assert told["through-nihr-involve"].rows == (("Power", (1, 0, 0)), ("Unplaced notes", (0, 0, 1)))
    assert passages(make_record()) == ()


def test_every_format_prints_it(record: Record) -> None:
    def text_of(package: bytes) -> str:
        with zipfile.ZipFile(io.BytesIO(package)) as parts:
            return "".join(
                parts.read(name).decode() for name in parts.namelist() if name.endswith((".xml", ".rels"))
            )

    pages = {
        "html": render_html(record, {}),
        "md": render_markdown(record),
        "docx": text_of(render_docx(record, {})),
        "pptx": text_of(render_pptx(record, {})),
    }
    for name, page in pages.items():
        for part in (
            "who decides",
            "2 notes and perhaps 1 more",
            "Suggested as missing",
            "Regular comms",
            "Said under more than one heading",
            "Headings that notes elsewhere name",
            "NIHR INVOLVE",
            "Sharing of power",
        ):
            assert part in page, (name, part)
        assert "<b>aloud</b>" not in page, name
    assert 'href="#across"' in pages["html"]
    assert pages["html"].count('<span class="quiet">perhaps</span>') == pages["md"].count(" (perhaps)\n") == 1


def test_the_data_package_holds_it(record: Record) -> None:
    files = package_files(record)
    assert files["data/links.csv"].decode().splitlines()[1:] == [
        "l1,comms,0.7,n4,true",
        "l2,deciding,0.6,n3,false",
    ]
    assert len(files["data/link_notes.csv"].decode().splitlines()) == 5
    assert files["data/suggested_missing.csv"].decode().splitlines()[1:] == [
        "h1,Make Time,heading,make-time,1,n6",
        "l1,comms,link,,2,n4",
    ]
    assert files["data/mentions.csv"].decode().splitlines()[1:] == ["n6,power,power"]
    crosswalk = files["data/crosswalk.csv"].decode().splitlines()
    assert crosswalk[1:] == [
        "nihr-involve,n1,sharing,Sharing of power,0.6,0.2",
        "nihr-involve,n4,,,0.1,0.0",
    ]
    names = {resource["name"] for resource in json.loads(files["datapackage.json"])["resources"]}
    assert {"links", "link_notes", "mentions", "crosswalk", "themes"} <= names


def test_the_chart_draws_every_note_once_and_says_what_it_shows(record: Record) -> None:
    (chart,) = [one for one in make_charts(arrange(record)) if one.name == "themes.svg"]
    assert chart.table.rows[0] == ("Power: who decides", (2, 0, 0, 1))
    assert sum(chart.table.totals) == len(record.notes)
    assert chart.description.startswith(
        "Power: who decides (suggested, 2 notes and perhaps 1 more: 2 agreement, 1 challenge). "
        "Make Time: in no theme: 1 note. "
    )
    root = ET.fromstring(chart.svg)
    assert json.loads(root.findtext("{http://www.w3.org/2000/svg}metadata") or "")["columns"][0] == "Theme"
    drawn = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert len(drawn) == len(record.notes) + 1  # and one in the key
    assert [one.name for one in make_charts(arrange(replace(record, themes=())))] == [
        "responses-by-principle.svg",
        "legibility.svg",
    ]


def test_a_large_theme_is_drawn_in_part_and_counted_in_whole(record: Record) -> None:
    notes = [replace(make_note(n, "Say it", principle_id="power"), id=f"m{n}") for n in range(60)]
    ids = tuple(note.id for note in notes)
    crowded = replace(
        record, notes=tuple(notes), themes=(Theme("t", "power", "say", "possible", 0.3, ids, "m0"),)
    )
    (chart,) = [one for one in make_charts(arrange(crowded)) if one.name == "themes.svg"]
    assert "60 notes" in chart.svg
    assert len(list(ET.fromstring(chart.svg).iter("{http://www.w3.org/2000/svg}path"))) == MOST_DRAWN + 1
