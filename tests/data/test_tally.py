import numpy as np

from volumen.data.tally import Tally


def test_values_of_all_pieces_are_counted_together(monkeypatch):
    monkeypatch.setattr("volumen.data.tally._PENDING", 3)
    tally = Tally()
    for piece in ([[1, 1, 5]], [[2**63 + 7, 5, 0]], [[]], [[9, 8, 1]]):
        tally.add(np.array(piece, np.uint64))
    values, counts = tally.read()
    assert values.tolist() == [0, 1, 5, 8, 9, 2**63 + 7]
    assert counts.tolist() == [1, 3, 2, 1, 1, 1]


def test_nothing_has_no_values():
    values, counts = Tally().read()
    assert values.size == counts.size == 0
