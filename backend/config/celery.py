"""The Celery application and the one table of what runs when.

The queue of record is `core_job` (backend/core/jobs.py); the broker only wakes workers, so a lost
broker costs delay, never data.
"""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.prod")
app = Celery("caukieu")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,  # the lines of settings.LOGGING, JSON as those of the web
    # Longer than the longest job, or Valkey hands a running one to a second worker.
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        # Publishing tries once: the row in core_job is the work, the message only a hint.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.05,
        "interval_max": 0.05,
    },
    # A web request must not wait for a broker that is gone: the row in core_job is enough.
    task_publish_retry=False,
    timezone="Asia/Ho_Chi_Minh",
    beat_schedule={
        "drain-jobs": {"task": "backend.core.tasks.drain_jobs", "schedule": 10.0},
        "tell-people": {"task": "backend.notifications.tasks.tell_people", "schedule": 10.0},
        "ask-for-digests": {
            "task": "backend.notifications.tasks.ask_for_digests",
            "schedule": crontab(minute=0),
        },
        "sweep-notifications": {
            "task": "backend.notifications.tasks.sweep_given_up",
            "schedule": crontab(hour=3, minute=30),
        },
        "train-matcher": {
            "task": "backend.matching.tasks.train_nightly",
            "schedule": crontab(hour=2, minute=30),
        },
        "rank-everybody": {
            "task": "backend.matching.tasks.rank_nightly",
            "schedule": crontab(hour=3, minute=30),
        },
        "measure-views": {
            "task": "backend.matching.tasks.measure_views",
            "schedule": crontab(hour="0,6,12,18", minute=5),
        },
        "look-for-news": {
            "task": "backend.matching.tasks.look_for_news",
            "schedule": crontab(minute="2,17,32,47"),
        },
        "send-letters": {
            "task": "backend.reviews.tasks.send_due_letters",
            "schedule": 60.0,
        },
        "follow-calendar": {
            "task": "backend.funding.tasks.follow_calendar",
            "schedule": crontab(minute=5),
        },
        "charge-due": {"task": "backend.funding.payment_tasks.charge_due", "schedule": 5.0},
        "read-events": {"task": "backend.funding.payment_tasks.read_events", "schedule": 300.0},
        "sweep-payments": {
            "task": "backend.funding.payment_tasks.sweep_payments",
            "schedule": crontab(minute=20),
        },
        "reconcile": {
            "task": "backend.funding.payment_tasks.reconcile_nightly",
            "schedule": crontab(hour=1, minute=10),
        },
        "fetch-rates": {
            "task": "backend.funding.payment_tasks.fetch_rates",
            "schedule": crontab(hour=6, minute=10),
        },
        "look-at-cards": {
            "task": "backend.funding.payment_tasks.warn_of_expiring_cards",
            "schedule": crontab(hour=7, minute=40),
        },
        "take-snapshot": {
            "task": "backend.insights.tasks.take_snapshot",
            "schedule": crontab(hour=2, minute=0),
        },
        "look-at-plans": {
            "task": "backend.remittances.tasks.look_at_plans",
            "schedule": crontab(minute="*/10"),
        },
        "sweep-mails": {
            "task": "backend.accounts.tasks.sweep_mails",
            "schedule": crontab(hour=3, minute=15),
        },
        "close-rounds": {"task": "backend.funding.tasks.close_rounds", "schedule": 20.0},
        "sweep-expired": {
            "task": "backend.core.tasks.sweep_expired",
            "schedule": crontab(hour=3, minute=0),
        },
        "sweep-kept-files": {
            "task": "backend.core.tasks.sweep_kept_files",
            "schedule": crontab(minute=35),
        },
    },
)
app.autodiscover_tasks()
