"""The keys that an investor's answers may use, from the slices that own them."""

from functools import lru_cache

from backend.accounts.answers import Vocabulary
from backend.core.money import CURRENCIES
from backend.projects import taxonomy


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """Built here because accounts, where answers are saved, stands below the taxonomy."""
    return Vocabulary(
        fields=frozenset(taxonomy.keys("field")),
        technologies=frozenset(taxonomy.keys("technology")),
        countries=frozenset(taxonomy.keys("country")),
        places=frozenset(taxonomy.keys("place")),
        currencies=frozenset(CURRENCIES),
        instruments=frozenset(taxonomy.keys("instrument")),
        skills=frozenset(taxonomy.keys("skill")),
    )
