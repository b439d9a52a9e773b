"""The name of every file in a run, a model and a prediction."""

CONFIG = "config.yaml"
FOLDS = "folds.json"
SUMMARY = "summary.json"
REPORT = "report.html"
METRICS = "metrics.csv"
LOG = "train.log"
PREVIEWS = "previews"
WARM_START = "warm_start.json"
CHECKPOINTS = "checkpoints"
BEST = "best.ckpt"
LAST = "last.ckpt"
SWA = "swa.ckpt"
EMA = "ema.ckpt"
EPOCHS = "epoch_*.ckpt"

MODEL = "model"
MODEL_LAST = "model_last"
MODEL_SWA = "model_swa"
MODEL_EMA = "model_ema"
MODEL_EPOCHS = "model_epoch_*"
MODEL_JSON = "model.json"
WEIGHTS = "weights.safetensors"


def name_epoch(number: int) -> str:
    """The checkpoint of one epoch, counted from 1."""
    return f"epoch_{number:04d}.ckpt"


def name_model(checkpoint: str) -> str:
    """The model folder with the weights of a checkpoint."""
    return MODEL if checkpoint == BEST else f"{MODEL}_{checkpoint.removesuffix('.ckpt')}"


def name_fold(number: int) -> str:
    """The folder of one fold."""
    return f"fold_{number}"
