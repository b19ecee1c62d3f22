"""What a screen says about its keys: which ones its footer shows, and what each of them does now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FooterKeys:
    """Ids of keys for a footer: `main` as far as they fit, the most important first, then always `last`."""

    main: Sequence[str]
    last: Sequence[str] = ()


class KeyHints:
    """A screen whose keys depend on what is focused and on what is shown."""

    def footer_keys(self) -> FooterKeys:
        """Return the keys for the footer as of now."""
        raise NotImplementedError

    def key_label(self, id: str, label: str) -> str:
        """Return the label of a key for what it does now, `label` by default; empty if there is nothing to do."""
        return label
