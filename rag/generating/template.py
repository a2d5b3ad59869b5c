"""A model's own chat template, cut into the fixed pieces that stand around our texts."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_SYSTEM, _USER = "dateline-system-text", "dateline-user-text"
_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@dataclass(frozen=True, slots=True)
class ChatPieces:
    """`before_system` + system + `before_user` + user's text + `after_user` + reply.

    A template without a system role has `before_user` a mere blank line: the system text then
    opens the user's turn.
    """

    before_system: str
    before_user: str
    after_user: str


def chat_pieces(template: str | None, *, bos: str = "", eos: str = "") -> ChatPieces:
    """Render the template (ChatML when the model has none) around placeholders and cut it there.

    A template is code from a model file: it runs in Jinja's immutable sandbox, and sees no article.
    """
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = _refuse
    compiled = environment.from_string(template or _CHATML)

    def render(*messages: dict[str, str]) -> str:
        return compiled.render(
            messages=list(messages), add_generation_prompt=True, bos_token=bos, eos_token=eos
        )

    user = {"role": "user", "content": _USER}
    try:
        text = render({"role": "system", "content": _SYSTEM}, user)
    except TemplateError:
        text = ""
    if _SYSTEM in text and _USER in text and text.index(_SYSTEM) < text.index(_USER):
        before_system, rest = text.split(_SYSTEM, 1)
        before_user, after_user = rest.split(_USER, 1)
        return ChatPieces(before_system, before_user, after_user)
    before_user, after_user = render(user).split(_USER, 1)
    return ChatPieces(before_user, "\n\n", after_user)


def _refuse(message: str) -> None:
    raise TemplateError(message)
