"""The review page's server: nothing confirmed is lost, two people do not trample on each other, nobody else gets in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reviewing import ORIGIN, PORT, Browser, FakeReader, make_desk, make_project, place
from starlette.testclient import TestClient

from pipeline.decisions import FILE_NAME, append, read_log
from pipeline.planning import Places
from pipeline.review.desk import Desk
from pipeline.review.guard import Guard
from pipeline.review.server import application
from pipeline.stages.amend import hand_outlines


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_project(tmp_path)


@pytest.fixture
def desk(places: Places) -> Desk:
    return make_desk(places)


def log_of(places: Places) -> list[Any]:
    return list(read_log(places.raw / "demo").decisions)


# --- deciding ------------------------------------------------------------------------------------


def test_the_most_doubtful_note_comes_first(desk: Desk) -> None:
    found = Browser(desk).get("/queue")
    assert found["ids"][0] == "n0001"
    assert (found["total"], found["left"]) == (12, 12)


def test_what_is_saved_is_in_the_log_before_the_page_is_told(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    answer = browser.save("n0001", text="Thought number one", next="n0002")
    assert answer["note"]["text"] == "Thought number one"
    assert answer["next"]["id"] == "n0002"
    assert answer["left"] == 11
    text = next(one for one in log_of(places) if one.field == "text")
    assert (text.old, text.new, text.person) == ("thought number 1 on it", "Thought number one", "ada")
    assert text.based_on == "thought number 1 on it"


def test_an_accepted_note_is_pinned_and_left_alone_by_a_better_machine(desk: Desk, places: Places) -> None:
    Browser(desk).save("n0001")
    fields = {one.field: one.new for one in log_of(places)}
    assert fields == {
        "accept": True,
        "text": "thought number 1 on it",
        "response_type": "challenge",
        "principle_id": "power",
    }


@pytest.mark.parametrize("status", ["illegible", "no_text"])
def test_a_note_without_words(desk: Desk, status: str) -> None:
    answer = Browser(desk).save("n0001", text_status=status)
    assert (answer["note"]["text_status"], answer["note"]["state"]) == (status, "reviewed")


@pytest.mark.parametrize(
    "sent",
    [
        {"text": "  "},
        {"text": "x" * 5000},
        {"text": 7},
        {"response_type": "maybe"},
        {"principle_id": "nowhere"},
        {"colour": "mauve"},
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_written(
    desk: Desk, places: Places, sent: dict[str, Any]
) -> None:
    browser = Browser(desk)
    seen = browser.get("/note/n0001")
    whole = {"text": "x", "response_type": "challenge", "stamp": seen["stamp"], **sent}
    answer = browser.post("save", note="n0001", **whole)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert log_of(places) == []


def test_control_characters_are_left_out(desk: Desk) -> None:
    answer = Browser(desk).save("n0001", text="a\x00b\r\n c\u2028d \ud800")
    assert answer["note"]["text"] == "a b\nc d"


def test_undo_makes_it_as_if_it_had_never_been(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    before = browser.get("/note/n0001")
    browser.save("n0001", text="something else", response_type="agreement", colour="blue")
    answer = browser.act("undo")
    assert answer["note"] == before
    assert answer["left"] == 12
    assert len(log_of(places)) == 8  # nothing is ever removed from the log
    assert make_desk(places).case("n0001").finished == desk.case("n0001").finished


def test_undo_takes_back_ones_own_acts_only(desk: Desk) -> None:
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    ada.save("n0001", text="by ada")
    bo.save("n0002", text="by bo")
    ada.act("undo")
    assert ada.get("/note/n0002")["text"] == "by bo"
    assert ada.post("undo").json()["error"]


def test_after_a_restart_everything_is_there(desk: Desk, places: Places) -> None:
    Browser(desk).save("n0003", text="kept")
    later = Browser(make_desk(places))
    assert later.get("/note/n0003")["text"] == "kept"
    assert later.get("/queue")["left"] == 11


# --- two at once -----------------------------------------------------------------------------------


def test_two_who_decide_without_knowing_of_each_other_are_both_heard(desk: Desk, places: Places) -> None:
    other = make_desk(places)  # another process
    ada, bo = Browser(desk, "ada"), Browser(other, "bo")
    seen = ada.get("/note/n0001"), bo.get("/note/n0001")
    ada.save("n0001", seen[0], text="the power")
    answer = bo.save("n0001", seen[1], text="the flower")
    assert "differently" in answer["said"]
    for browser in (ada, bo):
        shown = browser.get("/note/n0001")
        assert shown["state"] == "disputed"
        assert {claim["value"] for claim in shown["claims"]["reading"]} == {"the power", "the flower"}
        assert browser.get("/queue")["ids"][0] == "n0001"


def test_confirming_what_was_there_counts_as_deciding_too(desk: Desk) -> None:
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    stale = bo.get("/note/n0001")
    ada.save("n0001")
    bo.save("n0001", stale, text="something else")
    assert ada.get("/note/n0001")["state"] == "disputed"


def test_a_dispute_is_settled_knowingly(desk: Desk) -> None:
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    stale = bo.get("/note/n0001")
    ada.save("n0001", text="the power")
    bo.save("n0001", stale, text="the flower")
    settled = ada.save("n0001", text="the flower")
    assert (settled["note"]["state"], settled["note"]["text"]) == ("reviewed", "the flower")
    assert settled["note"]["claims"] == {}


def test_a_run_that_ends_meanwhile_is_taken_up(desk: Desk, places: Places) -> None:
    from reviewing import save_record

    browser = Browser(desk)
    browser.save("n0001", text="mine")
    record = desk.loaded.record
    notes = [note for note in desk.loaded.material.notes if note.id != "n0012"]
    save_record(places, notes, list(record.photos), title="Made anew")
    assert browser.get("/queue")["total"] == 11
    assert browser.get("/note/n0001")["text"] == "mine"


def test_words_for_a_note_that_a_run_gave_another_id_are_not_lost(desk: Desk, places: Places) -> None:
    from reviewing import save_record

    browser = Browser(desk)
    seen = browser.get("/note/n0001")
    record = desk.loaded.record
    notes = [replace(note, id=f"x{note.id}") for note in desk.loaded.material.notes]
    save_record(places, notes, list(record.photos))
    assert browser.post("save", note="n0001", text="mine", response_type="challenge").status_code == 410
    place = {"photo_sha256": seen["photo"], "polygon": seen["polygon"]}
    told = browser.save("n0001", seen, text="mine", place=place)
    assert (told["note"]["id"], told["note"]["text"]) == ("xn0001", "mine")


def test_what_is_decided_on_a_note_that_is_gone_is_told_or_refused(desk: Desk) -> None:
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    seen = bo.get("/note/n0001")
    ada.act("discard", note="n0001")
    assert "somebody decided meanwhile" in bo.save("n0001", seen, text="the power")["said"]
    for name, sent in (
        ("discard", {}),
        ("split", {"line": [[150, 0], [150, 400]]}),
        ("same", {"other": "n0002"}),
    ):
        assert bo.post(name, note="n0001", **sent).status_code == 410, name
    ada.act("undo")
    assert bo.get("/note/n0001")["text"] == "the power", "the words were kept"


def test_a_half_written_last_line_is_told_and_does_no_harm(places: Places) -> None:
    Browser(make_desk(places)).save("n0001", text="whole")
    with (places.raw / "demo" / FILE_NAME).open("ab") as log:
        log.write(b'{"id": "d9", "photo_sha2')
    browser = Browser(make_desk(places))
    assert "half-written" in browser.get("/queue")["notices"][0]
    browser.save("n0002", text="after the crash")
    assert browser.get("/note/n0002")["text"] == "after the crash"
    assert Browser(make_desk(places)).get("/note/n0001")["text"] == "whole"


def test_a_log_rewritten_by_hand_is_read_from_the_start(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    browser.save("n0001", text="one")
    browser.save("n0002", text="two")
    log = places.raw / "demo" / FILE_NAME
    kept = [line.replace("one", "a much longer reading than before") for line in log.read_text().splitlines()]
    log.with_name("new").write_text("\n".join(kept) + "\n")
    log.with_name("new").replace(log)
    assert browser.get("/note/n0001")["text"] == "a much longer reading than before"
    assert browser.get("/note/n0002")["text"] == "two"


def test_decisions_survive_renamed_photographs(places: Places) -> None:
    Browser(make_desk(places)).save("n0001", text="kept")
    home = places.raw / "demo"
    (home / "board-1.png").rename(home / "wall.png")
    browser = Browser(make_desk(places))
    assert browser.get("/note/n0001")["text"] == "kept"
    assert browser.client.get("/" + browser.get("/note/n0001")["picture"]).status_code == 200


def test_a_decision_without_a_note_is_listed(desk: Desk, places: Places) -> None:
    from factories import make_decision

    append(places.raw / "demo", [make_decision(1, photo_sha256="e" * 64)])
    browser = Browser(desk)
    assert browser.get("/queue")["orphans"] == 1
    assert browser.get("/orphans")[0]["new"] == "Listen first"


# --- outlines ------------------------------------------------------------------------------------------


def test_a_drawn_note_is_read_at_once_and_taken_up_by_a_run(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    free = [[1400, 1000], [1550, 1000], [1550, 1150], [1400, 1150]]
    answer = browser.act("draw", photo=photo, polygon=free)
    assert answer["note"]["words"] == [["drawn", 0.9]] or answer["note"]["words"] == [[["drawn", 0.9]]]
    assert answer["note"]["principle_id"] == "power"
    assert answer["total"] == 13
    drawn = tuple((float(x), float(y)) for x, y in free)
    assert hand_outlines(log_of(places)) == ((photo, drawn),)
    browser.save(answer["note"]["id"], text="a missed note")
    again = Browser(make_desk(places))
    assert again.get(f"/note/{answer['note']['id']}")["text"] == "a missed note"
    browser.act("undo")
    assert browser.act("undo")["total"] == 12


def test_drawing_over_a_note_that_is_there_is_refused(desk: Desk) -> None:
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    answer = browser.post("draw", photo=photo, polygon=[list(point) for point in place(1)])
    assert answer.status_code == 400
    assert "Move its corners" in answer.json()["error"]


@pytest.mark.parametrize(
    "polygon",
    [None, "x", [[0, 0], [1, 1]], [[0, 0], [2, 0], [2, 2]], [[0, 0], ["a", 1], [3, 3]], [[1e99, 0]] * 4],
)
def test_an_outline_that_is_none_is_refused(desk: Desk, places: Places, polygon: Any) -> None:
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    assert browser.post("draw", photo=photo, polygon=polygon).status_code == 400
    assert log_of(places) == []


def test_a_moved_outline_keeps_what_was_decided(desk: Desk) -> None:
    browser = Browser(desk)
    browser.save("n0001", text="kept")
    moved = [[x + 15, y + 12] for x, y in place(1)]
    answer = browser.act("move", note="n0001", polygon=moved)
    assert answer["note"]["text"] == "kept"
    assert answer["note"]["polygon"] == moved
    assert browser.act("undo")["note"]["polygon"] == [list(point) for point in place(1)]


def test_split_and_undo(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    before = browser.get("/note/n0001")
    (x, y), (right, _), (_, bottom), _ = place(1)
    middle = (x + right) / 2
    answer = browser.act("split", note="n0001", line=[[middle, y - 10], [middle, bottom + 10]])
    assert answer["total"] == 13
    assert "n0001" not in browser.get("/queue")["ids"]
    assert Browser(make_desk(places)).get("/queue")["total"] == 13
    undone = browser.act("undo")
    assert undone["total"] == 12
    assert browser.get("/note/n0001") == before


def test_a_line_beside_the_note_does_not_split_it(desk: Desk, places: Places) -> None:
    answer = Browser(desk).post("split", note="n0001", line=[[900, 900], [901, 1000]])
    assert answer.status_code == 400
    assert log_of(places) == []


def test_two_outlines_made_one(desk: Desk) -> None:
    browser = Browser(desk)
    answer = browser.act("join", note="n0001", other="n0002")
    assert answer["total"] == 11
    xs = [x for x, _ in answer["note"]["polygon"]]
    assert (min(xs), max(xs)) == (place(1)[0][0], place(2)[1][0])


def test_one_note_counted_twice(desk: Desk) -> None:
    browser = Browser(desk)
    assert browser.act("same", note="n0001", other="n0002")["total"] == 11
    assert browser.act("undo")["total"] == 12


def test_a_drawn_note_answers_another_until_that_is_undone(desk: Desk, places: Places) -> None:
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    free = [[1400, 1000], [1550, 1000], [1550, 1150], [1400, 1150]]
    drawn = browser.act("draw", photo=photo, polygon=free)["note"]["id"]
    answer = browser.act("answers", note=drawn, other="n0003")
    assert answer["note"]["answers"]["id"] == "n0003"
    assert Browser(make_desk(places)).get(f"/note/{drawn}")["answers"]["id"] == "n0003"
    assert browser.act("answers", note=drawn, other=None)["note"]["answers"] is None
    assert browser.act("undo")["note"]["answers"]["id"] == "n0003"
    assert "itself" in browser.post("answers", note=drawn, other=drawn).json()["error"]


def test_a_note_nobody_could_read_comes_with_an_empty_box(desk: Desk) -> None:
    browser = Browser(desk)
    browser.save("n0001", text_status="illegible")
    assert browser.get("/note/n0001")["text"] == ""


def test_every_page_hears_how_far_the_others_are(desk: Desk, places: Places) -> None:
    ada, bo = Browser(desk, "ada"), Browser(make_desk(places), "bo")
    before = bo.get("/figures")
    ada.save("n0001")
    after = bo.get("/figures")
    assert (before["left"], after["left"]) == (12, 11)
    assert before["made"] == after["made"]


def test_names_are_looked_for_in_what_was_decided_before(tmp_path: Path) -> None:
    places = make_project(tmp_path, 2, text="talk about it")
    Browser(make_desk(places)).save("n0001", text="ring 0161 496 0000 about it")
    desk = make_desk(places)
    browser = Browser(desk)
    assert browser.get("/note/n0001")["flags"] == []
    desk.warm_up()
    assert [flag["text"] for flag in browser.get("/note/n0001")["flags"]] == ["0161 496 0000"]
    assert browser.get("/queue")["left"] == 2


def test_not_a_note(desk: Desk) -> None:
    browser = Browser(desk)
    assert browser.act("discard", note="n0001")["total"] == 11
    assert browser.act("undo")["note"]["id"] == "n0001"


# --- names, second readers ------------------------------------------------------------------------------


def test_a_name_waits_for_a_decision(tmp_path: Path) -> None:
    desk = make_desk(make_project(tmp_path, 2, text="talk about it"))
    desk.is_warm = True
    browser = Browser(desk)
    browser.save("n0001", text="ring 0161 496 0000 about it")
    shown = browser.get("/note/n0001")
    assert shown["flags"] == [{"text": "0161 496 0000", "kind": "telephone number"}]
    assert browser.get("/queue")["left"] == 2, "a note with an undecided name is not done"
    answer = browser.act("name", note="n0001", text="0161 496 0000", keep=False)
    assert answer["note"]["text"] == "ring [name removed] about it"
    assert answer["left"] == 1


def test_a_second_reader_sees_nothing_that_others_said(desk: Desk, places: Places) -> None:
    first = Browser(desk, "ada")
    for number in range(1, 5):
        first.save(f"n{number:04d}", text=f"SECRET {number}")
    second = Browser(make_desk(places), "bo", is_second=True)
    found = second.get("/queue?show=all")
    assert sorted(found["ids"]) == ["n0001", "n0002", "n0003", "n0004"]
    for path in ("/note/n0001", "/queue?show=all", "/start"):
        assert "SECRET" not in json.dumps(second.get(path))
    assert "thought" not in json.dumps(second.get("/note/n0001"))
    answer = second.act("save", note="n0001", text="secret 1", response_type="challenge")
    assert "SECRET" not in json.dumps(answer)
    second.act("save", note="n0002", text="secret II", response_type="agreement")
    assert first.get("/note/n0001")["state"] == "double_keyed"
    assert first.get("/note/n0002")["state"] == "disputed"
    agreed = desk.agreement()
    assert agreed is not None
    assert (agreed.notes, agreed.equal, agreed.types) == (2, 0.5, 2)


# --- nobody else ------------------------------------------------------------------------------------------


def guarded(desk: Desk) -> tuple[TestClient, Guard]:
    guard = Guard(application(desk, "ada", False), PORT)
    return TestClient(guard, base_url=ORIGIN), guard


def test_without_the_token_nothing_is_told(desk: Desk) -> None:
    client, _ = guarded(desk)
    for path in ("/", "/start", "/queue", "/note/n0001", "/static/review.js", "/open", "/open?token=x"):
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert "thought" not in answer.text


def test_the_token_comes_as_a_strict_cookie_out_of_scripts_reach(desk: Desk) -> None:
    client, guard = guarded(desk)
    cookie = client.get(f"/open?token={guard.token}").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:8731", ""]
)
def test_another_host_name_is_turned_away(desk: Desk, host: str) -> None:
    browser = Browser(desk)
    assert browser.client.get("/start", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": ORIGIN, "sec-fetch-site": "same-site"},
        {"origin": ORIGIN, "content-type": "text/plain"},
    ],
)
def test_only_the_page_itself_may_decide(desk: Desk, places: Places, headers: dict[str, str]) -> None:
    browser = Browser(desk)
    headers = {"content-type": "application/json", **headers}
    answer = browser.client.post("/act/discard", content=b'{"person":"eve","note":"n0001"}', headers=headers)
    assert answer.status_code == 403
    assert log_of(places) == []


def test_the_page_forbids_what_it_does_not_need(desk: Desk) -> None:
    headers = Browser(desk).client.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/photo/../../demo/workshop.toml",
        "/photo/..%2f..%2fworkshop.toml",
        "/photo/%2fetc%2fpasswd",
        "/static/..%2fserver.py",
        "/static/../server.py",
        "/picture/..%2fworkshop.toml",
        "/photo/" + "0" * 64,
    ],
)
def test_no_path_opens_a_file(desk: Desk, path: str) -> None:
    answer = Browser(desk).client.get(path)
    assert answer.status_code in (400, 404)
    assert "principles" not in answer.text
    assert "import" not in answer.text


def test_a_photograph_that_was_replaced_or_leads_outside_is_not_shown(places: Places, tmp_path: Path) -> None:
    desk = make_desk(places)
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    file = places.raw / "demo" / "board-1.png"
    content = file.read_bytes()
    file.unlink()
    (tmp_path / "elsewhere.png").write_bytes(content)
    file.symlink_to(tmp_path / "elsewhere.png")
    assert browser.client.get(f"/photo/{photo}").status_code == 404
    file.unlink()
    file.write_bytes(content[:-20])
    assert browser.client.get(f"/photo/{photo}").status_code == 404


def test_what_a_note_says_is_never_markup(tmp_path: Path) -> None:
    nasty = "<img src=x onerror=alert(1)></script>"
    browser = Browser(make_desk(make_project(tmp_path, 1, text=nasty)))
    assert nasty not in browser.client.get("/").text
    assert browser.client.get("/note/n0001").headers["content-type"] == "application/json"
    scripts = Path(__file__).parents[1] / "pipeline" / "review" / "static"
    for script in scripts.glob("*.js"):
        assert not any(
            word in script.read_text() for word in ("innerHTML", "insertAdjacent", "document.write", "eval(")
        )


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"\xff", b'{"person": "ada"}', b'{"person":"","note":"n0001"}']
)
def test_nonsense_is_refused(desk: Desk, body: bytes) -> None:
    headers = {"origin": ORIGIN, "content-type": "application/json"}
    answer = Browser(desk).client.post("/act/save", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_too_much_at_once_is_refused(desk: Desk) -> None:
    headers = {"origin": ORIGIN, "content-type": "application/json"}
    answer = Browser(desk).client.post("/act/save", content=b" " * 300_000, headers=headers)
    assert answer.status_code == 413


def test_a_full_disk_is_said_and_nothing_is_claimed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    browser = Browser(desk)
    seen = browser.get("/note/n0001")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = browser.post("save", note="n0001", stamp=seen["stamp"], text="x", response_type="challenge")
    assert answer.status_code == 500
    assert "not saved" in answer.json()["error"]
    monkeypatch.undo()
    assert browser.get("/note/n0001") == seen


def test_nobody_waits_for_an_outline_that_is_being_read(places: Places) -> None:
    import threading

    is_reading, may_go_on = threading.Event(), threading.Event()

    class SlowReader(FakeReader):
        def read(self, anchor: Any) -> Any:
            is_reading.set()
            assert may_go_on.wait(300)
            return super().read(anchor)

    desk = Desk(places, places.raw / "demo", SlowReader())  # type: ignore[arg-type]
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    photo = ada.get("/note/n0001")["photo"]
    free = [[1400, 1000], [1550, 1000], [1550, 1150], [1400, 1150]]
    drawing = threading.Thread(target=ada.act, args=("draw",), kwargs={"photo": photo, "polygon": free})
    drawing.start()
    assert is_reading.wait(300)
    assert bo.save("n0002", text="meanwhile")["note"]["text"] == "meanwhile"
    may_go_on.set()
    drawing.join(300)
    assert bo.get("/queue")["total"] == 13


class BusyReader(FakeReader):
    """While it reads for the first time, somebody else does something."""

    def __init__(self, meanwhile: Callable[[], int]) -> None:
        super().__init__()
        self.meanwhile = meanwhile
        self.answers: list[int] = []

    def read(self, anchor: Any) -> Any:
        if not self.answers:
            self.answers.append(0)  # that one is read too
            self.answers[0] = self.meanwhile()
        return super().read(anchor)


def test_a_note_split_by_two_at_once_is_split_once(places: Places) -> None:
    line = [[150, 0], [150, 400]]
    reader = BusyReader(lambda: bo.post("split", note="n0001", line=line).status_code)
    desk = Desk(places, places.raw / "demo", reader)  # type: ignore[arg-type]
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    assert ada.post("split", note="n0001", line=line).status_code == 410
    assert reader.answers == [200]
    assert ada.get("/queue")["total"] == 13


def test_a_note_drawn_by_two_at_once_is_one(places: Places) -> None:
    free = [[1400, 1000], [1550, 1000], [1550, 1150], [1400, 1150]]
    nearly = [[1405, 1000], [1555, 1000], [1555, 1150], [1405, 1150]]
    reader = BusyReader(lambda: bo.post("draw", photo=photo, polygon=nearly).status_code)
    desk = Desk(places, places.raw / "demo", reader)  # type: ignore[arg-type]
    ada, bo = Browser(desk, "ada"), Browser(desk, "bo")
    photo = ada.get("/note/n0001")["photo"]
    answer = ada.post("draw", photo=photo, polygon=free)
    assert (reader.answers, answer.status_code) == ([200], 400)
    assert "already" in answer.json()["error"]
    assert ada.get("/queue")["total"] == 13


def test_a_picture_is_kept_for_good_only_under_its_own_address(desk: Desk) -> None:
    browser = Browser(desk)
    before = browser.get("/note/n0001")["picture"]
    assert "immutable" in browser.client.get("/" + before).headers["cache-control"]
    browser.act("move", note="n0001", polygon=[[x + 15, y + 12] for x, y in place(1)])
    # A page that was told of the old place asks late; taking the move back makes the old address the note's again.
    assert browser.client.get("/" + before).headers["cache-control"] == "no-store"
    assert browser.act("undo")["note"]["picture"] == before
    assert "immutable" in browser.client.get("/" + before).headers["cache-control"]


def test_an_outline_that_cannot_be_read_is_still_a_note(places: Places) -> None:
    class NoReader(FakeReader):
        def read(self, anchor: Any) -> Any:
            return None

    desk = Desk(places, places.raw / "demo", NoReader())  # type: ignore[arg-type]
    browser = Browser(desk)
    photo = browser.get("/note/n0001")["photo"]
    answer = browser.act(
        "draw", photo=photo, polygon=[[1400, 1000], [1550, 1000], [1550, 1150], [1400, 1150]]
    )
    assert answer["note"]["text_status"] == "illegible"
    assert answer["total"] == 13
