from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class FxRate(models.Model):
    """How many units of `quote` one unit of `base` was worth, with its day and source.

    Sample rates never go stale but always read "sample rate of DATE" and are refused when a live
    payment key is set.
    """

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    as_of = models.DateTimeField()
    source = models.CharField(max_length=120)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "as_of", "source"], name="rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_positive"),
            models.CheckConstraint(
                condition=~Q(base=models.F("quote")), name="rate_two_currencies"
            ),
        ]
        indexes = [models.Index(fields=["base", "quote", "-as_of"], name="rate_latest")]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.rate}"
