"""Pages, one module a part of the platform."""
