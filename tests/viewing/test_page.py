import math
from html.parser import HTMLParser

import numpy as np
import pytest

from volumen.viewing import (
    Chart,
    CurveSection,
    Figure,
    Picture,
    Report,
    Series,
    TextSection,
    list_environment,
    show_recipe,
    show_scene,
    tabulate_scores,
)
from volumen.viewing.page import encode_pictures, render_page

VOID = {"meta", "img", "br", "link"}


class Checker(HTMLParser):
    """Follows tags and remembers what does not nest, and every address that is fetched."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.addresses, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        self.text.append(data)


def check(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.faults == []
    assert checker.open == []
    return checker


@pytest.fixture
def report(sheet):
    return Report(
        "A <run> & more",
        "Dice 0.8",
        (Figure("trained", "0.8", "2 cases", strong=True),),
        (
            CurveSection(
                "Curves", (Chart("Loss", (Series("train/loss", (0, 1), (1, 0.1)),), log=True, caption="both"),)
            ),
            show_scene("case a", sheet),
            tabulate_scores({"a": {"dice": 0.8, "voi": 1.5}, "b": {"dice": 0.7, "voi": math.nan}}),
            show_recipe("heads: {surface: {target: <binary>}}"),
            list_environment(),
            TextSection("Words", "One.\n\nTwo."),
        ),
    )


def test_the_page_nests_escapes_and_fetches_nothing(report):
    page = render_page(report)
    checker = check(page)
    assert "A <run> & more" in checker.text
    assert "heads: {surface: {target: <binary>}}" in checker.text
    assert all(address.startswith(("data:image/png;base64,", "#")) for address in checker.addresses)
    assert "url(" not in page
    assert "<script" not in page


def test_an_empty_report_is_a_page_too():
    check(render_page(Report("nothing", "yet")))


def test_too_many_pictures_are_shrunk_until_they_fit(rng):
    pictures = [Picture(rng.integers(0, 256, (200, 200, 3), np.uint8), "noise") for _ in range(4)]
    encoded = encode_pictures(pictures, most_bytes=60_000)
    assert sum(map(len, encoded.values())) <= 60_000
    assert len(encoded) == 4
