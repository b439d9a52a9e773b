"""`python -m volumen`, for where the command is not on the path."""

import sys

from volumen.cli import main

sys.exit(main())
