"""What the database itself refuses, to the application's role and mostly to everybody.

- An entry without transfers, at COMMIT (deferred constraint trigger).
- A transfer whose accounts have another currency (composite foreign keys).
- A transfer added to an entry of an earlier transaction (the entry keeps its transaction id).
- A guarded account below zero, a hold used beyond its amount: rows that the trigger updates under
  lock, in the order of their ids, once per statement with the net of the statement. A SUM in a
  trigger without a lock lets racers through (measured, see DECISIONS.md).
- UPDATE and DELETE by trigger and by grant, TRUNCATE by grant.

The two functions that write balances run as their owner, with a pinned search_path; the
application's role may not write those tables.
"""

from django.db import migrations

KEYS = """
ALTER TABLE ledger_transfer
    ADD CONSTRAINT transfer_debit_currency FOREIGN KEY (debit_id, currency)
        REFERENCES ledger_account (id, currency),
    ADD CONSTRAINT transfer_credit_currency FOREIGN KEY (credit_id, currency)
        REFERENCES ledger_account (id, currency);
"""
UNDO_KEYS = """
ALTER TABLE ledger_transfer
    DROP CONSTRAINT transfer_debit_currency, DROP CONSTRAINT transfer_credit_currency;
"""

ENTRIES = """
CREATE FUNCTION ledger_seal_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id()::text::bigint;
    NEW.recorded_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER entry_sealed BEFORE INSERT ON ledger_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION ledger_seal_entry();

CREATE FUNCTION ledger_entry_has_transfers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_transfer t WHERE t.entry_id = NEW.id) THEN
        RAISE EXCEPTION 'entry % has no transfer', NEW.key
            USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'entry_has_transfers';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_has_transfers AFTER INSERT ON ledger_ledgerentry
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_entry_has_transfers();
"""
UNDO_ENTRIES = """
DROP TRIGGER entry_has_transfers ON ledger_ledgerentry;
DROP FUNCTION ledger_entry_has_transfers();
DROP TRIGGER entry_sealed ON ledger_ledgerentry;
DROP FUNCTION ledger_seal_entry();
"""

BALANCES = """
CREATE FUNCTION ledger_open_account() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO ledger_accountbalance (account_id, balance_minor) VALUES (NEW.id, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER account_opened AFTER INSERT ON ledger_account
    FOR EACH ROW WHEN (NEW.is_guarded) EXECUTE FUNCTION ledger_open_account();

CREATE FUNCTION ledger_apply_transfers() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    change record;
BEGIN
    IF EXISTS (
        SELECT 1 FROM added JOIN ledger_ledgerentry e ON e.id = added.entry_id
        WHERE e.xid <> pg_current_xact_id()::text::bigint
    ) THEN
        RAISE EXCEPTION 'a transfer belongs to the transaction of its entry'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entry_is_closed';
    END IF;
    IF EXISTS (
        SELECT 1 FROM added JOIN ledger_transfer h ON h.id = added.hold_id
        WHERE NOT h.is_hold OR h.credit_id <> added.debit_id
    ) THEN
        RAISE EXCEPTION 'a hold is used out of the account into which it was made'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'hold_fits';
    END IF;
    FOR change IN
        SELECT a.id, sum(CASE WHEN s.is_debit = a.is_debit_normal THEN s.amount ELSE -s.amount END)
            AS net
        FROM (
            SELECT debit_id AS account_id, amount_minor::numeric AS amount, true AS is_debit
            FROM added
            UNION ALL
            SELECT credit_id, amount_minor::numeric, false FROM added
        ) s JOIN ledger_account a ON a.id = s.account_id AND a.is_guarded
        GROUP BY a.id ORDER BY a.id
    LOOP
        UPDATE ledger_accountbalance SET balance_minor = (balance_minor + change.net)::bigint
            WHERE account_id = change.id;
    END LOOP;
    INSERT INTO ledger_holdbalance (transfer_id, open_minor)
        SELECT id, amount_minor FROM added WHERE is_hold;
    FOR change IN
        SELECT hold_id AS id, sum(amount_minor) AS net FROM added
        WHERE hold_id IS NOT NULL GROUP BY hold_id ORDER BY hold_id
    LOOP
        UPDATE ledger_holdbalance SET open_minor = (open_minor - change.net)::bigint
            WHERE transfer_id = change.id;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_applied AFTER INSERT ON ledger_transfer
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply_transfers();
"""
UNDO_BALANCES = """
DROP TRIGGER transfer_applied ON ledger_transfer;
DROP FUNCTION ledger_apply_transfers();
DROP TRIGGER account_opened ON ledger_account;
DROP FUNCTION ledger_open_account();
"""

APPEND_ONLY = ["account", "ledgerentry", "transfer", "chainlink"]
BY_TRIGGER = "\n".join(
    f"""
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON ledger_{table}
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON ledger_{table} FROM caukieu_app;
"""
    for table in APPEND_ONLY
)
UNDO_BY_TRIGGER = "\n".join(
    f"""
GRANT UPDATE, DELETE ON ledger_{table} TO caukieu_app;
DROP TRIGGER {table}_append_only ON ledger_{table};
"""
    for table in APPEND_ONLY
)
READ_ONLY = """
REVOKE INSERT, UPDATE, DELETE ON ledger_accountbalance, ledger_holdbalance FROM caukieu_app;
"""
UNDO_READ_ONLY = """
GRANT INSERT, UPDATE, DELETE ON ledger_accountbalance, ledger_holdbalance TO caukieu_app;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_tables"), ("core", "0003_rules")]
    operations = [
        migrations.RunSQL(KEYS, UNDO_KEYS),
        migrations.RunSQL(ENTRIES, UNDO_ENTRIES),
        migrations.RunSQL(BALANCES, UNDO_BALANCES),
        migrations.RunSQL(BY_TRIGGER, UNDO_BY_TRIGGER),
        migrations.RunSQL(READ_ONLY, UNDO_READ_ONLY),
    ]
