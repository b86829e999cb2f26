"""The only writers of exports."""

from lode.exports.services.export_statements import export_statement, export_statements

__all__ = ["export_statement", "export_statements"]
