"""How a stage script becomes a program: parameters from params.yaml, overrides from the command line, one-line errors.

Hydra and the packages of a stage are imported when the stage starts and not before: worker processes import the stage
script again and need none of them, and a Python that lacks them can be told so in one line.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impulse.errors import EXIT_CONFIG, ImpulseError

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from impulse.config.params import Params

GROUPS = ("source", "storage", "features", "quality", "dedupe", "export", "engine", "experiment")
"""Folders of conf/ whose presets may be chosen on the command line, as in ``features=minimal``."""

DATA_VARIABLE = "IMPULSE_DATA"
"""Names another folder in the place of ``data``, for stages that are called without DVC."""


@dataclass(frozen=True, slots=True)
class StageRun:
    """One run of a stage: its parameters and where it reads and writes."""

    name: str
    params: Params
    root: Path
    """Folder of the checkout."""
    data: Path
    """Folder that the stage reads other stages' outputs from."""
    output: Path
    """Folder that receives the stage's output folder; ``data`` itself, or one of its own for each member of a sweep."""
    metrics: Path
    """Folder that receives the stage's metrics."""

    @property
    def state(self) -> Path:
        """Folder of local state that survives DVC's cleaning and is shared by all experiments of a repository."""
        return Path(os.environ.get("DVC_ROOT", self.root)) / ".state"

    @property
    def env_file(self) -> Path:
        """File with secrets of this checkout, which git ignores; experiments in folders of their own have none."""
        return self.state.with_name(".env")


def stage(function: Callable[[StageRun], None]) -> Callable[[], None]:
    """Turn ``function`` into the main program of the stage of the same name."""

    def program() -> None:
        name = function.__name__
        wants_traceback = "HYDRA_FULL_ERROR" in os.environ
        os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing pages and exiting
        with one_line_errors(name, wants_traceback=wants_traceback):
            _run_hydra(name, function, wants_traceback=wants_traceback)

    return program


@contextmanager
def one_line_errors(name: str, *, wants_traceback: bool = False) -> Iterator[None]:
    """End the program with one line for an error that a user can mend; let a defect of the program show itself."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(f"{name}: interrupted; run the same command again to go on")
    except ModuleNotFoundError as error:
        sys.exit(
            f"{name}: error: {sys.executable} has no module {error.name}; "
            "use `make repro`, or put .venv/bin first on PATH (the environment that `make install` makes)"
        )
    except Exception as error:
        line, code = _one_line(error)
        if wants_traceback or line is None:
            raise
        sys.stderr.write(f"{name}: error: {line}\n")
        sys.exit(code)


def _run_hydra(name: str, function: Callable[[StageRun], None], *, wants_traceback: bool) -> None:
    import hydra
    from hydra.core.config_store import ConfigStore
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from impulse.config import composition
    from impulse.files.output import only_writer

    root = Path(sys.argv[0]).resolve().parent.parent
    composition.register_schema()
    ConfigStore.instance().store(name="stage", node=_hydra_settings(root, name))

    def task(config: DictConfig) -> None:
        _log_to_stdout(name)
        hydra_config = HydraConfig.get()
        is_sweep = hydra_config.mode == RunMode.MULTIRUN
        chosen = None if "DVC_STAGE" in os.environ else os.environ.get(DATA_VARIABLE)
        data = Path(chosen).absolute() if chosen else root / "data"
        output = Path(hydra_config.runtime.output_dir) if is_sweep else data
        metrics = output / "metrics" if is_sweep or chosen else root / "metrics"
        # Inside the job, because Hydra adds lines of its own to an error that leaves it.
        with one_line_errors(name, wants_traceback=wants_traceback):
            params = composition.to_params(config)
            with only_writer(output / name):
                function(StageRun(name, params, root, data, output, metrics))

    hydra.main(config_path=str(root), config_name="stage", version_base="1.3")(task)()


def _log_to_stdout(name: str) -> None:
    """Print what impulse logs, one line each after the stage's name; other packages speak up only to warn."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(f"{name}: %(message)s"))
    logger = logging.getLogger("impulse")
    logger.handlers = [handler]  # once, also in the members of a sweep
    logger.setLevel(logging.INFO)


def _hydra_settings(root: Path, name: str) -> dict[str, Any]:
    """Layer schema, params.yaml and the presets named on the command line; write nothing beside the stage's outputs."""
    return {
        "defaults": [
            "schema",
            "params",
            *({group: None} for group in GROUPS),
            {"override hydra/job_logging": "none"},
            {"override hydra/hydra_logging": "none"},
            "_self_",
        ],
        "hydra": {
            "searchpath": [f"file://{root / 'conf'}"],
            "run": {"dir": str(root)},
            "sweep": {"dir": str(root / "multirun" / name), "subdir": "${hydra.job.override_dirname}"},
            "output_subdir": None,
            "job": {"chdir": False},
        },
    }


def _one_line(error: Exception) -> tuple[str | None, int]:
    """Return message and exit code for an error that a user can mend, no message for a defect of the program."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from impulse.config.composition import translate

    if isinstance(error, ImpulseError):
        return str(error), error.exit_code
    if isinstance(error, HydraException | OmegaConfBaseException):
        return str(translate(error)), EXIT_CONFIG
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = error.filename or "the output"
        return f"no space left on the disk of {where}; free some and run the same command again", 1
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}; change its owner or mode", EXIT_CONFIG
    return None, 1
