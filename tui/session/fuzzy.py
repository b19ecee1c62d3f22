"""Finding names by a few of their letters, as an editor's file finder does."""

from __future__ import annotations

from collections.abc import Iterable

_RUN_BONUS, _WORD_BONUS = 3, 2
"""For a letter right behind the one before it, and for the first letter of a word."""


def best_first(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that hold the letters of `pattern` in its order, the best match first, then the shortest.

    Case and blanks don't count. Runs of letters and first letters of words make a match better.
    """
    letters = "".join(pattern.split()).lower()
    scores = {name: score for name in names if (score := _score(letters, name.lower())) is not None}
    return sorted(scores, key=lambda name: (-scores[name], len(name)))


def _score(letters: str, text: str) -> int | None:
    """Return how well `letters` match, None if they are not in `text` in this order."""
    scores = {-1: 0}  # the best score by the place of the last letter found
    for letter in letters:
        found: dict[int, int] = {}
        for place, character in enumerate(text):
            if character != letter:
                continue
            so_far = [
                score + (_RUN_BONUS if last == place - 1 and last >= 0 else 0)
                for last, score in scores.items()
                if last < place
            ]
            if so_far:
                starts_word = place == 0 or not text[place - 1].isalnum()
                found[place] = max(so_far) + (_WORD_BONUS if starts_word else 0)
        scores = found
        if not scores:
            return None
    return max(scores.values())
