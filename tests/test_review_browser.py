"""The review page in a real browser: by keyboard alone, two at once, after a killed server, and for everybody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reviewing import make_desk, make_project

from pipeline.decisions import read_log
from pipeline.planning import Places
from pipeline.review import acts

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from browsing import BROWSER, DRIVER, Page, Server
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="no chromium with chromedriver here: apt-get install chromium chromium-driver",
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return make_project(tmp_path)


@pytest.fixture
def start(places: Places) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def begin(*options: str) -> Server:
        started.append(Server(places, *options))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[..., Page]]:
    opened: list[Page] = []

    def begin(size: str = "1440,900") -> Page:
        opened.append(Page(tmp_path / f"profile-{len(opened)}", size))
        return opened[-1]

    yield begin
    for page in opened:
        page.driver.quit()


def test_ten_notes_by_keyboard_a_split_an_undo_a_kill_and_all_is_there(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    server, page = start(), browse()
    page.open(server.address, "Ada")
    assert page.left() == 12

    for number in range(10):
        left = page.left()
        if number % 5 == 0:  # correct the words
            page.write(f"{number} by keyboard")
        elif number % 5 == 1:  # type and principle
            page.keys("1", "p")
            page.until(lambda: page.driver.find_element(By.ID, "chooser").get_attribute("open") is not None)
            page.keys("b", Keys.ENTER)
        elif number % 5 == 2:
            page.keys("i")
        elif number % 5 == 3:
            page.keys("t")
        else:  # accept
            page.keys(Keys.ENTER)
        page.until(lambda left=left: page.left() == left - 1, f"note {number} was not saved")
    assert page.left() == 2

    page.keys("e", " and more", Keys.ESCAPE, "k")
    page.until(lambda: "and more" not in page.words())
    page.keys("j")
    page.until(lambda: "and more" in page.words(), "words typed and not saved have to come back")
    chosen = []
    for digit in "12":
        ActionChains(page.driver).key_down(Keys.ALT).send_keys(digit).key_up(Keys.ALT).perform()
        chosen.append(page.text("colour"))
    assert len(set(chosen)) == 2, "Alt and a digit choose a colour at once"
    page.driver.refresh()
    page.until(lambda: "· 2 left" in page.text("progress-text") and page.words())
    assert "and more" not in page.words()

    page.keys("s", Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.ENTER)
    page.until(lambda: "of 13" in page.text("progress-text"), "the split was not saved")
    page.keys("u")
    page.until(lambda: "of 12" in page.text("progress-text"), "the split was not taken back")
    page.keys("s", Keys.ENTER)
    page.until(lambda: "of 13" in page.text("progress-text"))
    assert page.complaints() == []

    server.kill()
    page.keys(Keys.ENTER)
    page.until(lambda: "was not saved" in page.text("trouble"), "a dead server has to be told")

    again = start()
    page.open(again.address)
    page.until(lambda: "of 13" in page.text("progress-text"))
    assert page.left() == 3
    kept = [one for one in read_log(places.raw / "demo").decisions if one.person == "Ada"]
    assert sum(one.field == "text" and str(one.new).endswith("by keyboard") for one in kept) == 2
    assert sum(one.field == "text_status" and one.new == "illegible" for one in kept) == 2
    assert sum(one.field == "principle_id" and one.new == "make-time" for one in kept) == 2


def test_keys_pressed_before_the_next_note_is_seen_save_no_other_note(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    raw = lambda *keys: ActionChains(page.driver).send_keys(*keys).perform()  # noqa: E731
    # A machine so busy that the photograph is drawn long after the words.
    page.driver.execute_script("window.requestAnimationFrame = (run) => setTimeout(run, 1500)")
    page.keys("j")
    raw("s", Keys.ENTER)
    page.until(lambda: "of 13" in page.text("progress-text"), "the split was taken back by the photograph")
    assert page.left() == 13, "and no note was saved that was only to be split"

    # And a server so busy that the note asked for comes long after the key.
    page.driver.execute_script(
        "const reach = window.fetch; window.fetch = async (...all) => {"
        " if (String(all[0]).startsWith('note/')) await new Promise((go) => setTimeout(go, 1500));"
        " return reach(...all); };"
    )
    page.keys("j", "j")
    here = page.text("note-title")
    raw("k", Keys.ENTER, "i")
    assert page.text("note-title") == here, "the one asked for is not here yet"
    page.until(lambda: page.text("note-title") != here)
    page.keys("t")
    page.until(lambda: page.left() == 12)
    assert page.complaints() == []


def press_enter(page: Page, times: int) -> None:
    """Hold Enter down: the keyboard says so for every press but the first."""
    for number in range(times):
        page.until_ready()
        told = {"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        page.driver.execute_cdp_cmd("Input.dispatchKeyEvent", {**told, "autoRepeat": number > 0})


def test_a_key_held_down_and_a_double_click_save_one_note(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    press_enter(page, 3)
    page.until(lambda: page.left() == 11)
    page.keys("e")
    press_enter(page, 3)
    page.until(lambda: page.left() == 10)
    page.keys("j")
    page.until_ready()
    assert page.left() == 10

    place = page.run(
        "const { x, y } = document.getElementById('accept').getBoundingClientRect(); return [x, y]"
    )
    for clicks in (1, 2):
        page.until_ready()
        for kind in ("mousePressed", "mouseReleased"):
            at = {"type": kind, "x": place[0] + 9, "y": place[1] + 9, "button": "left", "clickCount": clicks}
            page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", at)
        page.until(lambda: page.left() == 9)
    page.keys("j")
    page.until_ready()
    assert page.left() == 9, "the second click of two was meant for the note before"


def test_a_note_is_saved_only_when_its_picture_could_be_looked_at(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    # A picture that takes its time.
    page.run(
        "window.isLate = false; const picture = document.getElementById('picture');"
        "Object.defineProperty(picture, 'complete', { get: () => !isLate });"
        "const stop = (event) => event.target === picture && isLate && event.stopPropagation();"
        "document.addEventListener('load', stop, true)"
    )
    for end in ("load", "error"):
        page.until_ready()
        page.run("isLate = true")
        left, here = page.left(), page.text("note-title")
        page.raw("j")
        page.until(lambda here=here: page.text("note-title") != here)
        page.raw("r", Keys.ENTER, "i", "t", "x", "e", Keys.ENTER, Keys.ESCAPE)
        for button in ("accept", "illegible", "no-text", "discard"):
            page.driver.find_element(By.ID, button).click()
        assert "waiting" in page.run("return picture.className"), (
            "nor is the picture before beside these words"
        )
        assert "still on its way" in page.run("return document.getElementById('said').textContent")
        page.raw("1")
        page.run(f"isLate = false; picture.dispatchEvent(new Event('{end}'))")
        page.press("accept")
        page.until(lambda left=left: page.left() == left - 1)
    assert page.text("progress-text").startswith("2 of 12"), (
        "only what was seen was saved, and nothing discarded"
    )


def test_what_is_pressed_while_a_note_is_being_saved_goes_to_no_other_note(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    chosen = "return document.querySelector('input[name=type]:checked').value"
    page.until_ready()
    before, words = page.run(chosen), page.words()
    page.shut("act/save")
    page.raw(Keys.ENTER)
    page.until(lambda: page.run("return gates['act/save'].answered"))
    page.run("document.querySelector('input[name=type]:not(:checked)').click()")
    page.driver.find_element(By.ID, "discard").click()
    page.driver.find_element(By.ID, "words").click()
    page.driver.execute_cdp_cmd("Input.insertText", {"text": "lost"})  # as a tablet's keyboard does
    page.raw("x")
    assert page.run(chosen) == before
    assert page.words() == words, "what would be lost is not even taken"
    # A filter is seen to be chosen, so it counts, after what is being saved.
    page.run(
        "const show = document.getElementById('show'); show.value = 'done'; show.dispatchEvent(new Event('change'))"
    )
    page.reopen("act/save")
    page.until(lambda: page.text("note-title") == "Note 1 of 1")
    assert page.words() == words
    page.until_ready()
    assert page.text("note-title") == "Note 1 of 1"
    assert page.left() == 11

    # The rest of a word that was begun while another note was on its way is no command either.
    page.run(
        "window.tap = (key, when) => { const event = new KeyboardEvent('keydown', { key, bubbles: true });"
        " Object.defineProperty(event, 'timeStamp', { value: when }); document.activeElement.dispatchEvent(event); };"
        "document.body.classList.add('busy'); tap('e', 1000); document.body.classList.remove('busy'); tap('s', 1200)"
    )
    assert not page.driver.find_element(By.ID, "mode").is_displayed()
    page.run("tap('s', 2000)")
    assert page.driver.find_element(By.ID, "mode").is_displayed(), "after a moment's rest keys count again"


def test_what_was_fetched_before_it_was_saved_is_not_shown_again(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    page.until_ready()
    page.until(
        lambda: (
            page.run(
                "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/note/')).length"
            )
            >= 4
        )
    )
    page.shut("note/")
    page.raw("j")  # the fourth from here is asked for, and is long on its way
    page.until(lambda: page.run("return gates['note/'].answered"))
    for left in (11, 10, 9):
        page.keys(Keys.ENTER)
        page.until(lambda left=left: page.left() == left)
    page.write("my own words")
    page.until(lambda: page.left() == 8)
    page.reopen("note/")
    page.until_ready()
    page.keys("k")
    page.until(lambda: page.text("note-title").startswith("Note 5"))
    assert page.words() == "my own words"


def test_keys_of_a_list_and_of_an_input_method_are_nobody_elses(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    mode = page.driver.find_element(By.ID, "mode")
    page.keys("p", "c")
    page.until(lambda: "Transparent" in page.text("principle"))
    assert not page.run("return !!document.querySelector('dialog[open]')"), "C chose the third, and no colour"
    page.keys("p", "a")
    page.until(lambda: "Power" in page.text("principle"))
    assert not mode.is_displayed(), "A chose the first, and no note to answer"

    # Two lists one after the other, before the first one has told that it closed.
    colour = page.text("colour")
    page.run(
        "const tap = (key) => document.activeElement.dispatchEvent("
        "  new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));"
        "for (const key of ['p', 'b', 'c']) tap(key);"
        "return new Promise((done) => setTimeout(done, 200));"
    )
    page.keys("b")
    page.until(lambda: "Make Time" in page.text("principle"))
    page.until(lambda: page.text("colour") != colour, "what was chosen second was lost")

    page.keys("o", Keys.ENTER)
    assert mode.is_displayed(), "Enter without another outline chosen joins nothing, and saves nothing"
    page.keys(Keys.ESCAPE, "e")
    compose = (
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, key: '%s', %s}))"
    )
    for key in ("Enter", "Escape"):
        for how in ("isComposing: true", "keyCode: 229"):
            page.run(compose % (key, how))
    assert page.driver.switch_to.active_element.get_dom_attribute("id") == "words"
    page.keys(Keys.ESCAPE, "j")
    page.until_ready()
    assert page.left() == 12


def test_a_note_taken_away_meanwhile_leaves_the_queue(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    desk = make_desk(places)
    page = browse()
    page.open(start().address, "Ada")
    ids = page.run("return fetch('queue?show=todo').then((answer) => answer.json()).then(({ ids }) => ids)")

    def take_away(number: int) -> None:
        case = desk.case(ids[number])
        assert case is not None
        acts.discard(desk, case, "Bo")

    take_away(5)
    page.keys("j", "j", "j", "j", "j")
    page.until(lambda: page.text("note-title") == "Note 6 of 11")
    assert "meanwhile" in page.text("trouble")
    assert page.words() == f"thought number {int(ids[6][1:])} on it"
    page.keys("e", " and mine", Keys.ESCAPE)
    take_away(6)
    page.keys("k")
    page.until(lambda: page.text("note-title") == "Note 5 of 11")
    page.keys("j")
    page.until(lambda: page.text("note-title") == "Note 6 of 10")
    assert "and mine" in page.text("trouble"), "what was written there is told"
    take_away(8)
    take_away(9)
    page.keys(Keys.ENTER)
    page.until(lambda: page.text("note-title") == "Note 7 of 8", "both leave the queue at once")
    assert page.words() == f"thought number {int(ids[10][1:])} on it"
    assert page.left() == 7

    # A skip link's hash is no note.
    address = page.driver.current_url.split("#")[0]
    for hash_ in ("words", ids[8]):
        page.driver.get("about:blank")
        page.driver.get(f"{address}#{hash_}")
        page.until(lambda: page.text("note-title") == "Note 1 of 7")
        page.until_ready()
        assert bool(page.text("trouble")) == (hash_ != "words")


def test_what_others_do_waits_for_whoever_is_writing(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    news = "document.dispatchEvent(new Event('visibilitychange'))"
    page.run(
        "window.isDown = true; const far = fetch; fetch = (...all) => isDown ? Promise.reject() : far(...all)"
    )
    drawn = "return document.querySelector('#board .new')?.getAttribute('points')"
    page.keys("d", Keys.ARROW_LEFT)
    before = page.run(drawn)
    page.keys(Keys.ENTER)
    page.until_ready()
    assert page.run(drawn) == before, "what was drawn is there still"
    page.keys(Keys.ESCAPE)
    page.run(news)
    page.until(lambda: "has stopped" in page.text("trouble"))
    page.run("isDown = false")
    page.run(news)
    page.until(lambda: page.text("trouble") == "", "it was only asleep")

    asked = (
        "return performance.getEntriesByType('resource').filter(({ name }) => name.includes('/queue')).length"
    )
    page.keys("e")
    file = places.record("demo")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    page.shut("figures")
    page.run(news)
    page.reopen("figures")
    page.run("return new Promise((done) => setTimeout(done, 300))")
    assert page.run(asked) == 1
    page.keys("mine", Keys.ESCAPE, Keys.ESCAPE)
    assert "mine" in page.words()
    page.driver.find_element(By.ID, "words").clear()
    page.keys(Keys.ENTER)  # refused: there are no words
    page.until(lambda: "no words" in page.text("trouble"))
    page.keys("j")
    page.until_ready()
    page.run(news)
    page.until(lambda: page.run(asked) == 2, "and is shown as soon as nobody is at a note")
    page.until_ready()
    page.keys("k")
    page.until(lambda: "What you had typed here is back" in page.run("return said.textContent"))


def test_two_browsers_at_once_and_a_settled_dispute(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    server = start()
    ada, bo = browse(), browse()
    ada.open(server.address, "Ada")
    bo.open(server.address, "Bo")
    assert ada.words() == bo.words()
    ada.write("the power")
    ada.until(lambda: ada.left() == 11)
    bo.write("the flower")
    bo.until(lambda: "Which is right?" in bo.text("claims"), "the second one has to hear of it")
    assert "the power" in bo.text("claims")
    assert "the flower" in bo.text("claims")

    ada.until_ready()
    ada.driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    ada.until(lambda: "1 disputed" in ada.text("disputed-open"), "the first one is told without asking")
    ada.press("disputed-open")
    ada.until(lambda: "Which is right?" in ada.text("claims"), "and the first one too, before anything else")
    ada.until_ready()
    buttons = ada.driver.find_elements(By.CSS_SELECTOR, "#claims button")
    buttons[1].click()
    ada.until(lambda: ada.words() == "the flower")
    ada.press("accept")
    ada.until(lambda: ada.left() == 11)
    fields = [(one.person, one.new) for one in read_log(places.raw / "demo").decisions if one.field == "text"]
    assert fields == [("Ada", "the power"), ("Bo", "the flower"), ("Ada", "the flower")]


def test_a_missed_note_is_drawn_with_the_mouse(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    page.keys("z")  # the whole photograph
    board = page.driver.find_element(By.ID, "board")
    page.until(lambda: str(board.get_dom_attribute("viewBox")).startswith("0.0 0.0 1600"))
    page.press("draw")
    corner = page.driver.execute_script(
        """const m = document.getElementById('board').getScreenCTM();
           return [[1400, 950], [1560, 1100]].map(([x, y]) => [m.a * x + m.e, m.d * y + m.f]);"""
    )
    (ax, ay), (bx, by) = corner
    chain = ActionChains(page.driver)
    chain.w3c_actions.pointer_action.move_to_location(int(ax), int(ay))
    chain.w3c_actions.pointer_action.pointer_down()
    chain.w3c_actions.pointer_action.move_to_location(int(bx), int(by))
    chain.w3c_actions.pointer_action.pointer_up()
    chain.perform()
    assert board.find_elements(By.CSS_SELECTOR, ".new")
    page.press("mode-save")
    page.until(lambda: "of 13" in page.text("progress-text"))
    page.until(lambda: page.words() == "drawn", "it is read at once")
    page.until(lambda: board.find_elements(By.CSS_SELECTOR, ".other"))
    page.keys("a", Keys.TAB)
    page.until(lambda: page.driver.switch_to.active_element.get_dom_attribute("class") == "other")
    answered = page.driver.switch_to.active_element.get_dom_attribute("aria-label")
    page.keys(Keys.ENTER)
    page.until(
        lambda: f"Answers: “{answered}”" in page.text("answers"), "it answers the note that was chosen"
    )
    assert page.complaints() == []


def test_a_second_reader_is_told_nothing(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    desk = make_desk(places)
    for note_id in list(desk.cases):
        case = desk.case(note_id)
        assert case is not None
        acts.save(
            desk, case, "Ada", {"stamp": acts.stamp_of(case), "text": "SECRET", "response_type": "challenge"}
        )
    page = browse()
    page.open(start("--second-reader").address, "Bo")
    if page.left():
        assert "SECRET" not in page.driver.page_source
        assert page.words() == ""
        before = page.left()
        page.keys("e", "my own reading", Keys.ESCAPE, "4", Keys.ENTER)
        page.until(lambda: page.left() < before or page.left() == 0)
    assert page.serious_findings() == []


def test_axe_finds_nothing_serious_in_any_state(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    server = start()
    page.driver.get(server.address)
    page.until(lambda: page.driver.find_element(By.ID, "hello").get_attribute("open") is not None)
    assert page.serious_findings() == []
    page.keys("Ada", Keys.ENTER)
    page.until(page.words)
    assert page.serious_findings() == []
    for key, shown in (("p", "chooser"), ("m", "mode"), ("s", "mode"), ("o", "mode")):
        page.keys(key)
        page.until(lambda shown=shown: page.driver.find_element(By.ID, shown).is_displayed())
        assert page.serious_findings() == [], key
        page.keys(Keys.ESCAPE)
        page.until(lambda shown=shown: not page.driver.find_element(By.ID, shown).is_displayed())


def test_on_a_tablet_everything_is_within_reach(
    start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse("820,1180")
    page.open(start().address, "Ada")
    page.until(page.words)
    wide, shown = page.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= shown, "nothing is cut off at the side"
    page.press("accept")
    page.until(lambda: page.left() == 11)


def themes_of(page: Page) -> list[str]:
    return [one.text for one in page.driver.find_elements(By.CSS_SELECTOR, ".card h3")]


def test_themes_by_keyboard_alone_beside_an_editor_and_after_a_killed_server(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    server, page = start(), browse()
    page.open(server.address, "Ada")
    page.driver.get(server.address.split("/open")[0] + "/themes")
    page.until(lambda: themes_of(page) == ["thoughts"] and "1 theme" in page.text("progress-text"))
    assert page.serious_findings() == []

    page.keys("j", "r")
    page.until(lambda: page.driver.find_element(By.ID, "naming").get_attribute("open") is not None)
    assert page.serious_findings() == []
    page.keys("What power means" + Keys.ENTER)
    page.until(lambda: themes_of(page) == ["What power means"])
    assert "Saved" in str(page.driver.find_element(By.ID, "said").get_property("textContent"))
    page.keys(Keys.TAB, " ", "s")
    page.until(lambda: page.driver.find_element(By.ID, "naming").get_attribute("open") is not None)
    page.keys("The first" + Keys.ENTER)
    page.until(lambda: themes_of(page) == ["What power means", "The first"])
    page.keys("x")
    page.until(lambda: themes_of(page) == ["What power means"])
    page.keys("u")
    page.until(lambda: len(themes_of(page)) == 2, "the rejection was not taken back")
    assert page.complaints() == []

    file = places.raw / "demo" / "themes.toml"
    by_hand = file.read_text().replace("The first", "By hand")
    file.write_text(by_hand)
    page.keys("j", "p")
    page.until(lambda: "Somebody else" in page.text("trouble"), "an edit made elsewhere has to be told")
    page.until(lambda: "By hand" in themes_of(page))
    assert file.read_text() == by_hand

    server.kill()
    page.keys("j", "r")
    page.keys("long thought about" + Keys.ENTER)
    page.until(lambda: "was not saved" in page.text("trouble"), "a dead server has to be told")
    page.keys("j", "r")
    name = page.driver.find_element(By.ID, "name")
    page.until(lambda: name.get_property("value") == "long thought about", "what was typed is there still")
    page.keys(Keys.ESCAPE, "k", "r")
    assert name.get_property("value") == "What power means", "and in no other theme's box"
    page.keys(Keys.ESCAPE)
    again = start()
    page.driver.get(again.address)
    page.until(lambda: "notes done" in page.text("progress-text"))
    page.driver.get(again.address.split("/open")[0] + "/themes")
    page.until(lambda: themes_of(page) == ["What power means", "By hand"])


def test_themes_asked_for_before_something_was_done_are_not_shown_after_it(
    places: Places, start: Callable[..., Server], browse: Callable[..., Page]
) -> None:
    page = browse()
    page.open(start().address, "Ada")
    page.driver.get(page.driver.current_url.split("#")[0] + "themes")
    page.until(lambda: themes_of(page) == ["thoughts"] and "1 theme" in page.text("progress-text"))
    desk = make_desk(places)
    case = desk.case("n0009")
    assert case is not None
    acts.save(desk, case, "Bo", {"text": "Bo's", "response_type": "challenge"})
    page.shut("themes/now")
    page.run("dispatchEvent(new Event('focus'))")
    page.until(lambda: page.run("return gates['themes/now'].answered"))
    page.keys("j", "r")
    # What is pressed in the blink of an eye after it is not meant for what is shown then.
    page.run(
        "const tap = () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'x', bubbles: true }));"
        "new MutationObserver(tap).observe(document.getElementById('themes'), { childList: true })"
    )
    page.keys("Power" + Keys.ENTER)
    page.until(lambda: themes_of(page) == ["Power"])
    page.reopen("themes/now")
    page.run("return new Promise((done) => setTimeout(done, 300))")
    assert themes_of(page) == ["Power"]
