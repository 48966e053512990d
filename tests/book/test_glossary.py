"""The glossary knows the words that the chapters set in bold."""

import re

import pytest

from tests.book.conftest import ROOT

PAGE = (ROOT / "book/glossary.md").read_text(encoding="utf-8")
ENTRIES = re.findall(r"((?:^\S.*\n)+)((?:^  \S.*\n)+)", PAGE.split("```{glossary}\n")[1], re.M)
TERMS = [term for terms, _ in ENTRIES for term in terms.splitlines()]
# A bold word in a chapter that is the whole of a glossary term by another form.
FORMS = {
    "buffers": "buffer",
    "channels": "channel",
    "depthwise": "depthwise convolution",
    "depthwise separable": "depthwise separable convolution",
    "discriminative": "discriminative learning rates",
    "linear": "linear map",
    "locally connected": "locally connected layer",
    "macs": "MAC",
    "paths": "path",
    "probe": "linear probe",
    "source": "source task",
    "target": "target task",
}
# Bold because it matters where it stands, not because it is a term.
STRESSED = {
    "(n, c, h, w)",
    "add",
    "all",
    "all methods get the same images",
    "each factor of a product receives the gradient times the other factor",
    "from scratch",
    "guess first.",
    "minus infinity",
    "new",
    "old",
    "one",
    "paths meet",
    "place of the stride",
    "sharing",
    "size",
    "start",
    "swap",
    "the layer's own input",
    "unbiased",
    "which layer",
}
BOLD = re.compile(r"(?<!\*)\*\*([^*]+?)\*\*(?!\*)")


def bold(text: str) -> set[str]:
    """Bold words inside sentences; those that open a line or an item are headings of a kind."""
    found = set()
    for match in BOLD.finditer(text):
        before = text[: match.start()].rpartition("\n")[2]
        words = " ".join(match.group(1).split())
        opens_item = re.fullmatch(r"\s*(?:[-*]|\d+\.)\s+", before)
        opens_line = not before.strip() and re.search(r"[.,:?]$", words)
        names_assignment = re.match(r"A\d\d, ", words)
        if not (opens_item or opens_line or names_assignment):
            found.add(words.lower())
    return found


def test_every_term_in_bold_has_an_entry(chapter):
    known = {term.lower() for term in TERMS}
    missing = {w for w in bold(chapter.text) - STRESSED if FORMS.get(w, w).lower() not in known}
    assert missing == set()


def test_terms_are_in_alphabetical_order_and_there_once():
    first = [terms.splitlines()[0].lower() for terms, _ in ENTRIES]
    assert first == sorted(first)
    assert len(TERMS) == len({term.lower() for term in TERMS}) > 100


@pytest.mark.parametrize("words", FORMS.values())
def test_the_other_forms_lead_to_entries(words):
    assert words in TERMS


def test_entries_name_entries():
    named = re.findall(r"\{term\}`(?:[^`<]+<)?([^`<>]+)>?`", PAGE)
    assert named
    assert set(named) <= set(TERMS)
