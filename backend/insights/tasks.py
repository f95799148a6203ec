"""Entry points of workers; what they import reads the whole account and loads numpy."""

from celery import shared_task


@shared_task
def take_snapshot() -> None:
    """Every night: the public account as it stands."""
    from backend.insights import actions, sources  # noqa: PLC0415

    actions.take_snapshot(sources.real_cells(), ledger_head=sources.ledger_head())
