"""The review page in a real browser: by keyboard alone, two at once, after a killed server, and for everybody."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reviewing import make_project

from pipeline.decisions import read_log
from pipeline.planning import Places

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
from selenium.common.exceptions import WebDriverException  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER),
    reason="no chromium with chromedriver here: apt-get install chromium chromium-driver",
)
HERE = Path(__file__).parent
PATIENCE = 90.0
"""Seconds; machines that run tests are busy."""
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


class Server:
    """The real command, in a process of its own, with a reader that needs no engine."""

    def __init__(self, places: Places, port: int, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve_review.py"), str(places.raw.parent), str(port), *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{HERE.parent}{os.pathsep}{HERE}", "OMP_NUM_THREADS": "1"},
        )
        assert self.process.stdout is not None
        self.address = ""
        for line in self.process.stdout:
            if "Open this address:" in line:
                self.address = line.split("address:")[1].strip()
                break
        assert self.address, "the server did not start"

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Page:
    """One person at one browser."""

    def __init__(self, profile: Path, size: str = "1440,900") -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = BROWSER
        for flag in (*QUIET.split(), f"--window-size={size}", f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        self.driver.set_script_timeout(60)

    def open(self, address: str, person: str | None = None) -> None:
        self.driver.get(address)
        if person is not None:
            self.until(lambda: self.driver.find_element(By.ID, "hello").get_attribute("open") is not None)
            self.keys(person + Keys.ENTER)
        self.until(lambda: "notes" in self.text("progress-text"))
        self.until(lambda: self.driver.find_elements(By.CSS_SELECTOR, "#board .own, #empty:not([hidden])"))

    def until(self, holds: Callable[[], Any], what: str = "") -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                found = holds()
            except WebDriverException:
                found = None
            if found:
                return found
            assert time.monotonic() < end, what or f"waited in vain; the page says: {self.body()}"
            time.sleep(0.03)

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.until(lambda: not self.driver.find_elements(By.CSS_SELECTOR, "body.busy"))
            ActionChains(self.driver).send_keys(key).perform()

    def write(self, words: str) -> None:
        """Replace the words in the box and save."""
        self.keys("e")
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
        self.keys(words, Keys.ENTER)

    def text(self, element: str) -> str:
        return str(self.driver.find_element(By.ID, element).text)

    def words(self) -> str:
        return str(self.driver.find_element(By.ID, "words").get_property("value"))

    def body(self) -> str:
        return str(self.driver.find_element(By.TAG_NAME, "body").text)[:600]

    def left(self) -> int:
        told = self.text("progress-text")
        return int(told.rsplit("·", 1)[1].split()[0].replace(",", ""))

    def complaints(self) -> list[str]:
        """What the browser complains of; a note fetched ahead may be gone by the time it is answered."""
        told = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [one for one in told if "/note/h" not in one]

    def serious_findings(self) -> list[str]:
        self.driver.execute_script((HERE / "vendor" / "axe-core" / "axe.min.js").read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run().then(r => done(JSON.stringify(r.violations)));"
        )
        return [
            f"{one['id']} ({one['impact']}): {one['help']}: {one['nodes'][0]['html'][:200]}"
            for one in json.loads(found)
            if one["impact"] in ("serious", "critical")
        ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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

    ada.driver.refresh()
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
