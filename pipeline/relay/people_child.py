"""The child that sends one message with Apprise; reads one JSON object, prints one.

An audit hook sees every connection of this process at the moment it is made, whoever makes it: what is allowed is
decided on the very address that is connected to, so a name cannot mean something else later.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import orjson

from pipeline.relay.addresses import is_public

# services that stay on this machine, and options that read files or loosen checks
_LOCAL = ("syslog", "dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "blink1", "gntp", "growl", "rsyslog")
_OPTIONS = ("template", "verify", "redirect", "pgp", "pgpkey", "keyfile", "attach", "retry", "wait")
_PROGRAMS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty")
_KINDS = {"info": "info", "advice": "info", "warning": "warning", "high": "failure"}


class _Watch:
    """What the hook saw; ``refused`` says which connection it did not let through."""

    def __init__(self, allowed: str) -> None:
        self._allowed = allowed
        self.refused = ""

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            self._refuse(f"it would have started a program ({event})")
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            address = arguments[1]
            if address is None:
                return
            if not isinstance(address, tuple):
                self._refuse("it would have spoken to a service of this machine")
            if self._allowed == "public" and not is_public(str(address[0])):
                self._refuse(
                    f"it leads to {address[0]}, which is private, local or not of the public internet;"
                    " SPOTTER_CHANNEL_ADDRESSES=any allows one's own network"
                )

    def _refuse(self, why: str) -> None:
        self.refused = why
        raise PermissionError(why)


def main() -> None:
    """Do what standard input asks for; the answer goes to the real standard output, everything else nowhere."""
    out = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    asked = orjson.loads(sys.stdin.buffer.read())
    try:
        answer = _answer(asked)
    except Exception as error:
        answer = {"why": f"the library failed: {type(error).__name__}"}
    os.write(out, orjson.dumps(answer) + b"\n")
    os._exit(0)  # threads of a service that still waits for something must not keep the process


def _answer(asked: dict[str, str]) -> dict[str, object]:
    import apprise

    scheme, _, rest = asked["url"].partition("://")
    if scheme.casefold() in _LOCAL:
        return {"why": f"{scheme}:// stays on the machine that runs Spotter"}
    options = {part.partition("=")[0].casefold() for part in rest.partition("?")[2].split("&")}
    if unwanted := sorted(options & set(_OPTIONS)):
        return {"why": f"its option {unwanted[0]} is not allowed: it reads files or loosens checks"}
    asset = apprise.AppriseAsset(app_id="Spotter", async_mode=False, http_redirects=False)
    service = apprise.Apprise.instantiate(asked["url"], asset=asset)
    if service is None:
        return {"why": "the library knows no such service, or something is missing in the address"}
    if asked["do"] == "examine":
        return {"service": str(service.service_name)}
    watch = _Watch(asked["allowed"])
    sys.addaudithook(watch)
    sent = service.notify(
        body=asked["text"],
        title=asked["title"],
        notify_type=_KINDS.get(asked["severity"], "info"),
        body_format=apprise.NotifyFormat.TEXT,
    )
    if sent:
        return {"sent": True}
    return {"sent": False, "why": watch.refused or "the service did not take it"}


if __name__ == "__main__":
    main()
