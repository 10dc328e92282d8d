"""What beat does for reports every few seconds: whatever waits, or was left behind, goes on."""

from reporting.delivery.storage import remove_half_files

from . import runs, schedules


def sweep() -> list[int]:
    """Claim due schedules, end what died, and return the runs somebody should make now."""
    schedules.claim_due()
    runs.give_up_dead()
    for run in runs.unannounced():
        runs.announce(run)
    return runs.takeable_ids()


def tidy() -> None:
    """Remove old reports and what killed writers left."""
    runs.remove_expired()
    remove_half_files()
