"""Agreement between two people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Pair, fold, krippendorff_alpha, measure, sentence


def reading(first: str, second: str) -> Pair:
    return Pair("reading", "ada", first, "bo", second)


def test_nothing_read_twice_is_nothing_to_say() -> None:
    assert measure([]) is None
    assert sentence(None) == ""


def test_folding_leaves_aside_what_careful_people_write_differently() -> None:
    assert fold("It’s  TIME.\nNow") == fold("it's time now")
    assert fold("no power") != fold("now power")


def test_share_equal_and_characters_that_differ() -> None:
    found = measure([reading("Share power", "share power."), reading("abcd", "abcx")])
    assert found is not None
    assert (found.notes, found.equal) == (2, 0.5)
    assert found.cer == pytest.approx(1 / 15)
    assert "50%" in sentence(found)


def test_krippendorffs_own_example() -> None:
    """Nominal data of Krippendorff (2011), section C: four observers, twelve units, alpha = 0.743."""
    missing = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, missing, missing, missing],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, missing, 3],
        [missing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, missing],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, missing],
    ]
    alpha = krippendorff_alpha(list(zip(*observers, strict=True)))
    assert alpha == pytest.approx(0.743, abs=0.001)


def test_alpha_is_undefined_where_only_one_value_occurs() -> None:
    assert krippendorff_alpha([("a", "a"), ("a", "a")]) is None
    assert krippendorff_alpha([("a", None)]) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=30))
def test_alpha_is_one_for_perfect_agreement_and_never_more(pairs: list[tuple[str, str]]) -> None:
    alpha = krippendorff_alpha(pairs)
    assert alpha is None or alpha <= 1 + 1e-9
    same = krippendorff_alpha([(one, one) for one, _ in pairs])
    assert same is None or same == pytest.approx(1)
