"""The embedded engine: PostgreSQL and the processes of one machine. Imports no Django."""
