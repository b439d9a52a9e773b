from volumen.blocks import list_differences


def test_equal_trees_have_no_differences():
    assert list_differences({"a": {"b": [1, 2]}}, {"a": {"b": [1, 2]}}) == []


def test_differences_are_dotted_paths_with_old_and_new():
    old = {"model": {"sha": "abc", "name": "m"}, "overlap": 0.25}
    new = {"model": {"sha": "xyz", "name": "m"}, "overlap": 0.5}
    assert list_differences(old, new) == ['model.sha: "abc" → "xyz"', "overlap: 0.25 → 0.5"]


def test_what_is_new_or_gone_is_called_absent():
    assert list_differences({"a": 1}, {"b": {"c": 2}}) == ["a: 1 → (absent)", 'b: (absent) → {"c": 2}']


def test_an_int_and_a_float_differ_as_their_hashes_do():
    assert list_differences({"a": [1]}, {"a": [1.0]}) == ["a: [1] → [1.0]"]
