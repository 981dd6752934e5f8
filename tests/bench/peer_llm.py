"""Asks the model `mock` N questions, 16 at a time, through llm's Python interface: peer_llm.py N"""

import concurrent.futures
import sys

import llm

model = llm.get_model("mock")


def ask(n):
    question = f"Question number {n}: what is a Merkle tree?"
    return model.prompt(question, stream=False, temperature=0, seed=7, max_tokens=64).text()


with concurrent.futures.ThreadPoolExecutor(16) as pool:
    assert all(pool.map(ask, range(int(sys.argv[1]))))
