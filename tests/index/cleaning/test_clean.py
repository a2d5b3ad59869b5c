"""Cleaning takes a page's furniture away and leaves the article's words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.cleaning.clean import clean, normalise, paragraphs, sift

BODY = (
    "The council voted on Tuesday to reopen the bridge after two years of repairs.",
    "Engineers had found cracks in four of the nine piers, which took longer to mend than planned.",
    "“We are glad that it is over,” said the mayor, who had been criticised for the delay.",
)

FURNITURE = """\
Skip to main content|Home|Menu|Sign in|Subscribe|Advertisement|ADVERTISEMENT|Supported by
Share|Share this article|Share on Facebook|Copy link|Facebook Twitter WhatsApp|1.2k shares|Tweet
Follow us on Twitter|Follow us on Facebook and Instagram|#bridge #council #news
Sign up to our daily newsletter|Sign up for our free morning newsletter and get the best stories
Get the day's top stories delivered to your inbox.|Stay informed with free updates|Subscribe now
Download our app|Join our WhatsApp channel|Already a subscriber? Sign in
We use cookies to improve your experience on our site.|Accept all cookies|Manage cookies
By clicking Sign up, you agree to our terms of use and privacy policy.
© 2024 The Daily Example. All rights reserved.|Copyright: Reuters|Copyright 2024 Example Media
This material may not be published, broadcast, rewritten or redistributed.
Image caption: The bridge in 2019|Image source, Getty Images|Photograph: Jo Doe/Getty Images
The bridge at dawn. Photograph: Jo Doe/The Guardian|Credit...Jo Doe for The New York Times
(AP Photo/Jo Doe)|The mayor on Tuesday. (Photo by Jo Doe/Getty Images)|Getty Images|REUTERS/Jo Doe
Old Bridge - Figure 3|View image in fullscreen|Video content is not available|1 of 12
This video can not be played|Play video|Listen to this article|4 min read|Reading time: 4 minutes
Leave a Reply|Leave a comment|Please enter your comment!|Please enter your name here|View comments
Save my name, email, and website in this browser for the next time I comment.
Your email address will not be published.|Be the first to comment|Join the conversation
Must read|Latest article|Read more|Read more: Council splits over the bridge|See also: Toll plans
Related stories|Related articles|Most read|More on this story|You may also like|Recommended
Updated at 10.32 BST|Last updated:|3 hours ago|Published|Got a TV Licence?|About the author
Story continues below advertisement|SKIP ADVERTISEMENT|Continue reading the main story
Our Standards: The Thomson Reuters Trust Principles.|(Reporting by Jo Doe; Editing by Al Roe)
Home | News | Sport | Weather|Show more|Back to top|Click here to subscribe|Edited by Jo Doe
All times stated are UK|By Jo Doe|By Jo Doe and Al Roe, Political correspondents
"""

ARTICLE_LINES = """\
Why the bridge was closed|What happens next?|10:32 BST|17:30 We are closing the blog|Closing summary
Copyright law is the next battle in the courts.|Photo identification rules are changing
Subscribe numbers fell by a third in 2023, the company said.|He told her to sign up for the army.
The newsletter said that its editor would leave in May.|Cookies were handed out to the children.
“Share this with everyone you know,” the leaflet read.|Advertisers left the platform in droves.
Read more books, the minister told schools.|The Reuters report was confirmed by two officials.
Follow the money, prosecutors were told.|They posted a photo: a dog on a sofa.|Comments were mixed.
Menu prices rose by 4% in a year.|A newsletter for $5 a month|By Friday, the water had gone.
Getty Images sued the company over its use of pictures.|The video was viewed 3m times in a day.
All rights groups condemned the verdict.|Day 1|Day 2|Day 3|Home Office to review the rules
Topics on the agenda included tariffs and grain.|Responses to the crisis
The names may not be published under the law, the judge ruled.|Produced by the state, it was dear.
Paid for by taxpayers, the bridge cost 4m.|Access to the museum is for free on Sundays, he said.
He left.|She did not reply.|No.|“Why?” he asked.|It is 3 metres high.|The search went on.
"""


def items(table: str) -> list[str]:
    return [item for row in table.splitlines() for item in row.split("|") if item.strip()]


def page(*lines: str) -> str:
    return "\n\n".join(lines)


@pytest.mark.parametrize("line", [*items(FURNITURE.replace("Home | News | Sport | Weather", ""))])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_furniture_goes_wherever_it_stands(line: str, place: int) -> None:
    lines = [*BODY[:place], line, *BODY[place:]]
    assert clean(page(*lines)) == page(*BODY)


@pytest.mark.parametrize("line", items(ARTICLE_LINES))
def test_what_only_looks_like_furniture_stays(line: str) -> None:
    lines = [BODY[0], line, *BODY[1:]]
    assert clean(page(*lines)) == page(*lines)


def test_headings_lists_and_times_of_entries_keep_their_place() -> None:
    text = page(
        "Why it was closed", BODY[0], "10.32 BST", BODY[1], "- one\n- two\n- three", BODY[2]
    )
    assert clean(text) == text
    assert clean(text.replace("- ", "  •  ").replace("\n  •", "\n\n  •")) == text


def test_a_menu_before_the_article_and_headlines_after_it_go() -> None:
    menu = ["News", "Sport", "Weather", "Local", "Opinion pages"]
    tail = ["Related stories", "Toll plans for the tunnel shelved", "Mayor to run again", "Topics"]
    assert clean("\n".join([*menu, "Bridge reopens at last", *BODY, *tail])) == page(
        "Bridge reopens at last", *BODY
    )


def test_related_headlines_within_the_article_go_and_the_text_after_them_stays() -> None:
    lines = [BODY[0], "More on this story", "Toll plans for the tunnel shelved", *BODY[1:]]
    assert clean(page(*lines)) == page(*BODY)


def test_readers_comments_go_from_the_comment_form_on() -> None:
    body = [f"{sentence} Round {i} of the vote was close." for i in range(3) for sentence in BODY]
    comments = [
        "Leave a Reply",
        "I never liked that bridge, and neither did my wife, to be honest.",
    ]
    assert clean(page(*body, *comments)) == page(*body)


def test_a_comments_link_at_the_top_takes_nothing_else_away() -> None:
    assert clean(page("Bridge reopens at last", "12 comments", *BODY)) == page(
        "Bridge reopens at last", *BODY
    )


def test_a_block_that_comes_twice_stays_once_and_short_sentences_may_repeat() -> None:
    assert clean(page(*BODY, BODY[1])) == page(*BODY)
    assert clean(page(BODY[0], "No.", BODY[1], "No.", BODY[2], "No.")).count("No.") == 3


def test_a_label_between_paragraphs_again_and_again_goes() -> None:
    lines = [part for sentence in BODY for part in (sentence, "The Daily Example pictures")]
    assert clean(page(*lines)) == page(*BODY)


def test_a_headline_that_comes_again_and_again_stays_once() -> None:
    title = "The old stone bridge reopens at last"
    assert clean(page(title, BODY[0], title, *BODY[1:], title)) == page(title, *BODY)


def test_a_recipe_may_repeat_its_list() -> None:
    text = page(*BODY, "- Take 2 eggs and 1 spoon of oil, 3 g of salt.", "Then", "- Take 2 eggs")
    assert clean(text) == text


def test_a_short_headline_among_furniture_is_no_menu() -> None:
    lines = ["Advertisement", "Share", "Bridge reopens", "17 May 2024", "Subscribe", *BODY]
    assert clean(page(*lines)) == page("Bridge reopens", *BODY)


def test_the_speakers_of_a_transcript_stay() -> None:
    said = [f"{sentence} That was answer {i} of many." for i in range(2) for sentence in BODY]
    lines = [part for i, s in enumerate(said) for part in (("THE HOST", "THE GUEST")[i % 2], s)]
    assert clean(page(*lines)) == page(*lines)


def test_wrapped_paragraphs_are_joined_and_words_put_together() -> None:
    wrapped = (
        "The council voted on Tuesday to reopen the bridge after two\n"
        "years of repairs. Engineers had found cracks in four of the\n"
        "nine piers, which took longer to mend than anyone had plan-\n"
        "ned, and the money ran out twice before the end of the work.\n"
        "The last lorry left at noon.\n\nA second paragraph stands by itself."
    )
    first, second = clean(wrapped).split("\n\n")
    assert "after two years of repairs. Engineers" in first
    assert "had planned, and" in first
    assert first.endswith("The last lorry left at noon.")
    assert second == "A second paragraph stands by itself."


def test_lines_of_a_saved_page_are_paragraphs_of_their_own() -> None:
    assert clean("\n".join(BODY)) == page(*BODY)


def test_the_masthead_date_goes_and_a_date_within_the_article_stays() -> None:
    text = page(
        "Friday, June 14, 2024", "Bridge reopens at last", BODY[0], "17 May 2024", *BODY[1:]
    )
    assert clean(text) == page("Bridge reopens at last", BODY[0], "17 May 2024", *BODY[1:])


def test_invisible_and_direction_characters_go() -> None:
    assert normalise("pass\u200bword \u202eevil\u202c caf\u0065\u0301") == "password evil café"
    assert normalise("a\u00a0b\x00c\x07 soft\u00adhyphen \ufeffend") == "a bc softhyphen end"


def test_what_was_dropped_is_told_with_its_rule() -> None:
    cleaned = sift(page(BODY[0], "Advertisement", *BODY[1:]))
    assert [(d.rule, d.line) for d in cleaned.dropped] == [("advertisement", "Advertisement")]


LINES = st.one_of(
    st.sampled_from([*BODY, *items(FURNITURE), *items(ARTICLE_LINES)]),
    st.text(max_size=60),
    st.text("ab -–•.\n\t\u200b#*>|", max_size=30),
)
PAGES = st.lists(LINES, max_size=25).flatmap(
    lambda lines: st.sampled_from(["\n", "\n\n"]).map(lambda by: by.join(lines))
)


@given(PAGES)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(PAGES)
def test_no_line_is_added_and_order_is_kept(text: str) -> None:
    before = iter(paragraphs(text))
    for line in clean(text).replace("\n\n", "\n").split("\n"):
        assert not line or any(line == other for other in before)


@given(PAGES)
def test_the_layout_is_paragraphs_with_one_blank_line_between(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == cleaned.strip()
    assert "\n\n\n" not in cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    for line in cleaned.split("\n"):
        assert line == " ".join(line.split())
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in cleaned if c != "\n")


@given(st.lists(st.sampled_from(BODY), unique=True), st.lists(st.sampled_from(items(FURNITURE))))
def test_body_sentences_never_go(body: list[str], furniture: list[str]) -> None:
    mixed = [*furniture[::2], *body, *furniture[1::2]]
    kept = clean(page(*mixed))
    assert all(sentence in kept for sentence in body)
