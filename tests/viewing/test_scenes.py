from dataclasses import replace

import numpy as np

from volumen.geometry import VoxelSize
from volumen.viewing import Scene, show_scene


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
    assert predicted.rows[0][1].caption == "prediction over image"
    truth = show_scene("a", Scene(sheet.image, sheet.truth))
    assert [key.label for key in truth.keys] == ["truth"]
    ids = show_scene("a", replace(sheet, instances=True, voxel_size=VoxelSize(30.0, 8.0, 8.0)))
    assert "do not correspond" in ids.caption
    assert ids.rows[0][2].caption == "prediction over image"
    long = show_scene("a", Scene(np.zeros((2, 3, 600))))
    assert "512 voxels" in long.caption


def test_a_flat_image_is_one_row(sheet):
    assert len(show_scene("flat", Scene(sheet.image[0], sheet.truth[0])).rows) == 1
