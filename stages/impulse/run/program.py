"""How a stage script becomes a program: its own section of params.yaml, overrides from the command line, one-line errors.

Hydra and the packages of a stage are imported when the stage starts and not before: worker processes import the stage
script again and need none of them, ``--help`` answers at once, and a Python that lacks them is named in one line.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impulse.config.engine import EngineParams
from impulse.errors import EXIT_CONFIG, ConfigError, ImpulseError, StageError, one_line
from impulse.run.groups import concerns, groups
from impulse.run.job import Counts, Job
from impulse.tables.paths import COMPOSED, PARAMS_FILE, WAY_BACK

if TYPE_CHECKING:
    from omegaconf import DictConfig

DATA_VARIABLE = "IMPULSE_DATA"
"""Names another folder in the place of ``data``, for stages that are called without DVC."""

CONFIG, HYDRA_VERSION = "impulse_stage", "1.3"
"""Name of a stage's settings, and the version whose behaviour Hydra has."""

STARTED_BY = os.getppid()
"""Process that started this one; whoever takes over its orphans is another."""


def run_program(name: str, section: type[Any], module: str, *, about: str | None) -> None:
    """Run a stage as the main program of its script.

    Args:
        name: the stage, and its section of params.yaml.
        section: the dataclass of that section.
        module: has the work, ``run(job) -> Counts | None``; None writes no metrics. It is imported once the work begins.
        about: what the stage does, for ``--help``.
    """
    wants_traceback = "HYDRA_FULL_ERROR" in os.environ
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing pages and exiting
    with one_line_errors(name, wants_traceback=wants_traceback):
        root = Path(sys.argv[0]).resolve().parent.parent
        refuse_other_code(root)
        if {"--help", "-h"} & set(sys.argv[1:]):
            from impulse.run.stage_help import stage_help

            sys.stdout.write(stage_help(name, section, about or name, params=_params(root), root=root))
            return
        _run_hydra(name, section, module, root, wants_traceback=wants_traceback)


def refuse_other_code(root: Path) -> None:
    """Raise if the code that runs is not the one beside the script, which is what DVC watches."""
    own, running = root / "stages" / "impulse", Path(__file__).resolve().parents[1]
    if own.is_dir() and own.resolve() != running:
        raise ConfigError(
            "PYTHONSAFEPATH",
            f"hides {own} (so do -P and -I), and {running} would run instead; leave it out, or call `make repro`",
        )


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
        line, code = line_and_code(error)
        if wants_traceback or line is None:
            raise
        sys.stderr.write(f"{name}: error: {line}\n")
        sys.exit(code)


def _run_hydra(name: str, section: type[Any], module: str, root: Path, *, wants_traceback: bool) -> None:
    overrides = [
        given for given in sys.argv[1:] if not given.startswith("-") and ("=" in given or given.startswith("~"))
    ]
    _refuse_other_sections(name, overrides)
    if "DVC_STAGE" in os.environ and "DVC_EXP_NAME" not in os.environ:
        _require_conf(root)
    import hydra
    from hydra.core.config_store import ConfigStore

    from impulse.config import composition

    store = ConfigStore.instance()
    types = {name: composition.writable(section), "engine": composition.writable(EngineParams)}
    store.store(name="impulse_section", node=types)
    store.store(name="impulse_params", node=_params(root))
    store.store(name=CONFIG, node=_hydra_settings(root, name))

    def work(config: DictConfig, sweep: Path | None = None) -> None:
        log_to_stdout(name)
        # Inside the job, because Hydra adds lines of its own to an error that leaves it.
        with one_line_errors(name, wants_traceback=wants_traceback):
            chosen = None if "DVC_STAGE" in os.environ else os.environ.get(DATA_VARIABLE)
            data = Path(chosen).absolute() if chosen else root / "data"
            output = sweep or data
            job = Job(
                settings=composition.checked(section, config[name], key=name),
                engine=composition.checked(EngineParams, config["engine"], key="engine"),
                root=root,
                data=data,
                output=output,
                state=Path(os.environ.get("DVC_ROOT", root)) / ".state",
            )
            from impulse.files.arrow import leave_pandas_out

            leave_pandas_out()
            run = importlib.import_module(module).run
            run_stage(name, run, job, metrics=output / "metrics" if sweep or chosen else root / "metrics")

    if not sys.argv[1:]:
        # As DVC calls it. Hydra's own program would compose everything twice, to learn that this is no sweep.
        with hydra.initialize(config_path=None, version_base=HYDRA_VERSION):
            config = hydra.compose(CONFIG)
        work(config)
        return

    def task(config: DictConfig) -> None:
        from hydra.core.hydra_config import HydraConfig
        from hydra.types import RunMode

        hydra_config = HydraConfig.get()
        work(config, Path(hydra_config.runtime.output_dir) if hydra_config.mode == RunMode.MULTIRUN else None)

    hydra.main(config_path=None, config_name=CONFIG, version_base=HYDRA_VERSION)(task)()


def run_stage(name: str, run: Callable[[Job[Any]], Counts | None], job: Job[Any], *, metrics: Path) -> None:
    """Run a stage as the only one that writes its output, and write its metrics.

    Args:
        name: name of the stage, and of its lock.
        run: its work.
        job: settings and folders.
        metrics: folder that receives the metrics.

    Raises:
        StageError: the stage says that it failed although it has written everything; or DVC, which asked for it, has ended.
    """
    from impulse.files.output import only_writer
    from impulse.run.metrics import write_counts, write_timing

    with only_writer(job.output / name):
        if "DVC_STAGE" in os.environ and os.getppid() != STARTED_BY:  # the next build may be at work already
            raise StageError("DVC was ended before the work began; run the same command again")
        start, start_cpu = time.perf_counter(), time.process_time()
        counts = run(job)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - start_cpu
        write_timing(name, counts, metrics, seconds=seconds, cpu_seconds=cpu_seconds)
        if counts is not None:
            write_counts(name, counts, metrics)
            if counts.failure:
                raise StageError(counts.failure)


def _refuse_other_sections(name: str, overrides: list[str]) -> None:
    """Refuse a setting of another stage, which would be ignored."""
    for override in overrides:
        if not concerns(name, override):
            key = override.lstrip("+~").partition("=")[0]
            raise ConfigError(
                key, f"{name} has no such setting; it has {name}.*, engine.* and presets of {', '.join(groups(name))}"
            )


def is_composed(root: Path) -> bool:
    """Tell whether params.yaml is as this checkout composed it last."""
    copy, params = root / COMPOSED, root / PARAMS_FILE
    return copy.is_file() and params.is_file() and copy.read_bytes() == params.read_bytes()


def _require_conf(root: Path) -> None:
    """End the program, with the line that names the settings, unless params.yaml is what conf/ gives.

    An experiment that did not end leaves its values there, and DVC sees no reason to compose conf/ again. Composing takes
    the settings of all stages, which no stage depends on, so another program does it where the copy does not answer.
    """
    if not is_composed(root):
        done = subprocess.run([sys.executable, str(root / "stages" / "config.py"), "--check"], cwd=root, check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)


def _params(root: Path) -> dict[str, Any]:
    import yaml

    from impulse.files.yaml_text import load_yaml

    try:
        loaded = load_yaml((root / "params.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigError("params.yaml", "is missing; `python stages/config.py` writes it") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("params.yaml", f"cannot be read ({one_line(error)}); {WAY_BACK}") from error
    if not isinstance(loaded, dict):
        raise ConfigError("params.yaml", f"is cut short or damaged; {WAY_BACK}")
    return loaded


def log_to_stdout(name: str) -> None:
    """Print what impulse logs, one line each after the stage's name; other packages speak up only to warn."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter(f"{name}: %(message)s"))
    logger = logging.getLogger("impulse")
    logger.handlers = [handler]  # once, also in the members of a sweep
    logger.setLevel(logging.INFO)


def _hydra_settings(root: Path, name: str) -> dict[str, Any]:
    """Layer types, params.yaml and the presets named on the command line; write nothing beside the stage's outputs."""
    return {
        "defaults": [
            "impulse_section",
            "impulse_params",
            *({group: None} for group in groups(name)),
            {"override hydra/job_logging": "none"},
            {"override hydra/hydra_logging": "none"},
            "_self_",
        ],
        "hydra": {
            "searchpath": [f"file://{root / 'conf'}"],
            "run": {"dir": str(root)},
            "sweep": {
                "dir": str(root / "multirun" / name),
                "subdir": "${impulse_folder:${hydra.job.override_dirname}}",
            },
            "output_subdir": None,
            "job": {"chdir": False, "name": name},
        },
    }


def line_and_code(error: Exception) -> tuple[str | None, int]:
    """Return message and exit code for an error that a user can mend, no message for a defect of the program."""
    if isinstance(error, ImpulseError):
        return str(error), error.exit_code
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = error.filename or "the output"
        return f"no space left on the disk of {where}; free some and run the same command again", 1
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        where = error.filename or "a file of the output"
        return (
            f"{where} may not be as long as it must be; raise the limit of this shell (`ulimit -f`) or use another disk",
            1,
        )
    if isinstance(error, OSError) and error.errno == errno.EROFS:
        return (
            f"the disk of {error.filename} is read-only; build in a copy of the checkout on a disk that is not",
            EXIT_CONFIG,
        )
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}; change its owner or mode", EXIT_CONFIG
    if type(error).__module__.split(".")[0] in ("hydra", "omegaconf", "antlr4"):
        from impulse.config.composition import translate

        return str(translate(error)), EXIT_CONFIG
    return None, 1
