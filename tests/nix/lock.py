#!/usr/bin/env python3
"""Holds flake.lock against flake.nix, without nix: ours, and the one that `tlab init` lays down. TAP.

A lock of version 7 in which each input of flake.nix has a commit and a hash, and was locked for the URL
that flake.nix has: of another one nix would ask the network. Then it is shown locks with a fault each.
"""

import copy
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = [".", "lua/host/init/files"]
INPUT = re.compile(r'^\s*inputs\.(\w+)\.url = "([^"]+)";$', re.M)


def node_problems(name, url, node):
    """What is wrong with the node of one input."""
    found = []
    locked, original = node.get("locked", {}), node.get("original", {})
    if not re.fullmatch("[0-9a-f]{40}", str(locked.get("rev"))):
        found.append(f"{name}: rev is no commit: {locked.get('rev')}")
    if not re.fullmatch("sha256-[A-Za-z0-9+/]{43}=", str(locked.get("narHash"))):
        found.append(f"{name}: narHash is no hash: {locked.get('narHash')}")
    if not isinstance(locked.get("lastModified"), int):
        found.append(f"{name}: lastModified is no number")
    was = "{type}:{owner}/{repo}/{ref}".format_map({"type": "?", "owner": "?", "repo": "?", "ref": "?", **original})
    if was != url:
        found.append(f"{name}: flake.nix has {url}, locked was {was}")
    for key in ("type", "owner", "repo"):
        if locked.get(key) != original.get(key):
            found.append(f"{name}: {key} is {locked.get(key)}, asked was {original.get(key)}")
    return found


def problems(flake, lock):
    """What is wrong, in words; nothing when the lock is right."""
    if lock.get("version") != 7:
        return [f"version is {lock.get('version')}, not 7"]
    inputs = dict(INPUT.findall(flake))
    if not inputs:
        return ["flake.nix has no input"]
    nodes = lock.get("nodes", {})
    named = nodes.get(lock.get("root"), {}).get("inputs", {})
    found = [f"{name}: not an input of flake.nix" for name in named if name not in inputs]
    for name, url in inputs.items():
        node = nodes.get(named.get(name))
        found += node_problems(name, url, node) if node else [f"{name}: not locked"]
    return found


def changed(lock, *path, to=None):
    """The lock with another value there; without one, it is gone."""
    other = copy.deepcopy(lock)
    at = other
    for key in path[:-1]:
        at = at[key]
    if to is None:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return other


def faults(lock):
    """What is planted, the lock with it, and a word of the problem that is found."""
    node = ("nodes", "nixpkgs")
    return [
        ("an old version", changed(lock, "version", to=6), "not 7"),
        ("no input is locked", changed(lock, "nodes", "root", "inputs", "nixpkgs"), "not locked"),
        ("the node is gone", changed(lock, *node), "not locked"),
        ("one input too many", changed(lock, "nodes", "root", "inputs", "other", to="nixpkgs"), "not an input"),
        ("a short commit", changed(lock, *node, "locked", "rev", to="fd14620"), "no commit"),
        ("no hash", changed(lock, *node, "locked", "narHash"), "no hash"),
        ("a hash of another kind", changed(lock, *node, "locked", "narHash", to="sha256-" + "0" * 52), "no hash"),
        ("no date", changed(lock, *node, "locked", "lastModified"), "lastModified"),
        ("locked for another branch", changed(lock, *node, "original", "ref", to="nixos-25.11"), "locked was"),
        ("another repository", changed(lock, *node, "locked", "owner", to="somebody"), "owner is"),
    ]


def main():
    tests = []
    for folder in FOLDERS:
        flake = (ROOT / folder / "flake.nix").read_text(encoding="utf-8")
        lock = json.loads((ROOT / folder / "flake.lock").read_text(encoding="utf-8"))
        tests.append((f"{folder}/flake.lock", problems(flake, lock)))
    for what, broken, word in faults(lock):
        found = problems(flake, broken)
        told = any(word in problem for problem in found)
        tests.append((f"planted: {what}", [] if told else [f"found was: {found}"]))
    print(f"1..{len(tests)}")
    for number, (name, wrong) in enumerate(tests, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for line in wrong:
            print(f"# {line}")
    return any(wrong for _, wrong in tests)


if __name__ == "__main__":
    raise SystemExit(main())
