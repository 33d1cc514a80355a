"""themes.toml as a page edits it: compare and swap, undo, and nothing that anybody did is lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from factories import make_note

from pipeline.errors import ConfigError
from pipeline.model import Theme
from pipeline.themes import keeping
from pipeline.themes.editing import Edit, EditError

NOTES = [make_note(number, f"words {number}", principle_id="power") for number in range(1, 7)]
IDS = tuple(note.id for note in NOTES)
PAY = Theme("tpay", "power", "pay", "suggested", 0.5, IDS[:3], IDS[0])
TALK = Theme("ttalk", "power", "talk", "possible", 0.3, IDS[3:5], IDS[3])
BY = {"person": "R.", "when": "2026-01-02T03:04:05+00:00"}


def do(
    folder: Path, edit: Edit, state: str | None = None, themes: tuple[Theme, ...] = (PAY, TALK)
) -> keeping.Kept:
    based_on = keeping.load(folder).state if state is None else state
    return keeping.change(folder, edit, themes, NOTES, based_on=based_on, **BY)


def undo(folder: Path) -> keeping.Kept:
    return keeping.undo(folder, based_on=keeping.load(folder).state, **BY)


def test_a_change_is_read_again_and_undone_step_by_step(tmp_path: Path) -> None:
    first = do(tmp_path, Edit("rename", themes=("tpay",), name="Money"))
    assert [(theme.key, theme.name, theme.note_ids) for theme in first.owned.themes] == [
        ("money", "Money", IDS[:3])
    ]
    second = do(tmp_path, Edit("reject", themes=("ttalk",)))
    assert [theme.is_rejected for theme in second.owned.themes] == [False, True]
    assert undo(tmp_path) == first
    assert undo(tmp_path) == keeping.Kept(keeping.OwnedThemes(), "")
    assert not (tmp_path / keeping.FILE_NAME).exists()
    with pytest.raises(EditError, match="no change left"):
        undo(tmp_path)
    assert [(change.act, change.person, undone) for change, undone in keeping.history(tmp_path)] == [
        ("rename", "R.", True),
        ("reject", "R.", True),
    ]


def test_two_names_back_and_forth_are_undone_in_order(tmp_path: Path) -> None:
    for name in ("One", "Two", "One"):
        mine = keeping.load(tmp_path).owned.theme("one")
        theme = PAY if mine is None else Theme("one", "power", mine.name, "suggested", 0.5, IDS[:3], IDS[0])
        do(tmp_path, Edit("rename", themes=(theme.id,), name=name), themes=(theme,))
    assert [undo(tmp_path).owned.themes[0].name for _ in range(2)] == ["Two", "One"]
    assert undo(tmp_path).owned.themes == ()


def test_what_somebody_else_did_meanwhile_is_kept(tmp_path: Path) -> None:
    seen = keeping.load(tmp_path).state
    do(tmp_path, Edit("rename", themes=("tpay",), name="Money"), seen)
    with pytest.raises(keeping.ChangedError, match="meanwhile"):
        do(tmp_path, Edit("rename", themes=("ttalk",), name="Talk"), seen)
    with pytest.raises(keeping.ChangedError):
        keeping.undo(tmp_path, based_on=seen, **BY)
    assert [theme.name for theme in keeping.load(tmp_path).owned.themes] == ["Money"]


def test_of_many_editors_at_once_each_change_is_there_or_refused(tmp_path: Path) -> None:
    done: list[str] = []

    def edit(number: int) -> None:
        while True:
            try:
                do(tmp_path, Edit("make", name=f"Theme {number}", notes=(IDS[number],)))
            except keeping.ChangedError:
                continue
            done.append(f"Theme {number}")
            return

    editors = [threading.Thread(target=edit, args=(number,)) for number in range(6)]
    for editor in editors:
        editor.start()
    for editor in editors:
        editor.join()
    assert sorted(theme.name for theme in keeping.load(tmp_path).owned.themes) == sorted(done)
    assert len(done) == 6


def test_an_edit_by_hand_is_never_undone_over(tmp_path: Path) -> None:
    do(tmp_path, Edit("rename", themes=("tpay",), name="Money"))
    file = tmp_path / keeping.FILE_NAME
    file.write_text(file.read_text("utf-8") + "# a remark\n", "utf-8")
    with pytest.raises(EditError, match="by hand"):
        undo(tmp_path)
    do(tmp_path, Edit("pin", themes=("ttalk",)))
    assert "# a remark" not in file.read_text("utf-8")
    undo(tmp_path)
    assert file.read_text("utf-8").endswith("# a remark\n")


def test_a_half_written_line_of_the_log_does_no_harm(tmp_path: Path) -> None:
    do(tmp_path, Edit("rename", themes=("tpay",), name="Money"))
    with (tmp_path / keeping.LOG_NAME).open("ab") as log:
        log.write(b'{"id": "half')
    do(tmp_path, Edit("pin", themes=("ttalk",)))
    assert [change.act for change, _ in keeping.history(tmp_path)] == ["rename", "pin"]
    assert [theme.name for theme in undo(tmp_path).owned.themes] == ["Money"]


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (Edit("rename", themes=("gone",), name="X"), "no longer there"),
        (Edit("rename", name="X"), "no longer there"),
        (Edit("rename", themes=("tpay",), name=" "), "needs a name"),
        (Edit("move", themes=("tpay",), notes=("gone",)), "no note"),
        (Edit("split", themes=("tpay",), parts=(("A", (IDS[5],)),)), "its own notes"),
        (Edit("split", themes=("tpay",), parts=(("A", IDS[:2]), ("B", IDS[1:3]))), "stands in one part"),
        (Edit("make", name="X"), "one principle"),
        (Edit("restore", themes=("money",)), "No rejected theme"),
        (Edit("burn", themes=("tpay",)), "no way to 'burn'"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(tmp_path: Path, edit: Edit, says: str) -> None:
    before = do(tmp_path, Edit("rename", themes=("ttalk",), name="Talk"))
    with pytest.raises(EditError, match=says):
        do(tmp_path, edit)
    assert keeping.load(tmp_path) == before


def test_every_act_is_done(tmp_path: Path) -> None:
    kept = do(tmp_path, Edit("make", name="Mine", notes=(IDS[5],)))
    mine = Theme("mine", "power", "Mine", "suggested", 1.0, (IDS[5],), IDS[5], True)
    shown = (PAY, TALK, mine)
    kept = do(tmp_path, Edit("move", themes=("mine",), notes=(IDS[4],)), themes=shown)
    assert kept.owned.themes[0].note_ids == (IDS[5], IDS[4])
    kept = do(tmp_path, Edit("describe", themes=("mine",), name="What it is"), themes=shown)
    assert kept.owned.themes[0].description == "What it is"
    kept = do(tmp_path, Edit("ungroup", notes=(IDS[4],)), themes=shown)
    assert [note.id for note in kept.owned.ungrouped] == [IDS[4]]
    for act, pinned in (("pin", True), ("unpin", False)):
        kept = do(tmp_path, Edit(act, themes=("mine",)), themes=shown)
        assert kept.owned.themes[0].is_pinned is pinned
    kept = do(tmp_path, Edit("reject", themes=("tpay",)), themes=shown)
    kept = do(tmp_path, Edit("restore", themes=("pay",)), themes=shown)
    assert [theme.key for theme in kept.owned.themes] == ["mine"]
    kept = do(tmp_path, Edit("merge", themes=("tpay", "mine"), name="All"), themes=shown)
    assert [(theme.name, theme.note_ids) for theme in kept.owned.themes] == [("All", (*IDS[:3], IDS[5]))]
    whole = Theme("all", "power", "All", "suggested", 0.5, (*IDS[:3], IDS[5]), IDS[0], True)
    kept = do(
        tmp_path, Edit("split", themes=("all",), parts=(("A", IDS[:2]), ("B", IDS[2:3]))), themes=(whole,)
    )
    assert [(theme.key, theme.note_ids) for theme in kept.owned.themes] == [("all", IDS[:2]), ("b", IDS[2:3])]
    kept = do(
        tmp_path,
        Edit("release", themes=("b",)),
        themes=(Theme("b", "power", "B", "suggested", 1.0, IDS[2:3], None),),
    )
    assert [theme.key for theme in kept.owned.themes] == ["all"]


def test_a_note_moves_only_within_its_principle(tmp_path: Path) -> None:
    elsewhere = Theme("tother", "time", "other", "suggested", 0.5, (), None)
    with pytest.raises(EditError, match="another principle"):
        do(tmp_path, Edit("move", themes=("tother",), notes=(IDS[0],)), themes=(elsewhere,))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / keeping.FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        keeping.load(tmp_path)
