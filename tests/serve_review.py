"""Starts the review page for the browser tests: FOLDER [--second-reader], on a free port."""

from __future__ import annotations

import sys
from pathlib import Path

from reviewing import FakeReader, fake_themes

from pipeline.planning import Places
from pipeline.review import desk, server
from pipeline.stages import theme


def main() -> None:
    folder = Path(sys.argv[1])
    desk.OutlineReader = lambda *_: FakeReader()  # type: ignore[assignment,misc]
    theme.themes = fake_themes  # type: ignore[assignment]
    places = Places(folder / "raw", folder / "processed", folder / "reports")
    server.serve(places, "demo", person="", second_reader="--second-reader" in sys.argv, open_browser=False)


if __name__ == "__main__":
    main()
