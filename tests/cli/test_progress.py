import logging

from volumen.cli.progress import show_log, show_named_progress


def test_a_terminal_has_a_bar_of_what_is_done_and_lines_above_it(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with show_log("volumen.x"), show_named_progress() as tell:
        tell("blocks of labels in 3 cases", 1, 4)
        logging.getLogger("volumen.x").info("a line")
        tell("batches", 3, 4)
    shown = capsys.readouterr().err
    assert "blocks of labels in 3 cases" in shown
    assert "blocks/s" in shown
    assert "a line" in shown
    assert "batches" in shown[shown.index("a line") :]
    assert "blocks" not in shown[shown.rindex("batches") :]


def test_nobody_is_told_where_nobody_watches(capsys):
    with show_log("volumen.x"), show_named_progress() as tell:
        logging.getLogger("volumen.x").info("a line")
    assert tell is None
    assert capsys.readouterr().err == "a line\n"
