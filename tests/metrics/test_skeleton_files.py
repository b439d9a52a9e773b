import json

import numpy as np
import pytest

from volumen.errors import FormatError, MissingError
from volumen.metrics import Skeletons, read_skeletons, write_skeletons

LINES = Skeletons(
    np.array([[0.0, 1.0, 2.0], [30.0, 1.0, 2.0], [60.0, 8.5, 2.0]]),
    np.array([[0, 1]]),
    np.array([2**64 - 1, 2**64 - 1, 3], np.uint64),
)
SWC = """# made by hand
1 0 2.0 1.0 0.0 1.0 -1
2 0 2.0 1.0 30.0 1.0 1

5 0 2.0 9.0 60.0 1.0 2
"""


def same(one: Skeletons, other: Skeletons) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("points", "edges", "objects"))


def test_what_is_written_is_read_again(tmp_path):
    write_skeletons(tmp_path / "lines.npz", LINES)

    assert same(read_skeletons(tmp_path / "lines.npz"), LINES)
    assert [path.name for path in tmp_path.iterdir()] == ["lines.npz"]


def test_json_holds_the_same_three_lists(tmp_path):
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({name: getattr(LINES, name).tolist() for name in ("points", "edges", "objects")}))

    assert same(read_skeletons(path), LINES)


def test_micrometres_become_nanometres(tmp_path):
    write_skeletons(tmp_path / "lines.npz", LINES)

    assert read_skeletons(tmp_path / "lines.npz", unit=1000).points.max() == 60_000


def test_graphs_of_em_erl_are_read(tmp_path):
    np.savez(
        tmp_path / "graph.npz",
        node_coords_zyx=LINES.points.astype(np.float32),
        node_skeleton_index=np.array([0, 0, 1], np.uint32),
        skeleton_id=np.array([2**64 - 1, 3], np.uint64),
        edge_u=np.array([0], np.uint32),
        edge_v=np.array([1], np.uint32),
    )

    assert same(read_skeletons(tmp_path / "graph.npz"), LINES)


def test_an_swc_is_one_object_with_its_axes_turned_round(tmp_path):
    (tmp_path / "neuron_17.swc").write_text(SWC)

    lines = read_skeletons(tmp_path / "neuron_17.swc")

    assert lines.points.tolist() == [[0, 1, 2], [30, 1, 2], [60, 9, 2]]
    assert lines.edges.tolist() == [[0, 1], [1, 2]]
    assert lines.objects.tolist() == [17, 17, 17]


def test_a_folder_of_swc_is_read_whole(tmp_path):
    for name in ("4.swc", "5.swc"):
        (tmp_path / name).write_text(SWC)

    lines = read_skeletons(tmp_path)

    assert lines.objects.tolist() == [4, 4, 4, 5, 5, 5]
    assert lines.edges.tolist() == [[0, 1], [1, 2], [3, 4], [4, 5]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", "[1, 2]", "need points, edges, objects; points, edges, objects missing"),
        ("a.json", '{"points": [[1, 2]], "edges": [], "objects": [1]}', "n × 3 numbers"),
        ("a.json", '{"points": [[1, 2, 3]], "edges": [], "objects": [1.5]}', "n ids"),
        ("a.json", '{"points": [[1, 2, 3]], "edges": [], "objects": [-4]}', "n ids"),
        ("a.json", '{"points": [[1, 2, 3]], "edges": [[0, 1]], "objects": [4]}', "join places from 0 to 0"),
        ("a.json", '{"points": [[1, 2, 3]], "edges": [], "objects": []}', "1 points need as many objects; got 0"),
        ("a.npz", "no zip", "is no .npz"),
        ("1.swc", "1 0 2.0 1.0", "is no .swc"),
        ("1.swc", "1 0 2.0 1.0 0.0 1.0 7", "hangs on one that the file lacks"),
        ("neuron.swc", SWC, "ends in the number of its object"),
        ("a.txt", "", r"read from \.npz, \.json, \.swc"),
    ],
)
def test_files_that_are_no_skeletons_are_told_by_name(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)

    with pytest.raises(FormatError, match=message):
        read_skeletons(tmp_path / name)


def test_what_is_not_there_is_missing(tmp_path):
    with pytest.raises(MissingError, match="no skeletons at"):
        read_skeletons(tmp_path / "none.npz")
    with pytest.raises(MissingError, match=r"no \.swc in"):
        read_skeletons(tmp_path)
    with pytest.raises(FormatError, match=r"written as \.npz"):
        write_skeletons(tmp_path / "lines.swc", LINES)
