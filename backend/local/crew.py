"""A crew of long-running children: each is started again when it dies, until it keeps dying."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.local import processes, progress
from backend.local.state import StartError

MOST_DEATHS = 5
WITHIN_S = 60.0
LONGEST_PAUSE_S = 8.0
Steps = Sequence[tuple[signal.Signals, float]]


@dataclass
class Service:
    """One child: how it is launched, how it is asked to end, where it writes."""

    name: str
    launch: Callable[[], "subprocess.Popen[bytes]"]
    stop_steps: Steps
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    deaths: list[float] = field(default_factory=list)
    due_at: float = 0.0

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Crew:
    """Services in the order of their start; they end in the opposite order."""

    def __init__(self) -> None:
        self.services: list[Service] = []

    def add(self, service: Service) -> None:
        service.process = service.launch()
        self.services.append(service)

    def check(self) -> None:
        """One round: notice the dead, start again those whose pause is over.

        Raises StartError when a service died too often, with the end of its log.
        """
        for service in self.services:
            if service.is_running():
                continue
            if service.process is not None:
                self._bury(service, f"ended with code {service.process.returncode}")
            if service.process is None and time.monotonic() >= service.due_at:
                self._launch_again(service)

    def _launch_again(self, service: Service) -> None:
        try:
            service.process = service.launch()
        except StartError as error:
            self._bury(service, str(error))
            return
        progress.say(f"{service.name} runs again")

    def _bury(self, service: Service, why: str) -> None:
        now = time.monotonic()
        if service.process is not None:
            end_group(service.process)
        service.process = None
        service.deaths = [t for t in service.deaths if now - t < WITHIN_S] + [now]
        if len(service.deaths) >= MOST_DEATHS:
            raise StartError(
                f"{service.name} keeps ending ({why}). The end of {service.log}:\n"
                f"{processes.last_lines(service.log)}"
            )
        pause = min(0.25 * 2 ** (len(service.deaths) - 1), LONGEST_PAUSE_S)
        service.due_at = now + pause
        progress.say(f"{service.name} {why}; it starts again")

    def stop(self, *, together: Sequence[str]) -> None:
        """End those named in ``together`` at once, then the others, last started first."""
        first = [s for s in self.services if s.name in together and s.is_running()]
        for service in first:
            if service.process is not None:
                service.process.send_signal(service.stop_steps[0][0])
        for service in [*first, *(s for s in reversed(self.services) if s not in first)]:
            if service.process is not None:
                processes.end(service.process, service.stop_steps, told=service in first)
                end_group(service.process)

    def kill(self) -> None:
        """For the impatient: no more waiting. The database recovers at the next start."""
        for service in self.services:
            if service.is_running() and service.process:
                service.process.kill()


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End what a dead child left in its session (workers of a master that was killed)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
