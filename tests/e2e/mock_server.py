"""An OpenAI-compatible server that invents its answers, quickly, and fails when told to.

    python3 tests/e2e/mock_server.py [--delay-ms N] [--key KEY]
    → {"pid": 4711, "url": "http://127.0.0.1:39803/v1"}      stop it: kill PID; or --stdin, and close that

Answers depend on the request alone: the same request gets the same words, so that two runs can be compared.
Each POST takes the next step of the script, and answers normally when there is none:

    POST /_script   [{"fault": "status", "status": 429, "retry_after": 1}, {"fault": "reset"}, {}]
    GET  /_journal  what was asked: [{"at", "method", "path", "headers", "body"}]
    POST /_reset    forget script and journal

Faults: see `FAULTS` below; `{"delay_ms": N}` goes with any of them, `{}` is a normal answer.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import socket
import struct
import sys
import time

WORDS = [
    "a",
    "tree",
    "of",
    "hashes",
    "says",
    "which",
    "leaf",
    "was",
    "changed",
    "and",
    "how",
    "to",
    "prove",
    "it",
    "to",
    "anyone",
    "who",
    "asks",
]


class State:
    def __init__(self, delay_ms=0, key=None):
        self.delay_ms = delay_ms
        self.key = key
        self.script = []
        self.journal = []


# --- what a healthy server says ------------------------------------------------------------------


def words_for(asked):
    """A few words chosen by the request: its messages and its seed."""
    told = json.dumps([asked.get("messages"), asked.get("seed")], sort_keys=True).encode()
    digest = hashlib.sha256(told).digest()
    count = max(1, min(4 + digest[0] % 8, asked.get("max_tokens", 64)))
    return [WORDS[byte % len(WORDS)] for byte in digest[1 : 1 + count]]


def usage_for(asked, words):
    prompt = sum(len(str(m.get("content", "")).split()) for m in asked.get("messages", []))
    return {"prompt_tokens": prompt, "completion_tokens": len(words), "total_tokens": prompt + len(words)}


def base_of(asked, kind):
    return {
        "id": "chatcmpl-mock",
        "object": kind,
        "created": 1700000000,
        "model": asked.get("model", "mock"),
        "system_fingerprint": "mock-1",
    }


def fitting(schema, text, file):
    """A value of a schema: each text is the same, as far as it may go, each list has one item, a `file` was named."""
    if schema.get("type") == "array":
        return [fitting(schema["items"], text, file)]
    if "properties" in schema:
        return {
            name: file if name == "file" else fitting(part, text, file) for name, part in schema["properties"].items()
        }
    return text[: schema.get("maxLength")]


def formed(asked, text):
    """The answer that a response_format asks for."""
    schema = asked["response_format"].get("json_schema", {}).get("schema", {})
    if "properties" not in schema:
        return json.dumps({"answer": text})
    named = re.search(r"^FILE (.+)$", str(asked["messages"][-1].get("content")), re.M)
    return json.dumps(fitting(schema, text, named[1] if named else text))


def whole(asked):
    words = words_for(asked)
    text = " ".join(words)
    if asked.get("response_format"):
        text = formed(asked, text)
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {**base_of(asked, "chat.completion"), "choices": [choice], "usage": usage_for(asked, words)}


def events(asked):
    """The events of a streamed answer, without the closing [DONE]."""
    words = words_for(asked)
    base = base_of(asked, "chat.completion.chunk")
    pieces = [words[0]] + [" " + word for word in words[1:]]
    deltas = [{"role": "assistant", "content": None}] + [{"content": piece} for piece in pieces]
    for delta in deltas:
        yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    if asked.get("stream_options", {}).get("include_usage"):
        yield {**base, "choices": [], "usage": usage_for(asked, words)}


# --- bytes ---------------------------------------------------------------------------------------

REASONS = {
    200: "OK",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def head(status, **headers):
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}"]
    lines += [f"{name.replace('_', '-').title()}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(status, value, **headers):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    headers = {"content_type": "application/json", **headers, "content_length": len(body)}
    return head(status, **headers) + body


def problem(status, message, **headers):
    return answer(status, {"error": {"code": status, "message": message, "type": "mock_error"}}, **headers)


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def event(value):
    return chunk(b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n")


STREAM_HEAD = head(200, content_type="text/event-stream", transfer_encoding="chunked")


# --- faults: each writes to the connection; True keeps it open -------------------------------------


async def say(peer, asked):
    if asked.get("stream"):
        peer.write(STREAM_HEAD + b"".join(map(event, events(asked))) + event(b"[DONE]") + chunk(b""))
    else:
        peer.write(answer(200, whole(asked)))
    return True


async def status(peer, asked, step):
    headers = {"retry_after": step["retry_after"]} if "retry_after" in step else {}
    peer.write(problem(step.get("status", 500), step.get("message", "told to fail"), **headers))
    return True


async def reset(peer, asked, step):
    linger = struct.pack("ii", 1, 0)  # close() then sends RST
    peer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    return False


async def close(peer, asked, step):
    return False


async def cut_head(peer, asked, step):
    peer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    return False


async def cut_body(peer, asked, step):
    data = answer(200, whole(asked))
    peer.write(data[: step.get("bytes", len(data) - 20)])
    return False


async def cut_stream(peer, asked, step):
    """Chunks, and then the connection is gone; `clean` ends the chunks properly, without [DONE]."""
    peer.write(STREAM_HEAD + b"".join(list(map(event, events(asked)))[: step.get("after", 3)]))
    if step.get("clean"):
        peer.write(chunk(b""))
    return False


async def bad_event(peer, asked, step):
    peer.write(STREAM_HEAD + event(b'{"choices": [') + event(b"[DONE]") + chunk(b""))
    return True


async def error_event(peer, asked, step):
    first = list(map(event, events(asked)))[:2]
    peer.write(STREAM_HEAD + b"".join(first) + event({"error": {"message": "told to fail", "code": 500}}))
    peer.write(event(b"[DONE]") + chunk(b""))
    return True


async def hang(peer, asked, step):
    await asyncio.sleep(3600)


async def stall(peer, asked, step):
    peer.write(STREAM_HEAD + b"".join(list(map(event, events(asked)))[: step.get("after", 2)]))
    await asyncio.sleep(3600)


async def dribble(peer, asked, step):
    """Slow but alive: a byte every `every_ms`."""
    data = answer(200, whole(asked))
    for i in range(len(data)):
        peer.write(data[i : i + 1])
        await asyncio.sleep(step.get("every_ms", 2) / 1000)
    return True


async def garbage(peer, asked, step):
    peer.write(b"\x16\x03\x01 this is no HTTP \x1b[31m\r\n\r\n")
    return False


async def two_lengths(peer, asked, step):
    peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 7\r\n\r\n{}     ")
    return True


async def big_head(peer, asked, step):
    peer.write(head(200, x_big="x" * step.get("bytes", 200_000), content_length=0))
    return True


async def endless(peer, asked, step):
    peer.write(head(200, content_type="application/json"))
    while not peer.is_closing():
        peer.write(b" " * 65536)
        await peer.drain()
    return False


async def body(peer, asked, step):
    """A 200 with whatever `text` says: HTML of a portal, cut JSON, nothing."""
    text = step.get("text", "<html>sign in first</html>").encode("utf-8", "surrogateescape")
    peer.write(answer(200, text, content_type=step.get("content_type", "text/html")))
    return True


async def redirect(peer, asked, step):
    peer.write(head(step.get("status", 307), location=step["to"], content_length=0))
    return True


FAULTS = {
    f.__name__: f
    for f in (
        status,
        reset,
        close,
        cut_head,
        cut_body,
        cut_stream,
        bad_event,
        error_event,
        hang,
        stall,
        dribble,
        garbage,
        two_lengths,
        big_head,
        endless,
        body,
        redirect,
    )
}


# --- connections ---------------------------------------------------------------------------------


async def read_request(reader):
    """(method, path, headers, body), or None at the end of the connection."""
    try:
        block = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = block.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name:
            headers[name.lower()] = value.strip()
    method, path, _ = first.split(" ", 2)
    return method, path, headers, await reader.readexactly(int(headers.get("content-length", 0)))


def control(state, method, path, data):
    if path == "/_script":
        steps = json.loads(data)
        unknown = [s["fault"] for s in steps if s.get("fault", "status") not in FAULTS]
        if unknown:
            return problem(400, f"no such fault: {unknown[0]}")
        state.script = steps
    elif path == "/_reset":
        state.script, state.journal = [], []
    elif path == "/_journal":
        return answer(200, state.journal)
    else:
        return problem(404, "there are /_script, /_journal and /_reset")
    return answer(200, {})


def get(state, path):
    if path == "/health":
        return answer(200, {"status": "ok"})
    if path.endswith("/models"):
        model = {"id": "mock", "object": "model", "owned_by": "tlab"}
        return answer(200, {"object": "list", "data": [model]})
    return problem(404, "no such page")


async def post(peer, state, path, headers, data):
    step = state.script.pop(0) if state.script else {}
    await asyncio.sleep(step.get("delay_ms", state.delay_ms) / 1000)
    if state.key and headers.get("authorization") != f"Bearer {state.key}":
        peer.write(problem(401, "invalid key"))
        return True
    try:
        asked = json.loads(data)
    except ValueError:
        peer.write(problem(400, "the request is not JSON"))
        return True
    if "fault" in step:
        return await FAULTS[step["fault"]](peer, asked, step)
    if not path.endswith("/chat/completions"):
        peer.write(problem(404, "no such page"))
        return True
    return await say(peer, asked)


async def serve(reader, peer, state):
    on = True
    try:
        while on and (request := await read_request(reader)):
            method, path, headers, data = request
            if path.startswith("/_"):
                peer.write(control(state, method, path, data))
                continue
            state.journal.append(
                {
                    "at": time.time(),
                    "method": method,
                    "path": path,
                    "headers": headers,
                    "body": data.decode("utf-8", "replace"),
                }
            )
            if method == "GET":
                peer.write(get(state, path))
            else:
                on = await post(peer, state, path, headers, data)
    except ConnectionError:
        pass
    finally:
        peer.close()


async def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--delay-ms", type=int, default=0, help="time that each answer takes")
    options.add_argument("--key", help="answer 401 to requests without this bearer token")
    options.add_argument("--stdin", action="store_true", help="end when standard input ends")
    chosen = options.parse_args()
    state = State(chosen.delay_ms, chosen.key)
    server = await asyncio.start_server(lambda r, w: serve(r, w, state), "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"pid": os.getpid(), "url": f"http://127.0.0.1:{port}/v1"}), flush=True)
    if chosen.stdin:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    else:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
