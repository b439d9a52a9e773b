import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "scores.md"


def test_the_examples_of_the_page_on_scores_run_as_they_stand():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)

    assert tried > 25
    assert failed == 0
