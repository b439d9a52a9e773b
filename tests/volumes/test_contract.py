from contract import VolumeContract, worker  # noqa: F401 - a fixture


class TestVolume(VolumeContract):
    pass
