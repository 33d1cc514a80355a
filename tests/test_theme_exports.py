"""The crosswalk through another framework, and the REFI-QDA codebook."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

from factories import make_note
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.model import Principle, Theme
from pipeline.themes.codebook import NAMESPACE, codebook
from pipeline.themes.crosswalk import crosswalk
from pipeline.themes.vectors import Analyser

INVOLVE = (
    Principle("power", "Sharing of power"),
    Principle("all", "Including all perspectives and skills"),
    Principle("knowledge", "Respecting and valuing the knowledge of all"),
    Principle("reciprocity", "Reciprocity"),
    Principle("relationships", "Building and maintaining relationships"),
)
GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")


def test_notes_are_seen_through_another_framework() -> None:
    texts = [
        "I know it's hard to cede power",
        "Know each other first, build relationships",
        "The bus stops at six",
        "",
    ]
    notes = [
        make_note(i, text, text_status="legible" if text else "no_text") for i, text in enumerate(texts, 1)
    ]
    found = crosswalk(notes, "nihr-involve", INVOLVE, Analyser())
    suggested = {crossing.note_id: crossing.suggested_principle_id for crossing in found}
    assert suggested == {notes[0].id: "power", notes[1].id: "relationships", notes[2].id: None}
    assert {crossing.framework for crossing in found} == {"nihr-involve"}
    assert crosswalk(notes[::-1], "nihr-involve", INVOLVE, Analyser()) == found
    assert crosswalk(notes, "nihr-involve", (), Analyser()) == ()


def test_a_bare_response_leans_on_its_own_heading() -> None:
    note = make_note(1, "Fundamental", principle_id="p")
    own = [Principle("p", "Power")]
    (leaning,) = crosswalk([note], "f", INVOLVE, Analyser(), own)
    (alone,) = crosswalk([note], "f", INVOLVE, Analyser())
    assert leaning.similarity > alone.similarity


def schema_errors(content: bytes) -> list[str]:
    """What the codebook schema 1.0 would object to: elements, their order, attributes, unique ids, references."""
    root = ET.fromstring(content)
    wrong: list[str] = []
    space = "{" + NAMESPACE + "}"
    if root.tag != f"{space}CodeBook" or set(root.attrib) != {"origin"}:
        wrong.append(f"root {root.tag} {root.attrib}")
    if [child.tag for child in root] not in ([f"{space}Codes"], [f"{space}Codes", f"{space}Sets"]):
        wrong.append("CodeBook holds Codes, then Sets")
    guids: list[str] = []
    for code in root.iter(f"{space}Code"):
        guids.append(code.get("guid", ""))
        if not set(code.attrib) <= {"guid", "name", "isCodable", "color"} or not code.get("name"):
            wrong.append(f"code {code.attrib}")
        if code.get("isCodable") not in ("true", "false") or not re.fullmatch(
            "#[0-9A-F]{6}", code.get("color", "")
        ):
            wrong.append(f"code {code.attrib}")
        tags = [child.tag.removeprefix(space) for child in code]
        if tags != sorted(tags, key=["Description", "Code"].index) or tags.count("Description") > 1:
            wrong.append(f"children {tags}")
    for one in root.iter(f"{space}Set"):
        guids.append(one.get("guid", ""))
        tags = [child.tag.removeprefix(space) for child in one]
        if tags != sorted(tags, key=["Description", "MemberCode"].index) or set(one.attrib) != {
            "guid",
            "name",
        }:
            wrong.append(f"set {tags} {one.attrib}")
    members = {member.get("guid") for member in root.iter(f"{space}MemberCode")}
    if not members <= set(guids):
        wrong.append("a set names a code that is not there")
    if len(set(guids)) != len(guids) or not all(GUID.fullmatch(guid) for guid in guids):
        wrong.append(f"guids {guids}")
    return wrong


def theme(number: int, label: str, principle: str | None = "power", named: bool = False) -> Theme:
    return Theme(f"t{number}", principle, label, "suggested", 0.5, (f"n{number}",), f"n{number}", named)


def test_the_codebook_has_the_structure_of_the_standard() -> None:
    notes = [replace(make_note(1, "I know it's <hard> & true"), id="n1")]
    content = codebook(INVOLVE, [theme(1, "ceding"), theme(2, "Mine", None, True)], notes, "w")
    assert schema_errors(content) == []
    root = ET.fromstring(content)
    codes = {code.get("name"): code for code in root.iter("{" + NAMESPACE + "}Code")}
    assert list(codes) == [
        "Sharing of power",
        "ceding",
        "Including all perspectives and skills",
        "Respecting and valuing the knowledge of all",
        "Reciprocity",
        "Building and maintaining relationships",
        "Unplaced",
        "Mine",
    ]
    assert "“I know it's <hard> & true”" in "".join(codes["ceding"].itertext())
    assert [one.get("name") for one in root.iter("{" + NAMESPACE + "}Set")] == [
        "Named by people",
        "Suggested by the machine",
    ]
    assert codebook(INVOLVE, [theme(1, "ceding"), theme(2, "Mine", None, True)], notes, "w") == content
    assert codebook(INVOLVE, [], [], "w") != codebook(INVOLVE, [], [], "other")


@given(
    st.lists(
        st.text(min_size=1, max_size=20).filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)),
        max_size=4,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_words_make_a_readable_codebook(labels: list[str]) -> None:
    found = [theme(number, "x" + label) for number, label in enumerate(labels)]
    assert schema_errors(codebook(INVOLVE[:1], found, [], "w")) == []


def test_the_codebook_tells_what_is_sure_and_what_people_meant() -> None:
    notes = [replace(make_note(number, f"words {number}"), id=f"n{number}") for number in (1, 2, 3)]
    one = replace(
        theme(1, "ceding"), note_ids=("n1", "n2", "n3"), sure_note_ids=("n1", "n2"), description="Letting go."
    )
    told = codebook(INVOLVE, [one], notes, "w").decode()
    assert "Letting go.\n3 notes:\n“words 1”\n“words 2”\nperhaps “words 3”" in told


def test_the_structure_check_can_fail() -> None:
    good = codebook(INVOLVE, [theme(1, "ceding")], [], "w")
    assert schema_errors(good.replace(b'isCodable="true"', b'isCodable="yes"'))
    assert schema_errors(good.replace(b"<Codes>", b"<Other>").replace(b"</Codes>", b"</Other>"))
