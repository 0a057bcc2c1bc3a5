"""What beat and the writing transactions ask workers to do for rules."""

from celery import shared_task

from crm.workflows import engine, pruning, timing


@shared_task(name="crm.workflows.tasks.advance", ignore_result=True)
def advance() -> None:
    """Go on with what is due."""
    engine.advance()


@shared_task(name="crm.workflows.tasks.tick", ignore_result=True)
def tick() -> None:
    """Find what the clock sets off, and go on with what is due."""
    timing.tick()
    engine.advance()


@shared_task(name="crm.workflows.tasks.prune", ignore_result=True)
def prune() -> None:
    """Drop traces past their retention."""
    pruning.prune()
