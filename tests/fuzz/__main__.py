"""`python -m tests.fuzz READER... --count N`: read mutated files, and print what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.harness import fuzz, mutated_file
from tests.fuzz.readers import READERS


def main() -> int:
    """Fuzz the readers that are named; return 1 if a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="+", choices=[*READERS, "all"], metavar="READER")
    parser.add_argument("--count", type=int, default=1000, help="files per reader")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--keep", type=Path, help="directory for one file per fault")
    given = parser.parse_args()
    names = list(READERS) if "all" in given.readers else given.readers
    failed = False
    for name in names:
        reader, start = READERS[name], time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            faults = fuzz(reader, Path(folder), count=given.count, seed=given.seed, first=given.first)
            kinds = ", ".join(f"{kind} {number:,}" for kind, number in faults.outcomes.most_common())
            print(f"{name}: {faults.count:,} files in {time.monotonic() - start:.0f} s: {kinds}", flush=True)
            seeds = reader.seeds(Path(folder))
        for (kind, place), number in faults.examples.items():
            failed = True
            print(f"  file {number}: {kind} {place}", flush=True)
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                data = mutated_file(reader, seeds, given.seed, number)
                (given.keep / f"{name}-{given.seed}-{number}{reader.suffix}").write_bytes(data)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
