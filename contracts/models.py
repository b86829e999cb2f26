"""Rows of the contracts."""
