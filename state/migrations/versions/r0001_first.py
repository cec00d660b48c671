"""The first schema."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE audit (
        number INTEGER NOT NULL,
        entry TEXT NOT NULL,
        hash VARCHAR NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    """
    CREATE TABLE cannot_express (
        person_id VARCHAR NOT NULL,
        provider VARCHAR NOT NULL,
        field VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        digest VARCHAR NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (person_id, provider, field, reason)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE decision (
        number INTEGER NOT NULL,
        a_provider VARCHAR NOT NULL,
        a_record_id VARCHAR NOT NULL,
        b_provider VARCHAR NOT NULL,
        b_record_id VARCHAR NOT NULL,
        verdict VARCHAR NOT NULL,
        judge VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (a_provider, a_record_id, b_provider, b_record_id)
    )
    """,
    "CREATE INDEX decision_b ON decision (b_provider, b_record_id)",
    """
    CREATE TABLE hold (
        number INTEGER NOT NULL,
        kind VARCHAR NOT NULL,
        person_id VARCHAR NOT NULL,
        provider VARCHAR NOT NULL,
        record_id VARCHAR NOT NULL,
        absence BOOLEAN NOT NULL,
        since INTEGER NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (provider, record_id, kind, person_id)
    )
    """,
    "CREATE INDEX hold_person ON hold (person_id)",
    """
    CREATE TABLE manual_action (
        number INTEGER NOT NULL,
        person_id VARCHAR NOT NULL,
        provider VARCHAR NOT NULL,
        action VARCHAR NOT NULL,
        since INTEGER NOT NULL,
        done_at INTEGER,
        PRIMARY KEY (number),
        UNIQUE (person_id, provider, action)
    )
    """,
    """
    CREATE TABLE operation (
        number INTEGER NOT NULL,
        id VARCHAR NOT NULL,
        run_id VARCHAR,
        person_id VARCHAR NOT NULL,
        provider VARCHAR NOT NULL,
        kind VARCHAR NOT NULL,
        state VARCHAR NOT NULL,
        reason VARCHAR NOT NULL,
        record_id VARCHAR,
        contact TEXT NOT NULL,
        record TEXT,
        fields TEXT NOT NULL,
        effects TEXT NOT NULL,
        opt_out TEXT,
        attempt INTEGER NOT NULL,
        digest VARCHAR,
        sent_at INTEGER,
        until INTEGER,
        entry_id VARCHAR,
        message VARCHAR,
        idempotency_key VARCHAR,
        accepted_key VARCHAR,
        planned_at INTEGER NOT NULL,
        settled_at INTEGER,
        PRIMARY KEY (number),
        UNIQUE (id)
    )
    """,
    """
    CREATE UNIQUE INDEX open_create
    ON operation (person_id, provider)
    WHERE kind = 'create' AND state IN ('planned', 'sending', 'unknown', 'pending', 'parked')
    """,
    "CREATE INDEX operation_person ON operation (person_id)",
    "CREATE INDEX operation_run ON operation (run_id, person_id)",
    "CREATE INDEX operation_state ON operation (state, provider)",
    """
    CREATE TABLE opt_out (
        number INTEGER NOT NULL,
        line TEXT NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    """
    CREATE TABLE person (
        id VARCHAR NOT NULL,
        status VARCHAR NOT NULL,
        successor VARCHAR,
        split_from VARCHAR,
        created_at INTEGER NOT NULL,
        merged_at INTEGER,
        fields TEXT NOT NULL,
        choices TEXT NOT NULL,
        frozen TEXT NOT NULL,
        aliases TEXT NOT NULL,
        returns TEXT NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    "CREATE INDEX person_successor ON person (successor) WHERE successor IS NOT NULL",
    """
    CREATE TABLE provider (
        provider VARCHAR NOT NULL,
        account_id VARCHAR,
        fingerprint VARCHAR,
        cursor VARCHAR,
        sweep_id VARCHAR,
        sweep_cursor VARCHAR,
        sweep_total INTEGER,
        swept_at INTEGER,
        peak INTEGER NOT NULL,
        memory TEXT NOT NULL,
        export_digest VARCHAR,
        export_as_of INTEGER,
        PRIMARY KEY (provider)
    )
    """,
    """
    CREATE TABLE record (
        rid INTEGER NOT NULL,
        provider VARCHAR NOT NULL,
        record_id VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        fields TEXT NOT NULL,
        absent TEXT NOT NULL,
        labels TEXT NOT NULL,
        opted_out VARCHAR,
        created_at INTEGER,
        updated_at INTEGER,
        first_seen INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        gone_at INTEGER,
        released_at INTEGER,
        PRIMARY KEY (rid),
        UNIQUE (provider, record_id)
    )
    """,
    "CREATE INDEX record_live ON record (provider) WHERE gone_at IS NULL",
    """
    CREATE TABLE run (
        number INTEGER NOT NULL,
        run_id VARCHAR NOT NULL,
        mode VARCHAR NOT NULL,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        exit_code INTEGER,
        summary TEXT NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (run_id)
    )
    """,
    """
    CREATE TABLE store (
        id INTEGER NOT NULL,
        lineage VARCHAR NOT NULL,
        serial INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        lost BOOLEAN NOT NULL,
        rolled_back BOOLEAN NOT NULL,
        PRIMARY KEY (id)
    )
    """,
    """
    CREATE TABLE sweep (
        sweep_id VARCHAR NOT NULL,
        provider VARCHAR NOT NULL,
        began_at INTEGER NOT NULL,
        PRIMARY KEY (sweep_id)
    )
    """,
    """
    CREATE TABLE before_merge (
        number INTEGER NOT NULL,
        person_id VARCHAR NOT NULL,
        rids TEXT NOT NULL,
        contents TEXT NOT NULL,
        PRIMARY KEY (number),
        FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    "CREATE INDEX ix_before_merge_person_id ON before_merge (person_id)",
    """
    CREATE TABLE dirty_person (
        person_id VARCHAR NOT NULL,
        PRIMARY KEY (person_id),
        FOREIGN KEY(person_id) REFERENCES person (id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE dirty_record (
        rid INTEGER NOT NULL,
        PRIMARY KEY (rid),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE field_conflict (
        person_id VARCHAR NOT NULL,
        field VARCHAR NOT NULL,
        contents TEXT NOT NULL,
        since INTEGER NOT NULL,
        reason VARCHAR NOT NULL,
        PRIMARY KEY (person_id, field),
        FOREIGN KEY(person_id) REFERENCES person (id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE former_member (
        person_id VARCHAR NOT NULL,
        rid INTEGER NOT NULL,
        PRIMARY KEY (person_id, rid),
        FOREIGN KEY(person_id) REFERENCES person (id),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX former_member_rid ON former_member (rid)",
    """
    CREATE TABLE link (
        rid INTEGER NOT NULL,
        person_id VARCHAR NOT NULL,
        evidence VARCHAR NOT NULL,
        linked_at INTEGER NOT NULL,
        base TEXT NOT NULL,
        sent TEXT NOT NULL,
        written TEXT NOT NULL,
        ours BOOLEAN NOT NULL,
        accepted_key VARCHAR,
        met BOOLEAN NOT NULL,
        PRIMARY KEY (rid),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE,
        FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    "CREATE INDEX ix_link_person_id ON link (person_id)",
    """
    CREATE TABLE record_key (
        kind VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        rid INTEGER NOT NULL,
        place INTEGER NOT NULL,
        shown BOOLEAN NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        PRIMARY KEY (kind, value, rid),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX record_key_rid ON record_key (rid)",
    """
    CREATE TABLE sighting (
        rid INTEGER NOT NULL,
        sweep_id VARCHAR NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (rid),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE suspicion (
        a INTEGER NOT NULL,
        b INTEGER NOT NULL,
        score FLOAT NOT NULL,
        reason VARCHAR NOT NULL,
        features TEXT NOT NULL,
        PRIMARY KEY (a, b),
        FOREIGN KEY(a) REFERENCES record (rid) ON DELETE CASCADE,
        FOREIGN KEY(b) REFERENCES record (rid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX suspicion_b ON suspicion (b)",
)


def upgrade() -> None:
    """The tables and indexes exist, empty."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
