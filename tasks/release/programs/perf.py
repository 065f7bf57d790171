"""`evalscope perf` with the API key taken from the environment, so that it stands in no process list.

Runs in the evalscope environment: `EVALSCOPE_API_KEY=... python -m tasks.release.programs.perf --url URL ...` with
the flags of `evalscope perf`.
"""

import os
import sys


def main() -> None:
    """Hand the command line on to EvalScope, the key added inside this process."""
    from evalscope.cli.cli import run_cmd  # noqa: PLC0415 only there in the evalscope environment

    sys.argv = ["evalscope", "perf", *sys.argv[1:], "--api-key", os.environ.pop("EVALSCOPE_API_KEY")]
    run_cmd()


if __name__ == "__main__":
    main()
