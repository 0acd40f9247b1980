"""Ctrl-C within a query of DuckDB."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from functools import cache


@cache
def interrupt_queries_on_ctrl_c() -> None:
    """From now on a Ctrl-C ends the queries of this process too.

    Python handles a signal in the main thread, which gets to it only when its own query, or the thread that it waits
    for, has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, writing), name="interrupts", daemon=True).start()


def _watch(reading: socket.socket, _writing: socket.socket) -> None:
    """Interrupt all queries for each SIGINT; holds both sockets open."""
    while signals := reading.recv(64):
        # A command that has no query does not import DuckDB.
        if signal.SIGINT in signals and (duck := sys.modules.get("auyl.store.duck")):
            duck.interrupt()
