import json

import pytest

from volumen.errors import FormatError, MissingError
from volumen.viewing import (
    CurveSection,
    HeadView,
    PictureSection,
    Preview,
    TableSection,
    TextSection,
    collect_run,
    write_preview,
)
from volumen.viewing.curves import Series
from volumen.viewing.page import render_page
from volumen.viewing.runs import chart_metrics, read_metrics

METRICS = """epoch,step,train/loss,val/loss,val/dice,val/voi,lr,seconds,train/surface/dice
0,20,1.0,1.1,0.2,4.0,0.001,3.5,0.9
1,40,0.5,0.6,,3.0,0.0005,3.5,0.5
2,60,0.03,0.4,0.7,2.0,0.00001,3.5,0.3
"""


@pytest.fixture
def run(tmp_path, sheet):
    root = tmp_path / "surface"
    results = []
    for number in range(2):
        fold = root / f"fold_{number}"
        (fold / "previews").mkdir(parents=True)
        (fold / "metrics.csv").write_text(METRICS)
        for epoch, depth in ((0, 3), (2, 1), (10, 1)):
            head = HeadView("sheet", sheet.truth[:depth], sheet.prediction[:depth], sheet.truth[:depth] == 2)
            write_preview(fold / "previews" / f"epoch_{epoch:04d}", Preview(sheet.image[:depth], (), (head,)))
        best = {"monitor": "val/loss", "value": 0.4, "epoch": 2}
        results.append(
            {"fold": number, "status": "completed", "seconds": 70.0, "epochs": 3, "best": best, "error": None}
        )
    (root / "config.yaml").write_text("heads: {}\n")
    (root / "summary.json").write_text(json.dumps({"folds": results, "seconds": 140.0}))
    return root


def pick(report, kind):
    return [section for section in report.sections if isinstance(section, kind)]


def test_a_run_becomes_folds_curves_previews_recipe_and_versions(run):
    report = collect_run(run)
    assert report.title == "Training of surface"
    assert report.lead == "2 of 2 folds completed, 2 min 20 s of training."
    assert [figure.value for figure in report.figures] == ["0.400", "0.400"]
    assert [section.title for section in report.sections] == [
        "Folds",
        "Folds side by side",
        "Fold 0",
        "Fold 0: previews",
        "Fold 1",
        "Fold 1: previews",
        "Recipe",
        "Environment",
    ]
    assert pick(report, TextSection)[0].text == "heads: {}\n"
    assert "</html>" in render_page(report)


def test_charts_part_losses_scores_and_learning_rate(run):
    charts = {chart.title: chart for chart in pick(collect_run(run / "fold_1"), CurveSection)[0].charts}
    assert list(charts) == ["Loss", "Scores", "val/voi", "Loss, part by part", "Learning rate"]
    assert charts["Loss"].log
    assert [series.name for series in charts["Loss"].series] == ["train/loss", "val/loss"]
    assert charts["Scores"].series[0].x == (0.0, 2.0)
    assert charts["Loss"].marks[0].x == 2


def test_scores_of_decoded_objects_have_a_chart_of_their_own():
    table = {name: Series(name, (1.0,), (0.5,)) for name in ("val/loss", "val/dice", "decoded/voi", "decoded/rand")}
    charts = {chart.title: [series.name for series in chart.series] for chart in chart_metrics(table)}
    assert charts["Scores"] == ["val/dice"]
    assert charts["Decoded"] == ["decoded/voi", "decoded/rand"]


def test_previews_are_in_order_of_epochs(run):
    stills = pick(collect_run(run), PictureSection)[0].rows
    assert [row[0].caption for row in stills] == ["epoch 0", "epoch 2", "epoch 10"]


def test_one_fold_alone_has_a_report(run):
    report = collect_run(run / "fold_0")
    assert report.title == "Training of surface, fold_0"
    assert report.lead == "1 of 1 fold completed, 1 min 10 s of training."


def test_a_run_that_is_not_over_shows_what_there_is(run):
    (run / "summary.json").unlink()
    report = collect_run(run)
    assert "No fold has ended yet" in report.lead
    assert report.figures == ()


def test_a_failed_fold_shows_its_error(run):
    failed = {"fold": 0, "status": "failed", "seconds": 5.0, "epochs": 0, "best": None, "error": "the loss is NaN"}
    (run / "summary.json").write_text(json.dumps({"folds": [failed], "seconds": 5.0}))
    table = pick(collect_run(run), TableSection)[0]
    assert table.columns[-1].title == "error"
    assert table.rows[0][-1] == "the loss is NaN"


def test_a_line_that_was_cut_short_is_no_obstacle(tmp_path):
    (tmp_path / "metrics.csv").write_text(METRICS + "3,80,0.02")
    table = read_metrics(tmp_path / "metrics.csv")
    assert table["train/loss"].x == (0, 1, 2, 3)
    assert table["val/loss"].x == (0, 1, 2)


def test_words_among_the_numbers_are_named(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,val/loss\n0,good\n")
    with pytest.raises(FormatError, match="'good' where a number belongs"):
        read_metrics(tmp_path / "metrics.csv")


def test_a_folder_that_is_no_run_says_what_to_name(tmp_path):
    with pytest.raises(MissingError, match="--out folder"):
        collect_run(tmp_path)


def test_a_broken_summary_is_named(run):
    (run / "summary.json").write_text("{")
    with pytest.raises(FormatError, match=r"summary\.json is not JSON"):
        collect_run(run)
