def test_the_data_sets_are_listed_with_their_parts(volumen):
    said = volumen("data", "download", "--list")
    assert said.code == 0
    assert "snemi3d            SNEMI3D: neurons of mouse cortex" in said.out
    assert "parts: A, B, C" in said.out
    assert "parts: original (195 MB)" in said.out
    assert "with --only: A-padded, B-padded, C-padded, defects" in said.out
    assert "by hand: Kaggle asks for an account" in said.out


def test_mistakes_are_one_line(volumen):
    said = volumen("data", "download", "snemi")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "did you mean 'snemi3d'" in said.err
    assert "--list names all" in volumen("data", "download").err
    assert "cremi has no part 'D'; known: A, " in volumen("data", "download", "cremi", "--only", "D").err
    assert "put it into data/nucmm" in volumen("data", "download", "nucmm").err


def test_a_data_set_is_fetched_where_it_is_wanted(volumen, tmp_path, monkeypatch):
    from volumen import api
    from volumen.data import Downloaded

    asked = {}

    def fetch(name, folder, **options):
        asked.update(options, name=name, folder=folder)
        options["progress"]("fetching", 1 << 21, 1 << 22)
        return Downloaded(folder, ("sample_A",))

    monkeypatch.setattr(api, "download_data", fetch)
    said = volumen("data", "download", "cremi", "--out", tmp_path, "--only", "A, B", "--keep")
    assert said.code == 0
    assert f"1 cases in {tmp_path}: sample_A" in said.out
    assert (asked["name"], asked["folder"], asked["parts"], asked["keep"]) == ("cremi", tmp_path, ["A", "B"], True)
