#!/usr/bin/env python3
"""Runs a command on a kernel that has less: `without.py CALL=ERRNO… -- COMMAND…`; the system calls fail in it.

A seccomp filter does that, as container engines have it; x86_64 and aarch64.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "landlock_create_ruleset": {"x86_64": 444, "aarch64": 444},
    "seccomp": {"x86_64": 317, "aarch64": 277},
    "unshare": {"x86_64": 272, "aarch64": 97},
}
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
FAIL, ALLOW = 0x00050000, 0x7FFF0000


def lose(call, code):
    number = NUMBERS[call][platform.machine()]
    filters = [(LOAD, 0, 0, 0), (EQUAL, 0, 1, number), (RETURN, 0, 0, FAIL | code), (RETURN, 0, 0, ALLOW)]
    raw = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in filters))
    program = struct.pack("HxxxxxxQ", len(filters), ctypes.addressof(raw))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "no filter can be loaded here")


if __name__ == "__main__":
    end = sys.argv.index("--")
    for word in sys.argv[1:end]:
        name, _, code = word.partition("=")
        lose(name, getattr(errno, code or "EPERM"))
    os.execvp(sys.argv[end + 1], sys.argv[end + 1 :])
