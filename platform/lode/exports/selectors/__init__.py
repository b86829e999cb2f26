"""Reads of exports."""

from lode.exports.selectors.exports import ExportView, export_file, list_exports

__all__ = ["ExportView", "export_file", "list_exports"]
