"""Tables of the ledger, and how a ledger of an earlier version becomes one of this."""

from __future__ import annotations

import sqlite3

LAYOUT = 2
"""Version of the tables."""

TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (kind TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS calls_by_time ON calls (kind, at);
CREATE TABLE IF NOT EXISTS pauses (kind TEXT PRIMARY KEY, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS refusals (kind TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS listings (
    scope TEXT PRIMARY KEY, after TEXT, is_done INTEGER NOT NULL, pages INTEGER NOT NULL, counted INTEGER,
    unusable INTEGER NOT NULL DEFAULT 0, problem TEXT
);
CREATE TABLE IF NOT EXISTS members (
    scope TEXT NOT NULL, id TEXT NOT NULL, is_seen INTEGER NOT NULL DEFAULT 1, delisted_at REAL, PRIMARY KEY (scope, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (id TEXT PRIMARY KEY, name TEXT, direct INTEGER, indirect INTEGER);
CREATE TABLE IF NOT EXISTS replays (
    id TEXT PRIMARY KEY, metadata TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT 'pending', reason TEXT, detail TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, sha256 TEXT, bytes INTEGER, duplicate_of TEXT, group_path TEXT,
    is_selected INTEGER NOT NULL DEFAULT 0, changed_at REAL, retry_at REAL
);
"""

_STEPS = {
    1: """
ALTER TABLE listings ADD COLUMN counted INTEGER;
ALTER TABLE listings ADD COLUMN unusable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE listings ADD COLUMN problem TEXT;
ALTER TABLE members ADD COLUMN is_seen INTEGER NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN delisted_at REAL;
ALTER TABLE groups ADD COLUMN direct INTEGER;
ALTER TABLE groups ADD COLUMN indirect INTEGER;
ALTER TABLE replays ADD COLUMN retry_at REAL;
-- An outage was taken for a fault of the replays that it hit, so each is asked for once more.
UPDATE replays SET retry_at = 0, attempts = 0 WHERE outcome IN ('failed', 'gone', 'forbidden');
-- What lists said of their own length was not kept, so they are read again.
UPDATE listings SET is_done = 0, after = NULL, pages = 0;
UPDATE members SET is_seen = 0;
""",
}
"""What makes of each layout the next one."""


def prepare(database: sqlite3.Connection) -> int:
    """Make the tables, or change those of an earlier layout, and return the layout that there is now.

    In one transaction, so that whoever copies a ledger meanwhile sees all tables of one layout, or none.
    """
    database.execute("BEGIN IMMEDIATE")
    try:
        is_there = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone()
        found = database.execute("SELECT value FROM facts WHERE name = 'layout'").fetchone() if is_there else None
        layout = LAYOUT if not found else int(found[0]) if str(found[0]).isdecimal() else 0
        while layout in _STEPS:
            _run(database, _STEPS[layout])
            layout += 1
        if layout == LAYOUT:
            _run(database, TABLES)
            database.execute("INSERT OR REPLACE INTO facts VALUES ('layout', ?)", (str(LAYOUT),))
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")
    return layout


def _run(database: sqlite3.Connection, script: str) -> None:
    """Run statements inside the transaction that is open; ``executescript`` would end it."""
    for statement in script.split(";"):
        if statement.strip():
            database.execute(statement)
