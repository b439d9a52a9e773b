import json

from volumen.heads import HeadSpec


def test_a_spec_travels_as_plain_data():
    spec = HeadSpec("surface", 1, "sigmoid", "binary")
    assert HeadSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
