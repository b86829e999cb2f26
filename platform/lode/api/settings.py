"""Settings of the API: what REST framework and the OpenAPI document are told."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["lode.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["lode.api.permissions.TokenPermission"],
    "DEFAULT_RENDERER_CLASSES": ["lode.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lode.api.parsers.StrictJsonParser"],
    "DEFAULT_THROTTLE_CLASSES": [
        "lode.api.throttling.OrganisationThrottle",
        "lode.api.throttling.WriteThrottle",
        "lode.api.throttling.StrangerThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"organisation": "1200/min", "write": "240/min", "stranger": "60/min"},
    # Nobody can name another address to be counted as: the proxy in front says how many there are by its own setting.
    "NUM_PROXIES": 0,
    "DEFAULT_SCHEMA_CLASS": "lode.api.schema.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "lode.api.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Lode API",
    "VERSION": "1",
    "DESCRIPTION": (
        "The ledger of leased battery materials, its contracts, settlements and reconciliations, for programs. "
        "See docs/api.md. Masses are decimal strings of whole milligrams of the contained element; times are UTC; "
        "periods are half-open, the last day is out. Every error is an RFC 9457 problem with a stable code."
    ),
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SORT_OPERATIONS": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "lode.api.schema.add_problem_responses",
    ],
    "TAGS": [
        {"name": "parties", "description": "Organisations and the keys that they sign with"},
        {"name": "ledger", "description": "Accounts, entries, proofs and tree heads"},
        {"name": "contracts", "description": "Contracts and their signed versions"},
        {"name": "statements", "description": "Settlements, line by line, with their traces"},
        {"name": "reconciliation", "description": "Periods, partners' statements, matches and signatures"},
    ],
}
