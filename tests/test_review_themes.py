"""The themes page: what people do is on the disk before it is told, and never over what somebody else did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reviewing import Browser, fake_themes, make_desk, make_project

from pipeline.errors import StorageError
from pipeline.model import Theme
from pipeline.planning import Places
from pipeline.stages import theme as stage
from pipeline.themes import keeping
from pipeline.themes.result import ThemeResult

FILE = keeping.FILE_NAME


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setattr(stage, "themes", fake_themes)
    return make_project(tmp_path)


@pytest.fixture
def page(places: Places) -> Browser:
    return ready(Browser(make_desk(places)))


def ready(page: Browser) -> Browser:
    """Wait until the themes are worked out."""
    while page.get("/themes/now")["working"]:
        pass
    return page


def power(view: Mapping[str, Any]) -> Any:
    return next(one for one in view["principles"] if one["id"] == "power")


def do(page: Browser, **sent: Any) -> Any:
    answer = page.send("/themes/act", state=sent.pop("state", page.get("/themes/now")["state"]), **sent)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_principle_shows_its_themes_with_quotes_and_counts(page: Browser) -> None:
    view = page.get("/themes/now")
    assert [one["label"] for one in view["principles"]] == ["Power", "Make Time", "Transparent"]
    here = power(view)
    (theme,) = here["themes"]
    assert (theme["label"], theme["strength"], theme["owned"]) == ("thoughts", "possible", False)
    assert theme["quote"] == "thought number 1 on it"
    assert theme["types"] == [{"code": "challenge", "label": "Challenge", "count": 4}]
    assert len(here["alone"]) == 8
    assert view["undo"] == ""


def test_what_seems_to_be_missing_is_told_and_who_says_so(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finding(*given: Any) -> ThemeResult:
        found = fake_themes(*given)
        named = Theme("h1", "time", "Childcare", "suggested", 1.0, ("n0020",), None, is_named_by_person=True)
        return replace(found, suggested_missing=(named, *found.themes))

    monkeypatch.setattr(stage, "themes", finding)
    assert ready(Browser(make_desk(places))).get("/themes/now")["missing"] == [
        {"label": "Childcare", "notes": 1, "named": True},
        {"label": "thoughts", "notes": 4, "named": False},
    ]


def test_a_name_is_on_the_disk_before_the_page_is_told(page: Browser, places: Places) -> None:
    view = do(page, act="rename", themes=["t1"], name="What power means")
    assert view["said"].startswith("Saved")
    kept = keeping.load(places.raw / "demo")
    assert [one.name for one in kept.owned.themes] == ["What power means"]
    assert kept.state == view["state"]
    assert power(view)["themes"][0]["owned"]


def test_everything_people_do_to_themes_and_undo_down_to_the_first(page: Browser, places: Places) -> None:
    file = places.raw / "demo" / FILE
    file.write_text("# ours, by hand\n")
    before = power(page.get("/themes/now"))
    do(page, act="make", notes=["n0006", "n0007"], name="Others")
    do(page, act="rename", themes=["t1"], name="First")
    do(page, act="describe", themes=["first"], name="What comes first.")
    view = do(page, act="move", themes=["others"], notes=["n0001", "n0008"])
    assert [len(one["notes"]) for one in power(view)["themes"]] == [4, 3]
    view = do(
        page, act="split", themes=["others"], parts=[["Others", ["n0006"]], ["Rest", ["n0007", "n0008"]]]
    )
    assert [one["label"] for one in power(view)["themes"]] == ["Others", "First", "Rest"]
    view = do(page, act="merge", themes=["first", "rest"], name="All")
    assert sorted(one["label"] for one in power(view)["themes"]) == ["All", "Others"]
    assert next(one for one in power(view)["themes"] if one["label"] == "All")["description"]
    view = do(page, act="pin", themes=["others"])
    assert next(one for one in power(view)["themes"] if one["label"] == "Others")["pinned"]
    view = do(page, act="unpin", themes=["others"])
    view = do(page, act="ungroup", notes=["n0002"])
    assert "n0002" in [note["id"] for note in power(view)["alone"]]
    view = do(page, act="reject", themes=["others"])
    assert [one["name"] for one in power(view)["rejected"]] == ["Others"]
    view = do(page, act="restore", themes=["others"])
    assert power(view)["rejected"] == []
    while page.get("/themes/now")["undo"]:
        do(page, act="undo")
    assert power(page.get("/themes/now")) == before
    assert file.read_text() == "# ours, by hand\n", "what was there before is back, comments and all"


def test_an_edit_made_by_hand_meanwhile_is_not_written_over(page: Browser, places: Places) -> None:
    seen = page.get("/themes/now")["state"]
    by_hand = '[[themes]]\nname = "By hand"\nprinciple = "power"\n[themes.notes]\nn0009 = "thought number 9 on it"\n'
    (places.raw / "demo" / FILE).write_text(by_hand)
    answer = page.send("/themes/act", state=seen, act="rename", themes=["t1"], name="Mine")
    assert answer.status_code == 409
    assert "Somebody else" in answer.json()["error"]
    assert (places.raw / "demo" / FILE).read_text() == by_hand
    assert power(page.get("/themes/now"))["themes"][0]["label"] == "By hand"
    assert page.send("/themes/act", state=page.get("/themes/now")["state"], act="undo").status_code == 400


def test_two_pages_never_trample_on_each_other(places: Places) -> None:
    ada, bo = ready(Browser(make_desk(places), "ada")), ready(Browser(make_desk(places), "bo"))
    seen = bo.get("/themes/now")["state"]
    do(ada, act="rename", themes=["t1"], name="Ada's")
    assert bo.send("/themes/act", state=seen, act="rename", themes=["t1"], name="Bo's").status_code == 409
    assert power(bo.get("/themes/now"))["themes"][0]["label"] == "Ada's"
    assert "by ada" in bo.get("/themes/now")["undo"]
    do(bo, act="rename", themes=["ada-s"], name="Both")
    assert power(ada.get("/themes/now"))["themes"][0]["label"] == "Both"


def test_a_page_that_shows_how_it_stands_is_told_nothing_new(page: Browser) -> None:
    version = page.get("/themes/now")["version"]
    assert page.get(f"/themes/now?version={version}") == {"version": version}
    page.save("n0001", text="something else")
    assert "principles" in page.get(f"/themes/now?version={version}")


def test_after_a_restart_every_theme_is_there(page: Browser, places: Places) -> None:
    do(page, act="rename", themes=["t1"], name="Kept")
    again = ready(Browser(make_desk(places)))
    assert power(again.get("/themes/now"))["themes"][0]["label"] == "Kept"
    do(again, act="undo")
    assert power(again.get("/themes/now"))["themes"][0]["label"] == "thoughts"


def test_what_is_decided_about_notes_shows_among_themes_at_once(page: Browser) -> None:
    page.save("n0001", text="ring me", principle_id="make-time")
    view = page.get("/themes/now")
    assert [note["text"] for note in view["principles"][1]["alone"]] == ["ring me"]


@pytest.mark.parametrize(
    "sent",
    [
        {"act": "rename", "themes": ["nowhere"], "name": "x"},
        {"act": "rename", "themes": ["t1"], "name": "  "},
        {"act": "rename", "themes": ["t1"], "name": "x" * 500},
        {"act": "rename", "themes": ["t1"], "name": "a\nb"},
        {"act": "rename", "themes": "t1", "name": "x"},
        {"act": "explode", "themes": ["t1"]},
        {"act": "make", "notes": ["n9999"], "name": "x"},
        {"act": "split", "themes": ["t1"], "parts": [["a", []], ["b", ["n0001"]]]},
        {"act": ["rename"]},
        {"person": "", "act": "rename", "themes": ["t1"], "name": "x"},
        {},
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_written(
    page: Browser, places: Places, sent: dict[str, Any]
) -> None:
    answer = page.send("/themes/act", state="", **{"person": "ada", **sent})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert not (places.raw / "demo" / FILE).exists()


def test_a_file_that_cannot_be_understood_is_told_and_left(page: Browser, places: Places) -> None:
    file = places.raw / "demo" / FILE
    file.write_text('[[themes]]\nnmae = "x"\n')
    answer = page.client.get("/themes/now")
    assert answer.status_code == 500
    assert "nmae" in answer.json()["error"]
    assert page.send("/themes/act", state="", act="rename", themes=["t1"], name="x").status_code == 500
    assert file.read_text() == '[[themes]]\nnmae = "x"\n'


def test_a_disk_that_cannot_be_written_is_told_and_nothing_is_claimed(
    page: Browser, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageError("The disk is full.", safe="Nothing was changed.")

    monkeypatch.setattr(keeping, "write_atomically", full)
    answer = page.send("/themes/act", state="", act="rename", themes=["t1"], name="x")
    assert answer.status_code == 500
    assert "disk is full" in answer.json()["error"]
    assert not (places.raw / "demo" / FILE).exists()


def test_until_the_themes_are_worked_out_the_last_runs_are_shown(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    may_go_on = threading.Event()

    def slow(*given: Any) -> ThemeResult:
        assert may_go_on.wait(300)
        return fake_themes(*given)

    monkeypatch.setattr(stage, "themes", slow)
    page = Browser(make_desk(places))
    assert page.get("/themes/now")["working"]
    assert page.save("n0001", text="meanwhile")["note"]["text"] == "meanwhile", "notes do not wait for themes"
    may_go_on.set()
    ready(page)


def test_what_is_decided_while_themes_are_worked_out_is_asked_for_again(
    page: Browser, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Browser(make_desk(places), "bo")
    desk_saw: list[str] = []

    def slow(*given: Any) -> ThemeResult:
        if not desk_saw:
            desk_saw.append(other.save("n0009", text="meanwhile")["note"]["text"])
            page.get("/figures")  # and the page's own desk hears of it
        return fake_themes(*given)

    page.save("n0008", text="before")
    monkeypatch.setattr(stage, "themes", slow)
    shown = page.get("/themes/now")
    assert desk_saw == ["meanwhile"]
    assert "meanwhile" not in str(shown)
    later = page.get(f"/themes/now?version={shown['version']}")
    assert "meanwhile" in str(later.get("principles"))


def test_a_second_reader_has_no_themes_page(places: Places) -> None:
    page = Browser(make_desk(places), "bo", is_second=True)
    for path in ("/themes", "/themes/now"):
        assert page.client.get(path).status_code == 404
    assert page.send("/themes/act", act="undo").status_code == 404


def test_only_the_page_itself_may_change_themes(page: Browser, places: Places) -> None:
    headers = {"origin": "http://evil.example", "content-type": "application/json"}
    answer = page.client.post("/themes/act", content=b'{"person":"eve","act":"undo"}', headers=headers)
    assert answer.status_code == 403
    assert not (places.raw / "demo" / FILE).exists()
