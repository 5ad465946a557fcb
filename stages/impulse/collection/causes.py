"""Why a call got no answer: what the errors of three libraries mean, in words that help."""

from __future__ import annotations

import socket
import ssl

import requests
import urllib3

from impulse.errors import one_line

MAX_CHAIN = 20
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (urllib3.exceptions.ProxyError, "the proxy of this machine (HTTPS_PROXY, HTTP_PROXY) cannot be used"),
    (socket.gaierror, "the name of the server cannot be resolved (DNS)"),
    (urllib3.exceptions.NameResolutionError, "the name of the server cannot be resolved (DNS)"),
    (ssl.SSLError, "no secure connection (TLS)"),
    (ConnectionRefusedError, "the connection was refused"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection within the time limit"),
    (TimeoutError, "no answer within the time limit"),
    (urllib3.exceptions.TimeoutError, "no answer within the time limit"),
    (ConnectionError, "the connection was closed before the answer was whole"),
    (urllib3.exceptions.ProtocolError, "the connection was closed before the answer was whole"),
    (OSError, "the network of this machine cannot be used"),
)
"""What kinds of errors mean, the most telling first."""


_UNREACHABLE = (
    *(urllib3.exceptions.ProxyError, urllib3.exceptions.NameResolutionError, urllib3.exceptions.ConnectTimeoutError),
    *(socket.gaierror, ssl.SSLError, ConnectionRefusedError),
)


def is_unreachable(error: BaseException) -> bool:
    """Tell whether there was no connection at all."""
    return any(isinstance(found, _UNREACHABLE) for found in _chain(error))


def cause_of(error: BaseException) -> str:
    """Return in a few words why a call got no answer, from the errors that led to one another."""
    chain = _chain(error)
    for kind, cause in _CAUSES:
        for found in chain:
            if isinstance(found, kind):
                return f"{cause}: {one_line(found)}" if isinstance(found, ssl.SSLError | OSError) else cause
    return type(error).__name__


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and those inside it; the ones of requests, which say nothing of their own, are left out."""
    found: list[BaseException] = []
    todo = [error]
    while todo and len(found) < MAX_CHAIN:
        item = todo.pop(0)
        found.append(item)
        nested = (*item.args, item.__cause__, getattr(item, "reason", None))
        todo += [inner for inner in nested if isinstance(inner, BaseException) and inner not in found]
    return [item for item in found if not isinstance(item, requests.RequestException)]
