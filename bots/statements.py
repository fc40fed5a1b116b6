"""The SQL of the bots, by name: read once, for every part that owns a table or looks into one."""

from core import queries

SQL = queries.load("bots")
