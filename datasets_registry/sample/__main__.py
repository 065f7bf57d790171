"""`python -m datasets_registry.sample --out DIR [--seed N]` writes the sample corpus."""

import argparse
from pathlib import Path

from datasets_registry.sample.generate import FULL_SIZE, SEED, generate


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(prog="python -m datasets_registry.sample", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder to write documents, truth and questions to"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--documents", type=int, default=FULL_SIZE)
    options = parser.parse_args()
    generate(options.out, seed=options.seed, documents=options.documents)


if __name__ == "__main__":
    main()
