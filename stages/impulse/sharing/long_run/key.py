"""The API key of a server: from the environment, or from the SSM parameter that the environment names."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.errors import ConfigError, StageError

KEY_VARIABLE = "BALLCHASING_API_KEY"
PARAMETER_VARIABLE = "IMPULSE_KEY_PARAMETER"
"""Name of a parameter of type SecureString in the Systems Manager."""
REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def key_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what the environment of the fetch stage needs beside ours; nothing when no parameter is named.

    The key is in no file, command line or message, and only in the environment of the processes that call the API.

    Raises:
        ConfigError: the parameter does not exist, or no region is set.
        StageError: it cannot be read now, or not with this role.
    """
    name = environ.get(PARAMETER_VARIABLE, "").strip()
    if not name or environ.get(KEY_VARIABLE):
        return {}
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    region = next((environ[variable] for variable in REGION_VARIABLES if environ.get(variable)), None)
    if region is None:
        raise ConfigError(PARAMETER_VARIABLE, f"needs a region; set {REGION_VARIABLES[-1]}")
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
        text = " ".join(str(error).split())
        raise StageError(f"{PARAMETER_VARIABLE}: {name} cannot be read now ({text})") from error
    return {KEY_VARIABLE: str(answer["Parameter"]["Value"]).strip()}
