"""What one person alone could still do with money takes another: what the bank did with a payment,
letting charges go on, closing a break, a professional's status.

Rows that were decided before stay as they were: the new constraints on old tables hold for what is
written from now on (NOT VALID).
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import backend.funding.models.reports

Q = models.Q


def person(null=True):
    return models.ForeignKey(
        null=null, on_delete=django.db.models.deletion.PROTECT, related_name="+",
        to=settings.AUTH_USER_MODEL,
    )  # fmt: skip


REPORT = [
    models.CheckConstraint(
        condition=Q(("status__in", ("recorded", "confirmed", "refused"))), name="bank_report_status"
    ),
    models.CheckConstraint(
        condition=Q(("checker__isnull", True))
        | Q(Q(("checker", models.F("maker")), _negated=True)),
        name="bank_report_by_two",
    ),
    models.CheckConstraint(
        condition=Q(("status", "recorded"))
        | Q(("checker__isnull", False), ("ended_at__isnull", False)),
        name="bank_report_ended_by_somebody",
    ),
    models.CheckConstraint(
        condition=Q(("kind", "returned"), Q(("reason", ""), _negated=True))
        | Q(
            ("bank_reference__isnull", False), ("kind", "paid"), ("paid_on__isnull", False),
            ("paid_vnd__gt", 0), ("proof_sha256__regex", "^[0-9a-f]{64}$"),
        ),
        name="bank_report_whole",
    ),
    models.UniqueConstraint(
        condition=Q(("status", "recorded")), fields=("disbursement",),
        name="bank_report_one_waiting",
    ),
    models.UniqueConstraint(
        condition=Q(("status__in", ["recorded", "confirmed"])), fields=("bank_reference",),
        name="bank_report_reference_once",
    ),
]  # fmt: skip
RULES = """
CREATE FUNCTION bank_report_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN (('recorded', 'confirmed'), ('recorded', 'refused'))
$$;
CREATE FUNCTION bank_report_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'recorded' THEN
            RAISE EXCEPTION 'a bank_report does not start as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT bank_report_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a bank_report does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.disbursement_id, NEW.kind, NEW.bank_reference, NEW.paid_vnd, NEW.paid_on,
            NEW.proof_sha256, NEW.reason, NEW.maker_id)
        IS DISTINCT FROM (OLD.disbursement_id, OLD.kind, OLD.bank_reference, OLD.paid_vnd,
            OLD.paid_on, OLD.proof_sha256, OLD.reason, OLD.maker_id)
        OR OLD.status <> 'recorded' THEN
        RAISE EXCEPTION 'what was read at the bank does not change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER bank_report_guard BEFORE INSERT OR UPDATE ON funding_bankreport
    FOR EACH ROW EXECUTE FUNCTION bank_report_guard();
CREATE TRIGGER bank_report_stays BEFORE DELETE ON funding_bankreport
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- A payment is over only by what two people read at the bank.
CREATE FUNCTION disbursement_ended_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM funding_bankreport r
        WHERE r.disbursement_id = NEW.id AND r.status = 'confirmed'
            AND r.checker_id <> r.maker_id
            AND r.kind = CASE NEW.status WHEN 'confirmed' THEN 'paid' ELSE 'returned' END
            AND (NEW.status = 'returned' OR (r.bank_reference, r.paid_vnd, r.paid_on)
                IS NOT DISTINCT FROM (NEW.bank_reference, NEW.paid_vnd, NEW.paid_on))
    ) THEN
        RAISE EXCEPTION 'two people have not read this at the bank (disbursement_ended_by_two)'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER disbursement_ended_by_two BEFORE UPDATE OF status ON funding_disbursement
    FOR EACH ROW WHEN (NEW.status IN ('confirmed', 'returned') AND NEW.status <> OLD.status)
    EXECUTE FUNCTION disbursement_ended_by_two();
-- Charges go on only when one person asked and another lets them.
CREATE FUNCTION control_resumed_by_two() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.resume_asked_by_id IS NULL OR NEW.changed_by_id IS NULL
        OR NEW.changed_by_id = OLD.resume_asked_by_id THEN
        RAISE EXCEPTION 'one person asks, another lets charges go on (control_resumed_by_two)'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER control_resumed_by_two BEFORE UPDATE OF is_stopped ON funding_paymentcontrol
    FOR EACH ROW WHEN (OLD.is_stopped AND NOT NEW.is_stopped)
    EXECUTE FUNCTION control_resumed_by_two();
"""
UNDO = """
DROP TRIGGER control_resumed_by_two ON funding_paymentcontrol;
DROP FUNCTION control_resumed_by_two();
DROP TRIGGER disbursement_ended_by_two ON funding_disbursement;
DROP FUNCTION disbursement_ended_by_two();
DROP TRIGGER bank_report_stays ON funding_bankreport;
DROP TRIGGER bank_report_guard ON funding_bankreport;
DROP FUNCTION bank_report_guard();
DROP FUNCTION bank_report_edge_is_legal(text, text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("funding", "0012_pledge_count"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BankReport",
            fields=[
                ("id", models.BigAutoField(
                    auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(
                    default=backend.funding.models.reports._report_id, editable=False,
                    max_length=40, unique=True)),
                ("kind", models.CharField(
                    choices=[("paid", "Paid"), ("returned", "Returned")], max_length=10)),
                ("status", models.CharField(default="recorded", max_length=12)),
                ("bank_reference", models.CharField(max_length=40, null=True)),
                ("paid_vnd", models.BigIntegerField(null=True)),
                ("paid_on", models.DateField(null=True)),
                ("proof", models.FileField(blank=True, upload_to="disbursements/%Y/%m/")),
                ("proof_sha256", models.CharField(blank=True, max_length=64)),
                ("reason", models.TextField(blank=True)),
                ("made_at", models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                ("refused_reason", models.TextField(blank=True)),
                ("checker", person()),
                ("maker", person(null=False)),
                ("disbursement", models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="reports",
                    to="funding.disbursement")),
            ],
            options={"constraints": REPORT},
        ),
        migrations.AddField("paymentcontrol", "resume_asked_at", models.DateTimeField(null=True)),
        migrations.AddField("paymentcontrol", "resume_asked_by", person()),
        migrations.AddField("professionalclaim", "found_at", models.DateTimeField(null=True)),
        migrations.AddField("professionalclaim", "found_by", person()),
        migrations.AddField("reconciliationbreak", "closed_by", person()),
        migrations.AddField("reconciliationbreak", "explained_at", models.DateTimeField(null=True)),
        migrations.AddField("reconciliationbreak", "explained_by", person()),
        migrations.AddConstraint(
            model_name="professionalclaim",
            constraint=models.CheckConstraint(
                condition=Q(("found_by__isnull", True))
                | Q(Q(("found_by", models.F("user")), _negated=True)),
                name="claim_not_found_by_oneself",
            ),
        ),
        AddConstraintNotValid(
            model_name="professionalclaim",
            constraint=models.CheckConstraint(
                condition=Q(Q(("outcome", "confirmed"), _negated=True))
                | Q(
                    ("found_by__isnull", False),
                    Q(("found_by", models.F("decided_by")), _negated=True),
                ),
                name="claim_confirmed_by_two",
            ),
        ),
        AddConstraintNotValid(
            model_name="reconciliationbreak",
            constraint=models.CheckConstraint(
                condition=Q(Q(("state", "explained"), _negated=True))
                | Q(
                    ("closed_by__isnull", False), ("explained_by__isnull", False),
                    Q(("closed_by", models.F("explained_by")), _negated=True),
                    Q(("note", ""), _negated=True),
                ),
                name="break_closed_by_two",
            ),
        ),
        migrations.RunSQL(RULES, UNDO),
    ]  # fmt: skip
