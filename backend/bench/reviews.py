"""`./scripts/bench reviews`: queue and case of an office with 1,000 and with 100,000 cases.

Runs tests/reviews/test_scale.py on a database of its own and prints medians and 95th percentiles;
it fails when a page needs more than its queries or grows by more than half.
"""

import subprocess
import sys

from backend.bench.api import ROOT


def main() -> int:
    command = [str(ROOT / "scripts" / "test"), "-m", "slow", "-s", "-n", "0",
               "tests/reviews/test_scale.py"]  # fmt: skip
    return subprocess.run(command, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
