"""Who acts: every service is told, no service asks a request."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """A person (or a token) acting for an organisation.

    `sees_all` is the auditor's right to read, never to write. `manages_keys` is the right to register and revoke the
    organisation's keys, which goes with no role: whoever has it decides who can sign.
    """

    organisation: str
    role: str
    person_id: int | None = None
    sees_all: bool = False
    manages_keys: bool = False

    @property
    def reads_as(self) -> str | None:
        """The `party` that selectors are to be asked with: None sees everything."""
        return None if self.sees_all else self.organisation
