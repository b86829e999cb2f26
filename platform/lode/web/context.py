"""What every page knows: `ui`, with the theme, the language and the rail of the role that is signed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django_stubs_ext import StrPromise

THEME_COOKIE: Final = "lode_theme"
THEMES: Final[tuple[str, ...]] = ("light", "dark", "system")
HTML_LANGUAGES: Final[dict[str, str]] = {"en": "en", "zh-hans": "zh-Hans"}
"""Our language codes as `lang` attributes write them: `zh-Hans` picks the simplified forms of han characters."""


@dataclass(frozen=True)
class RailItem:
    """One place of the left rail."""

    key: str
    label: StrPromise | str
    href: str
    icon: str
    current: bool = False


@dataclass(frozen=True)
class Ui:
    """The frame of a page, as templates read it."""

    theme: str
    language: str
    html_language: str
    rail: tuple[RailItem, ...]
    path: str
    full_path: str
    role: str
    role_label: StrPromise | str
    organisation: str
    is_demo: bool


RAIL: Final[tuple[RailItem, ...]] = (
    RailItem("contracts", _("Contracts"), "/contracts/", "file-text"),
    RailItem("flows", _("Material flows"), "/flows/", "route"),
    RailItem("ledger", _("Ledger"), "/ledger/", "book-open"),
    RailItem("reconcile", _("Reconcile"), "/reconcile/", "scale"),
    RailItem("settlements", _("Settlements"), "/settlements/", "landmark"),
    RailItem("exports", _("Exports"), "/exports/", "file-down"),
    RailItem("verify", _("Verify"), "/verify/", "shield-check"),
)
RAIL_BY_ROLE: Final[dict[str, tuple[str, ...]]] = {
    "commercial": ("contracts", "flows", "reconcile", "settlements", "ledger", "verify"),
    "partner": ("reconcile", "contracts", "flows", "settlements", "ledger", "verify"),
    "finance": ("settlements", "exports", "reconcile", "contracts", "ledger", "verify"),
    "auditor": ("verify", "ledger", "flows", "contracts", "reconcile", "settlements", "exports"),
}
"""What a role sees in the rail, its own work first. Access is decided by the services, not here."""

ROLE_LABELS: Final[dict[str, StrPromise | str]] = {
    "commercial": _("Commercial"),
    "partner": _("Partner"),
    "finance": _("Finance"),
    "auditor": _("Auditor"),
}


def rail_items(role: str, path: str) -> tuple[RailItem, ...]:
    """Return the rail of a role with the item that holds `path` marked; without a role there is no rail."""
    by_key = {item.key: item for item in RAIL}
    items = (by_key[key] for key in RAIL_BY_ROLE.get(role, ()))
    return tuple(RailItem(i.key, i.label, i.href, i.icon, current=path.startswith(i.href)) for i in items)


def theme_of(request: HttpRequest) -> str:
    """Return the theme of the visitor's cookie, `system` where it says nothing that we know."""
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return theme if theme in THEMES else "system"


def role_of(request: HttpRequest) -> str:
    """Return the role that is signed in, or nothing. A superuser without a role sees all as an auditor does."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return getattr(user, "role", "") or ("auditor" if user.is_superuser else "")


def organisation_of(request: HttpRequest, language: str) -> str:
    """Return the name of the visitor's organisation in the language of the page, or nothing."""
    organisation = getattr(getattr(request, "user", None), "organisation", None)
    if organisation is None:
        return ""
    return str(organisation.name_zh if language == "zh-hans" and organisation.name_zh else organisation.name_en)


def ui(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `ui` for every template."""
    language = get_language() or "en"
    role = role_of(request)
    return {
        "ui": Ui(
            theme=theme_of(request),
            language=language,
            html_language=HTML_LANGUAGES.get(language, "en"),
            rail=rail_items(role, request.path),
            path=request.path,
            full_path=request.get_full_path(),
            role=role,
            role_label=ROLE_LABELS.get(role, ""),
            organisation=organisation_of(request, language),
            is_demo=settings.LEDGER_ORIGIN.endswith("/demo"),
        )
    }
