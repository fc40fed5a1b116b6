"""What a database is made of, read from PostgreSQL's own catalogues, so that two can be compared."""

from __future__ import annotations

from core.database import Database

_CATALOGUES = {
    "relations": """
        SELECT relname AS name, relkind::text || ' ' || relpersistence::text || ' ' || relrowsecurity::text AS what
        FROM pg_class WHERE relnamespace = 'public'::regnamespace""",
    "columns": """
        SELECT attrelid::regclass::text || '.' || attname AS name,
            concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                attcollation::regcollation, pg_get_expr(adbin, adrelid)) AS what
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text || '.' || conname AS name, pg_get_constraintdef(oid) AS what
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT indexname AS name, indexdef AS what FROM pg_indexes WHERE schemaname = 'public'",
    "views": "SELECT viewname AS name, definition AS what FROM pg_views WHERE schemaname = 'public'",
    "triggers": """
        SELECT tgrelid::regclass::text || '.' || tgname AS name, pg_get_triggerdef(oid) || tgenabled::text AS what
        FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
        SELECT oid::regprocedure::text AS name, pg_get_functiondef(oid) AS what
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "types": """
        SELECT typname AS name, typtype::text AS what FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')""",
}  # fmt: skip


async def made_of(database: Database) -> dict[str, str]:
    """Return every part of the schema and every row it starts with, by kind and name."""
    parts: dict[str, str] = {}
    async with database.transaction() as tx:
        for kind, query in _CATALOGUES.items():
            parts |= {f"{kind}: {row['name']}": row["what"] for row in await tx.rows(query)}
        for name in [part.removeprefix("relations: ") for part, what in parts.items() if what.startswith("r ")]:
            if name != "schema_versions":
                rows = await tx.rows(f"SELECT t::text AS line FROM {name} AS t ORDER BY 1")  # noqa: S608 (own tables)
                parts[f"rows: {name}"] = "\n".join(row["line"] for row in rows)
    return parts
