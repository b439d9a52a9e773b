import json

import pytest

from volumen.errors import ConfigError
from volumen.heads import AffinitySpec, HeadSpec, LengthSpec

SPECS = [
    HeadSpec("surface", 1, "sigmoid", "binary"),
    HeadSpec("near", 2, "sigmoid", "affinities", affinities=AffinitySpec(((1, 0, 0), (0, 0, -9)), "end")),
    HeadSpec("deep", 1, "none", "distance", lengths=LengthSpec("nm", 50.0, "signed", 200.0)),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_a_spec_travels_as_plain_data(spec):
    assert HeadSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_spec_of_files_that_knew_neither_offsets_nor_lengths_is_read():
    old = {"name": "surface", "channels": 1, "activation": "sigmoid", "target": "binary"}
    assert HeadSpec.from_dict(old) == SPECS[0]
    assert SPECS[0].to_dict() == old


def test_a_channel_without_an_offset_is_refused():
    with pytest.raises(ConfigError, match="has 3 channels and 1 offsets; affinities have one a channel"):
        HeadSpec("near", 3, affinities=AffinitySpec(((1, 0, 0),)))
