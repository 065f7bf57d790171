"""Profiles: values for the parameters of all flows that suit a kind of machine; what the user says is stronger."""

from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from finloom.output import WrongUse

PROFILES = Path(__file__).with_name("profiles")


def profile_names() -> list[str]:
    """The profiles that there are, one a file of `profiles/`."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def read_profile(name: str) -> dict[str, object]:
    """The values of a profile, by parameter.

    Raises:
        WrongUse: there is no such profile.
    """
    if name not in profile_names():
        raise WrongUse(f"there is no profile {name!r}; there are {', '.join(profile_names())}")
    values: dict[str, object] = yaml.safe_load((PROFILES / f"{name}.yaml").read_text()) or {}
    return values


def for_flow(profile: Mapping[str, object], known: Collection[str]) -> dict[str, object]:
    """What of a profile a flow with the parameters `known` takes."""
    return {name: value for name, value in profile.items() if name in known}


def merged(weaker: Mapping[str, object], stronger: Mapping[str, object]) -> dict[str, object]:
    """Both, group within group; where both name a value, the stronger one's."""
    result = dict(weaker)
    for name, value in stronger.items():
        present = result.get(name)
        if isinstance(present, Mapping) and isinstance(value, Mapping):
            result[name] = merged(present, value)
        else:
            result[name] = value
    return result
