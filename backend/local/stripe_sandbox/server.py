"""The HTTP side: authorisation, faults, idempotency, judgement, answers."""

import hashlib
import json
import re
import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from backend.local.stripe_sandbox import api, control, faults, forms, judge, pages
from backend.local.stripe_sandbox.errors import Refusal
from backend.local.stripe_sandbox.events import Postman
from backend.local.stripe_sandbox.store import VERSION, Object, Store, public

KEY = "sk_test_sandbox"
SDK_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KEY_LASTS_S = 24 * 3600
MOST_BYTES = 1_000_000
Answer = tuple[int, Any, dict[str, str]]


class Server(ThreadingHTTPServer):
    """One sandbox on one loopback port."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, store: Store) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store = store
        self.postman = Postman(store)
        self.postman.start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    # One write per answer: small packets one by one wait for acknowledgements.
    wbufsize = 65_536
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: bodies and keys do not belong into a log."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        target = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        if size > MOST_BYTES:
            self._send(413, {}, {"Connection": "close"})
            return
        body = self.rfile.read(size).decode(errors="replace")
        if target.path.startswith("/v1/"):
            self._serve_api(target.path, target.query if self.command == "GET" else body)
        elif target.path.startswith("/_sandbox/"):
            self._serve_control(target.path.removeprefix("/_sandbox/"), body)
        else:
            page = pages.answer(self.server.store, self.server.base, self.command, target.path,
                                parse_qs(body))  # fmt: skip
            self._send_page(*page)

    # --- the API --------------------------------------------------------------------------------

    def _serve_api(self, path: str, text: str) -> None:
        store = self.server.store
        with store.lock:
            store.options["request_count"] += 1
            fault = faults.pick(store, self.command, path, text)
        if fault and fault["when"] == "before" and self._break(fault, None):
            return
        answer = self._answer(path, text, fault)
        if fault and self._break(fault, answer):
            return
        self._send(*answer)

    def _answer(self, path: str, text: str, fault: Object | None) -> Answer:
        try:
            self._check_key()
            return self._once(path, text, fault)
        except Refusal as refusal:
            return refusal.http_status, {"error": refusal.error}, refusal.headers

    def _check_key(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refusal(401, "invalid_request_error", "Invalid API Key provided.", keep=False)

    def _once(self, path: str, text: str, fault: Object | None) -> Answer:
        """Run the call, or give back what the same idempotency key was answered before."""
        store, key = self.server.store, self.headers.get("Idempotency-Key", "")
        call, id_ = api.find(self.command, path)
        sha256 = hashlib.sha256(f"{self.command} {path} {text}".encode()).hexdigest()
        if self.command != "POST" or not key:
            with store.lock:
                return self._run(call, id_, text)
        with store.lock:
            known = store.keys.get(key)
            if known and store.now() - known["at"] >= KEY_LASTS_S:
                known = store.keys.pop(key) and None
            if known is not None:
                return self._replay(known, sha256)
            store.keys[key] = {"sha256": sha256, "at": store.now(), "answer": None}
        try:
            with store.lock:
                answer = self._run(call, id_, text)
        except Refusal as refusal:
            with store.lock:
                if refusal.keep:
                    kept = (refusal.http_status, {"error": refusal.error}, refusal.headers)
                    store.keys[key]["answer"] = kept
                else:
                    store.keys.pop(key, None)
            raise
        late = faults.refusal_of(fault["action"], fault) if fault else None
        if late and late.keep and fault and fault["when"] == "after":
            answer = (late.http_status, {"error": late.error}, late.headers)
        if fault and fault["action"] == "slow" and fault["when"] == "after":
            time.sleep(fault["seconds"])  # the key is in use until the answer is ready
        with store.lock:
            store.keys[key]["answer"] = answer
        return answer

    def _replay(self, known: Object, sha256: str) -> Answer:
        if known["sha256"] != sha256:
            raise Refusal(
                400, "idempotency_error", "Keys for idempotent requests can only be used with the "
                "same parameters they were first used with.", keep=False,
            )  # fmt: skip
        if known["answer"] is None:
            raise Refusal(409, "idempotency_error", "Another request with this key is running.",
                          keep=False, code="idempotency_key_in_use")  # fmt: skip
        status, body, headers = known["answer"]
        return status, body, {**headers, "Idempotent-Replayed": "true"}

    def _run(self, call: str, id_: str, text: str) -> Answer:
        store = self.server.store
        try:
            fields = forms.decode(text)
        except ValueError as error:
            raise Refusal(400, "invalid_request_error", str(error), keep=False) from None
        self._judge(call, fields)
        if "payment_method_types" in fields:
            raise Refusal(
                400, "invalid_request_error", "Received unknown parameter: payment_method_types",
                keep=False, code="parameter_unknown", param="payment_method_types",
            )  # fmt: skip
        api.run_later(store)
        expand = [str(path) for path in fields.pop("expand", [])]
        found = api.CALLS[call](store, id_, fields, self.server.base)
        return 200, public(store, found, expand), {}

    def _judge(self, call: str, fields: Object) -> None:
        """Note what the SDK's types do not allow, calls without our key or of another version."""
        found = judge.violations_of(call, fields)
        key = self.headers.get("Idempotency-Key", "")
        # The SDK makes a key up when it gets none; such a key is new at every try.
        if self.command == "POST" and (not key or SDK_KEY.fullmatch(key)):
            found.append(f"{call}: no Idempotency-Key of ours")
        version = self.headers.get("Stripe-Version")
        if version != VERSION:
            found.append(f"{call}: Stripe-Version {version}")
        self.server.store.violations += [{"violation": f} for f in found]

    # --- breaking the wire ----------------------------------------------------------------------

    def _break(self, fault: Object, answer: Answer | None) -> bool:
        """Whether the fault answered in place of the call. `answer` is None before the effect."""
        action = fault["action"]
        if (fault["when"] == "before") != (answer is None):
            return False
        refusal = faults.refusal_of(action, fault)
        if refusal:
            self._send(refusal.http_status, {"error": refusal.error}, refusal.headers)
        elif action == "slow":
            if answer is None:
                time.sleep(fault["seconds"])
            return False
        elif action == "timeout":
            time.sleep(fault["seconds"])
            self.close_connection = True
        elif action == "reset":
            # Linger of zero: the kernel sends RST in place of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif action == "garbage":
            self._send_page(200, "<html><h1>502 Bad Gateway</h1></html>", {})
        elif action == "truncated":
            self._send_truncated(answer)
        return True

    def _send_truncated(self, answer: Answer | None) -> None:
        body = json.dumps(answer[1] if answer else {"object": "none"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True

    # --- the rest -------------------------------------------------------------------------------

    def _serve_control(self, name: str, body: str) -> None:
        try:
            told = json.loads(body) if body else {}
            if name == "deliver":
                self._send(200, self.server.postman.deliver(told), {})
                return
            self._send(
                200, control.run(self.server.store, self.server.postman, name, told,
                                 self.server.base), {},
            )  # fmt: skip
        except Refusal as refusal:
            self._send(refusal.http_status, {"error": refusal.error}, refusal.headers)
        except (ValueError, KeyError, TypeError) as error:
            self._send(400, {"error": {"message": repr(error)}}, {})

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Request-Id", f"req_{time.monotonic_ns():x}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def _send_page(self, status: int, html: str, headers: dict[str, str]) -> None:
        data = html.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Security-Policy",
                         "default-src 'none'; style-src 'unsafe-inline'")  # fmt: skip
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()
