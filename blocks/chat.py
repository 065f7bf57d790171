"""A chat model behind any OpenAI-compatible URL: settings from the environment, one call, bounded patience."""

import os

from pydantic import BaseModel, ConfigDict, SecretStr


class ChatSettings(BaseModel):
    """Where the chat model is, under which name, and with which key (local servers take any)."""

    model_config = ConfigDict(frozen=True)

    url: str
    model: str
    api_key: SecretStr = SecretStr("none")


def read_chat_settings() -> ChatSettings | None:
    """The model of `FINLOOM_CHAT_URL`, `FINLOOM_CHAT_MODEL`, `FINLOOM_CHAT_API_KEY`; None where no URL is set."""
    url = os.environ.get("FINLOOM_CHAT_URL")
    if not url:
        return None
    model = os.environ.get("FINLOOM_CHAT_MODEL")
    if not model:
        raise ValueError(
            f"FINLOOM_CHAT_URL is {url} but FINLOOM_CHAT_MODEL is not set; name the model to ask for"
        )
    return ChatSettings(
        url=url, model=model, api_key=SecretStr(os.environ.get("FINLOOM_CHAT_API_KEY", "none"))
    )


class ChatModel:
    """A chat model that turns a system and a user message into text."""

    def __init__(self, settings: ChatSettings) -> None:
        from openai import OpenAI  # noqa: PLC0415 half a second that other commands never need

        self.model = settings.model
        self.client = OpenAI(
            base_url=settings.url, api_key=settings.api_key.get_secret_value(), timeout=120, max_retries=3
        )

    def complete(self, system: str, user: str, *, max_tokens: int = 1024) -> str:
        """The model's reply, at temperature 0."""
        reply = self.client.chat.completions.create(
            model=self.model,
            messages=[{"role": "system", "content": system}, {"role": "user", "content": user}],
            temperature=0,
            max_tokens=max_tokens,
        )
        return reply.choices[0].message.content or ""
