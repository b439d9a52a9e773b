import math

from volumen.cli.tables import print_table

ROWS = {"a": {"dice": 0.5, "surface_dice": 0.25}, "mean": {"dice": 0.5, "voi": math.nan}}


def test_numbers_stand_under_their_names_and_what_is_not_defined_is_a_dash(capsys):
    print_table(ROWS)

    assert capsys.readouterr().out.splitlines() == [
        "case     dice  surface_dice      voi",
        "a      0.5000        0.2500        -",
        "mean   0.5000             -        -",
    ]


def test_columns_that_do_not_fit_go_on_below(capsys):
    print_table(ROWS, width=30)

    assert capsys.readouterr().out.splitlines() == [
        "case     dice  surface_dice",
        "a      0.5000        0.2500",
        "mean   0.5000             -",
        "",
        "case      voi",
        "a           -",
        "mean        -",
    ]
