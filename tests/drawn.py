"""How many examples hypothesis draws: all of them in the long form, a part of them in the short one."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def drawn(examples: int, **options: Any) -> settings:
    """Settings of a test that draws so many examples in the long form, and a fifth of them in the short one."""
    return settings(max_examples=max(2, examples * settings.default.max_examples // 50), **options)
