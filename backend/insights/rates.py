"""The exchange rates of the public account: of each currency one rate a year, the last one known
when the year began (else the first one that is known).

At rates that move daily, two nights with the same money would show two figures, and from several
such nights the sums in each currency could be worked out although they are hidden.
"""

from datetime import datetime

from backend.core.formats import CITY_ZONE
from backend.funding.models import FxRate
from backend.funding.queries import Rate


def rates_of_year(year: int) -> dict[str, Rate]:
    """Đồng for one unit, by currency. Two queries."""
    known = FxRate.objects.filter(quote="VND")
    first = known.order_by("base", "as_of", "id").distinct("base")
    before = known.filter(as_of__lt=datetime(year, 1, 1, tzinfo=CITY_ZONE))
    last = before.order_by("base", "-as_of", "-id").distinct("base")
    return {
        row.base: Rate(row.base, "VND", row.rate, row.as_of, row.source, row.is_sample, row.pk)
        for row in (*first, *last)
    }
