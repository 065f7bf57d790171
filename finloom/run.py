"""`finloom run FLOW`: run a flow here, against the stack, which is started when it is down."""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import yaml

from blocks.home import CHECKOUT
from datasets_registry.artifact import ArtifactRef
from finloom.output import WrongUse, fail, print_json
from finloom.profile import for_flow, merged, read_profile
from finloom.show import show
from infra.environment import environment
from infra.stack import ensure_up
from tasks.corpus.reading import SAMPLE, WrongInput, find_files
from tasks.runtime.keys import REFRESH

if TYPE_CHECKING:
    from prefect import Flow


def run(
    flow: Annotated[str, typer.Argument(help="Name of a flow, for example build-corpus.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter: a.b=value (YAML).")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A YAML file of parameters; --set is stronger.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="Values for a kind of machine, cpu-tiny or gpu; --config is stronger.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Also write the results as plain files to this folder.")
    ] = None,
    refresh: Annotated[
        list[str] | None, typer.Option(help="Run this step again though cached; `all`: every one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result's address as JSON.")] = False,
) -> None:
    """Run a flow here against the stack, starting it when needed; finished steps come from the cache."""
    if flow not in flow_names():
        raise WrongUse(f"there is no flow {flow!r}; there are {', '.join(flow_names())}")
    parameters = read_parameters(config, settings or [])
    machine = read_profile(profile) if profile else {}
    if export:
        parameters["export"] = str(export.resolve())
    check_input(parameters.get("input"))
    os.environ.update(environment(ensure_up()))
    if refresh:
        os.environ[REFRESH] = ",".join(refresh)
    loaded = load_flow(flow)
    parameters = merged(for_flow(machine, loaded.parameters.properties), parameters)
    check_parameters(loaded, parameters)
    try:
        result = loaded(**parameters)
    except Exception as error:  # noqa: BLE001 Prefect logged where; the command says what, and ends with 1
        fail(f"{flow} failed: {error}; mend it and run the same command, finished steps come from the cache")
    if result is None:  # serve-model makes nothing
        return
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        show(result)


def flow_names() -> list[str]:
    """The flows that there are, one a file of `flows/`."""
    return sorted(path.stem.replace("_", "-") for path in (CHECKOUT / "flows").glob("[a-z]*.py"))


def load_flow(name: str) -> "Flow[..., ArtifactRef | None]":
    """The flow `name`; Prefect reads its settings when it is imported here, so the environment must be set before."""
    module = name.replace("-", "_")
    found: Flow[..., ArtifactRef | None] = getattr(importlib.import_module(f"flows.{module}"), module)
    return found


def read_parameters(config: Path | None, settings: list[str]) -> dict[str, object]:
    """Parameters from a YAML file, then from `a.b=value` settings, which are stronger."""
    parameters: dict[str, object] = {}
    if config:
        try:
            read = yaml.safe_load(config.read_text())
        except (OSError, yaml.YAMLError) as error:
            raise WrongUse(f"--config {config} cannot be read: {error}") from error
        if not isinstance(read, dict):
            raise WrongUse(f"--config {config} holds no mapping of parameters")
        parameters = read
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals or not path:
            raise WrongUse(f"--set {setting!r} is not of the form name=value or group.name=value")
        *groups, last = path.split(".")
        place = parameters
        for group in groups:
            inner = place.setdefault(group, {})
            if not isinstance(inner, dict):
                raise WrongUse(f"--set {setting!r}: {group!r} is a value already, not a group")
            place = inner
        place[last] = yaml.safe_load(value)
    return parameters


def check_input(given: object) -> None:
    """Refuse an input that is not there before anything is started."""
    if isinstance(given, str) and given != SAMPLE:
        try:
            find_files(given)
        except WrongInput as error:
            raise WrongUse(str(error)) from error


def check_parameters(flow: "Flow[..., ArtifactRef | None]", parameters: dict[str, object]) -> None:
    """Refuse names that the flow does not have and values that its models do not take."""
    from prefect.exceptions import ParameterTypeError  # noqa: PLC0415 the environment must be set before

    known = list(flow.parameters.properties)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise WrongUse(f"{flow.name} has no parameter {', '.join(unknown)}; it has {', '.join(known)}")
    try:
        flow.validate_parameters(parameters)
    except ParameterTypeError as error:
        raise WrongUse(" ".join(str(error).split())) from error
