"""The way past Python to the system: the C library, and the promise that must come before a restriction."""

from __future__ import annotations

import ctypes

_PR_SET_NO_NEW_PRIVS = 38


def libc() -> ctypes.CDLL:
    """The C library of this process, with its error numbers kept."""
    return ctypes.CDLL(None, use_errno=True)


def give_up_privileges() -> bool:
    """Let no program that this process runs gain privileges: one that runs as another user must not inherit a
    restriction. Says whether the system agreed. Linux alone.
    """
    return bool(libc().prctl(_PR_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0)
