"""A chat server of OpenAI's protocol in a thread, with replies that a test decides."""

import json
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""


def chat(content: str | None, *, reason: str = "stop", **message: Any) -> Answer:
    """A well-formed answer."""
    choice = {"message": {"role": "assistant", "content": content, **message}}
    choice["finish_reason"] = reason
    body = {"choices": [choice], "usage": {"completion_tokens": len(content or "")}}
    return 200, {}, json.dumps(body).encode()


def solve(asked: Request) -> Answer:
    """Solve `a + b`, right for three seeds of four, with a thought where thinking is on."""
    first, second = map(int, re.findall(r"\d+", asked["messages"][0]["content"])[:2])
    value = first + second + (asked["seed"] % 4 == 0)
    thinks = asked["chat_template_kwargs"]["enable_thinking"]
    thought = f"<think>\nAdd {first} and {second}.\n</think>\n\n" if thinks else ""
    return chat(f"{thought}The answer is \\boxed{{{value}}}. ({asked['seed']})")


class FakeServer(ThreadingHTTPServer):
    """Answers by `reply`, and keeps what it was asked."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        self.reply: Callable[[Request], Answer] = solve
        self.asked: list[Request] = []
        self.headers: list[dict[str, str]] = []
        self.pause = 0.0
        self.busy = self.busiest = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/v1"

    def __enter__(self) -> "FakeServer":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that leave."""


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        fake = self.server
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        asked["path"] = self.path
        with fake.lock:
            fake.asked.append(asked)
            fake.headers.append(dict(self.headers))
            fake.busy += 1
            fake.busiest = max(fake.busiest, fake.busy)
        time.sleep(fake.pause)
        status, headers, body = fake.reply(asked)
        with fake.lock:
            fake.busy -= 1
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
