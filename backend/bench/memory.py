"""The most memory that this process held, since its program was loaded."""

import resource
from pathlib import Path


def peak_mb() -> float:
    """MB (2**20 bytes). `getrusage` also counts what the parent held when it started this process,
    so a small child of a large bench would report the bench."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:  # no such file on other systems
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
