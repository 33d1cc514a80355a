"""python -m tests.campaigns kills 500    or    python -m tests.campaigns fuzz 10000"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]


def main(name: str = "", number: str = "0", seed: str = "8") -> None:
    def say(line: str) -> None:
        print(line, flush=True)

    if name == "kills":
        from campaigns import kills

        say(str(kills.campaign(int(number) or 500, int(seed), say)))
    elif name == "fuzz":
        from campaigns import fuzz

        say(str(fuzz.campaign(int(number) or 10_000, int(seed), say)))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
