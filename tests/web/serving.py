"""The server as a process of its own, and a browser in front of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

RUN = "import sys; sys.argv[0] = 'metaprobe'; from metaprobe.cli.main import main; main()"
COMMAND = (sys.executable, "-c", RUN, "curate", "review")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WAIT_SECONDS = 60


class Server:
    """`metaprobe curate review` on a free port."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder, self.base = folder, f"http://127.0.0.1:{self.port}"
        self.said, self.links = "", dict[str, str]()
        self.start(*options)

    def start(self, *options: str) -> None:
        """Start it, and wait until it answers."""
        log = self.folder / "server.log"
        with log.open("w") as out:
            self.process = subprocess.Popen(
                [*COMMAND, str(self.folder), "--port", str(self.port), *options],
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        for _ in range(10 * WAIT_SECONDS):
            if self.process.poll() is not None:
                break
            if "Stop with Ctrl-C" in log.read_text() and self._answers():
                break
            time.sleep(0.1)
        self.said = log.read_text()
        assert self.process.poll() is None, self.said
        self.links |= dict(re.findall(r"^  (\S+) +(http\S+/enter/\S+)$", self.said, re.MULTILINE))

    def kill(self) -> None:
        """End it as a crash would, if it has not ended."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; return the exit status and all that was said."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(WAIT_SECONDS)
        return status, (self.folder / "server.log").read_text()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.base}/static/icon.svg") as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
