"""The ranks of a contender: processes that are all told what this one is told, line by line."""

import socket
import subprocess
import sys


def start(prefixes: list[list[str]], environment: dict[str, str]) -> list[subprocess.Popen]:
    """This program once more for each prefix of a command, as --rank=0, 1, … with one --port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return [
        subprocess.Popen(
            [*prefix, sys.executable, *sys.argv, f"--rank={rank}", f"--port={port}"],
            stdin=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for rank, prefix in enumerate(prefixes)
    ]


def pass_on(ranks: list[subprocess.Popen]) -> None:
    """Ends when standard input or the command `quit` does, with the worst status of the ranks."""
    for line in sys.stdin:
        for rank in ranks:
            rank.stdin.write(line)
            rank.stdin.flush()
        if line.strip() == "quit":
            break
    for rank in ranks:
        rank.stdin.close()
    sys.exit(max(abs(rank.wait()) for rank in ranks))
