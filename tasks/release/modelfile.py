"""Ollama's Modelfile: written, parsed back and checked against the GGUF file that it names.

`ollama create` is not run here: what is checked is everything that can be without its daemon. Grammar: Ollama's
docs/modelfile.md. The template is Go's; the part of it that we write is rendered here and compared with the model's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.release.gguf import GgufFile

INSTRUCTIONS = frozenset({"FROM", "TEMPLATE", "PARAMETER", "SYSTEM", "LICENSE"})
TEMPLATE = (
    "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)
STOPS = ("<|im_end|>", "<|endoftext|>")
LOOP = re.compile(r"\{\{ range \.Messages \}\}(.*)\{\{ end \}\}(.*)", re.DOTALL)


class BadModelfile(ValueError):
    """A Modelfile that Ollama would refuse, or that does not fit its GGUF file."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction: its name in capitals and its argument, quotes taken off."""

    name: str
    value: str


def write_modelfile(gguf: str, context: int, system: str, licence: str) -> str:
    """The Modelfile of a GGUF file that lies beside it.

    Args:
        gguf: name of the file.
        context: tokens of one conversation.
        system: the system prompt of conversations that bring none.
        licence: name of the licence.
    """
    lines = [f"FROM ./{gguf}", f'TEMPLATE """{TEMPLATE}"""', f'SYSTEM """{system}"""']
    lines += [f'PARAMETER stop "{stop}"' for stop in STOPS]
    lines += [f"PARAMETER num_ctx {context}", "PARAMETER temperature 0", f'LICENSE """{licence}"""']
    return "\n".join(lines) + "\n"


def parse_modelfile(text: str) -> list[Instruction]:
    """The instructions in order.

    Raises:
        BadModelfile: an unknown instruction, or quotes that do not close.
    """
    found = []
    rest = text
    while rest := rest.lstrip():
        line, _, after = rest.partition("\n")
        if line.startswith("#"):
            rest = after
            continue
        name, _, value = rest.partition(" ")
        if name.upper() not in INSTRUCTIONS:
            raise BadModelfile(
                f"a Modelfile has {line[:60]!r}, wanted one of {', '.join(sorted(INSTRUCTIONS))}"
            )
        argument, rest = _argument(value.lstrip(" "), name)
        found.append(Instruction(name.upper(), argument))
    return found


def check_modelfile(
    text: str, gguf: str, found: GgufFile, conversation: Sequence[dict[str, str]], rendered: str
) -> None:
    """Make sure that a Modelfile names its file and fits it.

    Args:
        text: the Modelfile.
        gguf: name of the file that it must name.
        found: what that file holds.
        conversation: messages to render.
        rendered: how the model's own template renders them.

    Raises:
        BadModelfile: in one sentence, what does not fit.
    """
    instructions = parse_modelfile(text)
    sources = [item.value for item in instructions if item.name == "FROM"]
    if sources != [f"./{gguf}"]:
        raise BadModelfile(f"the Modelfile is made from {sources}, wanted ./{gguf} and nothing else")
    for item in instructions:
        if item.name == "PARAMETER":
            _check_parameter(*_parameter(item.value), found)
    templates = [item.value for item in instructions if item.name == "TEMPLATE"]
    if len(templates) != 1 or render(templates[0], conversation) != rendered:
        raise BadModelfile(
            "the Modelfile's template renders a conversation differently from the model's chat template; "
            "the model does not speak ChatML, write a template for it"
        )


def render(template: str, conversation: Sequence[dict[str, str]]) -> str:
    """What Go makes of a template of the form `{{ range .Messages }}...{{ end }}...`."""
    match = LOOP.fullmatch(template)
    if match is None:
        raise BadModelfile(
            f"the template {template[:60]!r} is no loop over .Messages, the only form known here"
        )
    body, tail = match.groups()
    turns = (
        body.replace("{{ .Role }}", turn["role"]).replace("{{ .Content }}", turn["content"])
        for turn in conversation
    )
    return "".join(turns) + tail


def _argument(rest: str, name: str) -> tuple[str, str]:
    """An instruction's argument, and what follows it."""
    if not rest.startswith('"""'):
        value, _, after = rest.partition("\n")
        return value.strip(), after
    value, closed, after = rest[3:].partition('"""')
    if not closed:
        raise BadModelfile(f'the triple quotes of {name} in the Modelfile do not close; add """')
    return value, after


def _parameter(value: str) -> tuple[str, str]:
    name, _, argument = value.partition(" ")
    return name, argument.strip().removeprefix('"').removesuffix('"')


def _check_parameter(name: str, value: str, found: GgufFile) -> None:
    if name == "stop" and value not in found.control_tokens:
        raise BadModelfile(f"the Modelfile stops at {value!r}, which is no control token of the GGUF file")
    if name == "num_ctx" and not value.isdecimal():
        raise BadModelfile(f"the Modelfile has num_ctx {value!r}, wanted a number of tokens")
    if name == "num_ctx" and int(value) > found.context:
        raise BadModelfile(
            f"the Modelfile wants a context of {value} tokens, the GGUF file has {found.context}; lower serving.context"
        )
