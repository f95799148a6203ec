"""What the database itself keeps of payments: legal edges, fixed sums, no refund above the charge.

The edges are literal here, as they were when this migration was written; a test compares the
functions in the database with funding.payment_workflow.
"""

from django.db import migrations

_OPEN = ["intent_made", "confirming", "processing", "needs_action", "soft_failed", "hard_failed"]
EDGES = {
    "charge": [
        ("new", "intent_made"), ("new", "cancelled"), ("new", "hard_failed"),
        ("hard_failed", "intent_made"),
        ("intent_made", "confirming"), ("intent_made", "hard_failed"),
        ("confirming", "intent_made"), ("confirming", "processing"),
        ("confirming", "needs_action"), ("confirming", "soft_failed"),
        ("confirming", "hard_failed"),
        ("processing", "needs_action"), ("processing", "soft_failed"),
        ("processing", "hard_failed"),
        ("needs_action", "confirming"), ("needs_action", "soft_failed"),
        ("needs_action", "hard_failed"),
        ("soft_failed", "confirming"), ("soft_failed", "needs_action"),
        ("soft_failed", "hard_failed"),
        ("hard_failed", "confirming"), ("hard_failed", "needs_action"),
        ("hard_failed", "soft_failed"),
        *[(status, "succeeded") for status in _OPEN],
        *[(status, "cancelled") for status in _OPEN],
    ],
    "refund": [
        ("created", "submitted"), ("created", "cancelled"),
        ("submitted", "pending"), ("submitted", "succeeded"), ("submitted", "failed"),
        ("submitted", "cancelled"),
        ("pending", "succeeded"), ("pending", "failed"), ("pending", "cancelled"),
        ("succeeded", "failed"),
    ],
    "dispute": [
        ("inquiry", "needs_response"), ("inquiry", "inquiry_closed"), ("inquiry", "prevented"),
        ("inquiry", "won"), ("inquiry", "lost"),
        ("needs_response", "under_review"), ("needs_response", "won"), ("needs_response", "lost"),
        ("under_review", "needs_response"), ("under_review", "won"), ("under_review", "lost"),
    ],
    "card_setup": [("open", "saved"), ("open", "expired"), ("saved", "removed")],
}
TABLES = {
    "charge": ("funding_chargeobligation", "amount_minor, currency, pledge_id, round_id, due_at"),
    "refund": ("funding_refund", "amount_minor, currency, obligation_id"),
    "dispute": ("funding_dispute", "currency, obligation_id, stripe_id"),
    "card_setup": ("funding_cardsetup", "pledge_id"),
}
STARTS = {"charge": ["new"], "refund": ["created"], "card_setup": ["open"],
          "dispute": ["inquiry", "needs_response", "under_review", "won", "lost",
                      "inquiry_closed", "prevented"]}


def guard(kind):
    table, fixed = TABLES[kind]
    edges = ", ".join(f"('{a}', '{b}')" for a, b in EDGES[kind])
    starts = ", ".join(f"'{s}'" for s in STARTS[kind])
    new = ", ".join(f"NEW.{c.strip()}" for c in fixed.split(","))
    old = ", ".join(f"OLD.{c.strip()}" for c in fixed.split(","))
    return f"""
CREATE FUNCTION {kind}_edge_is_legal(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT (before, after) IN ({edges})
$$;
CREATE FUNCTION {kind}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status NOT IN ({starts}) THEN
            RAISE EXCEPTION 'a {kind} does not start as %', NEW.status
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND NOT {kind}_edge_is_legal(OLD.status, NEW.status) THEN
        RAISE EXCEPTION 'a {kind} does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ROW({new}) IS DISTINCT FROM ROW({old}) THEN
        RAISE EXCEPTION 'sums and owners of a {kind} do not change'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER {kind}_guard BEFORE INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {kind}_guard();
"""


def undo(kind):
    return f"""
DROP TRIGGER {kind}_guard ON {TABLES[kind][0]};
DROP FUNCTION {kind}_guard();
DROP FUNCTION {kind}_edge_is_legal(text, text);
"""


# The charge's row is locked before its refunds are summed: two refunds at once queue here.
REFUNDS = """
CREATE FUNCTION refund_within_charge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    charged bigint;
    back numeric;
BEGIN
    SELECT amount_minor INTO charged FROM funding_chargeobligation
        WHERE id = NEW.obligation_id AND status = 'succeeded' AND currency = NEW.currency
        FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only a charge that succeeded is given back, in its currency'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO back FROM funding_refund
        WHERE obligation_id = NEW.obligation_id AND status NOT IN ('failed', 'cancelled');
    IF back > charged THEN
        RAISE EXCEPTION 'refunds of % are above the charge of %', back, charged
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'refund_within_charge';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refund_within_charge AFTER INSERT ON funding_refund
    FOR EACH ROW EXECUTE FUNCTION refund_within_charge();
"""
UNDO_REFUNDS = """
DROP TRIGGER refund_within_charge ON funding_refund;
DROP FUNCTION refund_within_charge();
"""


class Migration(migrations.Migration):
    dependencies = [("funding", "0004_payments"), ("core", "0003_rules")]
    operations = [
        *[migrations.RunSQL(guard(kind), undo(kind)) for kind in EDGES],
        migrations.RunSQL(REFUNDS, UNDO_REFUNDS),
    ]
