"""What waits in the server for a browser that does not read, behind the server that production runs."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import websockets
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

from config import unread
from tests.config.flood import PIECE
from tests.parts import wait_until
from tests.up.parts import free_port


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    found = free_port()
    command = (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(found), "tests.config.flood:application")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: _answers(found), 20)
    yield found
    process.kill()
    process.wait()


@contextlib.contextmanager
def browser(port: int, pieces: int) -> Iterator[ClientConnection]:
    """One that reads nothing by itself, and whose machine takes little."""
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    wire.connect(("127.0.0.1", port))
    with connect(f"ws://127.0.0.1:{port}/{pieces}/", sock=wire, max_queue=1, close_timeout=1) as opened:
        yield opened


def test_what_is_read_late_comes_whole(port: int) -> None:
    """In its order, and before the close."""
    pieces = 40
    assert pieces * PIECE < unread.MOST
    with browser(port, pieces) as opened:
        for number in range(pieces):
            assert opened.recv(5) == number.to_bytes(2, "big") * (PIECE // 2)
        opened.send("read")
        with pytest.raises(websockets.ConnectionClosedOK):
            opened.recv(5)


def test_who_reads_nothing_is_cut_off(port: int) -> None:
    """Of 64 MiB the server has held 4 at most, and the machine's own buffers some more."""
    with browser(port, 1024) as opened:
        received = 0
        with contextlib.suppress(websockets.ConnectionClosedError):
            while True:
                received += len(opened.recv(5))
        assert opened.close_code in {4408, 1006}  # the latter where it took longer than a second to come to the close
        assert received < 16 * 2**20


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
def test_who_pings_without_end_is_cut_off(port: int, opcode: Opcode) -> None:
    """And reads none of the answers, which no window bounds; nobody else is made to wait."""
    frame = Frame(opcode, b"x" * 125).serialize(mask=True)
    with browser(port, 0) as opened:
        assert opened.ping().wait(5)
        assert poured(opened.socket, 100 * frame) < 2**23


def poured(wire: socket.socket, data: bytes) -> int:
    """How much of it was taken before the connection was cut off; 16 MiB at most."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < 2**24:
            wire.sendall(data)
            sent += len(data)
    return sent
