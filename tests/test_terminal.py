"""What reaches the terminal: no name of a file, no text and no title can give it orders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fakes import in_this_process, use_fakes, workshop_of
from hypothesis import given
from hypothesis import strategies as st

from pipeline import cli, console
from pipeline.errors import MissingError
from pipeline.model import Refusal
from pipeline.planning import Places
from pipeline.run import Summary, plans, run
from pipeline.terminal import LINES, visible

EVIL = "\x1b]0;owned\x07\u202egpj.a\x9b2J\nb"


@given(st.text(st.characters(codec=None)))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = visible(text)
    assert all(sign.isprintable() or sign == "\u200d" for sign in shown)
    shown.encode("utf-8")
    if text.isprintable():
        assert shown == text


def test_what_is_written_out_can_be_read() -> None:
    assert visible("a\x1b[31m\u202e\udcff\r") == r"a\x1b[31m\u202e\udcff\r"
    assert visible("one\n\ttwo", LINES) == "one\n\ttwo"
    assert visible("Größe 👩‍🔬 שלום 会議") == "Größe 👩‍🔬 שלום 会議"


def harmless(told: str) -> None:
    assert "owned" in told
    assert not {sign for sign in told if not sign.isprintable()} - {"\n", "\u200d"}


def test_plans_and_summaries_show_codes_in_names_and_titles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_fakes(monkeypatch)
    places = Places(tmp_path / "raw", tmp_path / "processed", tmp_path / "reports")
    folder = workshop_of(places.raw, photos=1)
    (folder / "photo-0.png").rename(folder / f"{EVIL}.png")
    (folder / f"{EVIL} [bold]broken.png").write_bytes(b"no picture")
    console.show_plans(plans(places))
    harmless(capsys.readouterr().out)
    console.show_summaries(run(places, workers=1, make_executor=in_this_process))
    told = capsys.readouterr().out
    harmless(told)
    assert "[bold]broken" in told


def test_a_progress_bar_shows_codes_and_markup_in_a_workshops_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with console.progress(is_quiet=False) as watcher:
        watcher.start(f"{EVIL}[red]", 1)
        watcher.say(f"{EVIL}: working")
    told = capsys.readouterr().err
    assert "[red]" in told
    harmless(told)


def test_a_title_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    refusal = Refusal(EVIL, "unreadable", EVIL, EVIL)
    console.show_summaries([Summary("w", f"[red]{EVIL}", False, (("a", 1),), (refusal,), (EVIL,))])
    told = capsys.readouterr().out
    assert "[red]" in told
    harmless(told)


def test_messages_show_codes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(*_: object) -> None:
        raise MissingError(f"{EVIL} is not there.", remedy="Look.")

    monkeypatch.setattr("pipeline.store.query.run_query", lacking)
    monkeypatch.setattr("sys.argv", ["workshop", "sql", "SELECT 1"])
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == MissingError.exit_code
    harmless(capsys.readouterr().err)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_data_is_shown_on_a_terminal_and_left_alone_elsewhere(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    cli._echo_data(f"a,{EVIL}\r\nc\n")
    told = capsys.readouterr().out
    if is_terminal:
        harmless(told)
        assert told.endswith("b\nc\n")
    else:
        assert told == f"a,{EVIL}\r\nc\n"


@pytest.mark.skipif(os.name != "posix", reason="bytes that are no text are file names on POSIX only")
def test_a_name_that_is_no_text_is_told_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refusal = Refusal(os.fsdecode(b"a\xff.png"), "unreadable", "It is none.", "")
    console.show_summaries([Summary("w", "W", False, (), (refusal,))])
    assert r"a\udcff.png" in capsys.readouterr().out
