"""Groups of Ballchasing.com as people have them at hand: the id, or the address of the group's page."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from impulse.errors import ConfigError

_HOSTS = ("ballchasing.com", "www.ballchasing.com")
_PLACES = (["group"], ["api", "groups"])
"""What stands before the id in the address of a page, and of the API."""


def group_id_of(given: object, *, key: str) -> str:
    """Return the id of a group.

    Args:
        given: the id as it is, or an address that has it, such as ``https://ballchasing.com/group/ID``: with or without scheme,
            ``www.``, query, fragment, slash at the end, or the name of one of the group's tabs; or that of the API.
        key: dotted name of the setting.

    Raises:
        ConfigError: it is neither.
    """
    text = given.strip() if isinstance(given, str) else ""
    is_address = "/" in text  # no id has one
    found = _id_in(text if "://" in text else f"https://{text}") if is_address else text
    if not found.strip(". ") or not found.isprintable():
        raise ConfigError(
            key,
            f"{str(given)[:200]!r} is no group; expected its id, or its address, like https://ballchasing.com/group/ID",
        )
    return found


def _id_in(address: str) -> str:
    """Return the id in the address of a group, empty where it is the address of something else."""
    try:
        parts = urlsplit(address)
        is_ours = parts.scheme in ("http", "https") and parts.hostname in _HOSTS and parts.port in (None, 80, 443)
    except ValueError:
        return ""
    if not is_ours or parts.username is not None:
        return ""
    path = [part for part in parts.path.split("/") if part]
    return next(
        (unquote(path[len(place)]) for place in _PLACES if path[: len(place)] == place and len(path) > len(place)), ""
    )
