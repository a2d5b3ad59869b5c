"""Chat templates cut around our texts."""

from rag.generating.template import chat_pieces

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_a_template_with_a_system_role() -> None:
    pieces = chat_pieces(CHATML)
    assert pieces.before_system == "<|im_start|>system\n"
    assert pieces.before_user == "<|im_end|>\n<|im_start|>user\n"
    assert pieces.after_user == "<|im_end|>\n<|im_start|>assistant\n"


def test_a_model_without_a_template_gets_chatml() -> None:
    assert chat_pieces(None) == chat_pieces(CHATML)


def test_a_template_that_refuses_a_system_role_puts_it_into_the_users_turn() -> None:
    template = (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}"
        "{% endif %}{% for m in messages %}<turn>{{ m['content'] }}</turn>{% endfor %}<model>"
    )
    pieces = chat_pieces(template, bos="<s>")
    assert pieces.before_system == "<s><turn>"
    assert pieces.before_user == "\n\n"
    assert pieces.after_user == "</turn><model>"


def test_a_template_that_ignores_the_system_role_loses_nothing() -> None:
    template = (
        "{% for m in messages %}{% if m.role == 'user' %}[{{ m.content }}]{% endif %}{% endfor %}"
    )
    assert chat_pieces(template).before_system == "["
