"""Where the public data sets are, as their publishers say; checksums where somebody published one."""

from dataclasses import dataclass

from volumen.errors import UnknownNameError, suggest_nearest


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set.

    Args:
        part: the word by which it is asked for.
        url: where it is; http or https.
        path: where it goes in the data set's folder; an archive is unpacked beside that.
        checksum: `sha256:…` or `md5:…`; None where none is published, then what came is only written down.
        megabytes: about how many it has, where that is known.
        usual: whether it is fetched when no part is asked for.
        expired: whether the server's certificate is known to have run out; the file is told by its checksum then.
    """

    part: str
    url: str
    path: str
    checksum: str | None = None
    megabytes: int | None = None
    usual: bool = True
    expired: bool = False

    @property
    def is_archive(self) -> bool:
        """Whether it is to be unpacked."""
        return self.path.endswith(".zip")


@dataclass(frozen=True)
class RemoteData:
    """A data set that can be fetched, or that says how it is come by.

    Args:
        name: what it is called here.
        title: what it is.
        layout: how it lies in its folder.
        files: of which it consists.
        by_hand: what to do instead, where no program may fetch it.
    """

    name: str
    title: str
    layout: str
    files: tuple[RemoteFile, ...] = ()
    by_hand: str | None = None


_CREMI = "https://cremi.org/static/data"
_HUGGING = "https://huggingface.co/datasets/pytc"
_MITOEM2 = "https://zenodo.org/records/17635006/files"


def _list_cremi() -> tuple[RemoteFile, ...]:
    cropped = {
        "A": "4c563d1b78acb2bcfb3ea958b6fe1533422f7f4a19f3e05b600bfa11430b510d",
        "B": "887e85521e00deead18c94a21ad71f278d88a5214c7edeed943130a1f4bb48b8",
        "C": "2874496f224d222ebc29d0e4753e8c458093e1d37bc53acd1b69b19ed1ae7052",
    }
    padded = {
        "A": "c95dc4497ce0f0e7b70507c7253230fda95325ee91ea0d3253c9ef94b197050a",
        "B": "22917a25092d0b80175012c152da33e1a1d82e049c4a96dc747145d5ca5d1b87",
        "C": "aba27b165ef005d5fbebe0e3f8775ac903cf273b7e20381dff664d45065a3314",
    }
    named = [(letter, f"sample_{letter}_20160501.hdf", checksum, True) for letter, checksum in cropped.items()]
    named += [
        (f"{letter}-padded", f"sample_{letter}_padded_20160501.hdf", checksum, False)
        for letter, checksum in padded.items()
    ]
    volumes = [
        RemoteFile(part, f"{_CREMI}/{name}", name, f"sha256:{checksum}", usual=usual, expired=True)
        for part, name, checksum, usual in named
    ]
    defects = RemoteFile(
        "defects",
        "https://zenodo.org/records/5767036/files/sample_ABC_padded_defects.h5",
        "sample_ABC_padded_defects.h5",
        "sha256:7b06ffa34733b2c32956ea5005e0cf345e7d3a27477f42f7c905701cdc947bd0",
        usual=False,
    )
    return (*volumes, defects)


def _list_mitoem2() -> tuple[RemoteFile, ...]:
    tissues = ("Beta", "Jurkat", "Macro", "Mossy", "Podo", "Pyra", "Sperm", "Stem")
    names = {tissue: f"Dataset{number:03d}_ME2-{tissue}.zip" for number, tissue in enumerate(tissues, 1)}
    return tuple(RemoteFile(tissue.lower(), f"{_MITOEM2}/{name}", name) for tissue, name in names.items())


CATALOGUE = (
    RemoteData(
        "axonem",
        "AxonEM: axons of human and mouse cortex, nine padded crops each",
        "axonem",
        (
            RemoteFile(
                "human",
                f"{_HUGGING}/AxonEM/resolve/main/EM30-H-train-9vol-pad-20-512-512.zip",
                "human/EM30-H-train-9vol-pad-20-512-512.zip",
                "sha256:0b53d155ff62f5e24c552bf90adce329fcf9a8fefd5c697f8bcd0312a61fda60",
            ),
            RemoteFile(
                "mouse",
                f"{_HUGGING}/AxonEM/resolve/main/EM30-M-train-9vol-pad-20-512-512.zip",
                "mouse/EM30-M-train-9vol-pad-20-512-512.zip",
                "sha256:dae06b5dabe388ab7a0ff4e51548174f041a338d0d06bd665586aa7fdd43bac2",
            ),
        ),
    ),
    RemoteData("cremi", "CREMI: neurons and synaptic clefts of the fly, 125×1250×1250 each", "cremi", _list_cremi()),
    RemoteData(
        "kasthuri",
        "Kasthuri++: mitochondria of mouse cortex",
        "kasthuri",
        (
            RemoteFile(
                "all",
                "http://www.casser.io/files/kasthuri_pp.zip",
                "kasthuri_pp.zip",
                "sha256:bbb78fd205ec9b57feb8f93ebbdf1666261cbc3e0305e7f11583ab5157a3d792",
            ),
        ),
    ),
    RemoteData(
        "lucchi",
        "Lucchi++: mitochondria of mouse hippocampus, 165×768×1024 twice",
        "lucchi",
        (
            RemoteFile(
                "all",
                "http://www.casser.io/files/lucchi_pp.zip",
                "lucchi_pp.zip",
                "sha256:770ce9e98fc6f29c1b1a250c637e6c5125f2b5f1260e5a7687b55a79e2e8844d",
            ),
        ),
    ),
    RemoteData(
        "mitoem",
        "MitoEM: mitochondria of human and rat cortex, 1000×4096×4096 each",
        "mitoem",
        (
            RemoteFile(
                "rat",
                f"{_HUGGING}/EM30/resolve/main/EM30-R-im.zip",
                "rat/EM30-R-im.zip",
                "sha256:6a2cac68adde5d01984542d3ee1d7753d1fa3e6eb2a042ce15ce297c95885bbe",
            ),
            RemoteFile(
                "rat",
                f"{_HUGGING}/MitoEM/resolve/main/EM30-R-mito-train-val-v2.zip",
                "rat/EM30-R-mito-train-val-v2.zip",
                "sha256:c56380ac575428a818bd293ca3509d1249999846c3702ccbf11d308acdd2ae86",
            ),
            RemoteFile(
                "human",
                "https://www.dropbox.com/s/z41qtu4y735j95e/EM30-H-im.zip?dl=1",
                "human/EM30-H-im.zip",
                "sha256:98fe259f36a7d8d43f99981b7a0ef8cdeba2ce2615ff91595f428ae57207a041",
            ),
            RemoteFile(
                "human",
                "https://www.dropbox.com/s/dhf89bc14kemw4e/EM30-H-mito-train-val-v2.zip?dl=1",
                "human/EM30-H-mito-train-val-v2.zip",
                "sha256:0e8ed292cfcd0c58701d9f4299244a1b66d6aeb506c85754c34f98a4eda0ef1b",
            ),
        ),
    ),
    RemoteData("mitoem2", "MitoEM 2.0: mitochondria of eight tissues", "mitoem2", _list_mitoem2()),
    RemoteData(
        "nisb",
        "NISB: synthetic neurons with exact labels, in a bucket that needs no account",
        "nisb",
        by_hand="it is read where it lies: data.root=s3://nisb/base data.layout=nisb",
    ),
    RemoteData(
        "nucmm",
        "NucMM: nuclei of the zebrafish brain and of mouse cortex",
        "nucmm",
        by_hand="it lies on Google Drive: fetch "
        "https://drive.google.com/drive/folders/1_4CrlYvzx0ITnGlJOHdgcTRgeSkm9wT8 with a browser",
    ),
    RemoteData(
        "snemi3d",
        "SNEMI3D: neurons of mouse cortex, 100×1024×1024",
        "snemi3d",
        (
            RemoteFile(
                "original",
                "https://zenodo.org/records/7142003/files/snemi.zip",
                "snemi.zip",
                "md5:3d25a7025f66698f33c7850ace885939",
                195,
            ),
            RemoteFile(
                "embl",
                "https://oc.embl.de/index.php/s/43iMotlXPyAB39z/download",
                "snemi_train.h5",
                "sha256:5b130a24d9eb23d972fede0f1a403bc05f6808b361cfa22eff23b930b12f0615",
                usual=False,
            ),
            RemoteFile(
                "embl-test",
                "https://oc.embl.de/index.php/s/aRhphk35H23De2s/download",
                "snemi_test.h5",
                "sha256:3df3920a0ddec6897105845f842b2665d37a47c2d1b96d4f4565682e315a59fa",
                usual=False,
            ),
        ),
    ),
    RemoteData(
        "surface_detection",
        "Vesuvius Challenge surface detection: papyrus in scroll CT, 786 cases",
        "surface_detection",
        by_hand="Kaggle asks for an account: kaggle competitions download -c vesuvius-challenge-surface-detection, "
        "and unpack the archive",
    ),
)


def find_data(name: str, catalogue: tuple[RemoteData, ...] = CATALOGUE) -> RemoteData:
    """The data set of that name."""
    known = {data.name: data for data in catalogue}
    if name not in known:
        raise UnknownNameError(f"no data set is called {name!r}; {suggest_nearest(name, known)}")
    return known[name]


def list_data() -> tuple[RemoteData, ...]:
    """Every data set that can be fetched or says how it is come by, in order."""
    return CATALOGUE
