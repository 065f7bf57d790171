"""Profiles name values that flows really take, and are weaker than what the user says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from finloom.main import app
from finloom.output import WrongUse
from finloom.profile import for_flow, merged, profile_names, read_profile
from finloom.run import flow_names, load_flow

VALUES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)
GROUPS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@pytest.mark.parametrize("name", profile_names())
def test_every_key_of_a_profile_is_taken_by_a_flow(name: str) -> None:
    profile = read_profile(name)
    known = {parameter for flow in flow_names() for parameter in load_flow(flow).parameters.properties}
    assert sorted(set(profile) - known) == []


@pytest.mark.parametrize("name", profile_names())
@pytest.mark.parametrize("flow", flow_names())
def test_every_flow_takes_its_part_of_a_profile(name: str, flow: str) -> None:
    loaded = load_flow(flow)
    part = for_flow(read_profile(name), loaded.parameters.properties)
    required = loaded.parameters.required or []
    loaded.validate_parameters(dict.fromkeys(required, "x") | part)


def test_the_profiles_are_these() -> None:
    assert profile_names() == ["cpu-tiny", "gpu"]


def test_an_unknown_profile_is_wrong_use_and_names_those_there_are() -> None:
    with pytest.raises(WrongUse, match=r"no profile 'laptop'; there are cpu-tiny, gpu"):
        read_profile("laptop")
    result = CliRunner().invoke(app, ["run", "build-corpus", "--profile", "laptop"])
    assert isinstance(result.exception, WrongUse)


def test_what_the_user_says_is_stronger_group_within_group() -> None:
    profile = {"base": {"name": "cpu-tiny", "tiny": {"steps": 5, "seed": 1}}, "until": "release"}
    said = {"base": {"tiny": {"steps": 9}}, "name": "mine"}
    assert merged(profile, said) == {
        "base": {"name": "cpu-tiny", "tiny": {"steps": 9, "seed": 1}},
        "until": "release",
        "name": "mine",
    }
    assert profile["base"] == {"name": "cpu-tiny", "tiny": {"steps": 5, "seed": 1}}


def leaves(group: dict[str, object], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    found: dict[tuple[str, ...], object] = {}
    for name, value in group.items():
        found |= leaves(value, (*path, name)) if isinstance(value, dict) else {(*path, name): value}
    return found


@given(GROUPS, GROUPS)
def test_merging_keeps_all_of_the_stronger_and_invents_nothing(
    weaker: dict[str, object], stronger: dict[str, object]
) -> None:
    assert merged(weaker, {}) == merged({}, weaker) == merged(weaker, weaker) == weaker
    found = leaves(merged(weaker, stronger))
    assert leaves(stronger).items() <= found.items()
    assert found.items() <= (leaves(weaker) | leaves(stronger)).items()
