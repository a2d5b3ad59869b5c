"""What of a larger model's writing is its answer; and that it doesn't matter how it comes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.compose import sentence_spans
from rag.generating.remote.plain import PlainStream, plain


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("It opened on 3 May.", "It opened on 3 May."),
        ("It opened on 3 May [1].", "It opened on 3 May."),
        ("It opened on 3 May.[1][2] It is long. [3, 12]", "It opened on 3 May. It is long."),
        ("It opened on 3 May [Passage 1 and 2].", "It opened on 3 May."),
        ("It opened【4†source】 in May.", "It opened in May."),
        ("**It** opened on *3 May*, __they__ say `so`.", "It opened on 3 May, they say so."),
        ("## Answer\n\nIt opened.", "Answer\n\nIt opened."),
        ("> It opened.", "It opened."),
        ("- **One** opened.\n- Two closed.", "- One opened.\n- Two closed."),
        ("* One opened.", "* One opened."),
        ("See [the article](https://example.org/a_b) there.", "See the article there."),
        ("<think>\nWhat do they say?\n</think>\n\nIt opened.", "It opened."),
        ("<think>\nWhat do they", ""),
        ("NOT STATED", ""),
        ("**NOT STATED.**", ""),
        ("NOT STATED. The passages only speak of a bridge.", ""),
        ("It opened in May. NOT STATED", "It opened in May."),
        ("```text\nIt opened.\n```", "It opened."),
        ("", ""),
    ],
)
def test_marks_go(written: str, answer: str) -> None:
    assert plain(written) == answer


@pytest.mark.parametrize(
    "text",
    [
        "It rose by 5 * 3 crowns in the [sic] year, [2023] that is.",
        "The file is called my_file_name, said C3PO.",
        "It was NOT what he had STATED before.",
        "“A < B”, he wrote, “and 3 > 2”.",
        "#metoo began in 2017.",
    ],
)
def test_what_is_no_mark_stays(text: str) -> None:
    assert plain(text) == text


def test_a_list_becomes_sentences_without_bullets() -> None:
    text = plain("- **One** opened [1].\n- *Two* closed [2].")
    assert [text[a:b] for a, b in sentence_spans(text)] == ["One opened.", "Two closed."]


PIECES = st.lists(
    st.one_of(
        st.sampled_from(["It ", "opened", " on", " 3 May", ".", "a", "!", "x" * 40, " ", "\n"]),
        st.sampled_from(["[", "1", "]", ", ", "2", "【", "】", "(", ")", "http://x"]),
        st.sampled_from(["**", "*", "_", "`", "```", "# ", "##", "> ", "- ", "[passage 1]"]),
        st.sampled_from(["NOT", " NOT ", "STATED", "<think>", "</think>"]),
    ),
    max_size=30,
)


@given(PIECES)
@example(["- ", "NOT", " NOT ", "STATED"])
@example(['"', "NOT", " ", "STATED"])
@example(["\n", "##", " ", "a"])
@example(["*", "[passage 1]", "."])
@example(["*", "a", "*", " ", "[", "1", "]", "*", "a"])
def test_in_pieces_it_is_the_same(pieces: list[str]) -> None:
    stream = PlainStream()
    given = [stream.take(piece) for piece in pieces]
    given.append(stream.end())
    assert "".join(given) == plain("".join(pieces))


def test_a_word_is_given_out_once_it_is_over() -> None:
    stream = PlainStream()
    pieces = ["It ", "opened ", "[", "1", "] in ", "May"]
    assert [stream.take(piece) for piece in pieces] == ["It", " opened", "", "", " in", ""]
    assert stream.end() == " May"
