"""git's own `git http-backend` behind a small HTTP server on 127.0.0.1, right or with a fault.

    with GitServer(folder) as server:
        server.fault = cut("pack", 1000)
        … f"{server.url}/a.git" …

A fault is a function of the handler and the whole answer (status, headers, body); it sends what it
likes, or returns None: then the answer is sent as it is.
"""

import http.server
import os
import socket
import ssl
import struct
import subprocess
import threading
import time

import real_git

BACKEND = os.path.join(
    subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip(),
    "git-http-backend",
)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def backend(root, handler, body):
    path, _, query = handler.path.partition("?")
    done = subprocess.run(
        [BACKEND],
        input=body,
        capture_output=True,
        check=False,
        env={
            **real_git.NOBODY,
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_ADDR": "127.0.0.1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command,
            "CONTENT_TYPE": handler.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
        },
    )
    head, _, rest = done.stdout.partition(b"\r\n\r\n")
    status, headers = 200, []
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        elif name:
            headers.append((name, value))
    return Answer(status, headers, rest)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        git = self.server.git
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.service = "pack" if self.command == "POST" else "refs"
        git.requests.append((self.command, self.path, dict(self.headers.items())))
        self.answer(git.fault, backend(git.root, self, body))

    do_GET = do_POST = serve

    def answer(self, fault, answer):
        if fault and fault(self, answer):
            return
        self.head(answer)
        self.wfile.write(answer.body)

    def head(self, answer):
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class GitServer:
    def __init__(self, root, certificate=None):
        self.root, self.fault, self.requests = root, None, []
        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.http.git = self
        self.port = self.http.server_port
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http{'s' if certificate else ''}://{self.host}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)

    def __enter__(self):
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()


# --- faults ---


def only(service, what):
    """The fault in answers of one service: "refs" or "pack"."""
    return lambda handler, answer: handler.service == service and what(handler, answer)


def cut(after, reset=False):
    """The connection ends in the middle of the body."""

    def fault(handler, answer):
        handler.head(answer)
        handler.wfile.write(answer.body[:after])
        handler.wfile.flush()
        handler.close_connection = True
        if reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.shutdown(socket.SHUT_RDWR)
        return True

    return fault


def stall(after, seconds):
    """Says nothing more after so many bytes, with the connection open."""

    def fault(handler, answer):
        handler.head(answer)
        handler.wfile.write(answer.body[:after])
        handler.wfile.flush()
        time.sleep(seconds)
        handler.close_connection = True
        return True

    return fault


def drip(size, seconds):
    """A few bytes at a time."""

    def fault(handler, answer):
        handler.head(answer)
        for at in range(0, len(answer.body), size):
            handler.wfile.write(answer.body[at : at + size])
            handler.wfile.flush()
            time.sleep(seconds)
        return True

    return fault


def instead(status, headers=(), body=b""):
    def fault(handler, answer):
        handler.answer(None, Answer(status, list(headers), body))
        return True

    return fault


def flipped(after, skip=0):
    """The byte that stands so many behind the first of these comes changed."""

    def fault(handler, answer):
        body = bytearray(answer.body)
        body[body.index(after) + len(after) + skip] ^= 0xFF
        handler.answer(None, Answer(answer.status, answer.headers, bytes(body)))
        return True

    return fault


# --- repositories ---


class Repository:
    """A bare repository that commits are made in by plumbing."""

    def __init__(self, path, *options):
        self.path = path
        path.mkdir(parents=True)
        real_git.git(path, "init", "-q", "--bare", "-b", "main", *options)

    def commit(self, branch="main", text="x", name="f", parent=True, padding=0):
        blob = self.git("hash-object", "-w", "--stdin", data=text.encode() + os.urandom(padding))
        tree = self.git("mktree", data=f"100644 blob {blob}\t{name}\n".encode())
        known = self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}")
        parents = ["-p", known] if parent and known else []
        commit = self.git("commit-tree", tree, *parents, "-m", f"{text} on {branch}")
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def git(self, *words, **more):
        return real_git.told(self.path, *words, **more)
