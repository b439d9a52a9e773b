import pytest

from volumen.data import ReadingLoad
from volumen.errors import ConfigError
from volumen.training import Loop, ProfileOptions, Spread, profile_training
from volumen.training.profile import judge_loop

QUICK = Spread(0.01, 0.01, 0.01)
SLOW = Spread(0.4, 0.4, 0.5)
KEPT = ReadingLoad(volumes=1, kept=2, unkept=0, excess=0.0, worst=None)


def make_loop(*, workers=1, waiting=0.5, step=0.1):
    wait = Spread(*[step * waiting / (1 - waiting)] * 3)
    return Loop(workers, wait, Spread(step, step, step), waiting, batches_a_second=1.0)


def judge(loop, *, slow="read", load=KEPT, device="cuda", cores=8):
    parts = dict.fromkeys(("read", "augment", "encode"), QUICK) | {slow: SLOW}
    return judge_loop(loop, parts, load, device=device, cores=cores)


def test_a_profile_has_each_stage_and_the_loop(make_config):
    seen = []
    config = make_config({"heads": {"near": {"target": "boundary", "label": "labels"}}})
    measured = profile_training(config, options=ProfileOptions(steps=2), progress=lambda *told: seen.append(told))
    assert measured.reading.median > 0
    assert measured.encoding.median > 0
    assert measured.network.low <= measured.network.median <= measured.network.high
    assert [loop.workers for loop in measured.loops] == [0]
    assert 0 < measured.loops[0].waiting < 1
    assert [told for told in seen if told[0] == "batches"] == [("batches", number, 6) for number in range(1, 7)]
    assert measured.to_dict()["loops"][0]["wait"]["median"] > 0


@pytest.mark.slow
def test_workers_are_measured_beside_none(make_config):
    config = make_config({"data": {**make_config().data.model_dump(mode="json"), "num_workers": 1}})
    measured = profile_training(config, options=ProfileOptions(steps=2, without_workers=True))
    assert [loop.workers for loop in measured.loops] == [1, 0]


def test_a_loop_that_hardly_waits_needs_no_change():
    assert "the network is the limit (2% of the time" in judge(make_loop(waiting=0.02))


def test_more_workers_are_advised_while_there_are_cores():
    assert "set data.num_workers=5, it is 1" in judge(make_loop())
    assert "set data.num_workers=3, it is 0" in judge(make_loop(workers=0), device="cpu", cores=4)


@pytest.mark.parametrize(
    ("slow", "cure"),
    [("read", "a faster disk"), ("augment", "thin out data.augmentations"), ("encode", "a simpler target")],
)
def test_where_workers_do_not_help_the_longest_stage_is_named(slow, cure):
    assert cure in judge(make_loop(workers=8), slow=slow)


def test_large_chunks_are_told_before_the_disk_is_blamed():
    load = ReadingLoad(volumes=9, kept=2, unkept=1, excess=100.0, worst="a.tif")
    assert "a.tif decodes 100 voxels" in judge(make_loop(workers=8), load=load)


def test_a_fold_that_is_not_there_is_refused(make_config):
    with pytest.raises(ConfigError, match="no fold 7; choose 0 to 1"):
        profile_training(make_config(), options=ProfileOptions(fold=7))


def test_a_spread_needs_two_steps():
    with pytest.raises(ConfigError, match="steps is 2 or more; got 1"):
        ProfileOptions(steps=1)
