"""In whose name buckets are read: what the environment, the home folder and the machine say."""

import os
from collections.abc import Mapping
from pathlib import Path

from volumen.volumes.spec import Options

_VENDOR = Path("/sys/devices/virtual/dmi/id/sys_vendor")
_PRODUCT = Path("/sys/class/dmi/id/product_name")


def describe_amazon(options: Options) -> dict[str, object]:
    """Endpoint, region and credentials of a bucket of Amazon's or of one that speaks the same."""
    endpoint = options.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = options.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    settings: Mapping[str, object] = {
        "endpoint": endpoint,
        "aws_region": region or ("us-east-1" if endpoint else None),
        "aws_credentials": {"type": _choose_credentials(options)},
    }
    return {key: value for key, value in settings.items() if value is not None}


def _choose_credentials(options: Options) -> str:
    """Where credentials are: tensorstore told to look everywhere complains on the error stream of all it misses."""
    if options.anonymous:
        return "anonymous"
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return "environment"
    files = [os.environ.get("AWS_SHARED_CREDENTIALS_FILE"), os.environ.get("AWS_CONFIG_FILE")]
    named = [Path(file) for file in files if file]
    home = Path.home() / ".aws"
    if any(file.is_file() for file in (*named, home / "credentials", home / "config")):
        return "profile"
    return "default" if _is_amazon_machine() else "anonymous"


def _is_amazon_machine() -> bool:
    """Whether a role of this machine or container may give credentials."""
    if any(name.startswith(("AWS_CONTAINER_", "AWS_WEB_IDENTITY_")) for name in os.environ):
        return True
    return _tells(_VENDOR, "Amazon")


def has_google_credentials(options: Options) -> bool:
    """Whether a bucket of Google's is read in somebody's name."""
    known = Path.home() / ".config" / "gcloud" / "application_default_credentials.json"
    there = "GOOGLE_APPLICATION_CREDENTIALS" in os.environ or known.is_file() or _tells(_PRODUCT, "Google")
    return there and not options.anonymous


def _tells(path: Path, word: str) -> bool:
    """Whether a machine says that it is of a maker."""
    return path.is_file() and word in path.read_text(encoding="utf-8", errors="replace")
