import pytest

from volumen.errors import FormatError
from volumen.training import Best, FoldResult, RunSummary, read_summary

DONE = FoldResult(1, "completed", 38988.51, 50, Best("val/loss", 0.0851, 40))
FAILED = FoldResult(0, "failed", 12.0, error="train/loss is nan")


def test_a_summary_is_read_as_it_was_written(tmp_path):
    summary = RunSummary(tmp_path, ()).with_result(DONE).with_result(FAILED)
    summary.write()
    assert read_summary(tmp_path) == summary
    assert summary.folds == (FAILED, DONE)
    assert summary.model(1) == tmp_path / "fold_1/model"


def test_a_fold_trained_again_replaces_its_result(tmp_path):
    again = RunSummary(tmp_path, (FAILED,)).with_result(FoldResult(0, "completed", 3.0))
    assert again.failed == ()
    assert len(again.folds) == 1


def test_the_table_tells_time_best_and_errors(tmp_path):
    lines = RunSummary(tmp_path, (FAILED, DONE)).to_table().splitlines()
    assert lines == [
        "Fold 0: failed, 12.00 seconds (0.00 hours), 0 epochs: train/loss is nan",
        "Fold 1: completed, 38,988.51 seconds (10.83 hours), 50 epochs, best val/loss 0.0851 at epoch 40",
        "1 of 2 folds completed in 39,000.51 seconds (10.83 hours)",
    ]


def test_a_summary_that_is_none_is_refused(tmp_path):
    (tmp_path / "summary.json").write_text('{"folds": [{"fold": 1}]}')
    with pytest.raises(FormatError, match="no summary of a run"):
        read_summary(tmp_path)
