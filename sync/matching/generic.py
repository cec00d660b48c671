"""Keys that are nobody's: so many incompatible names were seen with them that they tie none of their holders.

Who only shares such a key is in no component with the others, so a change reaches nobody through it unless the
key itself becomes somebody's, or nobody's, by that change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.identity.linkedin import is_profile
from sync.matching.key_names import group_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def is_generic(names: Iterable[str | None], enough: int) -> bool:
    """Whether ``enough`` or more of the names of all who hold a key are mutually incompatible."""
    told = {name for name in names if name}
    return len(told) >= enough and group_names(told, enough).incompatible >= enough


def generic_pairs(keys: Iterable[str], generic: Collection[str]) -> Iterator[str]:
    """Each generic profile with each generic email among ``keys``, as one key: who shares both may be one person,
    and whether they are depends on the names of all who do or did.
    """
    found = [key for key in keys if key in generic]
    emails = [key for key in found if not is_profile(key)]
    return (f"{profile} {email}" for profile in found if is_profile(profile) for email in emails)
