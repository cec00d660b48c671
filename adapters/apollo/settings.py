"""The table ``[providers.apollo]``."""

from __future__ import annotations

from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from sync.config import BaseUrl, ProviderSettings, SecretRef

AISA_URL = "https://api.aisa.one/apis/v1/apollo"
UNLABELLED = (
    "through AISA at least one label of your own is required, because the workspace is shared with strangers"
)
LABEL = 'add a name nobody else uses, as in labels = ["acme-sync"]'


def _stands_at(url: str, domain: str) -> bool:
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host == domain or host.endswith(f".{domain}")


class ApolloSettings(ProviderSettings):
    """Everything that can be set for Apollo; the keys after ``custom_fields`` answer open questions of its API.

    ``account_id``: overrides the workspace id read from rows (``""`` = read it). ``update_by``: ``patch``
    when the gateway does not take ``bulk_update``. ``contacts_as_text``: the gateway wants the rows of
    ``bulk_create`` as JSON text. ``contact_emails``: further emails travel with a create. ``search_cap``: rows
    that one search can reach. ``deadline_s``: seconds that one request may take in all.
    """

    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        *ProviderSettings.fingerprint_fields, "labels", "external_id_field", "opt_out_stage_id", "auth",
    )  # fmt: skip

    base_url: BaseUrl = AISA_URL
    auth: Literal["bearer", "x-api-key"] = "bearer"
    api_key: SecretRef = "env:AISA_API_KEY"
    accept_shared_workspace: bool = False
    labels: list[str] = Field(default_factory=list)
    external_id_field: str = ""
    opt_out_stages: list[str] = Field(default_factory=list)
    opt_out_stage_id: str = ""
    phones: Literal["create", "patch"] = "create"
    max_price_usd: float = Field(default=0.05, gt=0)
    max_spend_usd_per_day: float = Field(default=1.00, ge=0)
    custom_fields: dict[str, str] = Field(default_factory=dict)

    account_id: str = ""
    contact_emails: bool = True
    update_by: Literal["bulk", "patch"] = "bulk"
    contacts_as_text: bool = False
    page_size: int = Field(default=100, ge=1, le=100)
    search_cap: int = Field(default=50_000, ge=1, le=50_000)
    deadline_s: float = Field(default=60.0, gt=0)

    @property
    def shared(self) -> bool:
        """Whether strangers use the same workspace: whoever takes a bearer token and is not Apollo itself.

        Apollo takes them, too. Source: https://docs.apollo.io/reference/authentication
        """
        return self.auth == "bearer" and not _stands_at(self.base_url, "apollo.io")

    @property
    def writable(self) -> bool:
        """Whether anything may be written under these settings."""
        return not self.shared or self.accept_shared_workspace

    @model_validator(mode="after")
    def _one_field_one_meaning(self) -> ApolloSettings:
        ids = [*self.custom_fields.values(), *filter(None, [self.external_id_field])]
        if len(set(ids)) != len(ids):
            raise ValueError("two variables, or a variable and external_id_field, name the same custom field")
        if any(not text.strip() for text in (*ids, *self.labels, *self.opt_out_stages)):
            raise ValueError("labels, opt_out_stages and custom_fields must not hold empty texts")
        return self

    def unsettled(self) -> dict[str, str]:
        """What keeps us from telling whose workspace it is, or which of its rows are ours."""
        if self.auth == "x-api-key" and _stands_at(self.base_url, "aisa.one"):
            return {"auth": 'AISA takes "bearer" only; write that, or the base_url of Apollo itself'}
        return {"labels": f"{UNLABELLED}; {LABEL}"} if self.shared and not self.labels else {}

    @property
    def address(self) -> str:
        """``base_url``."""
        return self.base_url

    def needed_secrets(self) -> dict[str, str]:
        """The API key, always."""
        return {"api_key": self.api_key}
