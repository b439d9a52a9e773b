import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("page", "least"), [("scores.md", 28), ("scores-surface.md", 12)])
def test_the_examples_of_the_pages_on_scores_run_as_they_stand(page, least):
    failed, tried = doctest.testfile(str(DOCS / page), module_relative=False)

    assert tried > least
    assert failed == 0
