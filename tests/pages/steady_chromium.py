#!/usr/bin/env python3
"""Chromium, but for one thing: it hears of no change of the machine's networks.

It drops requests that wait for a connection whenever an interface comes or goes (`ERR_NETWORK_CHANGED`), and other
tests make and remove those of containers all the while. Where the kernel gives it no netlink socket, it takes the
network to be there.
"""

import ctypes
import errno
import os
import platform
import shutil
import struct
import sys

SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # the system call's number
AF_NETLINK = 16
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # <linux/bpf_common.h>
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # <linux/seccomp.h>
NUMBER, FIRST_ARGUMENT = 0, 16  # where they lie in `struct seccomp_data`

program = b"".join(
    struct.pack("HBBI", *line)
    for line in (
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, SOCKET),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    )
)


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


prctl = ctypes.CDLL(None, use_errno=True).prctl
for call in (
    (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
    (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Filter(len(program) // 8, program)), 0, 0),
):
    if prctl(*call):
        sys.exit(f"steady_chromium: {os.strerror(ctypes.get_errno())}")
found = shutil.which("chromium")
if found is None:
    sys.exit("steady_chromium: chromium is not installed")
os.execv(found, [found, *sys.argv[1:]])
