"""The API key of a server: from the environment, or from the SSM parameter that the environment names."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.collection.config import KEY_VARIABLE
from impulse.errors import ConfigError, StageError, one_line
from impulse.s3.credentials import REGIONS

PARAMETER_VARIABLE = "IMPULSE_KEY_PARAMETER"
"""Name of a parameter of type SecureString in the Systems Manager."""


def key_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variable with the key that the fetch stage needs; nothing when there is neither key nor parameter.

    The key is in no file, command line or message, and only in the environment of the processes that call the API.

    Raises:
        ConfigError: the parameter does not exist, or no region is set.
        StageError: it cannot be read now, or not with this role.
    """
    if environ.get(KEY_VARIABLE):
        return {KEY_VARIABLE: environ[KEY_VARIABLE]}
    name = environ.get(PARAMETER_VARIABLE, "").strip()
    if not name:
        return {}
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    region = next((environ[variable] for variable in REGIONS if environ.get(variable)), None)
    if region is None:
        raise ConfigError(PARAMETER_VARIABLE, f"needs a region; set {REGIONS[-1]}")
    retries = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        client = botocore.session.Session().create_client("ssm", region_name=region, config=retries)
        try:
            answer = client.get_parameter(Name=name, WithDecryption=True)
        finally:
            client.close()
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in ("ParameterNotFound", "ValidationException"):
            raise ConfigError(PARAMETER_VARIABLE, f"there is no parameter {name} in {region} ({code})") from error
        raise StageError(f"{PARAMETER_VARIABLE}: {name} cannot be read with this role ({code})") from error
    except (BotoCoreError, ValueError) as error:
        raise StageError(f"{PARAMETER_VARIABLE}: {name} cannot be read now ({one_line(error)})") from error
    return {KEY_VARIABLE: str(answer["Parameter"]["Value"]).strip()}
