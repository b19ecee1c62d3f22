"""Fuzzy search of names, as in an editor's file finder."""

from __future__ import annotations

from collections.abc import Iterable

_RUN_BONUS, _WORD_BONUS = 3, 2
"""For a letter directly after the previous match, and for the first letter of a word."""


def best_first(pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that contain the letters of `pattern` in order: best match first, then shortest.

    Ignores case and blanks. Consecutive letters and first letters of words score higher.
    """
    letters = "".join(pattern.split()).lower()
    scores = {name: score for name in names if (score := _score(letters, name.lower())) is not None}
    return sorted(scores, key=lambda name: (-scores[name], len(name)))


def _score(letters: str, text: str) -> int | None:
    """Return the score of `letters` in `text`; None if they do not occur in this order."""
    scores = {-1: 0}  # best score by position of the last letter found
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
