"""An HTTP server on 127.0.0.1 that answers POSTs with scripted bytes, right or wrong.

    with FaultServer([json_answer("Paris."), reset()]) as server:
        …
        assert server.tries == 2

Each answer of the script is a function of the connection and the request; the last is repeated. GETs are
answered 404 and not counted: a client may ask a server about itself.
"""

import json
import socket
import struct
import threading
import time


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body = body
        self.at = time.monotonic()


class FaultServer:
    def __init__(self, script, get=None):
        self.script = script
        self.get = get
        self.requests = []
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}/v1"
        self.connections = []

    @property
    def tries(self):
        return len(self.posts)

    @property
    def posts(self):
        return [r for r in self.requests if r.method == "POST"]

    def __enter__(self):
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)  # close() alone leaves the thread waiting, for the next one's number
        self.thread.join()
        self.socket.close()
        for connection in self.connections:
            connection.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            request = read_request(connection)
            if request is None:
                return
            with self.lock:
                self.requests.append(request)
                n = self.tries
            if request.method == "GET":
                answer = self.get or status(404, "{}")
            else:
                answer = self.script[min(n, len(self.script)) - 1]
            answer(connection, request)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(1)
            connection.recv(65536)
        except OSError:
            pass
        finally:
            connection.close()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    request = Request(head, body)
    length = int(request.headers.get("content-length", "0"))
    if request.headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(request.body) < length:
        request.body += connection.recv(65536)
    return request


# Answers.


def raw(data):
    """These bytes, then the end of the connection."""
    if isinstance(data, str):
        data = data.encode()
    return lambda connection, request: connection.sendall(data)


def status(code, body, headers=(), kind="application/json"):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {code} Scripted", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    lines += ["Connection: close"]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def error(number, message, headers=(), **more):
    return status(number, json.dumps({"error": {"message": message, **more}}), headers)


def completion(text, **more):
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 32, "completion_tokens": 8, "total_tokens": 40}
    return json.dumps({"choices": [choice], "model": "m", "usage": usage, **more})


def json_answer(text, **more):
    return status(200, completion(text, **more))


def chunk(text=None, finish=None):
    delta = {} if text is None else {"content": text}
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], "model": "m"})


def events(*data, end=b"0\r\n\r\n"):
    """A chunked event stream; without `end` the connection is cut before the last chunk."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    parts = []
    for one in data:
        event = b"data: " + (one if isinstance(one, bytes) else one.encode()) + b"\n\n"
        parts.append(b"%x\r\n%s\r\n" % (len(event), event))
    return raw(head + b"".join(parts) + end)


def stream_answer(*pieces):
    return events(*[chunk(piece) for piece in pieces], chunk(finish="stop"), "[DONE]")


def reset():
    """A TCP reset instead of an answer."""

    def answer(connection, request):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return answer


def silence(first=b""):
    """These bytes, then nothing, with the connection open."""

    def answer(connection, request):
        connection.sendall(first)
        connection.settimeout(60)
        connection.recv(1)

    return answer


def dribble(data, pause=0.1, size=40):
    """The same as `raw`, a few bytes at a time."""

    def answer(connection, request):
        for at in range(0, len(data), size):
            connection.sendall(data[at : at + size])
            time.sleep(pause)

    return answer
