"""Everything once, in a process that has no network but its own computer: FOLDER. Started by test_offline.py."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import struct
import sys
import threading
import urllib.parse
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

import pytest
from campaigns.kills import make_quick
from fakes import in_this_process, workshop_of

from pipeline import exporting
from pipeline.planning import Places
from pipeline.review.desk import Desk
from pipeline.run import run
from pipeline.standing import exportable, exportable_edition, publish_edition

NAME = "town-hall"
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
IS_WARM, really_warm_up = threading.Event(), Desk.warm_up


def raise_loopback() -> None:
    """A new network namespace has the computer's own address too, but switched off; the review page needs it."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))


def is_cut_off() -> bool:
    """Is the rest of the world out of reach? 192.0.2.1 is set apart for examples (RFC 5737)."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=2).close()
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def look_at(address: str) -> None:
    """Instead of a browser: fetch the review page and a note, then stop the server as Ctrl-C does."""
    try:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = opener.open(address, timeout=300).read().decode()
        assert "<html" in page
        first = _asked(opener, address, "/queue")["ids"][0]
        assert _asked(opener, address, f"/note/{first}")["text"]
        print("review", flush=True)
        # Once a note was looked at, the heavy parts are loaded.
        assert IS_WARM.wait(300)
        print("warm", flush=True)
    finally:
        os.kill(os.getpid(), signal.SIGINT)


def _asked(opener: urllib.request.OpenerDirector, address: str, path: str) -> Any:
    return json.load(opener.open(urllib.parse.urljoin(address, path), timeout=300))


def warm_up(desk: Desk) -> None:
    """As it is, and told when it is through."""
    really_warm_up(desk)
    IS_WARM.set()


def main() -> None:
    from pipeline.review.server import serve

    raise_loopback()
    assert is_cut_off(), "there is a network"
    base = Path(sys.argv[1])
    places = Places(base / "raw", base / "processed", base / "reports")
    make_quick(pytest.MonkeyPatch())
    workshop_of(places.raw, NAME, photos=2)
    assert run(places, workers=1, make_executor=in_this_process)[0].failed == 0
    print("run", flush=True)
    assert publish_edition(places, NAME, "2026-11-22").is_new
    print("publish", flush=True)
    for form, files in (
        *((form, exporting.export(exportable(places, NAME), form, base / form)) for form in sys.argv[2:]),
        ("edition", exporting.export(exportable_edition(places, NAME, 1), "md", base / "edition")),
    ):
        assert files
        assert all(file.stat().st_size for file in files)
        print(form, flush=True)
    webbrowser.open = look_at  # type: ignore[assignment]
    Desk.warm_up = warm_up  # type: ignore[method-assign]
    try:
        serve(places, NAME, person="ada")
    except KeyboardInterrupt:
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
