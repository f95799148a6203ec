"""The public account of the sample world: a snapshot of what is there (little, and said so), and
one of invented figures, so that the page can be seen full."""

from backend.insights.actions import take_snapshot
from backend.insights.example import example_cells
from backend.insights.models import Snapshot
from backend.insights.nightly import take_now


def seed_flows() -> None:
    """Each once."""
    if not Snapshot.objects.filter(is_example=True).exists():
        take_snapshot(example_cells(), is_example=True)
    if not Snapshot.objects.filter(is_example=False).exists():
        take_now()
