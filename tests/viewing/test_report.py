import math
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import numpy as np
import pytest

from volumen.geometry import VoxelSize
from volumen.viewing import (
    Chart,
    CurveSection,
    Figure,
    Picture,
    PictureSection,
    Report,
    Scene,
    Series,
    TextSection,
    format_duration,
    list_environment,
    show_recipe,
    show_scene,
    tabulate_scores,
    tabulate_steps,
    write_report,
)
from volumen.viewing.page import encode_pictures, format_cell, render_page

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


@dataclass(frozen=True)
class Counts:
    voxels: int
    components: int
    cavities: int


@dataclass(frozen=True)
class Step:
    name: str
    before: Counts | None
    after: Counts


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
            tabulate_steps([Step("threshold", None, Counts(1234, 5, 1))]),
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


def test_a_report_is_written_whole(report, tmp_path):
    path = write_report(tmp_path / "report.html", report)
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_report_is_a_page_too():
    check(render_page(Report("nothing", "yet")))


def test_scores_mark_best_and_worst_and_average_what_is_there(report):
    page = render_page(replace(report, sections=report.sections[2:3]))
    assert '<td class="number best">0.800</td>' in page
    assert '<td class="number worst">0.700</td>' in page
    assert '<td class="number">–</td>' in page
    assert "<td>mean</td>" in page.replace(' class="number"', "")
    table = tabulate_scores({"a": {"voi": 1.0}, "b": {"voi": 3.0}})
    assert table.footer == (("mean", 2.0),)
    assert table.columns[1].better == "low"


def test_one_case_needs_no_mean_and_no_best():
    page = render_page(Report("t", "l", (), (tabulate_scores({"a": {"dice": 0.5}}),)))
    assert "mean" not in page
    assert "best" not in page.partition("</style>")[2]


@pytest.mark.parametrize(
    ("metric", "better"),
    [
        ("dice", "high"),
        ("rand", "low"),
        ("rand_recall", "high"),
        ("voi_split", "low"),
        ("surface_dice", "high"),
        ("dice_3", "high"),
    ],
)
def test_every_metric_knows_its_better_side(metric, better):
    assert tabulate_scores({"a": {metric: 1.0}}).columns[1].better == better


def test_steps_show_before_and_after():
    before, after = Counts(1000, 9, 3), Counts(900, 2, 3)
    table = tabulate_steps([Step("threshold", None, before), Step("min_size", before, after)])
    assert table.rows[0] == ("threshold", None, 1000, None, 9, None, 3)
    assert table.rows[1] == ("min_size", 1000, 900, 9, 2, 3, 3)


def test_a_scene_in_three_directions_says_where_it_was_cut_and_what_the_colours_mean(sheet):
    section = show_scene("a", sheet, position=(3, 10, 12))
    assert [picture.caption for picture in section.rows[1]] == [
        "y = 10, image",
        "truth over image",
        "prediction against truth",
    ]
    assert "z y x = 3, 10, 12" in section.caption
    assert "nobody looked" in section.caption
    assert len(section.keys) == 4
    assert "chosen" not in section.caption


def test_captions_fit_what_is_there(sheet):
    alone = show_scene("a", Scene(sheet.image))
    assert alone.keys == ()
    predicted = show_scene("a", Scene(sheet.image, prediction=sheet.prediction))
    assert [key.label for key in predicted.keys] == ["predicted"]
    assert predicted.rows[0][1].caption == "prediction"
    truth = show_scene("a", Scene(sheet.image, sheet.truth))
    assert [key.label for key in truth.keys] == ["truth"]
    ids = show_scene("a", replace(sheet, instances=True, voxel_size=VoxelSize(30.0, 8.0, 8.0)))
    assert "do not correspond" in ids.caption
    long = show_scene("a", Scene(np.zeros((2, 3, 600))))
    assert "512 voxels" in long.caption


def test_a_flat_image_is_one_row(sheet):
    assert len(show_scene("flat", Scene(sheet.image[0], sheet.truth[0])).rows) == 1


def test_too_many_pictures_are_shrunk_until_they_fit(rng):
    pictures = [Picture(rng.integers(0, 256, (200, 200, 3), np.uint8), "noise") for _ in range(4)]
    encoded = encode_pictures(pictures, most_bytes=60_000)
    assert sum(map(len, encoded.values())) <= 60_000
    assert len(encoded) == 4
    assert PictureSection("p", (tuple(pictures),)).rows[0][0] is pictures[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        ("a", "a"),
        (1234567, "1\u202f234\u202f567"),
        (0.5, "0.500"),
        (-0.25, "−0.250"),
        (2e-5, "2.00e−05"),
    ],
)
def test_cells_are_written_plainly(value, text):
    assert format_cell(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.23, "4.2 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (59.97, "1 min 0 s")]
)
def test_times_are_said_as_people_say_them(seconds, text):
    assert format_duration(seconds) == text
