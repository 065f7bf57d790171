"""The catalog can be read by people and by machines; an unknown name is wrong use."""

from typer.testing import CliRunner

from finloom.data import app


def test_the_list_as_json_holds_every_model_with_its_licence() -> None:
    result = CliRunner().invoke(app, ["list", "--kind", "model", "--json"])
    assert result.exit_code == 0
    assert '"licence": "llama2"' in result.stdout and "gsm8k" not in result.stdout


def test_the_list_for_people_names_unknown_licences() -> None:
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    assert "OmniEval-Corpus" in result.stdout and "unknown" in result.stdout


def test_show_prints_one_entry_in_both_forms() -> None:
    people = CliRunner().invoke(app, ["show", "gsm8k"])
    machine = CliRunner().invoke(app, ["show", "gsm8k", "--json"])
    assert "openai/gsm8k" in people.stdout and '"loader": "load_questions"' in machine.stdout
    assert people.exit_code == machine.exit_code == 0


def test_show_of_an_unknown_name_is_wrong_use() -> None:
    result = CliRunner().invoke(app, ["show", "gsm9k"])
    assert result.exit_code == 2
    assert "did you mean gsm8k?" in result.stderr
