"""Vietnamese must be compiled before anything speaks; the catalogue is not kept in git."""

import subprocess
import sys

from backend.local import servers
from backend.local.state import StartError

LOCALE = servers.ROOT / "backend" / "locale"
COMPILER = servers.ROOT / "scripts" / "messages"
CATALOGUE = LOCALE / "vi" / "LC_MESSAGES" / "django.mo"


def is_stale() -> bool:
    """Whether a source of the catalogue is younger than the catalogue."""
    if not CATALOGUE.exists():
        return True
    made = CATALOGUE.stat().st_mtime_ns
    return any(file.stat().st_mtime_ns > made for file in [COMPILER, *LOCALE.glob("parts/*.po")])


def compile_when_stale() -> None:
    if not is_stale():
        return
    done = subprocess.run([sys.executable, str(COMPILER)], capture_output=True, text=True)
    if not CATALOGUE.exists():
        raise StartError(f"The Vietnamese texts could not be compiled:\n{done.stderr[-2000:]}")
