"""How fast the review page is at 5,000 notes: opening it, and saving a note until the next one is there.

Over HTTP (what the server needs, the disk's fsync among it) and, where Chromium is, in the browser: from the key
press until the next note, its picture among it, is painted. Times depend on what else the machine does, so the
server's CPU time a decision and a bare fsync stand beside them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.benchmark.runs import PROJECT

sys.path.insert(0, str(PROJECT / "tests"))
import reviewing

NOTES_A_PHOTO = 24
PHOTOS = 209
DECISIONS = 100
# Told by the page itself: when the first note stood there, and for each key press when the next one was painted.
_WATCH = """
window.review = { first: 0, pressed: 0, waits: [] };
addEventListener('keydown', () => { review.pressed = performance.now(); review.from = title(); }, true);
const title = () => document.getElementById('note-title')?.textContent ?? '';
const isShown = () => { const p = document.getElementById('picture'); return p && p.complete && p.naturalWidth > 0; };
let before = '';
(function look() {
  const words = document.getElementById('words')?.value ?? '';
  if (!review.first && words && isShown()) review.first = performance.now();
  if (review.pressed && words !== before && isShown()) {
    review.waits.push(performance.now() - review.pressed);
    review.pressed = 0;
  }
  if (!review.pressed) before = words;
  requestAnimationFrame(look);
})();
"""


@dataclass
class _Server:
    process: subprocess.Popen[str]
    address: str
    seconds: float

    def cpu(self) -> float:
        """Seconds of CPU the server has used so far."""
        return _cpu_below(self.process.pid)


def _start(folder: Path) -> _Server:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    begun = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "pipeline",
            "review",
            "demo",
            "--no-browser",
            "--port",
            port,
            "--person",
            "bench",
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "Open this address:" in line:
            return _Server(process, line.split("address:")[1].strip(), time.perf_counter() - begun)
    raise RuntimeError("the review page did not start")


class _Client:
    """A browser's requests, on one connection."""

    def __init__(self, address: str) -> None:
        self.host = address.split("/")[2]
        self.wire = http.client.HTTPConnection(self.host)
        self.headers = {"host": self.host}
        path = address.split(self.host)[1]
        cookie = self.get(path)[1]["set-cookie"]
        self.headers["cookie"] = cookie.split(";")[0]

    def get(self, path: str) -> tuple[bytes, Any]:
        self.wire.request("GET", path, headers=self.headers)
        answer = self.wire.getresponse()
        return answer.read(), answer.headers

    def json(self, path: str) -> Any:
        return json.loads(self.get(path)[0])

    def save(self, sent: dict[str, Any]) -> Any:
        headers = {**self.headers, "origin": f"http://{self.host}", "content-type": "application/json"}
        self.wire.request("POST", "/act/save", json.dumps({"person": "bench", **sent}), headers)
        return json.loads(self.wire.getresponse().read())


def _over_http(server: _Server) -> dict[str, float]:
    begun = time.perf_counter()
    client = _Client(server.address)
    page = client.get("/")[0].decode()
    for name in re.findall(r'(?:src|href)="(static/[^"]+)"', page):
        client.get(f"/{name}")
    client.json("/start")
    ids = client.json("/queue?person=bench&show=todo")["ids"]
    note = client.json(f"/note/{ids[0]}")
    client.get("/" + note["picture"])
    opened = time.perf_counter() - begun
    _settled(server)
    client.wire.close()  # an idle connection may have been closed there; it is opened again by itself
    waits, spent = [], server.cpu()
    for number in range(DECISIONS):
        sent = {
            "note": note["id"],
            "stamp": note["stamp"],
            "text": note["text"] + " indeed" * (number % 2),
            "response_type": note["response_type"],
            "principle_id": note["principle_id"],
            "next": ids[number + 1],
        }
        begun = time.perf_counter()
        note = client.save(sent)["next"]
        waits.append(1e3 * (time.perf_counter() - begun))
    return {
        "opening: from the address to the first note and its picture, seconds": opened,
        **_told("save and next, over HTTP", waits),
        "save and next, the server's CPU, ms": 1e3 * (server.cpu() - spent) / DECISIONS,
    }


def _settled(server: _Server) -> None:
    """Wait until what is loaded beside the page is there: it is not part of a decision."""
    end = time.monotonic() + 60
    before = -1.0
    while time.monotonic() < end and server.cpu() - before > 0.02:
        before = server.cpu()
        time.sleep(2)


def _in_browser(server: _Server, work: Path) -> dict[str, float]:
    from browsing import Page
    from selenium.webdriver.common.keys import Keys

    page = Page(work / "profile")
    try:
        page.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _WATCH})
        page.open(server.address, "bench")
        page.until(lambda: page.driver.execute_script("return review.first > 0"))
        first = page.driver.execute_script("return review.first")
        spent = _cpu_below(page.driver.service.process.pid)
        for number in range(DECISIONS):
            page.keys(Keys.ENTER)
            page.until(
                lambda number=number: page.driver.execute_script("return review.waits.length") > number
            )
        waits = page.driver.execute_script("return review.waits")
        spent = _cpu_below(page.driver.service.process.pid) - spent
        return {
            "in Chromium: page opened until the first note is painted (a name typed between), seconds": first
            / 1e3,
            **_told("in Chromium: key pressed until the next note and its picture are painted", waits),
            "in Chromium: the browser's CPU a decision, ms (what drives it among it)": 1e3
            * spent
            / DECISIONS,
        }
    finally:
        page.driver.quit()


def _cpu_below(process_id: int) -> float:
    """Seconds of CPU that a process and all below it have used so far."""
    whole = psutil.Process(process_id)
    times = [one.cpu_times() for one in (whole, *whole.children(recursive=True))]
    return float(sum(time.user + time.system for time in times))


def _told(what: str, waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    return {
        f"{what}: median, ms": statistics.median(ordered),
        f"{what}: nine of ten below, ms": ordered[int(0.9 * len(ordered))],
    }


def _fsync(folder: Path) -> float:
    """What one fsync of a line costs here at the median, ms: no decision can be saved in less."""
    waits = []
    with (folder / "fsync").open("ab") as file:
        for _ in range(50):
            begun = time.perf_counter()
            file.write(b"x" * 400)
            file.flush()
            os.fsync(file.fileno())
            waits.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(waits)


def figures(work: Path) -> dict[str, float]:
    """Everything measured, label -> figure; `work` is a folder for the made-up workshop."""
    if not (work / "processed").is_dir():
        reviewing.make_project(work, notes=NOTES_A_PHOTO, photos=PHOTOS)
    (work / "raw" / "demo" / "decisions.jsonl").unlink(missing_ok=True)
    found: dict[str, float] = {"notes": NOTES_A_PHOTO * PHOTOS, "load of the machine": os.getloadavg()[0]}
    server = _start(work)
    try:
        found["starting: from the command until the address is printed, seconds"] = server.seconds
        found |= _over_http(server)
    finally:
        server.process.kill()
        server.process.wait()
    found["one fsync, ms"] = _fsync(work)
    (work / "raw" / "demo" / "decisions.jsonl").unlink(missing_ok=True)
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser and shutil.which("chromedriver"):
        server = _start(work)
        try:
            with tempfile.TemporaryDirectory() as profile:
                found |= _in_browser(server, Path(profile))
        finally:
            server.process.kill()
            server.process.wait()
    return found


def main() -> None:
    """Print the figures."""
    for label, figure in figures(PROJECT / "processed" / "benchmark" / "review").items():
        print(f"  {label}: {figure:,.2f}", flush=True)


if __name__ == "__main__":
    main()
