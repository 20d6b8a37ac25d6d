"""Messages for people: e-mail, ntfy and chat services, through Apprise and its URLs.

Apprise runs in a child process per message (``people_child.py``): it may hang, follow links or open files, and the
child is killed in time, reaches only addresses that are allowed and starts no programs. The URL, which holds
passwords, goes through the pipe and not through the command line.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import orjson

from pipeline.errors import RefusedError
from pipeline.relay.outcome import Outcome

_ROOT = Path(__file__).parents[2]


def require_library() -> None:
    """Raises RefusedError when Apprise is not installed."""
    if importlib.util.find_spec("apprise") is None:
        raise RefusedError(
            "messages to e-mail, ntfy and chat services cannot be sent",
            "the library apprise is not installed",
            "install it with `pip install 'spotter[channels]'`, or use a webhook (an address with https://)",
        )


def examine(url: str, allowed: str, *, seconds_max: float) -> str:
    """The name of the service a URL means; raises RefusedError when it means none, or one that is not allowed."""
    require_library()
    answer = _ask({"do": "examine", "url": url, "allowed": allowed}, seconds_max)
    if answer.get("service"):
        return str(answer["service"])
    raise RefusedError(
        "the address means no service that can be used",
        str(answer.get("why", "the library gave no reason")),
        "give a webhook (https://…) or a URL of Apprise, such as ntfys://HOST/TOPIC or mailtos://USER:PASSWORD@HOST",
    )


def deliver(url: str, title: str, text: str, *, severity: str, allowed: str, seconds_max: float) -> Outcome:
    """One attempt, done within ``seconds_max``; never raises for what the other side does."""
    asked = {"do": "send", "url": url, "allowed": allowed, "title": title, "text": text, "severity": severity}
    try:
        require_library()
        answer = _ask(asked, seconds_max)
    except RefusedError as error:
        return Outcome("again", f"{error.what}: {error.why}")
    return Outcome("sent" if answer.get("sent") else "again", str(answer.get("why") or "taken by the service"))


def _ask(asked: dict[str, str], seconds_max: float) -> dict[str, object]:
    """What the child answers; it sees no settings and no proxies of this process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SSL_CERT_FILE") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline.relay.people_child"],
            input=orjson.dumps(asked),
            capture_output=True,
            timeout=seconds_max,
            check=False,
            cwd=_ROOT,
            env=kept,
        )
    except subprocess.TimeoutExpired:
        return {"why": f"no answer within {seconds_max:g} s"}
    try:
        answer: dict[str, object] = orjson.loads(done.stdout.splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError):
        return {"why": f"the sending process ended with code {done.returncode}"}
    return answer
