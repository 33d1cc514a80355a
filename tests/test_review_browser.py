"""The review page in a real browser: by keyboard alone, two at once, after a killed server, and for everybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reviewing import make_project

from pipeline.decisions import read_log
from pipeline.planning import Places

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from browsing import BROWSER, DRIVER, Page, Server, free_port
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

    def begin(*options: str, port: int | None = None) -> Server:
        started.append(Server(places, port or free_port(), *options))
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

    ada.driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    ada.until(lambda: "1 disputed" in ada.text("disputed-open"), "the first one is told without asking")
    ada.driver.find_element(By.ID, "disputed-open").click()
    ada.until(lambda: "Which is right?" in ada.text("claims"), "and the first one too, before anything else")
    buttons = ada.driver.find_elements(By.CSS_SELECTOR, "#claims button")
    buttons[1].click()
    ada.until(lambda: ada.words() == "the flower")
    ada.driver.find_element(By.ID, "accept").click()
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
    page.driver.find_element(By.ID, "draw").click()
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
    page.driver.find_element(By.ID, "mode-save").click()
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
    from reviewing import make_desk

    from pipeline.review import acts

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
    page.driver.find_element(By.ID, "accept").click()
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
    page.keys("j", "p")
    page.until(lambda: "was not saved" in page.text("trouble"), "a dead server has to be told")
    again = start()
    page.driver.get(again.address)
    page.until(lambda: "notes done" in page.text("progress-text"))
    page.driver.get(again.address.split("/open")[0] + "/themes")
    page.until(lambda: themes_of(page) == ["What power means", "By hand"])
