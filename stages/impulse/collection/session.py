"""The HTTP session of a client: it knows where the key may go, leaves redirects alone and tries nothing twice."""

from __future__ import annotations

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from impulse.collection.config import origin


class _KeyFor(AuthBase):
    """Puts the key into the header of requests to one origin.

    Because the session has an auth object, requests does not read .netrc.
    """

    def __init__(self, key: str, base_url: str) -> None:
        self._key = key
        self._origin = origin(base_url)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if origin(request.url or "") == self._origin:
            request.headers["Authorization"] = self._key
        return request


class _Session(requests.Session):
    """Leaves redirects alone; requests looks at them even when it is not to follow any, and fails at odd ones."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return no target."""
        return None


def session_for(key: str, base_url: str, *, connections: int) -> requests.Session:
    """Return a session for calls of one key to one server.

    Args:
        key: goes into the header of requests to the server, and of no other.
        base_url: the server.
        connections: most at a time.
    """
    session = _Session()
    session.auth = _KeyFor(key, base_url)
    session.headers["User-Agent"] = "impulse"
    # Without TLS the server is on this machine (CollectionConfig sees to that), where no proxy leads to.
    session.trust_env = not base_url.startswith("http://")
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=connections, pool_block=True, max_retries=0))
    return session
