"""The review page in a real browser, for tests and the benchmark: the server's process, and one person's page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline.planning import Places

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
HERE = Path(__file__).parent
PATIENCE = 90.0
"""Seconds; machines that run tests are busy."""
READY = "return !document.querySelector('body.busy, body.unseen') || !!document.querySelector('dialog[open]')"
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)

GATES = """
window.gates = {};
const reach = window.fetch;
window.fetch = async (...all) => {
  const gate = gates[Object.keys(gates).find((part) => String(all[0]).includes(part))];
  const answer = await reach(...all);
  if (gate) {
    gate.answered += 1;
    await gate.promise;
  }
  return answer;
};
"""


class Server:
    """The real command, in a process of its own, with a reader that needs no engine."""

    def __init__(self, places: Places, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "serve_review.py"), str(places.raw.parent), *options],
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

    def until_ready(self) -> None:
        """Wait until the page takes keys: nothing is under way, and what is shown could have been looked at."""
        self.until(lambda: self.driver.execute_script(READY), "the page never took keys again")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.until_ready()
            ActionChains(self.driver).send_keys(key).perform()

    def press(self, element: str) -> None:
        """Click what has this id."""
        self.until_ready()
        self.driver.find_element(By.ID, element).click()

    def write(self, words: str) -> None:
        """Replace the words in the box and save."""
        self.keys("e")
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
        self.keys(words, Keys.ENTER)

    def raw(self, *keys: str) -> None:
        """Press keys at once, whatever the page is doing."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def run(self, script: str) -> Any:
        """What a script returns that is run in the page."""
        return self.driver.execute_script(script)

    def shut(self, part: str) -> None:
        """Keep back what the server answers to addresses that hold `part`, until `reopen`."""
        if self.run("return !window.gates"):
            self.run(GATES)
        self.run(f"gates['{part}'] = {{...Promise.withResolvers(), answered: 0}}")

    def reopen(self, part: str) -> None:
        """Let through what was kept back, once there is something."""
        self.until(lambda: self.run(f"return gates['{part}'].answered"), f"nobody asked for {part}")
        self.run(f"gates['{part}'].resolve(); delete gates['{part}']")

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
        """What the browser complains of; a drawn note fetched ahead may be gone by the time it is answered."""
        told = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        return [one for one in told if "/note/h" not in one and "/picture/h" not in one]

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
