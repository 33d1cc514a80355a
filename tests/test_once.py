"""What several ask for in a row is worked out once, and never taken for something else's."""

from __future__ import annotations

import pytest
from factories import make_record

from pipeline import publish
from pipeline.once import once_in_a_row
from pipeline.publish import theme_chart, view


def test_the_same_object_is_worked_on_once_and_an_equal_one_anew() -> None:
    calls: list[list[int]] = []

    @once_in_a_row
    def total(numbers: list[int]) -> int:
        calls.append(numbers)
        return sum(numbers)

    one, equal, other = [1, 2], [1, 2], [3]
    assert [total(one), total(one), total(equal), total(other), total(one)] == [3, 3, 3, 3, 3]
    assert [id(numbers) for numbers in calls] == [id(one), id(equal), id(other), id(one)]


def test_every_format_shares_one_arrangement_and_one_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(module: object, name: str) -> None:
        real = getattr(module, name)

        def call(*args: object) -> object:
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(module, name, call)

    counted(view, "_figures")
    counted(theme_chart, "themes_chart")
    publish.render_reports(make_record(), {}, {})
    assert sorted(calls) == ["_figures", "themes_chart"]
