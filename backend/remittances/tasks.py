"""Entry points of workers. `run_actions` loads scipy (a second), so it is imported when it is
needed and not by the web, which knows these names only."""

from celery import shared_task


@shared_task
def look_at_plans() -> None:
    """Every ten minutes: what is due of all plans."""
    from backend.remittances import run_actions  # noqa: PLC0415

    run_actions.look_at_plans()


def propose() -> None:
    """The job `remittances.propose`: a plan was changed, so its proposal is made again."""
    from backend.remittances import run_actions  # noqa: PLC0415

    run_actions.propose_waiting()
