"""The command `volumen`: parse, call one verb, print."""


def main() -> int:
    """Run the command line and return its exit code."""
    import sys

    from volumen.cli.app import run

    return run(sys.argv[1:])
