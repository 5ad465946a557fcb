"""The notice that the spot market of EC2 gives two minutes before it takes a machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

import requests

ENDPOINT_VARIABLE = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
"""Address of the metadata service, as for all programs of AWS."""
DISABLED_VARIABLE = "AWS_EC2_METADATA_DISABLED"
ENDPOINT = "http://169.254.169.254"
TIMEOUT_SECONDS = 1.0
TOKEN_SECONDS = 6 * 3600


class SpotNotice:
    """Asks the metadata service of the machine (IMDSv2); away from EC2 it asks once and never again. It never raises."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._endpoint = (environ.get(ENDPOINT_VARIABLE) or ENDPOINT).rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy is asked for an address of this machine
        self._token = ""
        self._is_on = environ.get(DISABLED_VARIABLE, "").lower() != "true" and self._renew()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def is_given(self) -> bool:
        """Tell whether the machine is about to be taken."""
        if not self._is_on:
            return False
        answer = self._answer()
        if answer is not None and answer.status_code == requests.codes.unauthorized and self._renew():
            answer = self._answer()
        if answer is None or answer.status_code != requests.codes.ok:
            return False  # 404 is the usual answer
        with suppress(ValueError, AttributeError):
            return bool(json.loads(answer.text).get("action"))
        return False

    def _renew(self) -> bool:
        """Get a token; False where there is no metadata service."""
        with suppress(requests.RequestException):
            answer = self._session.put(
                f"{self._endpoint}/latest/api/token",
                headers={"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
            if answer.status_code == requests.codes.ok:
                self._token = answer.text
                return True
        return False

    def _answer(self) -> requests.Response | None:
        with suppress(requests.RequestException):
            return self._session.get(
                f"{self._endpoint}/latest/meta-data/spot/instance-action",
                headers={"X-aws-ec2-metadata-token": self._token},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        return None
