"""What the person at the terminal reads: lines with the seconds since the start."""

import io
import os
import time

# Set by the first process of a start, so that its children count from the same moment.
BEGAN = "CAUKIEU_BEGAN"


def begin() -> None:
    os.environ.setdefault(BEGAN, str(time.monotonic()))


def seconds() -> float:
    return time.monotonic() - float(os.environ.get(BEGAN) or time.monotonic())


def say(text: str) -> None:
    print(f"[{seconds():5.1f} s] {text}", flush=True)


class Lines(io.TextIOBase):
    """A text stream for programs that print: each whole line becomes one of ours."""

    def __init__(self) -> None:
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in filter(str.strip, lines):
            say(f"  {line.strip()}")
        return len(text)
